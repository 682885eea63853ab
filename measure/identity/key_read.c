// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>

DEFINE_CLEANUP(UI_METHOD *, UI_destroy_method);

static void store_closep(OSSL_STORE_CTX **store)
{
	OSSL_STORE_close(*store);
}

/* Take the only private key that the store gives out. */
static int load_only(OSSL_STORE_CTX *store, EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

	while (!OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		EVP_PKEY *another = NULL;

		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			another = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(store))
			break;
		if (another && pkey) {
			EVP_PKEY_free(another);
			return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
					 "the URI names several private keys; name one");
		}
		if (another)
			pkey = another;
	}
	if (!pkey)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "the URI names no private key, or the PIN is wrong");
	*ret = TAKE_PTR(pkey);
	return 0;
}

static int load_uri(const char *uri, struct asker *asker, EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(UI_destroy_methodp) UI_METHOD *ui =
		UI_UTIL_wrap_read_pem_callback(asker_answer, 0);
	_cleanup_(store_closep) OSSL_STORE_CTX *store = NULL;
	int r;

	if (!ui)
		return out_of_memory(err);
	store = OSSL_STORE_open(uri, ui, asker, NULL, NULL);
	/* A store that cannot limit itself gives more, which load_only() skips. */
	if (store)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	r = store ? load_only(store, ret, err)
		  : fail_with(err, SNP_E_OPEN, SNP_NO_OFFSET,
			      "no provider in OpenSSL's configuration opens this URI");
	ERR_clear_error();
	if (r == -SNP_E_NOT_FOUND && asker->asked && asker->length < 0)
		return asker_failure(asker, err);
	return r;
}

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
			      "file: URIs skip the checks on key files; give the path");
	else
		r = load_uri(uri, asker, &pkey, err);
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
