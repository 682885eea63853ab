/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_PUBLISH_H
#define SNP_PUBLISH_H

#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/key.h>
#include <snp/launch.h>
#include <snp/reference.h>

SNP_API_BEGIN

/*
 * From a release to a folder of reference values, and back. The folder holds the master
 * (<snp/reference.h>) and what it says in the formats of other projects; snp-reference-values(5)
 * describes the documents.
 *
 * In the structs of options `size` is the struct's sizeof; zero or NULL in any other member leaves out
 * what it asks for.
 */

/* Read a release (snp-release/1), read and hash the files of its images, and compute the launch digest of
 * every variant. A release of more than `most` variants is refused before a file is read: SNP_MAX_VARIANTS, or
 * SNP_MAX_BOUND_VARIANTS where they will get ID blocks. `warn` (may be NULL) is called with the warnings about each launch, as
 * snp_launch_warnings() and snp_kernel_warnings() do; the same one may come again and again.
 * Errors: SNP_E_JSON_*, with the JSON pointer; those of snp_firmware_read(), snp_boot_finish() and
 * snp_launch_check(), with the file; SNP_E_TOO_LARGE, also for what would take too many launch updates. */
SNP_MUST_USE int snp_release_read(const char *path, size_t most, snp_launch_warn warn, void *arg,
				  struct snp_reference **ret, struct snp_error *err);

/* Record what a boot of the firmware showed: the answer of "snp-launch check --firmware --json", or of
 * "rehearse --boot --json", in the file `path`. It belongs to the images with kernel whose firmware has the
 * SHA-256 that it names. Errors: SNP_E_JSON_*; SNP_E_DIGEST_DIFFERS where there is none. */
SNP_MUST_USE int snp_reference_add_boot(struct snp_reference *reference, const char *path,
					struct snp_error *err);

/* The name of the i-th format ("rvps"), or NULL past the last. The first is the master, which is always
 * written. `ret_files` (may be NULL) is set to the files that the format may have, ended by NULL; a name
 * with "*" stands for several. */
const char *snp_publish_format(size_t i, const char *const **ret_files);

/* Flags: what is replaced may lose its signatures, ID blocks and endorsements; images that a format cannot say
 * may be left out of it, with a warning. */
#define SNP_PUBLISH_UNSIGNED 1u
#define SNP_PUBLISH_PARTIAL  2u

struct snp_publish_options {
	size_t size;
	const char *formats;		  /* names with commas between; NULL: all that can say it */
	const struct snp_key *key;	  /* signs the documents */
	const struct snp_key *id_key;	  /* P-384: binds every variant to an ID block */
	const struct snp_key *author_key; /* P-384: signs id_key, which must be given too */
	const char
		*endorsement_key; /* RSA, named as for snp_key_read(): endorses the format golden */
	const char *endorsement_certificate; /* its certificate, a file; both or neither */
	snp_passphrase ask;		     /* for endorsement_key, as for snp_key_read() */
	void *ask_arg;
	snp_launch_warn warn; /* gets each format that was left out because it cannot say it */
	void (*written)(void *arg, const char *file,
			uint64_t size); /* gets each file, at the end */
	void *arg;			/* of `warn` and `written` */
	uint64_t flags;
	snp_progress progress; /* gets how many ID blocks are signed */
	void *progress_arg;
};

/* Write `reference` as the folder `path`: all of it or nothing. If `id_key` is given, its variants get ID
 * blocks. What is at `path` already is replaced if it is a folder that an earlier run wrote; signatures
 * there that still verify are kept, so that a second run changes nothing.
 * Errors: SNP_E_USAGE (a format that does not exist, options that need another), SNP_E_BAD_KEY (the author key is
 * the ID key), SNP_E_FORMAT (a format in `formats` that cannot say it, or one that can say only some images), SNP_E_EXISTS (another folder is at
 * `path`, or one with signatures for which there is no key), SNP_E_TOO_LARGE, SNP_E_WRITE; those of
 * snp_key_read() and snp_key_sign(). */
SNP_MUST_USE int snp_publish(struct snp_reference *reference, const char *path,
			     const struct snp_publish_options *options, struct snp_error *err);

/* Gets each thing that is not as published: in which image (NULL: the folder itself), what ("kernel"), what
 * was published and what was found. */
typedef void (*snp_difference)(void *arg, const char *image, const char *what,
			       const char *published, const char *found);

struct snp_reproduce_options {
	size_t size;
	const char *images;		  /* folder of the images' files; NULL: the master's own */
	const struct snp_key *public_key; /* signatures must be there and by this key */
	const char *endorsement_certificate; /* a file: endorsements must be there and with this */
	snp_difference difference;
	void *arg;
};

/* Compute the master `path`, a file or its folder, again from its images, and compare everything in its folder with
 * it. `ret_variants` is the number of its variants, `ret_differences` how often `difference` was called.
 * Errors: those of snp_reference_read(), of reading images that are as published, of
 * snp_certificates_add_path(). */
SNP_MUST_USE int snp_reproduce(const char *path, const struct snp_reproduce_options *options,
			       size_t *ret_variants, size_t *ret_differences,
			       struct snp_error *err);

SNP_API_END

#endif
