/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_PUBLISH_H
#define REFERENCE_PUBLISH_H

#include <snp/id_block.h>
#include <snp/publish.h>

#include "reference/folder.h"
#include "reference/format.h"

/*
 * The steps from a model to a published folder, for those that publish and those that sign what was published.
 */

/* Who signs ID blocks. */
struct binding {
	const struct snp_key *id_key, *author_key; /* without author: NULL */
	const char *signatures; /* folder of what they signed elsewhere; NULL: they sign here */
	const char
		*before; /* folder of an earlier run, whose ID auths are kept if they are right */
	snp_progress progress; /* may be NULL */
	void *progress_arg;
	uint8_t author_signature[SNP_SIGNATURE_MAX]; /* made elsewhere */
	size_t author_signature_size;
};

/* Bind every variant to an ID block. Errors: those of snp_id_auth_sign() and snp_id_auth_attach(); with signatures
 * made elsewhere also those of reading them, with the file named. */
SNP_MUST_USE int publish_bind(struct snp_reference *reference, struct binding *binding,
			      struct snp_error *err);

/* The ID block that a variant of the image has, or would have. */
void variant_id_block(const struct snp_reference_image *image,
		      const struct snp_reference_variant *variant,
		      uint8_t ret[static SNP_ID_BLOCK_SIZE]);

/* The files that are signed elsewhere: the ID block of the `n`-th variant of all images, from 0, and the ID key as its
 * author signs it. */
#define ID_BLOCK_FILE_SIZE 40
void id_block_file(size_t n, char ret[static ID_BLOCK_FILE_SIZE]);
#define ID_KEY_FILE "id-key.bin"

/* Refuse the file `name` of the folder `path` if it does not hold these bytes, which were written there to be signed.
 * Errors: SNP_E_SIGNATURE, those of file_read(), with the file named. */
SNP_MUST_USE int to_sign_check(const char *path, const char *name, struct snp_span bytes,
			       struct snp_error *err);

/* Refuse more variants than can have ID blocks. Errors: SNP_E_TOO_LARGE. */
SNP_MUST_USE int publish_check_count(const struct snp_reference *reference, struct snp_error *err);

/* True if a variant has an ID block, or one with an author. */
bool has_id_block(const struct snp_reference *reference, bool with_author);

/* Add the files of the wanted formats. Errors: those of snp_publish(). */
SNP_MUST_USE int publish_emit(const struct snp_reference *reference,
			      const struct snp_publish_options *o,
			      const bool wanted[static N_FORMATS], struct folder *folder,
			      struct snp_error *err);

/* What stands at the place of the folder, and how it may be replaced. */
struct old {
	const struct snp_publish_options *options;
	struct snp_reference *reference;
	struct folder names; /* of the files that publishing may have written */
};
void old_done(struct old *old);

/* A folder_replaceable, of a struct old: a folder may be replaced if it has a master and nothing but files that
 * publishing it has written. */
int publish_replaceable(void *arg, const char *path, struct snp_error *err);

#endif
