// SPDX-License-Identifier: Apache-2.0
#include "reference/format.h"

#include <fnmatch.h>
#include <string.h>

#include <snp/publish.h>

static const struct format formats[N_FORMATS] = {
	{"reference-values", emit_master, {MASTER_FILE, MASTER_FILE ".sig"}},
	{"rvps", emit_rvps, {"rvps.json"}},
	{"intoto", emit_intoto, {INTOTO_FILE, "intoto.dsse.json"}},
	{"corim", emit_corim, {CORIM_FILE, "corim.cose"}},
	{"go-sev-guest", emit_go_sev_guest, {"go-sev-guest/*.json"}},
	{"contrast", emit_contrast, {"contrast.json"}},
	{"golden", emit_golden, {"golden.pb", "golden-endorsement.pb", "golden/*.pb"}},
	{"maa-policy", emit_maa_policy, {"maa-policy.txt"}},
	{"tsv", emit_tsv, {"launch-digests.tsv"}},
};

const struct format *format_at(size_t i)
{
	return i < N_FORMATS ? &formats[i] : NULL;
}

const char *snp_publish_format(size_t i, const char *const **ret_files)
{
	if (i >= N_FORMATS)
		return NULL;
	if (ret_files)
		*ret_files = formats[i].files;
	return formats[i].name;
}

bool format_writes(const char *name)
{
	size_t n = strlen(name);
	bool is_folder = n > 0 && name[n - 1] == '/';

	for (size_t i = 0; i < N_FORMATS; i++)
		for (const char *const *file = formats[i].files; *file; file++)
			if (is_folder ? strncmp(*file, name, n) == 0
				      : fnmatch(*file, name, FNM_PATHNAME | FNM_PERIOD) == 0)
				return true;
	return false;
}
