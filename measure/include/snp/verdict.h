/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_VERDICT_H
#define SNP_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/certificate.h>
#include <snp/error.h>
#include <snp/reference.h>
#include <snp/report.h>

SNP_API_BEGIN

/*
 * The verdict on an attestation report: whether AMD's secure processor signed these bytes, and whether
 * they say what was expected. It is a table of named checks, run in order; names are stable. The first
 * three groups decide whether the report is authentic; only an authentic one is held against the
 * expectations.
 */

/* clang-format off */
#define SNP_CHECKS(X) \
	/* the report's form */ \
	X(RESERVED_BITS,         "reserved-bits",         "every reserved bit is zero, also behind the signature") \
	X(SIGNATURE_ALGORITHM,   "signature-algorithm",   "it says ECDSA P-384 with SHA-384") \
	X(SIGNING_KEY,           "signing-key",           "a VCEK or a VLEK signed it") \
	X(CHIP_KEY_MASK,         "chip-key-mask",         "the firmware did sign it") \
	X(AUTHOR_KEY,            "author-key",            "an author key digest stands only where there is an author key") \
	X(GUEST_REQUEST,         "guest-request",         "a guest asked for it, at VMPL 0-3") \
	X(POLICY_FORM,           "policy-form",           "the guest policy is one that firmware accepts") \
	/* the product and its TCBs */ \
	X(PRODUCT,               "product",               "it is of a known product") \
	X(TCB_FORM,              "tcb-form",              "every reserved byte of its TCBs is zero") \
	X(TCB_ORDER,             "tcb-order",             "reported <= committed <= current, launch <= current") \
	/* certificates and signature */ \
	X(CERTIFICATE,           "certificate",           "the signing key's certificate is at hand") \
	X(CERTIFICATE_VERSION,   "certificate-version",   "it is X.509 version 3") \
	X(CERTIFICATE_ALGORITHM, "certificate-algorithm", "it is signed with RSASSA-PSS, SHA-384, MGF1-SHA-384, salt 48") \
	X(CERTIFICATE_KEY,       "certificate-key",       "its key is on the named curve P-384") \
	X(CERTIFICATE_NAMES,     "certificate-names",     "its names are those of the signing key's kind") \
	X(CERTIFICATE_EXTENSIONS,"certificate-extensions","its extensions are unique, typed and complete") \
	X(CERTIFICATE_PRODUCT,   "certificate-product",   "it is of the report's product") \
	X(CA_CERTIFICATES,       "ca-certificates",       "the pinned CA certificates are at hand") \
	X(CERTIFICATE_CHAIN,     "certificate-chain",     "its chain verifies to the pinned root") \
	X(CERTIFICATE_DATES,     "certificate-dates",     "every certificate of the chain is valid at the time") \
	X(REVOCATION,            "revocation",            "the CRL does not name the CA certificate") \
	X(REPORTED_TCB,          "reported-tcb",          "REPORTED_TCB is the certificate's, component by component") \
	X(CHIP_ID_MASK,          "chip-id-mask",          "CHIP_ID is shown") \
	X(CHIP_ID,               "chip-id",               "CHIP_ID is the certificate's") \
	X(REPORT_SIGNATURE,      "report-signature",      "the signature over the bytes received verifies") \
	/* what was expected */ \
	X(RUNTIME_DATA,          "runtime-data",          "REPORT_DATA is the hash of the runtime data that came with it") \
	X(DENIED_PRODUCT,        "denied-product",        "its product is not denied") \
	X(MEASUREMENT,           "measurement",           "MEASUREMENT is a launch digest that is expected") \
	X(DEBUG,                 "debug",                 "the policy does not let the host decrypt the guest") \
	X(POLICY,                "policy",                "the policy is the one expected") \
	X(POLICY_AT_MOST,        "policy-at-most",        "the policy allows no more than the limit") \
	X(GUEST_SVN,             "guest-svn",             "GUEST_SVN is at least the minimum") \
	X(FAMILY_ID,             "family-id",             "FAMILY_ID is the one expected") \
	X(IMAGE_ID,              "image-id",              "IMAGE_ID is the one expected") \
	X(HOST_DATA,             "host-data",             "HOST_DATA is the one expected") \
	X(REPORT_DATA,           "report-data",           "REPORT_DATA is the one expected: the report is fresh") \
	X(VMPL,                  "vmpl",                  "VMPL is the one expected") \
	X(ID_KEY_DIGEST,         "id-key-digest",         "ID_KEY_DIGEST is one of those expected") \
	X(AUTHOR_KEY_DIGEST,     "author-key-digest",     "AUTHOR_KEY_DIGEST is one of those expected") \
	X(EXPECTED_CHIP_ID,      "expected-chip-id",      "CHIP_ID is one of those expected") \
	X(REPORT_ID,             "report-id",             "REPORT_ID is the one expected") \
	X(MINIMUM_TCB,           "minimum-tcb",           "REPORTED_TCB is at least the minimum") \
	X(MINIMUM_LAUNCH_TCB,    "minimum-launch-tcb",    "LAUNCH_TCB is at least the minimum") \
	X(FIRMWARE_VERSION,      "firmware-version",      "the committed firmware is at least the minimum") \
	X(PROVISIONAL_FIRMWARE,  "provisional-firmware",  "the current firmware is committed") \
	X(PLATFORM_REQUIRE,      "platform-require",      "every PLATFORM_INFO bit required is set") \
	X(PLATFORM_FORBID,       "platform-forbid",       "no PLATFORM_INFO bit forbidden is set") \
	X(LAUNCH_MITIGATIONS,    "launch-mitigations",    "LAUNCH_MIT_VECTOR has the mitigations asked for") \
	X(CURRENT_MITIGATIONS,   "current-mitigations",   "CURRENT_MIT_VECTOR has the mitigations asked for")
