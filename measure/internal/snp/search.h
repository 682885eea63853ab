/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_SEARCH_H
#define SNP_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/launch.h>

/*
 * Which launch has this digest? Given the launch that somebody believes in, look for one that differs
 * from it in up to three assumptions and has the digest that was seen.
 */

/* An assumption about the SEV hash table, beside the stated one. */
struct search_hashes {
	const struct snp_kernel_hashes *hashes; /* NULL: kernel hashes off */
	unsigned int changes;			/* how many assumptions it stands for, 1 to 3 */
};

/* Another firmware. */
struct search_firmware {
	const struct snp_firmware *firmware;
	unsigned int changes; /* how many assumptions it stands for, 1 to 3 */
};

struct search {
	const struct snp_launch *stated;	 /* of mode SNP */
	const struct search_firmware *firmwares; /* others than the stated one */
	size_t n_firmwares;
	const struct search_hashes *hashes; /* others than the stated ones */
	size_t n_hashes;
	uint32_t report_signature; /* CPUID of a report that was seen; 0: none */
	uint32_t max_vcpus;	   /* counts tried are 1 to this, and the stated one */
	uint64_t max_rare; /* launch updates that rare ones beside another difference may cost */
	snp_progress progress; /* NULL: none. Called in the calling thread */
	void *progress_arg;
};

struct search_match {
	unsigned int changes; /* 0: the stated launch itself */
	size_t firmware;      /* 0: the stated one; else 1 + index in firmwares */
	size_t hashes;	      /* 0: the stated ones; else 1 + index in hashes */
	struct snp_vcpus vcpus;
};

struct search_extent {
	uint64_t tried; /* digests that were compared */
	/* Beside how many other differences, the vCPU count left out, the rare ones were tried: 0 to 2. */
	unsigned int features, signatures;
};

/*
 * What is tried: every firmware, hash table and SEV-SNP profile, with every likely signature (of QEMU's
 * models, of the processors that have SEV-SNP, and `report_signature`), all likely guest features
 * (SNP_ACTIVE with one more bit, or with DebugSwap and one more), and every vCPU count, as long as no
 * more than three differ.
 *
 * Rare are all other signatures of families 0x17 to 0x1a and all other combinations of the guest
 * features that have a name. One of them is tried alone, with every vCPU count; and, as far as `max_rare`
 * goes, beside one other difference, with vCPU counts up to 8 and the stated one, and beside two of
 * firmware, hash table and profile, with the stated one. Two rare ones are not tried at once.
 * Launches that snp_launch_check() refuses are passed over.
 *
 * `*ret` is the match with the fewest changes; of several, the first in the order of the lists. Errors:
 * SNP_E_NOT_FOUND, with `*ret_extent` set; SNP_E_NO_DIGEST for another mode; SNP_E_TOO_LARGE for more
 * than a million firmwares, hash tables and profiles to combine; SNP_E_NO_MEMORY, SNP_E_CRYPTO.
 */
SNP_MUST_USE int search_run(const struct search *search,
			    const uint8_t digest[SNP_STATIC SNP_LAUNCH_DIGEST_SIZE],
			    struct search_match *ret, struct search_extent *ret_extent,
			    struct snp_error *err);

#endif
