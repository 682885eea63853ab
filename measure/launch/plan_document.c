// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/plan_document.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/json.h>

DEFINE_CLEANUP(struct json *, json_free);
DEFINE_CLEANUP(struct plan_document *, plan_document_free);

void plan_document_free(struct plan_document *document)
{
	if (document)
		free(document->runs);
	free(document);
}

/* Copy a string member into an array; one that does not fit is no text of ours. */
static int read_text(const struct json_value *object, const char *key, char *ret, size_t size,
		     struct snp_error *err)
{
	const char *text;
	int r = json_need_string(object, key, &text, err);

	if (r < 0)
		return r;
	if (strlen(text) >= size)
		return json_fail(json_get(object, key), err, SNP_E_JSON_VALUE,
				 "longer than %zu bytes", size - 1);
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

static int read_digest(const struct json_value *object, const char *key, bool *ret_has,
		       uint8_t *ret, size_t size, struct snp_error *err)
{
	const struct json_value *value = json_get(object, key);
	int r = value ? json_hex(value, ret, size, err) : 0;

	*ret_has = value && r == 0;
	return r;
}

static int read_type(const struct json_value *object, enum snp_page_type *ret,
		     struct snp_error *err)
{
	static const char *const names[] = {"NORMAL",  "VMSA",	"ZERO", "UNMEASURED",
					    "SECRETS", "CPUID", NULL};
	const struct json_value *value;
	unsigned int index;
	int r = json_need(object, "page_type", &value, err);

	if (r == 0)
		r = json_choice(value, names, &index, err);
	if (r == 0)
		*ret = (enum snp_page_type)(index + SNP_PAGE_NORMAL);
	return r;
}

static int read_run(const struct json_value *object, struct plan_run *run, struct snp_error *err)
{
	static const char *const keys[] = {"index",  "count",	 "page_type", "gpa",
					   "origin", "contents", "digest",    NULL};
	int r = json_object(object, keys, err);

	if (r == 0)
		r = json_need_integer(object, "index", 0, 1ull << 32, &run->index, err);
	if (r == 0)
		r = json_need_integer(object, "count", 0, 1ull << 32, &run->count, err);
	if (r == 0)
		r = read_type(object, &run->type, err);
	if (r == 0)
		r = json_need_hex_u64(object, "gpa", UINT64_MAX, &run->gpa, err);
	if (r == 0)
		r = read_text(object, "origin", run->origin, sizeof(run->origin), err);
	if (r == 0)
		r = read_digest(object, "contents", &run->has_contents, run->contents,
				sizeof(run->contents), err);
	if (r == 0)
		r = read_digest(object, "digest", &run->has_digest, run->digest,
				sizeof(run->digest), err);
	return r;
}

static int read_runs(const struct json_value *root, struct plan_document *document,
		     struct snp_error *err)
{
	const struct json_value *array, *value;
	size_t n;
	int r = json_need_array(root, "updates", 1, SNP_MAX_PLAN_RUNS, &array, &n, err);

	if (r < 0)
		return r;
	document->runs = calloc(n, sizeof(*document->runs));
	if (!document->runs)
		return out_of_memory(err);
	for (value = json_first(array); value; value = json_next(value)) {
		struct plan_run *run = &document->runs[document->n_runs];

		r = read_run(value, run, err);
		if (r < 0)
			return r;
		if (run->count == 0 ||
		    (document->n_runs > 0 && run->index != run[-1].index + run[-1].count))
			return json_fail(value, err, SNP_E_JSON_VALUE,
					 "an update that does not follow the one before it");
		document->n_runs++;
	}
	return 0;
}

static int read_input(const struct json_value *inputs, const char *key, bool *ret_has,
		      uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	const struct json_value *input = json_get(inputs, key);

	/* That of a firmware summary is not the SHA-256 of an image. */
	if (!input || !json_is_object(input) || json_get(input, "firmware_digest"))
		return 0;
	return read_digest(input, "sha256", ret_has, ret, SNP_SHA256_SIZE, err);
}

/* After which digest the runs begin: that of a firmware summary, or one that was given by itself. */
static int read_firmware_digest(const struct json_value *root, struct plan_document *d,
				struct snp_error *err)
{
	const struct json_value *inputs = json_get(root, "inputs");
	const struct json_value *firmware = inputs ? json_get(inputs, "firmware") : NULL;

	if (firmware && !json_get(root, "firmware_digest"))
		root = firmware;
	return read_digest(root, "firmware_digest", &d->after_firmware, d->firmware_digest,
			   sizeof(d->firmware_digest), err);
}

static int read_inputs(const struct json_value *root, struct plan_document *d,
		       struct snp_error *err)
{
	const struct json_value *inputs = json_get(root, "inputs");
	int r;

	if (!inputs || !json_is_object(inputs))
		return 0;
	r = read_input(inputs, "firmware", &d->has_firmware, d->firmware, err);
	if (r == 0)
		r = read_input(inputs, "kernel", &d->has_kernel, d->kernel, err);
	if (r == 0)
		r = read_input(inputs, "initrd", &d->has_initrd, d->initrd, err);
	if (r == 0)
		r = read_input(inputs, "cmdline", &d->has_cmdline, d->cmdline, err);
	return r;
}

/* The parameters that a difference can be traced to; all others of the document are left alone. */
static int read_parameters(const struct json_value *root, struct plan_document *d,
			   struct snp_error *err)
{
	const struct json_value *value;
	uint64_t number = 0;
	int r = json_need_hex(root, "launch_digest", d->launch_digest, sizeof(d->launch_digest),
			      err);

	if (r == 0)
		r = read_text(root, "vmm_profile", d->vmm_profile, sizeof(d->vmm_profile), err);
	if (r == 0)
		r = json_need_integer(root, "vcpu_count", 0, UINT32_MAX, &number, err);
	d->vcpu_count = (uint32_t)number;
	number = 0;
	value = json_get(root, "cpu_signature");
	if (r == 0 && value)
		r = json_hex_u64(value, &number, err);
	d->cpu_signature = (uint32_t)number;
	value = json_get(root, "guest_features");
	if (r == 0 && value)
		r = json_hex_u64(value, &d->guest_features, err);
	if (r == 0)
		r = read_firmware_digest(root, d, err);
	return r < 0 ? r : read_inputs(root, d, err);
}

static int read_document(const struct json *json, struct plan_document **ret, struct snp_error *err)
{
	_cleanup_(plan_document_freep) struct plan_document *document = NULL;
	int r = json_schema(json, "snp-plan/1", err);

	if (r < 0)
		return r;
	document = calloc(1, sizeof(*document));
	if (!document)
		return out_of_memory(err);
	r = read_runs(json_root(json), document, err);
	if (r == 0)
		r = read_parameters(json_root(json), document, err);
	if (r == 0)
		*ret = TAKE_PTR(document);
	return r;
}

int plan_document_parse(const char *name, struct snp_span text, struct plan_document **ret,
			struct snp_error *err)
{
	_cleanup_(json_freep) struct json *json = NULL;
	int r = json_parse(name, text, &json, err);

	return r < 0 ? r : read_document(json, ret, err);
}

int plan_document_read(const char *path, struct plan_document **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *json = NULL;
	int r = json_read(path, SNP_MAX_DOCUMENT, &json, err);

	return r < 0 ? r : read_document(json, ret, err);
}
