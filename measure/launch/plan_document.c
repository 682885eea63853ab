// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/plan_document.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fields.h>
#include <snp/json.h>

void plan_document_free(struct plan_document *document)
{
	if (document)
		free(document->runs);
	free(document);
}

static const char *const page_types[] = {"NORMAL",  "VMSA",  "ZERO", "UNMEASURED",
					 "SECRETS", "CPUID", NULL};

static const struct field run_fields[] = {
	FIELD("index", field_u64, plan_run, index, .required = true, .max = 1ull << 32),
	FIELD("count", field_u64, plan_run, count, .required = true, .min = 1, .max = 1ull << 32),
	FIELD("page_type", field_choice, plan_run, type, .required = true, .rule = page_types,
	      .min = SNP_PAGE_NORMAL),
	FIELD("gpa", field_hex_u64, plan_run, gpa, .required = true),
	FIELD("origin", field_chars, plan_run, origin, .required = true),
	FIELD("contents", field_hex, plan_run, contents, .has = HAS(plan_run, has_contents)),
	FIELD("digest", field_hex, plan_run, digest, .required = true,
	      .has = HAS(plan_run, has_digest)),
	{0},
};

#define SHA256(member) \
	FIELD("sha256", field_hex, plan_document, member, .has = HAS(plan_document, has_##member))
static const struct field kernel_fields[] = {SHA256(kernel), OTHER_KEYS};
static const struct field initrd_fields[] = {SHA256(initrd), OTHER_KEYS};
static const struct field cmdline_fields[] = {SHA256(cmdline), OTHER_KEYS};

/* After which digest the runs begin: that of a firmware summary, or one that was given by itself. */
#define FIRMWARE_DIGEST                                                     \
	FIELD("firmware_digest", field_hex, plan_document, firmware_digest, \
	      .has = HAS(plan_document, after_firmware))
static const struct field firmware_fields[] = {SHA256(firmware), FIRMWARE_DIGEST, OTHER_KEYS};

static int check_firmware(const struct json_value *value, void *at, struct snp_error *err)
{
	struct plan_document *document = at;

	(void)err;
	/* The SHA-256 of a firmware summary is not that of an image. */
	if (json_get(value, "firmware_digest"))
		document->has_firmware = false;
	return 0;
}

static const struct field input_fields[] = {
	FIELD_OBJECT("firmware", firmware_fields, .check = check_firmware),
	FIELD_OBJECT("kernel", kernel_fields),
	FIELD_OBJECT("initrd", initrd_fields),
	FIELD_OBJECT("cmdline", cmdline_fields),
	OTHER_KEYS,
};

/* The parameters that a difference can be traced to; all others of the document are left alone. */
static const struct field document_fields[] = {
	SCHEMA_SINCE("snp-plan/2", 1),
	FIELD_ARRAY("updates", run_fields, plan_document, runs, n_runs, .required = true, .min = 1,
		    .max = SNP_MAX_PLAN_RUNS),
	FIELD("launch_digest", field_hex, plan_document, launch_digest, .required = true),
	FIELD("mode", field_chars, plan_document, mode, .required = true),
	FIELD("vmm_profile", field_chars, plan_document, vcpus.profile, .required = true),
	FIELD("vcpu_count", field_u32, plan_document, vcpus.count, .required = true),
	FIELD("cpu_signature", field_hex_u32, plan_document, vcpus.signature),
	FIELD("guest_features", field_hex_u64, plan_document, vcpus.features),
	FIELD_OBJECT("inputs", input_fields),
	FIRMWARE_DIGEST,
	OTHER_KEYS,
};

static int check_runs(const struct json_value *root, const struct plan_document *document,
		      struct snp_error *err)
{
	const struct plan_run *run = document->runs;
	const struct json_value *value = json_first(json_get(root, "updates"));

	if (memcmp(run[document->n_runs - 1].digest, document->launch_digest, SNP_SHA384_SIZE) != 0)
		return json_fail(json_get(root, "launch_digest"), err, SNP_E_JSON_VALUE,
				 "is not the digest after the last update");
	for (; (value = json_next(value)); run++)
		if (run[1].index != run[0].index + run[0].count)
			return json_fail(value, err, SNP_E_JSON_VALUE,
					 "does not follow the update before it");
	return 0;
}

static int read_document(const struct json *json, struct plan_document **ret, struct snp_error *err)
{
	_cleanup_(plan_document_freep) struct plan_document *document =
		calloc(1, sizeof(*document));
	int r;

	if (!document)
		return out_of_memory(err);
	r = fields_read(json_root(json), document_fields, document, err);
	if (r < 0)
		return r;
	r = check_runs(json_root(json), document, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(document);
	return 0;
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
