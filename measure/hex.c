// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/hex.h>

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void hex_encode(const uint8_t *data, size_t size, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret[2 * i] = digits[data[i] >> 4];
		ret[2 * i + 1] = digits[data[i] & 15];
	}
	ret[2 * size] = '\0';
}

static const char *after_prefix(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : text;
}

int hex_decode(const char *text, const char *what, uint8_t *ret, size_t size, struct snp_error *err)
{
	const char *s = after_prefix(text);
	size_t n = 0;

	for (; s[n] != '\0'; n++)
		if (nibble(s[n]) < 0)
			return fail_with(err, SNP_E_BAD_HEX, SNP_NO_OFFSET,
					 "%s: '%c' is not a hex digit; expected %zu hex digits",
					 what, s[n], 2 * size);
	if (n != 2 * size)
		return fail_with(err, SNP_E_BAD_HEX, SNP_NO_OFFSET,
				 "%s: has %zu hex digits; must have %zu", what, n, 2 * size);
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(nibble(s[2 * i]) << 4 | nibble(s[2 * i + 1]));
	return 0;
}

int hex_u64(const char *text, const char *what, uint64_t *ret, struct snp_error *err)
{
	const char *s = after_prefix(text);
	uint64_t value = 0;
	size_t n = 0;

	for (; s[n] != '\0' && n < 17 && nibble(s[n]) >= 0; n++)
		value = value << 4 | (uint64_t)nibble(s[n]);
	if (s == text || n == 0 || n > 16 || s[n] != '\0')
		return fail_with(err, SNP_E_BAD_HEX, SNP_NO_OFFSET,
				 "%s: '%s' is not a 64-bit number in hex; write it as 0x30000",
				 what, text);
	*ret = value;
	return 0;
}

char *base64_encode(const uint8_t *data, size_t size)
{
	char *text;

	/* EVP_EncodeBlock() counts in int. */
	if (size > (1u << 30))
		return NULL;
	text = malloc(4 * ((size + 2) / 3) + 1);
	if (text)
		EVP_EncodeBlock((unsigned char *)text, data, (int)size);
	return text;
}

char *base64url_encode(const uint8_t *data, size_t size)
{
	char *text = base64_encode(data, size);

	if (!text)
		return NULL;
	text[strcspn(text, "=")] = '\0';
	for (char *c = text; *c; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
	return text;
}

static int not_base64url(const char *what, uint64_t at, struct snp_error *err)
{
	return fail_with(err, SNP_E_BAD_BASE64, at,
			 "%s: not base64url (RFC 4648 section 5, without padding)", what);
}

/* Through the reader of the other alphabet: it refuses bits that are dropped. */
int base64url_read(struct snp_span text, const char *what, uint8_t **ret, size_t *ret_size,
		   struct snp_error *err)
{
	_cleanup_(freep) char *standard = malloc(text.size + 3);
	size_t n = text.size;
	int r;

	if (!standard)
		return out_of_memory(err);
	for (size_t i = 0; i < text.size; i++) {
		char c = (char)text.data[i];

		if (!isalnum((unsigned char)c) && c != '-' && c != '_')
			return not_base64url(what, i, err);
		standard[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
	}
	while (n % 4 != 0 && n < text.size + 2)
		standard[n++] = '=';
	standard[n] = '\0';
	r = base64_read(standard, what, ret, ret_size, err);
	return r == -SNP_E_BAD_BASE64 ? not_base64url(what, SNP_NO_OFFSET, err) : r;
}

/* EVP_DecodeBlock() skips white space at both ends and does not tell padding from zeros, so what it
 * decoded is encoded again and must be the text. */
int base64_read(const char *text, const char *what, uint8_t **ret, size_t *ret_size,
		struct snp_error *err)
{
	_cleanup_(freep) unsigned char *bytes = NULL;
	_cleanup_(freep) char *again = NULL;
	size_t n = strlen(text), padding, found;

	if (n % 4 != 0 || n > (1u << 30))
		return fail_with(
			err, SNP_E_BAD_BASE64, SNP_NO_OFFSET,
			"%s: %zu characters are not base64; the number must be a multiple of 4",
			what, n);
	bytes = malloc(n / 4 * 3 + 1);
	if (!bytes)
		return out_of_memory(err);
	padding = n == 0 ? 0 : (size_t)(text[n - 1] == '=') + (size_t)(text[n - 2] == '=');
	found = n / 4 * 3 - padding;
	if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n) != (int)(n / 4 * 3) ||
	    !(again = base64_encode(bytes, found)) || strcmp(again, text) != 0)
		return fail_with(err, SNP_E_BAD_BASE64, SNP_NO_OFFSET,
				 "%s: not base64 (RFC 4648 section 4, with padding)", what);
	bytes[found] = '\0';
	*ret = TAKE_PTR(bytes);
	*ret_size = found;
	return 0;
}

int base64_decode(const char *text, const char *what, uint8_t *ret, size_t size,
		  struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t found = 0;
	int r = base64_read(text, what, &bytes, &found, err);

	if (r < 0)
		return r;
	if (found != size)
		return fail_with(err, SNP_E_BAD_BASE64, SNP_NO_OFFSET,
				 "%s: is base64 of %zu bytes; must be of %zu", what, found, size);
	memcpy(ret, bytes, size);
	return 0;
}

bool text_is_encoded(struct snp_span bytes)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";

	for (size_t i = 0; i < bytes.size; i++)
		if (bytes.data[i] == '\0' || !strchr(alphabet, bytes.data[i]))
			return false;
	return bytes.size > 0;
}

int text_decode(struct snp_span text, const char *what, bool *ret_is_hex, uint8_t **ret,
		size_t *ret_size, struct snp_error *err)
{
	_cleanup_(freep) char *line = malloc(text.size + 1);
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t n = 0;
	int r;

	if (!line)
		return out_of_memory(err);
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] != '\n' && text.data[i] != '\r')
			line[n++] = (char)text.data[i];
	line[n] = '\0';
	*ret_is_hex = n > 0 && n % 2 == 0 && strspn(line, "0123456789abcdefABCDEF") == n;
	if (!*ret_is_hex)
		return base64_read(line, what, ret, ret_size, err);
	bytes = malloc(n / 2 + 1);
	if (!bytes)
		return out_of_memory(err);
	r = hex_decode(line, what, bytes, n / 2, err);
	if (r < 0)
		return r;
	bytes[n / 2] = '\0';
	*ret_size = n / 2;
	*ret = TAKE_PTR(bytes);
	return 0;
}

int bytes_decode(const char *text, const char *what, uint8_t *ret, size_t size,
		 struct snp_error *err)
{
	if (strlen(text) == 4 * ((size + 2) / 3))
		return base64_decode(text, what, ret, size, err);
	return hex_decode(text, what, ret, size, err);
}
