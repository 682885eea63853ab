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
 * Which launch has this digest? Given the expected launch ("stated"), try launches that differ slightly
 * from it: all combinations of up to three changes of what is booted, with every vCPU count; and with at
 * most one such change also every likely CPU signature, every likely value of the guest features and every
 * SEV-SNP profile. A command line that names the vCPU count is tried with that count and another signature
 * or profile. An IGVM file is tried with every count, profile and signature. Launches that snp_launch_check()
 * refuses are skipped; an ID block in an IGVM file is not looked at. Other vCPUs that are expected are tried with up to
 * two changes of what is booted.
 */
#define SEARCH_TEXT_SIZE 512
#define SEARCH_MAX_PARTS 2048 /* beside the stated one */
#define SEARCH_MAX_TEXTS 8

enum search_kind {
	SEARCH_FIRMWARE,
	SEARCH_KERNEL,
	SEARCH_INITRD,
	SEARCH_CMDLINE,
	SEARCH_KINDS
};

struct search_part {
	char text[SEARCH_TEXT_SIZE];   /* "no initrd" */
	unsigned int changes;	       /* how many changes it counts as, 1 to 3 */
	uint32_t vcpu_count;	       /* that a command line names; 0: none */
	struct snp_firmware *firmware; /* `hash` is then set by search_add(): LD after its pages */
	uint8_t hash[SNP_SHA384_SIZE]; /* else SHA-256 */
	bool is_off;		       /* of a kernel: kernel hashes are off */
};

struct search {
	const struct snp_launch *stated;
	struct search_parts {
		struct search_part *list; /* the stated one first */
		size_t n;
	} parts[SEARCH_KINDS];
	uint32_t report_signature; /* CPU signature that a report names; 0: none */
	uint32_t max_vcpus;	   /* the counts tried are 1 to this, and the stated one */
	/* What is expected as well, sorted by profile, signature and features; the answer tells what differs from the
	 * nearest. None: from the stated one. */
	const struct snp_vcpus *expected;
	size_t n_expected;
	snp_progress progress; /* NULL: none. Called in the calling thread */
	void *progress_arg;
};

struct search_answer {
	bool found, published; /* published: it was not searched for */
	bool is_cut;	       /* there were more combinations of what is booted than are tried */
	uint64_t tried;	       /* digests that were compared */
	size_t nearest;	       /* of search->expected */
	size_t n; /* how many differences from the stated launch; 0: it has the digest itself */
	char texts[SEARCH_MAX_TEXTS][SEARCH_TEXT_SIZE]; /* each in words: "8 vCPUs instead of 4" */
};

/* Begin with the stated launch, which is borrowed, and with what often goes wrong with its kernel: kernel
 * hashes off, no initrd, and the command line (NULL: not known) with one or two small changes. With
 * VCPU_COUNT in it, the stated one is what it is for the stated count, and what it is for each other count is
 * tried. For search_done(), also after a failure.
 * Errors: SNP_E_NO_DIGEST for other modes than snp and snp:igvm; SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int search_begin(struct search *search, const struct snp_launch *stated,
			      const char *cmdline, struct snp_error *err);
void search_done(struct search *search);

/* Add a part, unless one in the list has the same hash. A firmware then belongs to the search, also if this
 * fails; the others need a stated launch with kernel hashes. Errors: SNP_E_TOO_LARGE, SNP_E_NO_MEMORY,
 * SNP_E_CRYPTO. */
SNP_MUST_USE int search_add(struct search *search, enum search_kind kind, struct search_part *part,
			    struct snp_error *err);

/* Look for `digest`. Of several launches that have it, the one with the fewest changes of what is booted is
 * the answer. "Not found" is an answer too. Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO, SNP_E_SYSTEM; of an IGVM
 * file SNP_E_READ, SNP_E_CHANGED. */
SNP_MUST_USE int search_run(const struct search *search,
			    const uint8_t digest[SNP_STATIC SNP_LAUNCH_DIGEST_SIZE],
			    struct search_answer *ret, struct snp_error *err);

#endif
