// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>

/* Length of the URI scheme that `source` begins with (RFC 3986 section 3.1), or 0: it is a path. */
static size_t scheme_length(const char *source)
{
	size_t n =
		strspn(source, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return n > 0 && source[n] == ':' && isalpha((unsigned char)source[0]) ? n : 0;
}

static int read_uri(const char *uri, size_t scheme, const struct key_form *form,
		    struct asker *asker, EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	char name[32];
	int r;

	/* The rest of a URI can hold a PIN (RFC 7512, pin-value). */
	snprintf(name, sizeof(name), "%.*s:…", scheme < 20 ? (int)scheme : 20, uri);
	asker->what = name;
	if (scheme == 4 && strncasecmp(uri, "file", 4) == 0)
		r = fail_with(err, SNP_E_UNSAFE_KEY, SNP_NO_OFFSET,
			      "passes by the checks on a key's file; give the path itself");
	else
		r = key_load_uri(uri, asker, &pkey, err);
	if (r == 0)
		r = form->check(pkey, err);
	ERR_clear_error();
	if (r == 0)
		*ret = TAKE_PTR(pkey);
	return in_file(err, r, name);
}

static int read_bytes(const char *source, const struct key_form *form, struct asker *asker,
		      EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(secret_free) struct secret secret = {0};
	int r;

	r = secret_read(source, &secret, err);
	if (r < 0)
		return r;
	r = key_decode_form((struct snp_span){secret.data, secret.size}, form, asker, ret, err);
	return in_file(err, r, source);
}

int key_load(const char *source, const struct key_form *form, snp_passphrase ask, void *arg,
	     EVP_PKEY **ret, struct snp_error *err)
{
	size_t scheme = scheme_length(source);
	struct asker asker = {.ask = ask, .arg = arg, .what = source};
	int r;

	if (scheme > 0 && strncmp(source, "fd:", 3) != 0)
		r = read_uri(source, scheme, form, &asker, ret, err);
	else
		r = read_bytes(source, form, &asker, ret, err);
	OPENSSL_cleanse(&asker, sizeof(asker));
	return r;
}

int snp_key_read(const char *source, snp_passphrase ask, void *arg, struct snp_key **ret,
		 struct snp_error *err)
{
	EVP_PKEY *pkey;
	int r = key_load(source, &key_form_private, ask, arg, &pkey, err);

	return r < 0 ? r : key_adopt(pkey, true, ret, err);
}

int snp_key_read_public(const char *path, struct snp_key **ret, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r;

	r = file_read(path, SECRET_MAX, &bytes, &size, err);
	if (r < 0)
		return r;
	r = key_decode_public((struct snp_span){bytes, size}, ret, err);
	return in_file(err, r, path);
}
