/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_FIRMWARE_H
#define IMAGE_FIRMWARE_H

#include "image/page_contents.h"

#include <snp/firmware_summary.h>
#include <snp/span.h>

struct snp_firmware {
	struct snp_firmware_info info; /* borrows from what follows */
	char *path;
	uint8_t *bytes;
	struct snp_table_entry *entries;
	struct snp_section *sections;
	struct snp_error table_problem, metadata_problem; /* code SNP_OK: none */
	uint64_t reset_offset, hash_table_offset;	  /* of their data in the file */
	uint8_t digest[SNP_SHA384_SIZE];		  /* of a summary */
	enum snp_hash_verifier hash_verifier;		  /* of a summary */
	struct page_contents *contents;			  /* of an image */
};

struct json_value;

/* The firmware that an snp-firmware/1 object describes; `name` is what errors call it. Errors: those of
 * snp/json.h, SNP_E_NO_MEMORY. */
SNP_MUST_USE int firmware_from_summary(const struct json_value *root, const char *name,
				       struct snp_firmware **ret, struct snp_error *err);

/* The same of the text `text`. */
SNP_MUST_USE int firmware_summary_parse(const char *name, struct snp_span text,
					struct snp_firmware **ret, struct snp_error *err);

/* Of each verifier, ended by NULL. */
extern const char *const hash_verifier_names[];

/* SHA-384 of each page of an image, computed by the first call; any number of threads may call.
 * Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int firmware_contents(const struct snp_firmware *firmware,
				   const uint8_t (**ret)[SNP_SHA384_SIZE], struct snp_error *err);

/* SHA-384 of the image, by which some formats of reference values name it. Errors: SNP_E_NO_DIGEST for a summary, SNP_E_CRYPTO. */
SNP_MUST_USE int firmware_sha384(const struct snp_firmware *firmware,
				 uint8_t ret[SNP_STATIC SNP_SHA384_SIZE], struct snp_error *err);

struct snp_span firmware_bytes(const struct snp_firmware *firmware);

/* Where the i-th section stands in the file; SNP_NO_OFFSET for a summary. */
uint64_t firmware_section_offset(const struct snp_firmware *firmware, size_t i);

/* Fail if there is something wrong with the table, or with table or metadata: with that. */
SNP_MUST_USE int firmware_need_table(const struct snp_firmware *firmware, struct snp_error *err);
SNP_MUST_USE int firmware_need_metadata(const struct snp_firmware *firmware, struct snp_error *err);

#endif
