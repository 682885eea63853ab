// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/trace_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/sha.h>

/* QEMU target/i386/sev.c, PaddedSevHashTable: where each entry's hash stands in the table. */
#define HASH_CMDLINE 0x24
#define HASH_INITRD  0x56
#define HASH_KERNEL  0x88

/* APM vol. 2, table B-4. */
#define VMSA_RDX	  0x310
#define VMSA_SEV_FEATURES 0x3b0

void rehearsal_trace_free(struct rehearsal_trace *trace)
{
	if (!trace)
		return;
	for (size_t i = 0; trace->pages && i < trace->plan->n_runs; i++)
		free(trace->pages[i]);
	free(trace->pages);
	plan_document_free(trace->plan);
	free(trace);
}

static const char *const page_types[] = {"normal",  "vmsa",  "zero", "unmeasured",
					 "secrets", "cpuid", NULL};

static const struct field update_fields[] = {
	FIELD("page_type", field_choice, plan_run, type, .required = true, .rule = page_types,
	      .min = SNP_PAGE_NORMAL),
	FIELD("gpa", field_hex_u64, plan_run, gpa, .required = true),
	FIELD("contents", field_hex, plan_run, contents),
	FIELD("digest", field_hex, plan_run, digest, .has = HAS(plan_run, has_digest)),
	OTHER_KEYS,
};

static int need_snp(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	const char *type;
	int r = json_string(value, &type, err);

	(void)field;
	(void)at;
	if (r == 0 && strcmp(type, "sev-snp") != 0)
		r = json_fail(value, err, SNP_E_JSON_VALUE, "not of an SEV-SNP guest");
	return r;
}

static int refuse(const struct json_value *value, const struct field *field, void *at,
		  struct snp_error *err)
{
	(void)field;
	(void)at;
	return json_fail(value, err, SNP_E_JSON_VALUE, "of a launch that was refused");
}

static const struct field trace_fields[] = {
	SCHEMA("snp-rehearsal-trace/1"),
	SECTION("guest_type", need_snp, .required = true),
	SECTION("refused", refuse),
	FIELD("launch_digest", field_hex, plan_document, launch_digest, .required = true),
	FIELD_ARRAY("updates", update_fields, plan_document, runs, n_runs, .required = true,
		    .min = 1, .max = SNP_MAX_PLAN_RUNS),
	OTHER_KEYS,
};

/* The page out of its words that are not zero. */
static int read_words(const struct json_value *update, uint8_t (**ret)[SNP_PAGE_SIZE],
		      struct snp_error *err)
{
	const struct json_value *words = json_get(update, "words"), *value;
	uint8_t(*page)[SNP_PAGE_SIZE];
	struct snp_error inner;
	uint64_t offset, word;

	if (!words)
		return 0;
	page = calloc(1, sizeof(*page));
	if (!page)
		return out_of_memory(err);
	*ret = page;
	for (value = json_first(words); value; value = json_next(value)) {
		const char *key = json_key(value);
		int r = json_hex_u64(value, &word, err);

		if (r < 0)
			return r;
		if (!key || hex_u64(key, "words", &offset, &inner) < 0 || offset % 8 != 0 ||
		    offset >= SNP_PAGE_SIZE)
			return json_fail(value, err, SNP_E_JSON_VALUE, "no offset in a page");
		snp_put_le64(&(*page)[offset], word);
	}
	return 0;
}

static void set_origin(struct plan_run *run, uint64_t vcpu)
{
	if (run->type == SNP_PAGE_VMSA)
		snprintf(run->origin, sizeof(run->origin), "vCPU %ju", (uintmax_t)vcpu);
	else
		snprintf(run->origin, sizeof(run->origin), "page that QEMU submitted");
}

/* What the tables leave: the place of each update, and its page. */
static int complete(const struct json_value *root, struct rehearsal_trace *trace,
		    struct snp_error *err)
{
	const struct json_value *value = json_first(json_get(root, "updates"));
	struct plan_document *plan = trace->plan;
	int r = 0;

