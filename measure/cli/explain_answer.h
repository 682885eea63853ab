/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPLAIN_ANSWER_H
#define CLI_EXPLAIN_ANSWER_H

#include <stdio.h>

#include <snp/search.h>

#include "explain_candidates.h"

/* The answer: differences in words, and what they are found in. */
#define EXPLAIN_MAX_DIFFERENCES 8
#define EXPLAIN_MAX_LEFT_OUT	3
struct explain_answer {
	bool found, published;
	char texts[EXPLAIN_MAX_DIFFERENCES][EXPLAIN_TEXT_SIZE + 64];
	size_t n;
	uint64_t tried;
	const char *left_out[EXPLAIN_MAX_LEFT_OUT]; /* where nothing is found */
	size_t n_left_out;
};

/* Add a difference; one too many is dropped. */
__attribute__((format(printf, 2, 3))) void explain_add(struct explain_answer *answer,
						       const char *fmt, ...);

/* What the match has other than stated. */
void explain_describe(const struct snp_launch *stated, const struct explain_candidates *candidates,
		      const struct search_match *match, struct explain_answer *answer);

/* What a search without a match did not try; `is_cut`: nor did it take every hash table. */
void explain_describe_left_out(const struct search_extent *extent, bool is_cut,
			       struct explain_answer *answer);

void explain_print_sentence(const struct explain_answer *answer, FILE *out);
SNP_MUST_USE int explain_print_json(const struct explain_answer *answer, FILE *out,
				    struct snp_error *err);

#endif
