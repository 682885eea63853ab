// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/firmware.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/kernel.h>
#include <snp/launch.h>
#include <snp/memory.h>
#include <snp/reference.h>

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);
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
};

static int take(void *arg, const struct snp_launch_update *update, struct snp_error *err)
{
	struct taker *taker = arg;
	struct plan_document *plan = taker->plan;
	const char *type = NULL;
	struct plan_run *run;

	if (!grow(&plan->runs, plan->n_runs, sizeof(*plan->runs)))
		return out_of_memory(err);
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
	int r = snp_kernel_hashes_fill(record->boot[BOOT_KERNEL].sha256,
				       initrd->source ? initrd->sha256 : NULL, text_span(cmdline),
				       ret, err);

	if (r < 0)
		return r;
	plan->has_kernel = plan->has_cmdline = true;
	plan->has_initrd = initrd->source != NULL;
	memcpy(plan->kernel, ret->kernel, SNP_SHA256_SIZE);
	memcpy(plan->initrd, ret->initrd, SNP_SHA256_SIZE);
	memcpy(plan->cmdline, ret->cmdline, SNP_SHA256_SIZE);
	return 0;
}

static int fill(const struct guest_record *record, const struct snp_firmware *firmware,
		struct rehearsal_predicted *p, struct snp_error *err)
{
	const struct snp_firmware_info *info = snp_firmware_info(firmware);
	struct snp_kernel_hashes hashes;
	struct taker taker = {.plan = p->plan, .info = info};
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP,
				    .firmware = firmware,
				    .vcpus = record->vcpus};
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

/* APM vol. 2, table B-4: what stands at an offset of a VMSA, for people; a segment's 16 bytes as one. */
static const struct {
	unsigned int offset, size;
	const char *name;
} registers[] = {
	{0x000, 16, "ES"},	    {0x010, 16, "CS"},	{0x020, 16, "SS"},   {0x030, 16, "DS"},
	{0x040, 16, "FS"},	    {0x050, 16, "GS"},	{0x060, 16, "GDTR"}, {0x070, 16, "LDTR"},
	{0x080, 16, "IDTR"},	    {0x090, 16, "TR"},	{0x0d0, 8, "EFER"},  {0x148, 8, "CR4"},
	{0x150, 8, "CR3"},	    {0x158, 8, "CR0"},	{0x160, 8, "DR7"},   {0x168, 8, "DR6"},
	{0x170, 8, "RFLAGS"},	    {0x178, 8, "RIP"},	{0x268, 8, "G_PAT"}, {0x310, 8, "RDX"},
	{0x3b0, 8, "SEV_FEATURES"}, {0x3e8, 8, "XCR0"}, {0x408, 4, "MXCSR"}, {0x410, 2, "X87_FCW"},
};

static const char *register_at(unsigned int offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		if (offset >= registers[i].offset &&
		    offset < registers[i].offset + registers[i].size)
			return registers[i].name;
	return "a field without a name here";
}

/* Name the first register in which two save areas differ. */
static void name_register(const uint8_t (*predicted)[SNP_PAGE_SIZE],
			  const uint8_t (*traced)[SNP_PAGE_SIZE], struct plan_difference *d)
{
	const struct snp_span a = {*predicted, SNP_PAGE_SIZE}, b = {*traced, SNP_PAGE_SIZE};
	uint64_t x = 0, y = 0;
	unsigned int i = 0;
	size_t n = strlen(d->what);

	while (i < SNP_PAGE_SIZE && (*predicted)[i] == (*traced)[i])
		i++;
	if (i == SNP_PAGE_SIZE || !snp_span_le64(a, i & ~7u, &x) || !snp_span_le64(b, i & ~7u, &y))
		return;
	snprintf(d->what + n, sizeof(d->what) - n, ": VMSA, %s", register_at(i));
	snprintf(d->first, sizeof(d->first), "0x%016" PRIx64 " at 0x%03x", x, i & ~7u);
	snprintf(d->second, sizeof(d->second), "0x%016" PRIx64 " at 0x%03x", y, i & ~7u);
}

void rehearsal_compare(const struct rehearsal_predicted *predicted,
		       const struct rehearsal_trace *trace, struct rehearsal_verdict *verdict)
{
	struct plan_difference *d = &verdict->difference;
	const struct plan_document *plan = trace->plan;

	memcpy(verdict->expected, predicted->plan->launch_digest, sizeof(verdict->expected));
	verdict->has_difference = plan_compare(predicted->plan, plan, d);
	if (!verdict->has_difference || d->count != 1 || d->index >= plan->n_runs ||
	    plan->runs[d->index].type != SNP_PAGE_VMSA || !trace->pages[d->index])
		return;
	name_register(
		(const uint8_t(*)[SNP_PAGE_SIZE]) &
			(*predicted->vmsas)[strcmp(plan->runs[d->index].origin, "vCPU 0") != 0],
		(const uint8_t(*)[SNP_PAGE_SIZE])trace->pages[d->index], d);
}