	trace->pages = calloc(plan->n_runs, sizeof(*trace->pages));
	if (!trace->pages)
		return out_of_memory(err);
	for (size_t i = 0; r == 0 && value; value = json_next(value), i++) {
		struct plan_run *run = &plan->runs[i];

		run->index = i;
		run->count = 1;
		run->has_contents = true; /* zeros for the types that are not hashed */
		set_origin(run, plan->vcpus.count);
		if (run->type == SNP_PAGE_VMSA)
			plan->vcpus.count++;
		r = read_words(value, &trace->pages[i], err);
	}
	return r;
}

static uint64_t word_at(const uint8_t (*page)[SNP_PAGE_SIZE], uint64_t offset)
{
	uint64_t word = 0;

	if (!snp_span_le64((struct snp_span){*page, sizeof(*page)}, offset, &word))
		return 0;
	return word;
}

/* Say of the plan what its pages say. */
static void fill_inputs(struct rehearsal_trace *trace, uint32_t hash_table_gpa)
{
	const uint64_t page_gpa = hash_table_gpa & ~(uint64_t)(SNP_PAGE_SIZE - 1);
	const uint32_t offset = hash_table_gpa % SNP_PAGE_SIZE;
	struct plan_document *plan = trace->plan;

	for (size_t i = 0; i < plan->n_runs; i++) {
		const uint8_t(*page)[SNP_PAGE_SIZE] =
			(const uint8_t(*)[SNP_PAGE_SIZE])trace->pages[i];

		if (!page)
			continue;
		if (plan->runs[i].type == SNP_PAGE_VMSA && plan->vcpus.signature == 0) {
			plan->vcpus.signature = (uint32_t)word_at(page, VMSA_RDX);
			plan->vcpus.features = word_at(page, VMSA_SEV_FEATURES);
		}
		if (hash_table_gpa == 0 || plan->runs[i].type != SNP_PAGE_NORMAL ||
		    plan->runs[i].gpa != page_gpa ||
		    offset > SNP_PAGE_SIZE - HASH_KERNEL - SNP_SHA256_SIZE)
			continue;
		snprintf(plan->runs[i].origin, sizeof(plan->runs[i].origin), "SEV hash table");
		plan->has_kernel = plan->has_cmdline = true;
		memcpy(plan->kernel, &(*page)[offset + HASH_KERNEL], SNP_SHA256_SIZE);
		memcpy(plan->initrd, &(*page)[offset + HASH_INITRD], SNP_SHA256_SIZE);
		memcpy(plan->cmdline, &(*page)[offset + HASH_CMDLINE], SNP_SHA256_SIZE);
		plan->has_initrd = memcmp(plan->initrd, sha256_of_nothing, SNP_SHA256_SIZE) != 0;
	}
}

static int read_document(const struct json *document, uint32_t hash_table_gpa,
			 struct rehearsal_trace **ret, struct snp_error *err)
{
	_cleanup_(rehearsal_trace_freep) struct rehearsal_trace *trace = calloc(1, sizeof(*trace));
	const struct json_value *root = json_root(document);
	int r;

	if (!trace || !(trace->plan = calloc(1, sizeof(*trace->plan))))
		return out_of_memory(err);
	r = fields_read(root, trace_fields, trace->plan, err);
	if (r < 0)
		return r;
	r = complete(root, trace, err);
	if (r < 0)
		return r;
	fill_inputs(trace, hash_table_gpa);
	*ret = TAKE_PTR(trace);
	return 0;
}

int rehearsal_trace_parse(const char *name, struct snp_span text, uint32_t hash_table_gpa,
			  struct rehearsal_trace **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_parse(name, text, &document, err);

	return r < 0 ? r : read_document(document, hash_table_gpa, ret, err);
}

int rehearsal_trace_read(const char *path, uint32_t hash_table_gpa, struct rehearsal_trace **ret,
			 struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_read(path, SNP_MAX_DOCUMENT, &document, err);

	return r < 0 ? r : read_document(document, hash_table_gpa, ret, err);
}
