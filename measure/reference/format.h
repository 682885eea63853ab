/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_FORMAT_H
#define REFERENCE_FORMAT_H

#include <snp/reference.h>

#include "reference/folder.h"

/*
 * One emitter per format, each a pure function of the model: the same model gives the same bytes. What
 * a format cannot say of a model is refused with SNP_E_FORMAT, never left out in silence; which parts of
 * the model a format has no room for by its nature says snp-reference-values(5).
 */
typedef int (*snp_emit)(const struct snp_reference *reference, struct folder *folder,
			struct snp_error *err);

struct format {
	const char *name; /* as --format takes it */
	snp_emit emit;
	/* What it writes and what signed forms of that there are, as patterns for fnmatch(3), ended by
	 * NULL; a folder of its own ends in "/". */
	const char *files[5];
};

/* The i-th format, or NULL past the last; the master is the first. */
const struct format *format_at(size_t i);

/* True if a format, or what signs its files, may have made a file of this name, or a folder ("golden/"). */
bool format_writes(const char *name);

#define SNP_MASTER_FILE "reference-values.json"
#define SNP_INTOTO_FILE "intoto.json"
#define SNP_CORIM_FILE	"corim.cbor"

int emit_master(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_rvps(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_intoto(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_corim(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_go_sev_guest(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_contrast(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_golden(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_maa_policy(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_tsv(const struct snp_reference *r, struct folder *f, struct snp_error *err);

/* Add a JSON document, printed for people, as the file `name`; `out` is done afterwards. */
struct json_out;
SNP_MUST_USE int folder_add_json(struct folder *folder, const char *name, struct json_out *out,
				 struct snp_error *err);

/* A file name made of what tells a variant from others: "IMAGE-PROFILE-SIGNATURE-FEATURES", with every
 * character that is not a letter, digit, dot or underscore as "-". */
#define SNP_VARIANT_NAME_SIZE 384
void variant_name(const struct snp_reference_image *image,
		  const struct snp_reference_variant *variant,
		  char ret[static SNP_VARIANT_NAME_SIZE]);

#endif