/* clang-format on */

enum snp_check {
#define X(id, name, question) SNP_CHECK_##id,
	SNP_CHECKS(X)
#undef X
	SNP_N_CHECKS
};

const char *snp_check_name(enum snp_check check);     /* "chip-id" */
const char *snp_check_question(enum snp_check check); /* what it establishes, without full stop */

enum snp_outcome {
	SNP_NOT_REACHED, /* a check that it stands on did not pass */
	SNP_NOT_ASKED,	 /* nothing was expected */
	SNP_PASSED,
	SNP_FAILED,
};

/* "passed", "failed", "not-asked", "not-reached" */
const char *snp_outcome_name(enum snp_outcome outcome);

/*
 * What a report has to say. All zeros asks nothing but what is always asked: no debugging, no masked
 * chip id behind a VCEK, and from version 3 the alias check (AMD-SB-3015, BadRAM). Pointers are
 * borrowed. Where both a published document and a rule of the caller speak, both hold.
 */
struct snp_expectations {
	/* MEASUREMENT is one of either; with none of both it is not asked. Of the variant that it is,
	 * the policy, and where they are not zero the ids, must be those of the image, and GUEST_SVN
	 * and REPORTED_TCB at least. */
	const struct snp_reference *reference; /* NULL: none */
	const uint8_t (*measurements)[SNP_MEASUREMENT_SIZE];
	size_t n_measurements;

	bool has_policy, has_policy_at_most, has_guest_svn_min, has_family_id, has_image_id;
	bool has_host_data, has_report_data, has_vmpl, has_report_id;
	bool has_minimum_tcb, has_minimum_launch_tcb, has_firmware_min;
	bool has_platform_require; /* replaces the demand for ALIAS_CHECK_COMPLETE */
	bool has_platform_forbid, has_launch_mitigations, has_current_mitigations;
	bool allow_debug, allow_masked_chip_id, no_provisional_firmware;

	uint64_t policy, policy_at_most;
	uint32_t guest_svn_min, vmpl;
	uint8_t family_id[16], image_id[16];
	uint8_t host_data[SNP_HOST_DATA_SIZE];
	uint8_t report_data[SNP_REPORT_DATA_SIZE];
	uint8_t report_id[SNP_REPORT_ID_SIZE];
	const uint8_t (*id_key_digests)[48], (*author_key_digests)[48];
	size_t n_id_key_digests, n_author_key_digests;
	const uint8_t (*chip_ids)[SNP_CHIP_ID_SIZE];
	size_t n_chip_ids;
	struct snp_tcb minimum_tcb, minimum_launch_tcb;
	struct snp_firmware_version firmware_min;
	uint64_t platform_require, platform_forbid;
	uint64_t launch_mitigations, current_mitigations; /* bits that must be set */
	uint32_t denied_products;			  /* bits 1 << enum snp_product */
};

struct snp_evidence {
	struct snp_span report; /* 1184 bytes, as received */
	/* Size 0 where none came: a report in an HCL container must cover it. */
	struct snp_span runtime_data;
	const struct snp_certificates *certificates; /* NULL: as an empty set */
	int64_t at_time; /* seconds since 1970, for dates of certificates and CRLs */
	/* The CA certificates that count: NULL for AMD's nine. Roots of SNP_PRODUCT_SIMULATED, and nothing else,
	 * make SNP_PRODUCT_SIMULATED the product of a report with the simulated host's CPUID, and of any other
	 * none; its ASK need not be among them if the ARK signed it. */
	const struct snp_root *roots;
	size_t n_roots;
};

struct snp_verdict {
	bool accepted;
	bool authentic;	       /* the checks up to report-signature passed */
	enum snp_check reason; /* the first that failed, if not accepted */
	enum snp_product product;
	struct snp_report report;
	/* The published launch that it is, borrowed from the document; NULL: none. */
	const struct snp_reference_image *image;
	const struct snp_reference_variant *variant;
	struct {
		enum snp_outcome outcome;
		char message[256]; /* what was found; escaped; "" where there is nothing to say */
	} checks[SNP_N_CHECKS];
};

/* Check a report. Returns 0 with a verdict, whatever it is. Where several leaves fit the report, it is the
 * verdict with one by which the report is authentic, or with the first of them; their order counts for
 * nothing else.
 * Errors: SNP_E_NOT_A_REPORT, SNP_E_REPORT_VERSION, SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int snp_verify(const struct snp_evidence *evidence,
			    const struct snp_expectations *expected, struct snp_verdict *ret,
			    struct snp_error *err);

SNP_API_END

#endif
