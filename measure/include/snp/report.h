/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_REPORT_H
#define SNP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>
#include <snp/tcb.h>

SNP_API_BEGIN

/*
 * ATTESTATION_REPORT (SEV-SNP firmware ABI 56860, MSG_REPORT_RSP), versions 2 to 6. Reading one says
 * nothing about its truth: that is snp_verify() of snp/verdict.h.
 *
 * Identify a report by what it says (REPORT_ID, REPORT_DATA), never by its hash: if the signature (R, S)
 * verifies, so does (R, n - S), so a report has two byte forms. A report whose REPORT_DATA is not a fresh
 * nonce of the verifier may be old.
 */
#define SNP_REPORT_SIZE	       1184
#define SNP_REPORT_SIGNED_SIZE 672 /* bytes 0 to 0x29f */
#define SNP_REPORT_DATA_SIZE   64
#define SNP_HOST_DATA_SIZE     32
#define SNP_REPORT_ID_SIZE     32
#define SNP_CHIP_ID_SIZE       64
#define SNP_MEASUREMENT_SIZE   48
#define SNP_REPORT_MIN_VERSION 2
#define SNP_REPORT_MAX_VERSION 6
#define SNP_ETCB_SIZE	       32

enum snp_signing_key {
	SNP_SIGNING_KEY_VCEK = 0,
	SNP_SIGNING_KEY_VLEK = 1,
	SNP_SIGNING_KEY_NONE = 7, /* 2-6 are reserved */
};

/* PLATFORM_INFO */
#define SNP_PLATFORM_SMT_EN		       (1ull << 0)
#define SNP_PLATFORM_TSME_EN		       (1ull << 1)
#define SNP_PLATFORM_ECC_EN		       (1ull << 2)
#define SNP_PLATFORM_RAPL_DIS		       (1ull << 3)
#define SNP_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN (1ull << 4)
#define SNP_PLATFORM_ALIAS_CHECK_COMPLETE      (1ull << 5) /* AMD-SB-3015 */
#define SNP_PLATFORM_IOMMU_WRITE_SAFE	       (1ull << 6) /* Turin */
#define SNP_PLATFORM_TIO_EN		       (1ull << 7)

/* Write "0x25 (smt_en, ecc_en, alias_check_complete)" or the like, NUL-terminated, cut to `size`. */
void snp_platform_describe(uint64_t platform_info, char *ret, size_t size);

struct snp_firmware_version {
	uint8_t major, minor, build;
};

/* The fields, in the order of the ABI. TCBs are words, because their layout depends on the product. Made by
 * the library: later releases may add members at the end. */
struct snp_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl; /* 0-3; 0xffffffff where the host asked for the report */
	uint32_t signature_algo;
	uint64_t current_tcb;
	uint64_t platform_info;
	bool author_key_en;
	bool mask_chip_key;	  /* the firmware wrote zeros in place of a signature */
	unsigned int signing_key; /* enum snp_signing_key, or a reserved value */
	uint8_t report_data[SNP_REPORT_DATA_SIZE];
	uint8_t measurement[SNP_MEASUREMENT_SIZE];
	uint8_t host_data[SNP_HOST_DATA_SIZE];
	uint8_t id_key_digest[48];
	uint8_t author_key_digest[48];
	uint8_t report_id[SNP_REPORT_ID_SIZE];
	uint8_t report_id_ma[SNP_REPORT_ID_SIZE]; /* 0xff… without a migration agent */
	uint64_t reported_tcb;
	bool has_cpuid; /* from version 3 */
	uint8_t cpuid_family, cpuid_model, cpuid_stepping;
	uint8_t chip_id[SNP_CHIP_ID_SIZE]; /* zeros where masked; Turin: 8 bytes, then zeros */
	uint64_t committed_tcb;
	struct snp_firmware_version current, committed;
	uint64_t launch_tcb;
	bool has_mit_vectors; /* from version 5; in 4 the bytes are there and their meaning is not public */
	uint64_t launch_mit_vector, current_mit_vector;
	uint8_t signature_r[72], signature_s[72]; /* little-endian */
	/* Version 6 (ABI 1.59). What is in them is not public: they are shown, and nothing judges them. */
	bool has_etcbs;
	uint8_t current_etcb[SNP_ETCB_SIZE], launch_etcb[SNP_ETCB_SIZE],
		committed_etcb[SNP_ETCB_SIZE];
};

