/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_PREDICTED_H
#define LAUNCHER_REHEARSAL_PREDICTED_H

#include <snp/firmware.h>
#include <snp/plan_document.h>

#include "guest/record.h"

/* What is compared with a rehearsal: the plan that this project predicts. */
struct rehearsal_predicted {
	struct plan_document *plan;
	uint32_t hash_table_gpa;	    /* 0: none */
	uint8_t (*vmsas)[2][SNP_PAGE_SIZE]; /* of the first vCPU and of the others */
};

/* The plan of the guest of `record`, out of the files that it boots. Errors: those of
 * snp_firmware_read() and snp_launch_plan(). */
SNP_MUST_USE int rehearsal_predict(const struct guest_record *record,
				   struct rehearsal_predicted *ret, struct snp_error *err);
void rehearsal_predicted_done(struct rehearsal_predicted *predicted);

#endif
