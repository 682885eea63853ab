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

static const struct snp_format formats[] = {
	{"reference-values", snp_emit_master, {SNP_MASTER_FILE, SNP_SIGNATURE_FILE}},
	{"rvps", snp_emit_rvps, {"rvps.json"}},
	{"intoto", snp_emit_intoto, {SNP_INTOTO_FILE, SNP_DSSE_FILE}},
	{"corim", snp_emit_corim, {SNP_CORIM_FILE, SNP_COSE_FILE}},
	{"go-sev-guest", snp_emit_go_sev_guest, {"go-sev-guest/", "go-sev-guest/*.json"}},
	{"contrast", snp_emit_contrast, {"contrast.json"}},
	{"golden",
	 snp_emit_golden,
	 {"golden.pb", "golden-endorsement.pb", "golden/", "golden/*.pb"}},
	{"maa-policy", snp_emit_maa_policy, {"maa-policy.txt"}},
	{"tsv", snp_emit_tsv, {"launch-digests.tsv"}},
};

const struct snp_format *snp_format_at(size_t i)
{
	return i < ARRAY_SIZE(formats) ? &formats[i] : NULL;
}

bool snp_format_writes(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		for (const char *const *file = formats[i].files; *file; file++)
			if (fnmatch(*file, name, FNM_PATHNAME | FNM_PERIOD) == 0)
				return true;
	return false;
}

int snp_folder_add_json(struct snp_folder *folder, const char *name, struct snp_json_out *out,
			struct snp_error *err)
{
	char *text;
	int r = snp_json_out_print(out, &text, err);

	snp_json_out_done(out);
	return r < 0 ? r : snp_folder_add(folder, name, text, strlen(text), err);
}

int snp_emit_master(const struct snp_reference *r, struct snp_folder *f, struct snp_error *err)
{
	struct snp_json_out out;

	snp_master_build(r, &out);
	return snp_folder_add_json(f, SNP_MASTER_FILE, &out, err);
}

void snp_variant_name(const struct snp_reference_image *image,
		      const struct snp_reference_variant *variant,
		      char ret[static SNP_VARIANT_NAME_SIZE])
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
	char signature[16];

	snprintf(signature, sizeof(signature), "0x%08" PRIx32, variant->cpu_signature);
	snprintf(ret, SNP_VARIANT_NAME_SIZE, "%.200s-%.32s-%.64s-0x%" PRIx64, image->name,
		 variant->vmm_profile, variant->cpu_model ? variant->cpu_model : signature,
		 variant->guest_features);
	for (char *s = ret; *s != '\0'; s++)
		if (!strchr(plain, *s))
			*s = '-';
	if (ret[0] == '.')
		ret[0] = '-';
}
