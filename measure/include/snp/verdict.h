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
 * The verdict on an attestation report: did AMD's secure processor sign these bytes, and do they say what
 * was expected? A verdict is a list of named checks. The first three groups decide whether the report is
 * authentic; only an authentic report is compared with the expectations.
 *
 * How the structs of this library can grow. A struct that the caller fills begins with `size`, which is
 * its sizeof; later releases add members at its end, and zero there means what it meant before. A struct
 * that the library makes is reached by pointer only; later releases add members at its end, so a program
 * neither copies it nor takes its size. All other structs stay as they are.
 */

/* New checks are added at the end: the numbers stay. */
/* clang-format off */
#define SNP_CHECKS(X) \
	/* the report's form */ \
	X(RESERVED_BITS,         "reserved-bits",         "all reserved bits are zero, also after the signature") \
	X(SIGNATURE_ALGORITHM,   "signature-algorithm",   "its algorithm is ECDSA P-384 with SHA-384") \
	X(SIGNING_KEY,           "signing-key",           "a VCEK or a VLEK signed it") \
	X(CHIP_KEY_MASK,         "chip-key-mask",         "the firmware signed it") \
	X(AUTHOR_KEY,            "author-key",            "without an author key, AUTHOR_KEY_DIGEST is zero") \
	X(GUEST_REQUEST,         "guest-request",         "a guest requested it, at VMPL 0-3") \
	X(POLICY_FORM,           "policy-form",           "the firmware accepts the guest policy") \
	/* the product and its TCBs */ \
	X(PRODUCT,               "product",               "its product is known") \
	X(TCB_FORM,              "tcb-form",              "all reserved bytes of its TCBs are zero") \
	X(TCB_ORDER,             "tcb-order",             "reported <= committed <= current, launch <= current") \
	/* certificates and signature */ \
	X(CERTIFICATE,           "certificate",           "the signing key's certificate was found") \
	X(CERTIFICATE_VERSION,   "certificate-version",   "it is X.509 version 3") \
	X(CERTIFICATE_ALGORITHM, "certificate-algorithm", "it is signed with RSASSA-PSS, SHA-384, MGF1-SHA-384, salt 48") \
	X(CERTIFICATE_KEY,       "certificate-key",       "its key is on the named curve P-384") \
	X(CERTIFICATE_NAMES,     "certificate-names",     "its names fit the signing key's kind") \
	X(CERTIFICATE_EXTENSIONS,"certificate-extensions","its extensions are unique, typed and complete") \
	X(CERTIFICATE_PRODUCT,   "certificate-product",   "it is for the report's product") \
	X(CA_CERTIFICATES,       "ca-certificates",       "the pinned CA certificates were found") \
	X(CERTIFICATE_CHAIN,     "certificate-chain",     "its chain verifies to the pinned root") \
	X(CERTIFICATE_DATES,     "certificate-dates",     "every certificate of the chain is valid at the time") \
	X(REVOCATION,            "revocation",            "the CRL does not revoke the CA certificate") \
	X(REPORTED_TCB,          "reported-tcb",          "REPORTED_TCB is that of the certificate") \
	X(CHIP_ID_MASK,          "chip-id-mask",          "CHIP_ID is not masked") \
	X(CHIP_ID,               "chip-id",               "CHIP_ID is that of the certificate") \
	X(REPORT_SIGNATURE,      "report-signature",      "the signature over the received bytes verifies") \
	/* what was expected */ \
	X(RUNTIME_DATA,          "runtime-data",          "REPORT_DATA begins with the hash of the runtime data") \
	X(DENIED_PRODUCT,        "denied-product",        "its product is not denied") \
	X(MEASUREMENT,           "measurement",           "MEASUREMENT is an expected launch digest") \
	X(DEBUG,                 "debug",                 "the policy does not let the host decrypt the guest") \
	X(POLICY,                "policy",                "the policy is the one expected") \
	X(POLICY_AT_MOST,        "policy-at-most",        "the policy allows no more than the limit") \
	X(GUEST_SVN,             "guest-svn",             "GUEST_SVN is the one expected, or at least the minimum") \
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
	X(PLATFORM_REQUIRE,      "platform-require",      "all required PLATFORM_INFO bits are set") \
	X(PLATFORM_FORBID,       "platform-forbid",       "no forbidden PLATFORM_INFO bit is set") \
	X(LAUNCH_MITIGATIONS,    "launch-mitigations",    "LAUNCH_MIT_VECTOR has the required mitigations") \
	X(CURRENT_MITIGATIONS,   "current-mitigations",   "CURRENT_MIT_VECTOR has the required mitigations") \
	/* who endorses the launch digest */ \
	X(ENDORSEMENT,           "endorsement",           "an endorsement of the launch digest was given") \
	X(ENDORSEMENT_SIGNATURE, "endorsement-signature", "its signature verifies with the signer's certificate") \
	X(ENDORSEMENT_TIMESTAMP, "endorsement-timestamp", "a timestamp authority says when it was signed") \
	X(ENDORSEMENT_ISSUER,    "endorsement-issuer",    "its certificates lead to the expected issuer") \
	X(ENDORSEMENT_FEED,      "endorsement-feed",      "it is of the expected feed") \
	X(ENDORSEMENT_SVN,       "endorsement-svn",       "its SVN is at least the minimum") \
	X(ENDORSED_MEASUREMENT,  "endorsed-measurement",  "MEASUREMENT is the launch digest that it endorses") \
	/* an attestation token */ \
	X(TOKEN_KEY,             "token-key",             "the service's keys have one of its name that can sign it") \
	X(TOKEN_SIGNATURE,       "token-signature",       "this key signed the token") \
	X(TOKEN_ISSUER,          "token-issuer",          "the expected instance of the service issued it") \
	X(TOKEN_DATES,           "token-dates",           "the token is valid at the time") \
	X(TOKEN_COMPLIANCE,      "token-compliance",      "the service found the guest compliant") \
	X(TOKEN_REPORT,          "token-report",          "each of its claims is the report's value") \
	X(TOKEN_SERVICE,         "token-service",         "the service's own evidence is about the key that signed it")
