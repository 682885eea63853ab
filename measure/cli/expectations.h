/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPECTATIONS_H
#define CLI_EXPECTATIONS_H

#include <snp/judge.h>
#include <snp/svsm_manifest.h>
#include <snp/tool.h>
#include <snp/verdict.h>

/* The options that say what is expected of a report. */
extern const struct cli_option cli_expectation_options[];

/* What they were set to: the expectations, and what those point to. */
struct cli_expectations {
	struct snp_expectations expected;
	struct snp_reference *references[CLI_MAX_VALUES]; /* expected.n_references of them */
	struct cli_document documents[CLI_MAX_VALUES];	  /* that they were read from */
	size_t n_documents;
	uint8_t measurements[CLI_MAX_VALUES][SNP_MEASUREMENT_SIZE];
	uint8_t id_key_digests[CLI_MAX_VALUES][48], author_key_digests[CLI_MAX_VALUES][48];
	uint8_t chip_ids[CLI_MAX_VALUES][SNP_CHIP_ID_SIZE];
	struct snp_minimum_tcb minimum_tcbs[SNP_PRODUCT_TURIN + 1];
	uint8_t *endorsement, *roots; /* of files; the second as in `expected` */
	size_t endorsement_size;
	uint8_t *manifest_bytes;
	size_t manifest_size;
	uint8_t nonce[SVSM_NONCE_SIZE];
	bool has_manifest;
	struct svsm_manifest manifest; /* of the SVSM that the report must come from */
};

/* Errors: SNP_E_USAGE, also if no launch digest is expected and --any-measurement is not given; those of the
 * values and files. */
SNP_MUST_USE int cli_expectations_read(struct cli_expectations *ret, struct snp_error *err);

/* The file that this reference document was read from, if there are several; NULL: none of them. */
const char *cli_expectations_document(const struct cli_expectations *e,
				      const struct snp_reference *reference);

/* True if any of these options was given, --public-key left out, which only says who published. */
bool cli_expectations_given(void);
bool cli_public_key_given(void);
const struct cli_values *cli_expectations_references(void); /* their paths */

/* Check who signed documents by --public-key, or warn that nobody did. A signature that was not read yet is read from
 * beside its document. Errors: SNP_E_SIGNATURE, those of reading, with the file named. */
SNP_MUST_USE int cli_documents_check(struct cli_document documents[], size_t n,
				     struct snp_error *err);

/* True if an option was given that only a token can meet. */
bool cli_expectations_of_token(void);

/* The endorsement that was given as a file; size 0: none. */
struct snp_span cli_expectations_endorsement(const struct cli_expectations *e);

void cli_expectations_done(struct cli_expectations *e);

#endif
