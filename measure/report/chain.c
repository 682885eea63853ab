// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include <snp/fail.h>

#include "report/certificates.h"

DEFINE_CLEANUP(X509_STORE_CTX *, X509_STORE_CTX_free);

static inline void stackp(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack);
}

static const struct certificate *find_pinned(const struct snp_certificates *set,
					     const struct snp_root *roots, size_t n_roots,
					     enum snp_product product,
					     enum snp_certificate_kind kind)
{
	bool pinned = false;

	for (size_t r = 0; r < n_roots; r++) {
		if (roots[r].product != product || roots[r].kind != kind)
			continue;
		pinned = true;
		for (size_t i = 0; i < set->n_items; i++)
			if (memcmp(set->items[i]->info.sha256, roots[r].sha256,
				   sizeof(roots[r].sha256)) == 0)
				return set->items[i];
	}
	/* A simulated host's root is what its user names; what that root signed is its own. */
	if (pinned || product != SNP_PRODUCT_SIMULATED || kind == SNP_ARK)
		return NULL;
	for (size_t i = 0; i < set->n_items; i++)
		if (set->items[i]->info.kind == kind && set->items[i]->info.product == product)
			return set->items[i];
	return NULL;
}

void chain_find(const struct snp_certificates *set, const struct snp_root *roots, size_t n_roots,
		enum snp_product product, enum snp_certificate_kind kind, struct chain *ret)
{
	ret->root = find_pinned(set, roots, n_roots, product, SNP_ARK);
	ret->intermediate = find_pinned(set, roots, n_roots, product, kind);
}

/* X509_V_FLAG_X509_STRICT stays off: AMD's leaves have no authority key identifier. Time is checked for
 * each certificate by itself, so that an expired one is told from a wrong one. */
int chain_verify(const struct certificate *leaf, const struct chain *chain,
		 const char **ret_problem, struct snp_error *err)
{
	_cleanup_(stackp) STACK_OF(X509) *trusted = sk_X509_new_null();
	_cleanup_(stackp) STACK_OF(X509) *untrusted = sk_X509_new_null();
	_cleanup_(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	int problem;

	if (!trusted || !untrusted || !context || sk_X509_push(trusted, chain->root->x509) == 0 ||
	    sk_X509_push(untrusted, chain->intermediate->x509) == 0 ||
	    X509_STORE_CTX_init(context, NULL, leaf->x509, untrusted) != 1) {
		ERR_clear_error();
		return out_of_memory(err);
	}
	X509_STORE_CTX_set0_trusted_stack(context, trusted);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
	X509_STORE_CTX_set_depth(context, 1); /* intermediates */
	if (X509_verify_cert(context) == 1) {
		*ret_problem = NULL;
		return 0;
	}
	problem = X509_STORE_CTX_get_error(context);
	if (crypto_out_of_memory() || problem == X509_V_ERR_OUT_OF_MEM) {
		ERR_clear_error();
		return out_of_memory(err);
	}
	*ret_problem = X509_verify_cert_error_string(problem);
	return 0;
}

size_t snp_certificates_roots(const struct snp_certificates *set, enum snp_product product,
			      struct snp_root ret[static SNP_MAX_PRODUCT_ROOTS])
{
	static const enum snp_certificate_kind kinds[SNP_MAX_PRODUCT_ROOTS] = {SNP_ARK, SNP_ASK,
									       SNP_ASVK};
	size_t n = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (size_t i = 0; i < set->n_items; i++) {
			const struct snp_certificate *info = &set->items[i]->info;

			if (info->kind != kinds[k] || info->product != product)
				continue;
			ret[n] = (struct snp_root){.product = product, .kind = kinds[k]};
			memcpy(ret[n++].sha256, info->sha256, sizeof(info->sha256));
			break;
		}
	}
	return n;
}

/* AMD's CRLs have no critical extension; one that is there would change what the list means. */
static const char *problem_of(X509_CRL *crl, const struct chain *chain, time_t at)
{
	X509_REVOKED *entry;

	if (X509_CRL_verify(crl, X509_get0_pubkey(chain->root->x509)) != 1)
		return "not signed by the ARK";
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)))
			return "has a critical extension";
	if (X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &at) != -1)
		return "not valid yet";
	if (!X509_CRL_get0_nextUpdate(crl) ||
	    X509_cmp_time(X509_CRL_get0_nextUpdate(crl), &at) != 1)
		return "out of date";
	if (X509_CRL_get0_by_cert(crl, &entry, chain->intermediate->x509) != 0 ||
	    X509_CRL_get0_by_cert(crl, &entry, chain->root->x509) != 0)
		return "revokes the CA certificate";
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
