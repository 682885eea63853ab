// SPDX-License-Identifier: Apache-2.0
#include <openssl/pem.h>

#include <snp/fail.h>

#include "report/certificates.h"

static int add_der(struct snp_certificates *set, struct snp_span der, struct snp_error *err)
{
	const unsigned char *p = der.data;
	_cleanup_(X509_CRL_freep) X509_CRL *crl = NULL;

	if (der.size <= SNP_MAX_CRL_SIZE)
		crl = d2i_X509_CRL(NULL, &p, (long)der.size);
	if (crypto_out_of_memory())
		return out_of_memory(err);
	if (!crl || p != der.data + der.size)
		return fail_with(err, SNP_E_BAD_CRL, SNP_NO_OFFSET,
				 "not a CRL: no CertificateList in DER to its last byte");
	if (set->n_crls == ARRAY_SIZE(set->crls))
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET, "more than %zu CRLs",
				 ARRAY_SIZE(set->crls));
	set->crls[set->n_crls++] = TAKE_PTR(crl);
	return 0;
}

int snp_certificates_add_crl(struct snp_certificates *set, struct snp_span bytes,
			     struct snp_error *err)
{
	struct snp_error why = {0};
	int n;

	if (bytes.size == 0 || bytes.data[0] == 0x30 || bytes.size > 2 * SNP_MAX_CRL_SIZE)
		return add_der(set, bytes, err);
	n = pem_each(bytes, PEM_STRING_X509_CRL, set, add_der, &why);
	if (n == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (n < 1)
		return fail_with(err, SNP_E_BAD_CRL, SNP_NO_OFFSET,
				 "not a CRL: neither DER nor PEM%s%s", n < 0 ? ": " : "",
				 n < 0 ? why.message : "");
	return 0;
}

/* AMD's CRLs have no critical extension; one that is there would change what the list means. */
static const char *problem_of(X509_CRL *crl, const struct chain *chain, time_t at)
{
	X509_REVOKED *entry;

	if (X509_CRL_verify(crl, X509_get0_pubkey(chain->root->x509)) != 1)
		return "the ARK did not sign it";
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)))
			return "it has a critical extension";
	if (X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &at) != -1)
		return "it is from later";
	if (!X509_CRL_get0_nextUpdate(crl) ||
	    X509_cmp_time(X509_CRL_get0_nextUpdate(crl), &at) != 1)
		return "it is out of date";
	if (X509_CRL_get0_by_cert(crl, &entry, chain->intermediate->x509) != 0 ||
	    X509_CRL_get0_by_cert(crl, &entry, chain->root->x509) != 0)
		return "it names the CA certificate: revoked";
	return NULL;
}

int crl_check(X509_CRL *crl, const struct chain *chain, time_t at, const char **ret_problem,
	      struct snp_error *err)
{
	const char *problem = problem_of(crl, chain, at);

	if (crypto_out_of_memory())
		return out_of_memory(err);
	*ret_problem = problem;
	return 0;
}
