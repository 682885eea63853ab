// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include <snp/fail.h>

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
					 "the URI leads to several private keys; name one");
		}
		if (another)
			pkey = another;
	}
	if (!pkey)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "the URI leads to no private key, or a wrong PIN hides it");
	*ret = TAKE_PTR(pkey);
	return 0;
}

int key_load_uri(const char *uri, struct asker *asker, EVP_PKEY **ret, struct snp_error *err)
{
	_cleanup_(UI_destroy_methodp) UI_METHOD *ui =
		UI_UTIL_wrap_read_pem_callback(asker_answer, 0);
	_cleanup_(store_closep) OSSL_STORE_CTX *store = NULL;
	int r;

	if (!ui)
		return out_of_memory(err);
	store = OSSL_STORE_open(uri, ui, asker, NULL, NULL);
	/* A store that cannot limit itself gives more, which load_only() passes over. */
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
