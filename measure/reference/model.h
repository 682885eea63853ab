/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_MODEL_H
#define REFERENCE_MODEL_H

#include <snp/cleanup.h>
#include <snp/fields.h>
#include <snp/reference.h>

struct cJSON;
struct json_out;

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

/* The order of variants in every document: profile, CPU signature, CPU model, guest features, vCPU
 * count. Two that compare as 0 are of one configuration. */
int variant_compare(const void *a, const void *b);
void variants_sort(struct snp_reference_variant *variants, size_t n);

/* The first variant with this launch digest; NULL: none. */
const struct snp_reference_variant *
image_variant(const struct snp_reference_image *image,
	      const uint8_t launch_digest[static SNP_LAUNCH_DIGEST_SIZE]);

/* A file name made of what tells a variant from others: "IMAGE-PROFILE-SIGNATURE-FEATURES", with every
 * character that is not a letter, digit, dot or underscore as "-". */
#define VARIANT_NAME_SIZE 384
void variant_name(const struct snp_reference_image *image,
		  const struct snp_reference_variant *variant, char ret[static VARIANT_NAME_SIZE]);

/* The files of images are known by paths from a folder that the reader of a document chooses. True if `name`
 * is such a path: it never leads out of the folder. */
bool is_file_name(const char *name);

/* The name of a file that a release finds at `path`, for free(): the path without "." and empty components,
 * or, where it is absolute or has "..", its last component. NULL if memory ran out. */
char *file_name(const char *path);

#define MASTER_SCHEMA "snp-reference-values/1"
/* With what 0.1.0 did not know: a template as command line, "kernel_hash_check". */
#define MASTER_SCHEMA_2 "snp-reference-values/2"

#define MASTER_SCHEMA_3 \
	"snp-reference-values/3" /* with container groups, IGVM files, or a release */

/* What image->firmware is: "firmware" or "IGVM file". */
const char *firmware_kind(const struct snp_reference_image *image);

/* The oldest of them that can say it. */
const char *master_schema(const struct snp_reference *reference);

/* SHA-256 of a variant's command line and one NUL, as the SEV hash table has it. Errors: SNP_E_NO_MEMORY,
 * SNP_E_CRYPTO. */
SNP_MUST_USE int variant_cmdline_sha256(const struct snp_reference_image *image,
					const struct snp_reference_variant *variant,
					uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err);

/* A template is written out and hashed for each variant, also whenever a master is read: refuse one of more than
 * TEMPLATE_MAX bytes, twice what Linux takes. Errors: SNP_E_TOO_LARGE. */
#define TEMPLATE_MAX 4096u
SNP_MUST_USE int template_check(const struct snp_reference_image *image, struct snp_error *err);

/* The master as a JSON tree, for those that embed it; the caller prints it and calls
 * json_out_done(). */
void master_build(const struct snp_reference *reference, struct json_out *out);

/* The member "kernel_hash_check" of an image, an snp_kernel_hash_check. */
extern const struct field hash_check_fields[];
void hash_check_print(struct json_out *out, struct cJSON *parent,
		      const struct snp_kernel_hash_check *check);

/* The master as text, for free(); the same bytes for the same model. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int reference_print(const struct snp_reference *reference, char **ret,
				 struct snp_error *err);

#endif
