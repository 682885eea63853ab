/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_FORMAT_H
#define REFERENCE_FORMAT_H

#include <stdio.h>

#include <snp/reference.h>

#include "reference/folder.h"

/*
 * One emitter per format, each a pure function of the model: the same model gives the same bytes. What
 * a format cannot say of a model is refused with SNP_E_FORMAT, never left out silently. What a format has
 * no room for at all is listed in snp-reference-values(5).
 */
typedef int (*emitter)(const struct snp_reference *reference, struct folder *folder,
		       struct snp_error *err);

/* What a format cannot say of an image of a model: SNP_E_FORMAT; it may say the others. */
typedef int (*image_check)(const struct snp_reference *reference,
			   const struct snp_reference_image *image, struct snp_error *err);

#define N_FORMATS 15

struct format {
	const char *name; /* as --format takes it */
	emitter emit;
	image_check check; /* NULL: it says every image */
	/* What it writes and what signed forms of that there are, as patterns for fnmatch(3), ended by
	 * NULL. */
	const char *files[4];
	enum {
		SAYS_DIGESTS,
		SAYS_DIGEST, /* of a release that has one alone */
		SAYS_GROUPS, /* of container groups */
		SAYS_BOTH,
		SAYS_FIRMWARE, /* of images with firmware that is no IGVM file */
	} says;
};

/* True if the document has an image of the kind that the format is for. */
bool format_applies(const struct format *format, const struct snp_reference *reference);

/* The i-th format, or NULL past the last; the master is the first. */
const struct format *format_at(size_t i);

/* Emit the images that the format can say. `ret_why` (may be NULL) says what was left out, or has no code.
 * Errors: SNP_E_FORMAT if it can say none of them, or not in SNP_MAX_DOCUMENT bytes; the emitter's. */
SNP_MUST_USE int format_emit(const struct format *format, const struct snp_reference *reference,
			     struct folder *folder, struct snp_error *ret_why,
			     struct snp_error *err);

/* True if a format, or what signs its files, may have made a file of this name, or a folder ("golden/"). */
bool format_writes(const char *name);

/* True if any file is there that the format may write, or a folder that only such files lie in. */
bool format_is_there(const struct format *format, const char *path);

#define INTOTO_FILE "intoto.json"
#define CORIM_FILE  "corim.cbor"
#define KEYS_FILE   "keys.txt"
#define KEYS_FIRST  "Key of the signatures:\n" /* what follows in it is that key, if there is one */
#define INDEX_FILE  "index.html"

/* Add the file `name` of what `print` writes about a model. Errors: SNP_E_NO_MEMORY, those of `print`. */
typedef int (*text_printer)(const struct snp_reference *reference, FILE *out,
			    struct snp_error *err);
SNP_MUST_USE int folder_add_text(struct folder *folder, const struct snp_reference *reference,
				 const char *name, text_printer print, struct snp_error *err);

int emit_master(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_rvps(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_trustee(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_intoto(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_corim(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_go_sev_guest(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_contrast(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_golden(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int rvps_says(const struct snp_reference *r, const struct snp_reference_image *image,
	      struct snp_error *err);
int contrast_says(const struct snp_reference *r, const struct snp_reference_image *image,
		  struct snp_error *err);
int emit_maa_policy(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_skr_policy(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int skr_says(const struct snp_reference *r, const struct snp_reference_image *image,
	     struct snp_error *err);
int emit_firmware(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_kbs_client(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_keys(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_html(const struct snp_reference *r, struct folder *f, struct snp_error *err);
int emit_tsv(const struct snp_reference *r, struct folder *f, struct snp_error *err);

#endif