/* clang-format on */

enum snp_check {
#define X(id, name, question) SNP_CHECK_##id,
	SNP_CHECKS(X)
#undef X
};

/* The stable name of a check, such as "chip-id", and what it establishes, without full stop. NULL for a
 * number that is no check, so that a program can go through all checks of the library it runs with:
 * `for (unsigned int i = 0; snp_check_name(i); i++)`. */
const char *snp_check_name(unsigned int check);
const char *snp_check_question(unsigned int check);

enum snp_outcome {
	SNP_NOT_REACHED, /* a check that it depends on did not pass */
	SNP_NOT_ASKED,	 /* nothing was expected */
	SNP_PASSED,
	SNP_FAILED,
};

/* "passed", "failed", "not-asked", "not-reached" */
const char *snp_outcome_name(enum snp_outcome outcome);

/*
 * What a report must say. Pointers are borrowed for the call. If both a published document and the caller
 * set a rule, both must hold. Some things are checked without being asked for: no debugging, a chip ID
 * that is not masked (VCEK), and from report version 3 on the alias check (AMD-SB-3015, BadRAM).
 *
 * With nothing but `size` set no report is accepted: the caller has to say which launch digests are
 * expected, or set any_measurement.
 */
struct snp_expectations {
	size_t size; /* sizeof(struct snp_expectations) */

	/* MEASUREMENT must be in one of the documents or in the list. If it is a variant of a document, the
	 * report must also have the image's policy, its IDs (where they are not zero), and at least its
	 * GUEST_SVN and minimum TCB. */
	struct snp_reference *const *references; /* borrowed, and not changed */
	size_t n_references;
	const uint8_t (*measurements)[SNP_MEASUREMENT_SIZE];
	size_t n_measurements;

	bool any_measurement; /* accept any launch digest; neither of the above may be given */

	bool has_policy, has_policy_at_most, has_guest_svn, has_guest_svn_min, has_family_id,
		has_image_id;
	bool has_host_data, has_report_data, has_vmpl, has_report_id;
	bool has_minimum_tcb, has_minimum_launch_tcb, has_firmware_min;
	bool has_platform_require; /* replaces the default, ALIAS_CHECK_COMPLETE */
	bool has_platform_forbid, has_launch_mitigations, has_current_mitigations;
	bool allow_debug, allow_masked_chip_id, no_provisional_firmware;

	uint64_t policy, policy_at_most;
	uint32_t guest_svn, guest_svn_min, vmpl; /* guest_svn: exactly */
	uint8_t family_id[16], image_id[16];
	uint8_t host_data[SNP_HOST_DATA_SIZE];
	uint8_t report_data[SNP_REPORT_DATA_SIZE];
	uint8_t report_id[SNP_REPORT_ID_SIZE];
	const uint8_t (*id_key_digests)[48], (*author_key_digests)[48]; /* one of each list */
	size_t n_id_key_digests, n_author_key_digests;
	const uint8_t (
		*chip_ids)[SNP_CHIP_ID_SIZE]; /* one of the list; Turin: 8 bytes, then zeros */
	size_t n_chip_ids;
	struct snp_tcb minimum_tcb, minimum_launch_tcb;	  /* of REPORTED_TCB and of LAUNCH_TCB */
	struct snp_firmware_version firmware_min;	  /* of the committed firmware */
	uint64_t platform_require, platform_forbid;	  /* SNP_PLATFORM_* */
	uint64_t launch_mitigations, current_mitigations; /* bits that must be set */
	uint64_t denied_products;			  /* bits 1 << enum snp_product */

	/* MEASUREMENT must be the one that the evidence's endorsement names; it then counts as expected. NULL and no
	 * minimum: what Microsoft's endorsements of its utility VMs of that feed must have. */
	bool endorsed, has_uvm_svn_min;
	const char *uvm_issuer, *uvm_feed; /* an issuer requires a feed and a minimum */
	uint64_t uvm_svn_min;
	struct snp_span
		tsa_roots; /* of the timestamp's authority, DER or PEM; size 0: not verified */

