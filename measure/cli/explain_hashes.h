/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPLAIN_HASHES_H
#define CLI_EXPLAIN_HASHES_H

#include <snp/kernel.h>
#include <snp/search.h>
#include <snp/span.h>

/*
 * What the SEV hash table may hold other than stated: kernels, initrds and command lines, each with the
 * words that tell it, and the tables that they make.
 */
#define EXPLAIN_TEXT_SIZE 512
#define EXPLAIN_MAX_PARTS 4096

/* One of the three, in one of its readings; the first in its list is as stated. */
struct explain_part {
	char text[EXPLAIN_TEXT_SIZE]; /* "no initrd" */
	uint8_t sha256[SNP_SHA256_SIZE];
	unsigned int changes;
};

struct explain_parts {
	struct explain_part *list;
	size_t n, capacity;
	uint16_t known[4 * EXPLAIN_MAX_PARTS]; /* 1 + index, at the hash or next to it; 0: free */
};

enum explain_kind {
	EXPLAIN_KERNEL,
	EXPLAIN_INITRD,
	EXPLAIN_CMDLINE,
	EXPLAIN_KINDS
};

/* A table: the index of each part, 0 as stated. */
struct explain_table {
	struct snp_kernel_hashes hashes;
	uint16_t parts[EXPLAIN_KINDS];
	bool off; /* kernel hashes off */
	unsigned int changes;
};

struct explain_hashes {
	struct explain_parts parts[EXPLAIN_KINDS];
	struct explain_table *tables;
	size_t n, capacity;
	bool is_cut; /* there are more than were taken */
};

void explain_hashes_done(struct explain_hashes *hashes);

/* Add a part, unless there is one of the same hash. At most `max` beside the stated one, of which the
 * last can be EXPLAIN_MAX_PARTS - 1. Errors: SNP_E_NO_MEMORY, SNP_E_TOO_LARGE. */
SNP_MUST_USE int explain_part_add(struct explain_parts *parts, size_t max, const char *text,
				  const uint8_t sha256[static SNP_SHA256_SIZE],
				  unsigned int changes, struct snp_error *err);

/* Add the readings of a command line, those of fewer changes first, as far as there is room. */
SNP_MUST_USE int explain_cmdline_add(struct explain_hashes *hashes, struct snp_span cmdline,
				     struct snp_error *err);

/* Make the tables of all parts of up to three changes together, and that without any. Those of fewer
 * changes come first, and are all that is taken where they are too many. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int explain_hashes_combine(struct explain_hashes *hashes, struct snp_error *err);

/* A table in words. */
void explain_table_text(const struct explain_hashes *hashes, size_t table,
			char ret[static EXPLAIN_TEXT_SIZE]);

#endif
