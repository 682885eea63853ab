/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_RUNS_H
#define CLI_PLAN_RUNS_H

#include <stdbool.h>

#include <snp/launch.h>
#include <snp/plan_document.h>

/* The launch updates of a launch in runs, as they are printed and drawn. */

/* Called for each run, in launch order. A negative return value ends the walk and is passed on. */
typedef int (*plan_run_visit)(void *arg, const struct plan_run *run, struct snp_error *err);

/* Visit the updates in runs of one type and origin: pages at one address after the other, or equal VMSAs at one
 * address; with `all`, each update by itself. Errors: those of snp_launch_plan(), the visitor's. */
SNP_MUST_USE int plan_runs_walk(const struct snp_launch *launch, bool all, plan_run_visit visit,
				void *arg, struct snp_error *err);

/* A visitor that adds the run to a struct plan_document. Errors: SNP_E_TOO_LARGE, SNP_E_NO_MEMORY. */
int plan_runs_keep(void *document, const struct plan_run *run, struct snp_error *err);

/* What a visitor adds no run for: the launch's mode and vCPUs, and the launch digest, that after the last run. */
void plan_runs_end(struct plan_document *document, const struct snp_launch *launch);

/* The address after the run's last page, or after the one of all its VMSAs. */
uint64_t plan_run_end(const struct plan_run *run);

#endif
