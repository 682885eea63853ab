/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_VERDICT_H
#define LAUNCHER_REHEARSAL_VERDICT_H

#include <snp/firmware.h>
#include <snp/plan_document.h>

#include "guest/record.h"
#include "rehearsal/trace_read.h"

/* What a rehearsal is compared with: the plan that this project predicts. */
struct rehearsal_predicted {
	struct plan_document *plan;
	uint32_t hash_table_gpa;	    /* 0: none */
	uint8_t (*vmsas)[2][SNP_PAGE_SIZE]; /* of the first vCPU and of the others */
};

/* The plan of the guest of `record`, from the files that it boots. Errors: those of
 * snp_firmware_read() and snp_launch_plan(). */
SNP_MUST_USE int rehearsal_predict(const struct guest_record *record,
				   struct rehearsal_predicted *ret, struct snp_error *err);
void rehearsal_predicted_done(struct rehearsal_predicted *predicted);

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
 * names the image (NULL: its only one). Sets `expected`. If the prediction expects the same digest, the
 * difference is named from it, since it knows more than a document. Errors: those of reading it;
 * SNP_E_NO_VARIANT. */
SNP_MUST_USE int rehearsal_compare_against(const char *path, const char *image,
					   const struct guest_record *record,
					   const struct rehearsal_predicted *predicted,
					   const struct rehearsal_trace *trace,
					   struct rehearsal_verdict *verdict,
					   struct snp_error *err);

#endif
