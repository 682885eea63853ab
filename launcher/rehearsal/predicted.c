// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/predicted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/firmware.h>
#include <snp/kernel.h>
#include <snp/launch.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

void rehearsal_predicted_done(struct rehearsal_predicted *predicted)
{
	plan_document_free(predicted->plan);
	free(predicted->vmsas);
	*predicted = (struct rehearsal_predicted){0};
}

/* A plan under construction; one run for each update. */
struct taker {
	struct plan_document *plan;
	const struct snp_firmware_info *info;
	size_t capacity;
};

static int take(void *arg, const struct snp_launch_update *update, struct snp_error *err)
{
	struct taker *taker = arg;
	struct plan_document *plan = taker->plan;
	const char *type = NULL;
	struct plan_run *run;

	if (plan->n_runs == taker->capacity) {
		const size_t capacity = taker->capacity ? 2 * taker->capacity : 2048;
		struct plan_run *runs = reallocarray(plan->runs, capacity, sizeof(*runs));

		if (!runs)
			return out_of_memory(err);
		plan->runs = runs;
		taker->capacity = capacity;
	}
	run = &plan->runs[plan->n_runs++];
	*run = (struct plan_run){.index = update->index,
				 .count = 1,
				 .type = update->type,
				 .gpa = update->gpa,
				 .has_contents = true};
	memcpy(run->contents, update->contents, sizeof(run->contents));
	if (update->origin == SNP_ORIGIN_SECTION && update->origin_index < taker->info->n_sections)
		type = snp_section_type_name(taker->info->sections[update->origin_index].type);
	if (update->origin == SNP_ORIGIN_SEV_HASH_TABLE)
		snprintf(run->origin, sizeof(run->origin), "%s", snp_origin_name(update->origin));
	else
		snprintf(run->origin, sizeof(run->origin), "%s %" PRIu32 "%s%s",
			 snp_origin_name(update->origin), update->origin_index, type ? " " : "",
			 type ? type : "");
	memcpy(plan->launch_digest, update->digest, sizeof(plan->launch_digest));
	return 0;
}

static int kernel_hashes(const struct guest_record *record, struct plan_document *plan,
			 struct snp_kernel_hashes *ret, struct snp_error *err)
{
	const char *cmdline = record->cmdline ? record->cmdline : "";
	const struct boot_file *initrd = &record->boot[BOOT_INITRD];
	int r = snp_cmdline_sha256((struct snp_span){(const uint8_t *)cmdline, strlen(cmdline)},
				   ret->cmdline, err);

	memcpy(ret->kernel, record->boot[BOOT_KERNEL].sha256, SNP_SHA256_SIZE);
	memcpy(ret->initrd, initrd->source ? initrd->sha256 : snp_no_initrd_sha256,
	       SNP_SHA256_SIZE);
	plan->has_kernel = plan->has_cmdline = true;
	plan->has_initrd = initrd->source != NULL;
	memcpy(plan->kernel, ret->kernel, SNP_SHA256_SIZE);
	memcpy(plan->initrd, ret->initrd, SNP_SHA256_SIZE);
	memcpy(plan->cmdline, ret->cmdline, SNP_SHA256_SIZE);
	return r;
}

static int fill(const struct guest_record *record, const struct snp_firmware *firmware,
		struct rehearsal_predicted *p, struct snp_error *err)
{
	const struct snp_firmware_info *info = snp_firmware_info(firmware);
	struct snp_kernel_hashes hashes;
	struct taker taker = {.plan = p->plan, .info = info};
	struct snp_launch launch = {
		.mode = SNP_MODE_SNP, .firmware = firmware, .vcpus = record->vcpus};
	int r = 0;

	if (record->kernel_hashes) {
		r = kernel_hashes(record, p->plan, &hashes, err);
		launch.kernel_hashes = &hashes;
		p->hash_table_gpa = info->has_hash_table ? info->hash_table_gpa : 0;
	}
	if (r == 0)
		r = snp_launch_plan(&launch, take, &taker, err);
	for (uint32_t i = 0; r == 0 && i < 2 && i < launch.vcpus.count; i++)
		r = snp_launch_vmsa(&launch, i, (*p->vmsas)[i], err);
	p->plan->vcpus = record->vcpus;
	return r;
}

int rehearsal_predict(const struct guest_record *record, struct rehearsal_predicted *ret,
		      struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	_cleanup_(rehearsal_predicted_done) struct rehearsal_predicted predicted = {0};
	int r = snp_firmware_read(record->boot[BOOT_FIRMWARE].path, &firmware, err);

	if (r < 0)
		return r;
	predicted.plan = calloc(1, sizeof(*predicted.plan));
	predicted.vmsas = calloc(1, sizeof(*predicted.vmsas));
	if (!predicted.plan || !predicted.vmsas)
		return out_of_memory(err);
	r = fill(record, firmware, &predicted, err);
	if (r < 0)
		return r;
	*ret = predicted;
	predicted = (struct rehearsal_predicted){0};
	return 0;
}
