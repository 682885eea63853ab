/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_VERDICT_H
#define LAUNCHER_REHEARSAL_VERDICT_H

#include "guest/record.h"
#include "rehearsal/predicted.h"
#include "rehearsal/trace_read.h"

/* What a rehearsal came to. */
struct rehearsal_verdict {
	uint8_t expected[SNP_LAUNCH_DIGEST_SIZE];
	uint8_t rehearsed[SNP_LAUNCH_DIGEST_SIZE]; /* as the guest said on its console */
	bool equal;
	bool has_difference; /* the first launch update that differs is known */
	struct plan_difference difference;
};

/* Compare with what this project predicts. */
void rehearsal_compare(const struct rehearsal_predicted *predicted,
		       const struct rehearsal_trace *trace, struct rehearsal_verdict *verdict);

/* Compare with a document that was made earlier: snp-plan/1, or snp-reference-values/1, of which `image`
 * names the image (NULL: its only one). Sets `expected`. What a document does not say, but today's
 * prediction does, is told by that where both expect the same. Errors: those of reading it;
 * SNP_E_NO_VARIANT. */
SNP_MUST_USE int rehearsal_compare_against(const char *path, const char *image,
					   const struct guest_record *record,
					   const struct rehearsal_predicted *predicted,
					   const struct rehearsal_trace *trace,
					   struct rehearsal_verdict *verdict,
					   struct snp_error *err);

#endif
