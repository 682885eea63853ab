// SPDX-License-Identifier: Apache-2.0
#include "endorsement/signer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <snp/fail.h>

DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(X509_STORE_CTX *, X509_STORE_CTX_free);
DEFINE_CLEANUP(BIO *, BIO_free_all);

void signer_name(const X509 *certificate, char ret[static ENDORSEMENT_TEXT_SIZE])
{
	char text[ENDORSEMENT_TEXT_SIZE] = "";

	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
					sizeof(text));
	ERR_clear_error();
	escape_text(text, ret, ENDORSEMENT_TEXT_SIZE);
}

int signer_read_roots(struct snp_span bytes, STACK_OF(X509) * *ret, struct snp_error *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.size);
	_cleanup_(signer_certificates_freep) STACK_OF(X509) *roots = sk_X509_new_null();
	bool pem = bytes.size > 0 && bytes.data[0] != 0x30;

	if (!roots || (!bio && bytes.size > 0))
		return out_of_memory(err);
	while (bio) {
		_cleanup_(X509_freep) X509 *root = NULL;

		if (pem || sk_X509_num(roots) == 0)
			root = pem ? PEM_read_bio_X509(bio, NULL, NULL, NULL)
				   : d2i_X509_bio(bio, NULL);
		if (!root)
			break;
		if (sk_X509_push(roots, root) <= 0)
			return out_of_memory(err);
		root = NULL;
	}
	ERR_clear_error();
	if (sk_X509_num(roots) == 0)
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "not a certificate in DER or PEM");
	*ret = TAKE_PTR(roots);
	return 0;
}

int signer_check_chain(X509 *leaf, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted, int64_t at,
		       char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	_cleanup_(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (!context || X509_STORE_CTX_init(context, NULL, leaf, untrusted) != 1) {
		ERR_clear_error();
		return out_of_memory(err);
	}
	X509_STORE_CTX_set0_trusted_stack(context, trusted);
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_time(param, (time_t)at);
	X509_VERIFY_PARAM_set_depth(param, SIGNER_MAX_CERTIFICATES);
	X509_VERIFY_PARAM_set_auth_level(param, 2); /* SHA-224 and RSA of 2048 bits at least */
	if (X509_verify_cert(context) != 1)
		snprintf(why, ENDORSEMENT_WHY_SIZE,
			 "its certificates do not lead to a trusted one: %s",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	ERR_clear_error();
	return 0;
}
