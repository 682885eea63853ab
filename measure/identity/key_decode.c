// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <openssl/asn1.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <string.h>

#include <snp/fail.h>

DEFINE_CLEANUP(OSSL_DECODER_CTX *, OSSL_DECODER_CTX_free);

const struct key_form key_form_private = {
	EVP_PKEY_KEYPAIR,
	{"PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", NULL},
	"private key",
	key_check_kind,
};
static const struct key_form form_public = {
	EVP_PKEY_PUBLIC_KEY,
	{"PUBLIC KEY", NULL},
	"public key",
	key_check_kind,
};

static bool knows_label(const struct key_form *form, const char *label, size_t size)
{
	for (size_t i = 0; form->labels[i]; i++)
		if (strlen(form->labels[i]) == size && memcmp(form->labels[i], label, size) == 0)
			return true;
	return false;
}

static bool label_is(const char *label, size_t size, const char *text)
{
	return strlen(text) == size && memcmp(label, text, size) == 0;
}

#define PEM_BEGIN "-----BEGIN "

/* Narrow `bytes` to the one PEM block of this form; the curve's name, which `openssl ecparam` writes
 * before a key, may stand beside it. Bytes without any PEM are left as they are, for DER. */
static int find_pem(struct snp_span bytes, const struct key_form *form, struct snp_span *ret,
		    bool *ret_is_pem, struct snp_error *err)
{
	struct snp_span rest = bytes, found = {0};
	const char *begin;
	unsigned int n = 0;

	while ((begin = memmem(rest.data, rest.size, PEM_BEGIN, strlen(PEM_BEGIN)))) {
		size_t at = (size_t)((const uint8_t *)begin - rest.data) + strlen(PEM_BEGIN);
		const char *label = begin + strlen(PEM_BEGIN), *end;
		size_t size;

		rest = (struct snp_span){rest.data + at, rest.size - at};
		end = memmem(rest.data, rest.size, "-----", 5);
		size = end ? (size_t)(end - label) : 0;
		if (label_is(label, size, "EC PARAMETERS"))
			continue;
		if (!knows_label(form, label, size))
			return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
					 "holds PEM of another kind; must hold one %s", form->name);
		at = (size_t)((const uint8_t *)begin - bytes.data);
		found = (struct snp_span){bytes.data + at, bytes.size - at};
		n++;
	}
	if (n > 1)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "holds %u keys; must hold one %s", n, form->name);
	*ret_is_pem = n == 1;
	*ret = n == 1 ? found : bytes;
	return 0;
}

/* One ASN.1 SEQUENCE and nothing after it. */
static bool is_der(struct snp_span bytes)
{
	const unsigned char *at = bytes.data;
	int tag, class, constructed;
	long n;

	if (bytes.size == 0 || bytes.size > SECRET_MAX)
		return false;
	constructed = ASN1_get_object(&at, &n, &tag, &class, (long)bytes.size);
	/* 0x80: the length is wrong; 1: it is indefinite, which is BER. */
	return constructed == V_ASN1_CONSTRUCTED && tag == V_ASN1_SEQUENCE &&
	       (size_t)(at - bytes.data) + (size_t)n == bytes.size;
}

static int decode(struct snp_span bytes, const struct key_form *form, struct asker *asker,
		  EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(OSSL_DECODER_CTX_freep) OSSL_DECODER_CTX *context = NULL;
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	struct snp_span block;
	bool is_pem;
	int r;

	r = find_pem(bytes, form, &block, &is_pem, err);
	if (r < 0)
		return r;
	if (!is_pem && !is_der(bytes))
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET, "not a %s in PEM or DER",
				 form->name);
	context = OSSL_DECODER_CTX_new_for_pkey(&pkey, is_pem ? "PEM" : "DER", NULL, NULL,
						form->selection, NULL, NULL);
	if (!context ||
	    (asker && OSSL_DECODER_CTX_set_pem_password_cb(context, asker_answer, asker) != 1))
		return crypto_failed(err, "decode keys");
	if (OSSL_DECODER_from_data(context, &block.data, &block.size) != 1 || !pkey) {
		r = asker ? asker_failure(asker, err) : 0;
		if (r < 0)
			return r;
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "OpenSSL cannot decode a %s from it", form->name);
	}
	*ret = TAKE_PTR(pkey);
	return 0;
}

/* Under a point of small order, one signature verifies for many messages; a point that is not encoded as RFC 8032
 * says (5.1.3) is one key to some verifiers and none to others. OpenSSL takes both. */
static bool ed25519_is_sound(const EVP_PKEY *pkey)
{
	/* The coordinate y of all eight points of small order. */
	static const uint8_t small[]
				  [32] = {
					  {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x00, 0x00, 0x00, 0x00, 0x00}, /* order 4 */
					  {0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x00, 0x00, 0x00, 0x00, 0x00}, /* order 1 */
					  {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0x7f}, /* order 2 */
					  {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba,
					   0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
					   0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd,
					   0x77, 0x92, 0xac, 0x03, 0x7a}, /* order 8 */
					  {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45,
					   0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
					   0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02,
					   0x88, 0x6d, 0x53, 0xfc, 0x05}, /* order 8, the other */
				  };
	uint8_t y[32];
	size_t size = sizeof(y), i;

	if (EVP_PKEY_get_raw_public_key(pkey, y, &size) != 1 || size != sizeof(y))
		return false;
	y[31] &= 0x7f; /* the sign of x */
	for (i = 0; i < ARRAY_SIZE(small); i++)
		if (memcmp(y, small[i], sizeof(y)) == 0)
			return false;
	for (i = 31; i > 0 && y[i] == (i == 31 ? 0x7f : 0xff); i--)
		;
	return i > 0 || y[0] < 0xed; /* below p = 2^255 - 19 */
}

/* The point is on its curve; for a private key also: the scalar is in range, and the point is its. */
static int check_numbers(EVP_PKEY *pkey, bool is_private, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *context =
		EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool good = context &&
		    (is_private ? EVP_PKEY_check(context) : EVP_PKEY_public_check(context)) == 1;

	if (good && EVP_PKEY_is_a(pkey, "ED25519"))
		good = ed25519_is_sound(pkey);
	ERR_clear_error();
	if (!good)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "damaged key: its numbers are out of range or do not match");
	return 0;
}

int key_decode_form(struct snp_span bytes, const struct key_form *form, struct asker *asker,
		    EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	int r;

	r = decode(bytes, form, asker, &pkey, err);
	if (r == 0)
		r = form->check(pkey, err);
	ERR_clear_error();
	if (r < 0)
		return r;
	r = check_numbers(pkey, form->selection == EVP_PKEY_KEYPAIR, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(pkey);
	return 0;
}

int key_decode(struct snp_span bytes, struct asker *asker, struct snp_key **ret,
	       struct snp_error *err)
{
	EVP_PKEY *pkey;
	int r = key_decode_form(bytes, &key_form_private, asker, &pkey, err);

	return r < 0 ? r : key_adopt(pkey, true, ret, err);
}

int key_decode_public(struct snp_span bytes, struct snp_key **ret, struct snp_error *err)
{
	EVP_PKEY *pkey;
	int r = key_decode_form(bytes, &form_public, NULL, &pkey, err);

	return r < 0 ? r : key_adopt(pkey, false, ret, err);
}
