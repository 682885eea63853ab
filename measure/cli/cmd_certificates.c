// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/tool.h>

#include "verb.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

static size_t count(const struct snp_certificates *set)
{
	struct snp_certificate c;
	size_t n = 0;

	while (snp_certificates_at(set, n, &c))
		n++;
	return n;
}

/* Those of one file, checked with the help of all that are at hand. */
static int check(const struct snp_certificates *set, size_t first, const char *path,
		 struct snp_error *err)
{
	for (size_t i = first; i < count(set); i++) {
		int r = snp_certificates_trusted(set, i, snp_amd_roots, SNP_N_AMD_ROOTS, err);

		if (r < 0)
			return snp_in_file(err, r, path);
	}
	return 0;
}

static int keep(const struct snp_certificates *set, size_t first, FILE *out, struct snp_error *err)
{
	struct snp_certificate c;

	for (size_t i = first; snp_certificates_at(set, i, &c); i++) {
		_cleanup_(freep) char *path = NULL;
		char escaped[4096];
		int r = snp_certificates_keep(set, i, &path, err);

		if (r < 0)
			return r;
		snp_escape(path, escaped, sizeof(escaped));
		fprintf(out, "%s of %s kept as %s\n", snp_certificate_kind_name(c.kind),
			snp_product_name(c.product), escaped);
	}
	return 0;
}

/* All files are read before any is checked, so that their order does not matter, and all are checked
 * before any is kept. */
static int run_add(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	size_t kept, first[CLI_MAX_VALUES + 1];
	int r;

	r = snp_certificates_new(&set, err);
	if (r == 0)
		r = snp_certificates_add_kept(set, err);
	if (r < 0)
		return r;
	kept = count(set);
	for (size_t i = 0; operands[i] && r == 0; i++) {
		first[i] = count(set);
		r = snp_certificates_add_path(set, operands[i], err);
	}
	for (size_t i = 0; operands[i] && r == 0; i++)
		r = check(set, first[i], operands[i], err);
	if (r == 0 && count(set) == kept)
		fprintf(out, "nothing new: all of them are kept already\n");
	return r < 0 ? r : keep(set, kept, out, err);
}

static const struct snp_certificate *find(const struct snp_certificates *set,
					  const struct snp_root *root, struct snp_certificate *ret)
{
	for (size_t i = 0; snp_certificates_at(set, i, ret); i++)
		if (memcmp(ret->sha256, root->sha256, sizeof(root->sha256)) == 0)
			return ret;
	return NULL;
}

static const char *chain_path(const struct snp_root *root, char ret[static 64])
{
	snprintf(ret, 64, "/%s/v1/%s/cert_chain", root->kind == SNP_ASVK ? "vlek" : "vcek",
		 snp_product_name(root->product));
	return ret;
}

static void list_text(const struct snp_certificates *set, FILE *out)
{
	struct snp_certificate c;
	char path[64], id[129], levels[SNP_TCB_TEXT_SIZE];
	struct snp_tcb tcb;

	for (size_t i = 0; i < SNP_N_AMD_ROOTS; i++) {
		const struct snp_root *root = &snp_amd_roots[i];

		fprintf(out, "%-5s %-6s  %s%s\n", snp_certificate_kind_name(root->kind),
			snp_product_name(root->product),
			find(set, root, &c) ? "kept" : "missing; at AMD's key server, ",
			find(set, root, &c) ? "" : chain_path(root, path));
	}
	for (size_t i = 0; snp_certificates_at(set, i, &c); i++) {
		if (c.kind != SNP_VCEK && c.kind != SNP_VLEK)
			continue;
		snprintf(levels, sizeof(levels), "no levels");
		if (snp_tcb_decode(c.tcb, c.product, &tcb, NULL) == 0)
			snp_tcb_describe(&tcb, levels);
		snp_hex_encode(c.hwid, c.hwid_size, id);
		fprintf(out, "%-5s %-6s  %s  %s\n", snp_certificate_kind_name(c.kind),
			snp_product_name(c.product), levels, c.hwid_size ? id : c.csp);
	}
}

static void add_json(struct snp_json_out *json, struct cJSON *array, const char *kind,
		     const char *product, const uint8_t sha256[static 32], bool kept)
{
	struct cJSON *object = snp_json_out_object(json, array, NULL);

	snp_json_out_string(json, object, "kind", kind);
	snp_json_out_string(json, object, "product", product);
	snp_json_out_hex(json, object, "sha256", sha256, 32);
	snp_json_out_bool(json, object, "kept", kept);
}

static int list_json(const struct snp_certificates *set, FILE *out, struct snp_error *err)
{
	_cleanup_(snp_json_out_done) struct snp_json_out json;
	struct snp_certificate c;
	struct cJSON *array;

	cli_json_begin(&json, "snp-certificates/1");
	array = snp_json_out_array(&json, json.root, "certificates");
	for (size_t i = 0; i < SNP_N_AMD_ROOTS; i++)
		add_json(&json, array, snp_certificate_kind_name(snp_amd_roots[i].kind),
			 snp_product_name(snp_amd_roots[i].product), snp_amd_roots[i].sha256,
			 find(set, &snp_amd_roots[i], &c) != NULL);
	for (size_t i = 0; snp_certificates_at(set, i, &c); i++)
		if (c.kind == SNP_VCEK || c.kind == SNP_VLEK)
			add_json(&json, array, snp_certificate_kind_name(c.kind),
				 snp_product_name(c.product), c.sha256, true);
	return cli_json_end(&json, out, err);
}

static int run_list(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	int r;

	(void)operands;
	r = snp_certificates_new(&set, err);
	if (r == 0)
		r = snp_certificates_add_kept(set, err);
	if (r < 0)
		return r;
	if (cli_json)
		return list_json(set, out, err);
	list_text(set, out);
	return 0;
}

static const struct cli_option no_options[] = {{0}};
static const struct cli_option list_options[] = {CLI_OPTION_JSON, {0}};
static const struct cli_option *const add_tables[] = {no_options, NULL};
static const struct cli_option *const list_tables[] = {list_options, NULL};

const struct cli_verb verb_certificates_add = {
	.name = "certificates add",
	.operands = "FILE…",
	.min_operands = 1,
	.max_operands = CLI_MAX_VALUES,
	.summary = "keep AMD's certificates on this machine",
	.options = add_tables,
	.run = run_add,
};

const struct cli_verb verb_certificates_list = {
	.name = "certificates list",
	.operands = "",
	.summary = "say which certificates are kept",
	.options = list_tables,
	.run = run_list,
};