/* Decode the 1184 bytes of a report, for snp_report_free(). With `any_version` an unknown version is decoded
 * like the newest known one, for display.
 * Errors: SNP_E_NOT_A_REPORT (another length), SNP_E_REPORT_VERSION, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_report_decode(struct snp_span bytes, bool any_version, struct snp_report **ret,
				   struct snp_error *err);
void snp_report_free(struct snp_report *report);

/* The product that the report names: from version 3 by its CPUID family (base + extended) and model
 * (extended << 4 | base); in version 2 Turin by its short chip ID. SNP_PRODUCT_UNKNOWN for any other, such as
 * Venice, whose TCB has another layout. */
enum snp_product snp_report_product(const struct snp_report *report);

/* Check that all bits are zero that the report's version reserves, also those after the signature, which it
 * does not cover. For an unknown version, the rules of the nearest known one apply. If false, `ret_offset` is
 * the first byte that is wrong. TCBs are not checked: their layout depends on the product. */
bool snp_report_reserved(struct snp_span bytes, uint32_t version, uint64_t *ret_offset);

/* What a report arrives in. */
enum snp_container_kind {
	SNP_CONTAINER_RAW,	/* the 1184 bytes */
	SNP_CONTAINER_EXTENDED, /* and a certificate table after them */
	SNP_CONTAINER_RESPONSE, /* the sev-guest driver's 4000 bytes with MSG_REPORT_RSP */
	SNP_CONTAINER_HCL,	/* Azure: what the HCL keeps in the virtual TPM */
	/* Text, which only snp_container_decode() reads. */
	SNP_CONTAINER_ATTEST_RAW, /* JSON of the sidecar of Azure's container groups, /attest/raw */
	SNP_CONTAINER_ATTEST_COMBINED, /* the same, /attest/combined */
	SNP_CONTAINER_TOKEN,	       /* a token of Azure Attestation, without a report */
};

struct snp_container {
	enum snp_container_kind kind;
	bool is_base64, is_hex;	      /* it came as base64 or hex of this kind */
	struct snp_span report;	      /* 1184 bytes, as received; SNP_CONTAINER_TOKEN: size 0 */
	struct snp_span certificates; /* for snp_certificates_add(): a certificate table, or of
					 /attest/combined PEM; size 0: none */
	struct snp_span
		runtime_data; /* of HCL, and of JSON: what REPORT_DATA begins with the SHA-256 of */
	struct snp_span endorsement; /* /attest/combined: who endorses MEASUREMENT, as COSE */
	struct snp_span token;	     /* of JSON: a token beside the report */
};

/* The largest container: a report and a certificate table. */
#define SNP_MAX_CONTAINER (SNP_REPORT_SIZE + (64u << 10))

/* Recognize a binary container by its bytes; spans point into them.
 * Errors: SNP_E_NOT_A_REPORT (no known container), SNP_E_BAD_CONTAINER (a malformed one). */
SNP_MUST_USE int snp_container_parse(struct snp_span bytes, struct snp_container *ret,
				     struct snp_error *err);

/* The same also of the text that Azure's sidecar answers with, and of base64 of any container. What is decoded lies
 * in `ret_memory`, for free() after the container's last use; NULL: spans point into `bytes`. An endorsed_tcb that is
 * not the report's REPORTED_TCB, in either order of its bytes, is refused.
 * Errors: also SNP_E_BAD_BASE64, SNP_E_NO_MEMORY, and those of JSON documents. */
SNP_MUST_USE int snp_container_decode(struct snp_span bytes, struct snp_container *ret,
				      void **ret_memory, struct snp_error *err);

/* "raw report" */
const char *snp_container_name(enum snp_container_kind kind);

SNP_API_END

#endif
