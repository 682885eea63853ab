// SPDX-License-Identifier: Apache-2.0
#include "reference/format.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/json_out.h>

#include "reference/master.h"
#include "reference/publish.h"

static const struct format formats[] = {
	{"reference-values", emit_master, {SNP_MASTER_FILE, SNP_SIGNATURE_FILE}},
	{"rvps", emit_rvps, {"rvps.json"}},
	{"intoto", emit_intoto, {SNP_INTOTO_FILE, SNP_DSSE_FILE}},
	{"corim", emit_corim, {SNP_CORIM_FILE, SNP_COSE_FILE}},
	{"go-sev-guest", emit_go_sev_guest, {"go-sev-guest/", "go-sev-guest/*.json"}},
	{"contrast", emit_contrast, {"contrast.json"}},
	{"golden", emit_golden, {"golden.pb", "golden-endorsement.pb", "golden/", "golden/*.pb"}},
	{"maa-policy", emit_maa_policy, {"maa-policy.txt"}},
	{"tsv", emit_tsv, {"launch-digests.tsv"}},
};

const struct format *format_at(size_t i)
{
	return i < ARRAY_SIZE(formats) ? &formats[i] : NULL;
}

bool format_writes(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		for (const char *const *file = formats[i].files; *file; file++)
			if (fnmatch(*file, name, FNM_PATHNAME | FNM_PERIOD) == 0)
				return true;
	return false;
}

int folder_add_json(struct folder *folder, const char *name, struct json_out *out,
		    struct snp_error *err)
{
	char *text;
	int r = json_out_print(out, &text, err);

	json_out_done(out);
	return r < 0 ? r : folder_add(folder, name, text, strlen(text), err);
}

int emit_master(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out;

	master_build(r, &out);
	return folder_add_json(f, SNP_MASTER_FILE, &out, err);
}

void variant_name(const struct snp_reference_image *image,
		  const struct snp_reference_variant *variant,
		  char ret[static SNP_VARIANT_NAME_SIZE])
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
	char signature[16];

	snprintf(signature, sizeof(signature), "0x%08" PRIx32, variant->vcpus.signature);
	snprintf(ret, SNP_VARIANT_NAME_SIZE, "%.200s-%.32s-%.64s-0x%" PRIx64, image->name,
		 variant->vcpus.profile, variant->vcpus.model[0] ? variant->vcpus.model : signature,
		 variant->vcpus.features);
	for (char *s = ret; *s != '\0'; s++)
		if (!strchr(plain, *s))
			*s = '-';
	if (ret[0] == '.')
		ret[0] = '-';
}
