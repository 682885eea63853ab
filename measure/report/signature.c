// SPDX-License-Identifier: Apache-2.0
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <snp/fail.h>

#include "report/certificates.h"

DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

static inline void opensslp(unsigned char **p)
{
	OPENSSL_free(*p);
}

/* Two little-endian numbers, as the firmware writes them, to what libcrypto reads. The range 1 to n - 1
 * is the verification's to check. Either s is accepted: genuine firmware makes both. */
static int encode(const struct snp_report *fields, unsigned char **ret)
{
	_cleanup_(ECDSA_SIG_freep) ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_lebin2bn(fields->signature_r, sizeof(fields->signature_r), NULL);
	BIGNUM *s = BN_lebin2bn(fields->signature_s, sizeof(fields->signature_s), NULL);

	if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return -1;
	}
	return i2d_ECDSA_SIG(signature, ret);
}

int report_verify_signature(struct snp_span report, const struct snp_report *fields, EVP_PKEY *key,
			    bool *ret_good, struct snp_error *err)
{
	_cleanup_(opensslp) unsigned char *der = NULL;
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct snp_span signed_bytes;
	int size = encode(fields, &der);
	bool good;

	if (!context || size < 0 ||
	    !snp_span_sub(report, 0, SNP_REPORT_SIGNED_SIZE, &signed_bytes)) {
		ERR_clear_error();
		return out_of_memory(err);
	}
	good = EVP_DigestVerifyInit_ex(context, NULL, "SHA2-384", NULL, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(context, der, (size_t)size, signed_bytes.data, signed_bytes.size) ==
		       1;
	if (crypto_out_of_memory())
		return out_of_memory(err);
	*ret_good = good;
	return 0;
}