static void name_input(const char *name, const uint8_t published[static SNP_SHA256_SIZE],
		       const struct boot_file *file, struct rehearsal_verdict *verdict)
{
	struct plan_difference *d = &verdict->difference;
	char a[2 * SNP_SHA256_SIZE + 1], b[2 * SNP_SHA256_SIZE + 1];

	if (verdict->has_difference || !file->source ||
	    memcmp(published, file->sha256, SNP_SHA256_SIZE) == 0)
		return;
	hex_encode(published, SNP_SHA256_SIZE, a);
	hex_encode(file->sha256, SNP_SHA256_SIZE, b);
	snprintf(d->what, sizeof(d->what), "%s", name);
	snprintf(d->first, sizeof(d->first), "%s %s", name, a);
	snprintf(d->second, sizeof(d->second), "%s %s", name, b);
	verdict->has_difference = true;
}

static int against_reference(const char *path, const char *image_name,
			     const struct guest_record *record, struct rehearsal_verdict *verdict,
			     struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	const struct snp_reference_query query = {
		.size = sizeof(query), .image = image_name, .vcpus = record->vcpus};
	const struct snp_reference_variant *variant;
	const struct snp_reference_image *image;
	struct plan_difference *d = &verdict->difference;
	_cleanup_(freep) char *cmdline = NULL;
	int r = snp_reference_read(path, &reference, err);

	if (r < 0)
		return r;
	r = in_file(err, snp_reference_find(reference, &query, &image, &variant, err), path);
	if (r < 0)
		return r;
	memcpy(verdict->expected, variant->launch_digest, sizeof(verdict->expected));
	name_input("firmware", image->firmware.sha256, &record->boot[BOOT_FIRMWARE], verdict);
	name_input("kernel", image->kernel.sha256, &record->boot[BOOT_KERNEL], verdict);
	name_input("initrd", image->initrd.sha256, &record->boot[BOOT_INITRD], verdict);
	cmdline = image->cmdline_is_template
			  ? expand_vcpu_count(image->cmdline, variant->vcpus.count)
			  : strdup(image->cmdline ? image->cmdline : "");
	if (!cmdline)
		return out_of_memory(err);
	if (!verdict->has_difference &&
	    strcmp(cmdline, record->cmdline ? record->cmdline : "") != 0) {
		snprintf(d->what, sizeof(d->what), "cmdline");
		snprintf(d->first, sizeof(d->first), "%.159s", cmdline);
		snprintf(d->second, sizeof(d->second), "%.159s",
			 record->cmdline ? record->cmdline : "");
		verdict->has_difference = true;
	}
	return 0;
}

static int against_plan(const char *path, const struct guest_record *record,
			const struct rehearsal_trace *trace, struct rehearsal_verdict *verdict,
			struct snp_error *err)
{
	_cleanup_(plan_document_freep) struct plan_document *plan = NULL;
	int r = plan_document_read(path, &plan, err);

	if (r < 0)
		return r;
	memcpy(verdict->expected, plan->launch_digest, sizeof(verdict->expected));
	snprintf(trace->plan->vcpus.profile, sizeof(trace->plan->vcpus.profile), "%s",
		 record->vcpus.profile);
	verdict->has_difference = plan_compare(plan, trace->plan, &verdict->difference);
	return 0;
}

int rehearsal_compare_against(const char *path, const char *image,
			      const struct guest_record *record,
			      const struct rehearsal_predicted *predicted,
			      const struct rehearsal_trace *trace,
			      struct rehearsal_verdict *verdict, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_read(path, SNP_MAX_DOCUMENT, &document, err);

	if (r < 0)
		return r;
	if (json_schema(document, "snp-reference-values/1", NULL) == 0 ||
	    json_schema(document, "snp-reference-values/2", NULL) == 0)
		r = against_reference(path, image, record, verdict, err);
	else
		r = against_plan(path, record, trace, verdict, err);
	/* It is the prediction that says what stands in each register of a VMSA. */
	if (r == 0 && memcmp(verdict->expected, predicted->plan->launch_digest,
			     sizeof(verdict->expected)) == 0)
		rehearsal_compare(predicted, trace, verdict);
	return r;
}
