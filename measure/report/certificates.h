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

/* The name of an extension that a leaf of this kind lacks, or has and must not have; NULL: none. */
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
	struct certificate **items;
	size_t n_items;
	enum snp_leaves leaves;		       /* which it takes */
	enum snp_certificate_kind wanted_kind; /* SNP_LEAVES_OF_REPORT: of this kind, and … */
	uint8_t wanted_chip[SNP_CHIP_ID_SIZE]; /* … this chip, or if that is zeros … */
	uint64_t wanted_tcb;		       /* … these levels */
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

/* What is wrong with a CRL of the chain's ARK at this time, the certificates of the chain revoked by it
 * among that; NULL if nothing is. Errors: SNP_E_NO_MEMORY. */
int crl_check(X509_CRL *crl, const struct chain *chain, time_t at, const char **ret_problem,
	      struct snp_error *err);

/*
 * A certificate table: entries of a GUID in text order, offset and length, ended by one of zeros, then the
 * objects.
 */
#define MAX_TABLE_ENTRIES     64
#define CERTIFICATE_GUID_SIZE 16

struct certificate_table {
	size_t n_entries;
	struct certificate_entry {
		uint8_t guid[CERTIFICATE_GUID_SIZE];
		struct snp_span object; /* borrowed */
	} entries[MAX_TABLE_ENTRIES];
};

/* Read a table of at most 64 KiB. Refused: no entry; no terminator; an object that is empty, over
 * SNP_MAX_CERTIFICATE_SIZE, outside the table, or that overlaps the header or another object; a GUID twice;
 * a byte outside all objects that is not zero; an end that is neither that of the last object nor that of its
 * page (4096 bytes, counted from the table's start). Errors: SNP_E_BAD_CERTIFICATE_TABLE. */
int certificate_table_parse(struct snp_span bytes, struct certificate_table *ret,
			    struct snp_error *err);

/* The kind of object that a GUID announces (SNP_ASK for ASK and ASVK), or SNP_CERTIFICATE_OTHER. */
enum snp_certificate_kind certificate_guid_kind(const uint8_t guid[static CERTIFICATE_GUID_SIZE]);

/* snp_report_decode() into a struct of the caller's. Errors: SNP_E_NOT_A_REPORT, SNP_E_REPORT_VERSION. */
int report_decode(struct snp_span bytes, bool any_version, struct snp_report *ret,
		  struct snp_error *err);

/* The product of a CPUID family and model, or SNP_PRODUCT_UNKNOWN. */
enum snp_product product_of_cpuid(uint8_t family, uint8_t model);

/* True if CHIP_ID is zeros: the host does not show which chip it is. */
bool report_chip_id_masked(const struct snp_report *report);

/* Empty libcrypto's error queue. True if it says that memory ran out: then the input is not at fault. */
bool crypto_out_of_memory(void);

DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(X509_CRL *, X509_CRL_free);

#endif
