/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_SIGN_FOLDER_H
#define SNP_SIGN_FOLDER_H

#include <stdbool.h>

#include <snp/key.h>
#include <snp/publish.h>

/*
 * Sign a folder that was published without signatures: with a key at hand, or with keys that are elsewhere. For
 * those, a second folder holds what is to be signed: first the ID blocks and the ID key; when these are signed, the
 * documents, which contain the ID blocks' signatures. The signature of the file NAME comes back as NAME.sig, in DER
 * or as r and s. The published folder changes in one step, from without to with all signatures.
 */

/* The keys of a published folder, or their public halves where they are elsewhere. */
struct signing_keys {
	struct snp_key *key;	    /* signs the documents; NULL: nobody does */
	struct snp_key *id_key;	    /* P-384: signs ID blocks; NULL: nobody does */
	struct snp_key *author_key; /* P-384: signs the ID key, which must be there */
};
void signing_keys_done(struct signing_keys *keys);

/* Write the new folder `path` for what is to be signed of the published folder `published`: its ID blocks, or the
 * documents if there is no ID key.
 * Errors: SNP_E_EXISTS, SNP_E_BAD_KEY, SNP_E_TOO_LARGE, SNP_E_WRITE, those of reading the published folder. */
SNP_MUST_USE int to_sign_write(const char *path, const char *published,
			       const struct signing_keys *keys, struct snp_error *err);

struct sign_folder_options {
	const struct snp_key *key; /* private, signs the documents; or */
	const char *signatures;	   /* the folder that to_sign_write() wrote, with signatures */
	snp_launch_warn warn;
	void (*written)(void *arg, const char *file,
			uint64_t size); /* gets each file, at the end */
	void *arg;			/* of both */
	snp_progress progress;		/* gets how many ID blocks are signed; may be NULL */
	void *progress_arg;
};

/* Sign the published folder `path`. If `ret_signed` is false, all is as it was, but for the documents, which are now
 * in the folder of signatures and must be signed too.
 * Errors: SNP_E_EXISTS (it has signatures), SNP_E_SIGNATURE, those of reading either folder, of snp_key_sign() and
 * snp_publish(). */
SNP_MUST_USE int sign_folder(const char *path, const struct sign_folder_options *options,
			     bool *ret_signed, struct snp_error *err);

#endif
