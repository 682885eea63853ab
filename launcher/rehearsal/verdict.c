// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/reference.h>

DEFINE_CLEANUP(struct json *, json_free);
DEFINE_CLEANUP(struct plan_document *, plan_document_free);
DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

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
	const struct snp_reference_query query = {.image = image_name, .vcpus = record->vcpus};
	const struct snp_reference_variant *variant;
	const struct snp_reference_image *image;
	struct plan_difference *d = &verdict->difference;
	int r = snp_reference_read(path, &reference, err);

	if (r == 0)
		r = in_file(err, snp_reference_find(reference, &query, &image, &variant, err),
			    path);
	if (r < 0)
		return r;
	memcpy(verdict->expected, variant->launch_digest, sizeof(verdict->expected));
	name_input("firmware", image->firmware.sha256, &record->boot[BOOT_FIRMWARE], verdict);
	name_input("kernel", image->kernel.sha256, &record->boot[BOOT_KERNEL], verdict);
	name_input("initrd", image->initrd.sha256, &record->boot[BOOT_INITRD], verdict);
	if (!verdict->has_difference && strcmp(image->cmdline ? image->cmdline : "",
					       record->cmdline ? record->cmdline : "") != 0) {
		snprintf(d->what, sizeof(d->what), "cmdline");
		snprintf(d->first, sizeof(d->first), "%.159s",
			 image->cmdline ? image->cmdline : "");
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
	if (json_schema(document, "snp-reference-values/1", NULL) == 0)
		r = against_reference(path, image, record, verdict, err);
	else
		r = against_plan(path, record, trace, verdict, err);
	/* It is the prediction that says what stands in each register of a VMSA. */
	if (r == 0 && memcmp(verdict->expected, predicted->plan->launch_digest,
			     sizeof(verdict->expected)) == 0)
		rehearsal_compare(predicted, trace, verdict);
	return r;
}