	/* Of an attestation token: its issuer, such as "https://sharedeus.eus.attest.azure.net", and its compliance
	 * status; NULL: any, and any that the service is known to give to endorsed guests. */
	const char *maa_issuer, *maa_compliance;

	/* The key of a token must be one that the service made inside an SEV-SNP guest: the evidence in its certificate
	 * is accepted by snp_verify(), with this HOST_DATA, which is the hash of the service's security policy, and a
	 * utility VM that Microsoft endorses, or uvm_issuer if that is set. denied_products, tsa_roots and the CRLs count
	 * for the service too. */
	bool maa_evidence;
	uint8_t reserved[7]; /* zero */
	uint8_t maa_host_data[SNP_HOST_DATA_SIZE];

	/* The evidence's endorsement is Google's of a firmware (VMLaunchEndorsement), or one that this library's
	 * publisher made in the same form: its signer must be certified by one of these CA certificates, DER or PEM.
	 * Size 0: it is Microsoft's of a utility VM. What is named uvm_ and tsa_ above cannot be set beside this. */
	struct snp_span endorsement_roots;
	uint32_t endorsement_vcpu_count; /* the guest was launched with as many; 0: any number */
	uint32_t endorsement_svn_min;

	/* Minima of REPORTED_TCB by product, beside minimum_tcb: a report of a product that is not named is
	 * refused. Size 0: none. */
	const struct snp_minimum_tcb *minimum_tcbs;
	size_t n_minimum_tcbs;

	/* An endorsed utility VM runs the containers of anybody, so a HOST_DATA must be expected beside its endorsement:
	 * has_host_data, or a container group in a document. This accepts any. */
	bool any_host_data;
	uint8_t reserved_at_end[7]; /* zero */
};

/* What a verdict is made from. Everything is borrowed for the call. */
struct snp_evidence {
	size_t size;		/* sizeof(struct snp_evidence) */
	struct snp_span report; /* 1184 bytes, as received */
	struct snp_span
		runtime_data; /* of an HCL container, which REPORT_DATA must cover; size 0: none */
	const struct snp_certificates *certificates; /* NULL: none */
	int64_t at_time; /* seconds since 1970: certificates and CRLs must be valid then */
	/* The CA certificates to trust; NULL: AMD's. If all of them are of SNP_PRODUCT_SIMULATED, a report
	 * with the simulated host's CPUID is of that product, and any other report of none; its ASK need
	 * not be among them if the ARK signed it. */
	const struct snp_root *roots;
	size_t n_roots;
	struct snp_span
		endorsement; /* COSE of the utility VM, or base64 of it; VMLaunchEndorsement; size 0: none */
	/* A token of Microsoft Azure Attestation, and the keys of the service, a JWKS, both or neither. The caller
	 * trusts the keys. Without a report (size 0), the token's claims stand for it: the verdict is authentic if
	 * the token is, and what a token does not say can then not be expected. */
	struct snp_span token, jwks;
};

struct snp_verdict;

/* Check a report. Returns 0 and a verdict for snp_verdict_free(), whatever the verdict is. If several
 * leaf certificates fit the report, each is tried; their order does not matter.
 * Errors: SNP_E_ENDORSEMENT, SNP_E_TOKEN and those of JSON documents and base64, SNP_E_NOT_A_REPORT, SNP_E_REPORT_VERSION, SNP_E_NO_MEMORY, SNP_E_CRYPTO; SNP_E_USAGE (a `size`
 * is missing or from a later release that asks for more than this one knows; any_measurement beside
 * launch digests). */
SNP_MUST_USE int snp_verify(const struct snp_evidence *evidence,
			    const struct snp_expectations *expected, struct snp_verdict **ret,
			    struct snp_error *err);
void snp_verdict_free(struct snp_verdict *verdict);

/* True if every check passed or was not asked. */
bool snp_verdict_accepted(const struct snp_verdict *verdict);

/* True if the report, and the token if there is one, are genuine: every check up to report-signature, and those of the
 * token, passed or was not asked. */
bool snp_verdict_authentic(const struct snp_verdict *verdict);

/* The first check that failed. Only of a verdict that is not accepted. */
enum snp_check snp_verdict_reason(const struct snp_verdict *verdict);

/* How a check ended, and what it found: escaped text, "" if there is nothing to say. */
enum snp_outcome snp_verdict_outcome(const struct snp_verdict *verdict, enum snp_check check);
const char *snp_verdict_message(const struct snp_verdict *verdict, enum snp_check check);

/* The report, which belongs to the verdict, and its product. Of a token alone: what it says of them, zeros elsewhere. */
const struct snp_report *snp_verdict_report(const struct snp_verdict *verdict);
enum snp_product snp_verdict_product(const struct snp_verdict *verdict);

/* The published launch that was found, borrowed from expected->references; NULL: none. */
const struct snp_reference *snp_verdict_reference(const struct snp_verdict *verdict);
const struct snp_reference_image *snp_verdict_image(const struct snp_verdict *verdict);
const struct snp_reference_variant *snp_verdict_variant(const struct snp_verdict *verdict);

SNP_API_END

#endif
