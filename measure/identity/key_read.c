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

static void loader_freep(OSSL_STORE_LOADER **loader)
{
	OSSL_STORE_LOADER_free(*loader);
}

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

/* The schemes of URIs, and the provider that opens each. OSSL_STORE by itself tries every URI as the name of
 * a file first; with the property query it asks this provider only. */
static const struct scheme {
	const char *name, *provider;
} schemes[] = {
	{"pkcs11", "pkcs11"}, /* pkcs11-provider: RFC 7512 */
	{"handle", "tpm2"},   /* tpm2-openssl: a persistent key */
	{"tpm2", "tpm2"},     /* tpm2-openssl: FAPI */
};

static const struct scheme *find_scheme(const char *uri, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strlen(schemes[i].name) == n && strncasecmp(schemes[i].name, uri, n) == 0)
			return &schemes[i];
	return NULL;
}

static int load_uri(const char *uri, const struct scheme *scheme, struct asker *asker,
		    EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(UI_destroy_methodp) UI_METHOD *ui =
		UI_UTIL_wrap_read_pem_callback(asker_answer, 0);
	_cleanup_(store_closep) OSSL_STORE_CTX *store = NULL;
	_cleanup_(loader_freep) OSSL_STORE_LOADER *loader = NULL;
	char query[32];
	int r;

	if (!ui)
		return out_of_memory(err);
	snprintf(query, sizeof(query), "provider=%s", scheme->provider);
	loader = OSSL_STORE_LOADER_fetch(NULL, scheme->name, query);
	if (loader)
		store = OSSL_STORE_open_ex(uri, NULL, query, ui, asker, NULL, NULL, NULL);
	/* A store that cannot limit itself gives more, which load_only() skips. */
	if (store)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	r = store ? load_only(store, ret, err)
		  : fail_with(err, SNP_E_OPEN, SNP_NO_OFFSET,
			      "no provider '%s' in OpenSSL's configuration opens this URI",
			      scheme->provider);
	/* A store of another program, such as an engine, may have come before it. */
	if (r == 0 && EVP_PKEY_get0_provider(*ret) != OSSL_STORE_LOADER_get0_provider(loader)) {
		EVP_PKEY_free(TAKE_PTR(*ret));
		r = fail_with(err, SNP_E_UNSAFE_KEY, SNP_NO_OFFSET,
			      "the key is not held by provider '%s'", scheme->provider);
	}
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

static int read_uri(const char *uri, size_t length, const struct key_form *form,
		    struct asker *asker, EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	const struct scheme *scheme = find_scheme(uri, length);
	char name[32];
	int r;

	/* The rest of a URI can hold a PIN (RFC 7512, pin-value). */
	snprintf(name, sizeof(name), "%.*s:…", length < 20 ? (int)length : 20, uri);
	asker->what = name;
	if (scheme)
		r = load_uri(uri, scheme, asker, &pkey, err);
	else if (length == 4 && strncasecmp(uri, "file", 4) == 0)
		r = fail_with(err, SNP_E_UNSAFE_KEY, SNP_NO_OFFSET,
			      "file: URIs skip the checks on key files; give the path");
	else
		r = fail_with(err, SNP_E_OPEN, SNP_NO_OFFSET,
			      "unknown URI scheme; use pkcs11:, handle: or tpm2:, or for a file "
			      "./NAME");
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

/* libcrypto leaves the passphrase that it was told in its own frames. */
__attribute__((noinline)) static void clear_stack(void)
{
	uint8_t below[16 << 10];

	OPENSSL_cleanse(below, sizeof(below));
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
	clear_stack();
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
