/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_CERTIFICATES_H
#define REPORT_CERTIFICATES_H

#include <openssl/x509.h>
#include <time.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>

/* What is inside a set: parsed once, for any number of verdicts. */

/* AMD's extensions of a VCEK or VLEK (VCEK specification 57230), below 1.3.6.1.4.1.3704.1. */
enum leaf_extension {
	LEAF_STRUCT_VERSION,
	LEAF_PRODUCT_NAME,
	LEAF_BL_SPL,
	LEAF_TEE_SPL,
	LEAF_SNP_SPL,
	LEAF_SPL4,
	LEAF_SPL5,
	LEAF_SPL6,
	LEAF_SPL7,
	LEAF_UCODE_SPL,
	LEAF_FMC_SPL,
	LEAF_HWID,
	LEAF_CSP_ID,
	LEAF_N_EXTENSIONS
};

struct leaf {
	uint32_t present;  /* bits 1 << enum leaf_extension */
	char problem[128]; /* the first thing wrong with an extension; "" if there is none */
	uint8_t spl
		[LEAF_N_EXTENSIONS]; /* by extension; LEAF_STRUCT_VERSION has its value here too */
	char product_name[32];
	char csp_id[64];
	uint8_t hwid[64];
	size_t hwid_size;
};

void leaf_read(const X509 *x509, struct leaf *ret);

/* What a complete leaf of this kind lacks or has too much: the extension's name, or NULL. */
const char *leaf_incomplete(const struct leaf *leaf, enum snp_certificate_kind kind,
			    bool *ret_missing);

/* The levels in the order of the bytes of TCB_VERSION. */
uint64_t leaf_tcb(const struct leaf *leaf);

struct certificate {
	X509 *x509;
	struct snp_certificate info; /* info.der is owned */
	struct leaf leaf;
	char issuer[64]; /* common name; "" if it has not exactly one */
};

struct snp_certificates {
	struct certificate *items[SNP_MAX_CERTIFICATES];
	size_t n_items;
	X509_CRL *crls[16];
	size_t n_crls;
};

/* The CA certificates over a leaf. */
struct chain {
	const struct certificate *intermediate, *root; /* NULL: not in the set */
};

/* The pinned ARK, and ASK or ASVK (`kind`), of the product that are in the set. */
void chain_find(const struct snp_certificates *set, const struct snp_root *roots, size_t n_roots,
		enum snp_product product, enum snp_certificate_kind kind, struct chain *ret);

/* Verify the leaf over a whole chain, dates left out. Returns 0 with NULL in `ret_problem`, or with what
 * libcrypto says is wrong. Errors: SNP_E_NO_MEMORY. */
int chain_verify(const struct certificate *leaf, const struct chain *chain,
		 const char **ret_problem, struct snp_error *err);

/* Check the form of a VCEK or VLEK by itself, as a verdict does: names, algorithms, key, extensions, and
 * the length of its chip id. Errors: SNP_E_UNTRUSTED_CERTIFICATE, SNP_E_NO_MEMORY. */
int leaf_check(const struct certificate *leaf, struct snp_error *err);

/* What is wrong with a CRL of the chain's ARK at this time, the certificates of the chain revoked by it
 * among that; NULL if nothing is. Errors: SNP_E_NO_MEMORY. */
int crl_check(X509_CRL *crl, const struct chain *chain, time_t at, const char **ret_problem,
	      struct snp_error *err);

/* Hand each PEM block, which must have this label, to `add`; text between blocks is passed over, as
 * everywhere. Returns the number of blocks. Errors: SNP_E_BAD_CERTIFICATE, those of `add`. */
typedef int (*pem_sink)(struct snp_certificates *set, struct snp_span der, struct snp_error *err);
int pem_each(struct snp_span text, const char *label, struct snp_certificates *set, pem_sink add,
	     struct snp_error *err);

/* Over the received bytes 0-0x29f. Errors: SNP_E_NO_MEMORY. */
int report_verify_signature(struct snp_span report, const struct snp_report *fields, EVP_PKEY *key,
			    bool *ret_good, struct snp_error *err);

/* Empty libcrypto's queue of errors. True if memory running out is among them: then what failed is not
 * the input. */
bool crypto_out_of_memory(void);

DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(X509_CRL *, X509_CRL_free);

#endif
