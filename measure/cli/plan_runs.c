// SPDX-License-Identifier: Apache-2.0
#include "plan_runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/memory.h>

struct walk {
	const struct snp_launch *launch;
	bool all;
	plan_run_visit visit;
	void *arg;

	struct plan_run run; /* of count 0: none yet */
	struct snp_launch_update last;
	uint32_t first_origin;
};

static bool continues(const struct walk *walk, const struct snp_launch_update *u)
{
	const struct snp_launch_update *last = &walk->last;

	if (walk->all || walk->run.count == 0 || u->type != last->type || u->origin != last->origin)
		return false;
	if (u->type == SNP_PAGE_VMSA)
		return u->gpa == last->gpa &&
		       memcmp(u->contents, last->contents, sizeof(u->contents)) == 0;
	return u->gpa == last->gpa + SNP_PAGE_SIZE &&
	       (u->origin != SNP_ORIGIN_SECTION || u->origin_index == last->origin_index);
}

static void describe_origin(const struct walk *walk, char ret[static 64])
{
	const uint32_t first = walk->first_origin, last = walk->last.origin_index;
	const char *name = snp_origin_name(walk->last.origin), *type = NULL;
	int n;

	if (walk->last.origin == SNP_ORIGIN_SECTION) {
		/* The SEV metadata whose sections the updates number. */
		const struct snp_firmware_info *info = snp_firmware_info(
			walk->launch->svsm ? walk->launch->svsm : walk->launch->firmware);

		if (first < info->n_sections)
			type = snp_section_type_name(info->sections[first].type);
	}
	n = snprintf(ret, 64, "%s", name);
	if (walk->last.origin == SNP_ORIGIN_SEV_HASH_TABLE || n < 0 || n >= 64)
		return;
	if (first == last)
		snprintf(ret + n, 64 - (size_t)n, " %" PRIu32 "%s%s", first, type ? " " : "",
			 type ? type : "");
	else
		snprintf(ret + n, 64 - (size_t)n, " %" PRIu32 "-%" PRIu32, first, last);
}

static int flush(struct walk *walk, struct snp_error *err)
{
	if (walk->run.count == 0)
		return 0;
	describe_origin(walk, walk->run.origin);
	return walk->visit(walk->arg, &walk->run, err);
}

static int take(void *arg, const struct snp_launch_update *u, struct snp_error *err)
{
	struct walk *walk = arg;
	struct plan_run *run = &walk->run;
	int r;

	if (continues(walk, u)) {
		run->count++;
		run->has_contents &= memcmp(run->contents, u->contents, sizeof(u->contents)) == 0;
	} else {
		r = flush(walk, err);
		if (r < 0)
			return r;
		*run = (struct plan_run){.index = u->index,
					 .count = 1,
					 .type = u->type,
					 .gpa = u->gpa,
					 .has_contents = true,
					 .has_digest = true};
		memcpy(run->contents, u->contents, sizeof(run->contents));
		walk->first_origin = u->origin_index;
	}
	memcpy(run->digest, u->digest, sizeof(run->digest));
	walk->last = *u;
	return 0;
}

int plan_runs_walk(const struct snp_launch *launch, bool all, plan_run_visit visit, void *arg,
		   struct snp_error *err)
{
	struct walk walk = {.launch = launch, .all = all, .visit = visit, .arg = arg};
	int r = snp_launch_plan(launch, take, &walk, err);

	return r < 0 ? r : flush(&walk, err);
}

int plan_runs_keep(void *arg, const struct plan_run *run, struct snp_error *err)
{
	struct plan_document *document = arg;

	if (document->n_runs == SNP_MAX_PLAN_RUNS)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "the plan has more than %u runs of launch updates",
				 SNP_MAX_PLAN_RUNS);
	if (!grow(&document->runs, document->n_runs, sizeof(*run)))
		return out_of_memory(err);
	document->runs[document->n_runs++] = *run;
	return 0;
}

void plan_runs_end(struct plan_document *document, const struct snp_launch *launch)
{
	snprintf(document->mode, sizeof(document->mode), "%s", snp_mode_name(launch->mode));
	document->vcpus = launch->vcpus;
	if (document->n_runs > 0)
		memcpy(document->launch_digest, document->runs[document->n_runs - 1].digest,
		       sizeof(document->launch_digest));
}

uint64_t plan_run_end(const struct plan_run *run)
{
	const uint64_t pages = run->type == SNP_PAGE_VMSA ? 1 : run->count;
	uint64_t end;

	/* A document may say anything. */
	if (pages > UINT64_MAX / SNP_PAGE_SIZE ||
	    __builtin_add_overflow(run->gpa, pages * SNP_PAGE_SIZE, &end))
		return UINT64_MAX;
	return end;
}
