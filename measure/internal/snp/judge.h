/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_JUDGE_H
#define SNP_JUDGE_H

#include <snp/cleanup.h>
#include <snp/reference.h>
#include <snp/tool.h>
#include <snp/verdict.h>

/* How the tools read an attestation report, judge it, and show the verdict. */

/* A report as it was received, and the certificates that came with it. */
struct cli_report {
	uint8_t *bytes; /* of a file; the spans of `container` point into it or into … */
	void *decoded;	/* … what was decoded of it */
	struct snp_container container;
	struct snp_certificates *certificates;
	struct snp_root roots[SNP_MAX_PRODUCT_ROOTS]; /* of a simulated host, for the verdict */
};

/* Read `path`: a file with any container, or a folder like those of configfs-tsm, with a raw report as
 * `outblob` and, if the host gave certificates, `auxblob`. Errors: those of snp_container_decode() and
 * snp_certificates_add_table(), SNP_E_BAD_CONTAINER for another `outblob`, with the file named. */
SNP_MUST_USE int cli_report_read(const char *path, struct cli_report *ret, struct snp_error *err);

/* The same, and decode the report. Errors: those of snp_report_decode() too. */
SNP_MUST_USE int cli_report_decode(const char *path, bool any_version, struct cli_report *ret,
				   struct snp_report **ret_report, struct snp_error *err);

/* The same as cli_report_read() of a container in memory, which is borrowed. */
SNP_MUST_USE int cli_report_take(struct snp_span bytes, struct cli_report *ret,
				 struct snp_error *err);

/* "hex of ", "base64 of " or "": what a container came as. */
const char *cli_encoding(const struct snp_container *container);

void cli_report_done(struct cli_report *report);

/* What a verdict needs besides the report and the certificates kept on this machine. */
struct cli_sources {
	const struct cli_values *certificates, *crls; /* paths; NULL: none */
	const char
		*simulated_root; /* the ARK of a simulated host, the only root then; NULL: AMD's */
	int64_t at_time;
	struct snp_span endorsement; /* size 0: the one that came with the report, if any */
	struct snp_span token, jwks; /* of Azure Attestation; size 0: none */
	struct snp_span
		runtime_data; /* that REPORT_DATA must cover; size 0: what came with the report */
};

/* Make the verdict; of a token alone if `report` has no bytes. Certificates from `sources` are added to those of the
 * report. `ret_evidence` is what it was made from, borrowed from the other two; it may be NULL.
 * Errors: those of reading, and of snp_verify(). */
SNP_MUST_USE int cli_judge(struct cli_report *report, const struct cli_sources *sources,
			   const struct snp_expectations *expected,
			   struct snp_evidence *ret_evidence, struct snp_verdict **ret,
			   struct snp_error *err);

/* A document of reference values, as it was read. */
struct cli_document {
	char *path;
	uint8_t *bytes, *signature; /* signature: NULL if there is none */
	size_t size, signature_size;
	bool is_checked; /* its signature, by the key whose ID this is */
	uint8_t key_id[SNP_SHA256_SIZE];
};
void cli_document_done(struct cli_document *document);

/* Read "1.55.29"; `what` names it in messages. Errors: SNP_E_USAGE. */
SNP_MUST_USE int cli_firmware_version(const char *text, const char *what,
				      struct snp_firmware_version *ret, struct snp_error *err);

/* Show a verdict: for people, with every check or only the failed ones; and as members of a JSON document.
 * `document` is the file of the reference values that the launch was found in, or NULL. */
void cli_verdict_print(const struct snp_verdict *verdict, const char *document, bool every_check,
		       FILE *out);
void cli_verdict_json(struct json_out *json, const struct snp_verdict *verdict,
		      const char *document);

/* Is this of a firmware that does not check kernel hashes? A boot says more than the image. */
bool cli_binds_no_kernel(const struct snp_kernel_hash_check *check);

/* Warn about what no check can decide. */
void cli_verdict_warn(const struct snp_verdict *verdict);

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);
DEFINE_CLEANUP(struct snp_report *, snp_report_free);
DEFINE_CLEANUP(struct snp_verdict *, snp_verdict_free);

#endif
