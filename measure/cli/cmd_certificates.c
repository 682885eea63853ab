// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/tool.h>

#include "verb.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

static size_t count(const struct snp_certificates *set)
{
	size_t n = 0;

	while (snp_certificates_at(set, n))
		n++;
	return n;
}

/* Check the certificates of one file, `first` to `end`, with the help of all others. */
static int check(const struct snp_certificates *set, size_t first, size_t end, const char *path,
		 struct snp_error *err)
{
	for (size_t i = first; i < end; i++) {
		int r = snp_certificates_trusted(set, i, NULL, 0, err);

		if (r < 0)
			return in_file(err, r, path);
	}
	return 0;
}

/* "bl=4,tee=0,snp=24,ucode=219"; false if the TCB does not fit the product. */
static bool levels_of(const struct snp_certificate *c, char ret[static SNP_TCB_TEXT_SIZE])
{
	struct snp_tcb tcb;

	if (snp_tcb_decode(c->tcb, c->product, &tcb, NULL) < 0)
		return false;
	snp_tcb_describe(&tcb, ret);
	return true;
}

static bool is_leaf(const struct snp_certificate *c)
{
	return c->kind == SNP_VCEK || c->kind == SNP_VLEK;
}

/* Add a certificate that is kept. */
static struct cJSON *add_json(struct json_out *json, struct cJSON *array,
			      const struct snp_certificate *c)
{
	struct cJSON *object = json_out_object(json, array, NULL);
	char levels[SNP_TCB_TEXT_SIZE];

	json_out_string(json, object, "kind", snp_certificate_kind_name(c->kind));
	json_out_string(json, object, "product", snp_product_name(c->product));
	json_out_hex(json, object, "sha256", c->sha256, sizeof(c->sha256));
	json_out_bool(json, object, "kept", true);
	if (is_leaf(c) && levels_of(c, levels))
		json_out_string(json, object, "levels", levels);
	if (c->hwid_size > 0)
		json_out_hex(json, object, "chip_id", c->hwid, c->hwid_size);
	if (c->csp[0])
		json_out_string(json, object, "csp", c->csp);
	return object;
}

/* Keep the certificates from `first` on, and say where. */
static int keep(const struct snp_certificates *set, size_t first, FILE *out, struct json_out *json,
		struct snp_error *err)
{
	struct cJSON *array = json_out_array(json, json->root, "certificates");
	const struct snp_certificate *c;
	bool any = false;

	for (size_t i = first; (c = snp_certificates_at(set, i)); i++) {
		_cleanup_(freep) char *path = NULL;
		char escaped[4096];
		int r = snp_certificates_keep(set, i, &path, err);

		if (r < 0)
			return r;
		if (!path)
			continue;
		any = true;
		json_out_text(json, add_json(json, array, c), "path", path);
		if (cli_json)
			continue;
		escape_text(path, escaped, sizeof(escaped));
		fprintf(out, "%s of %s kept as %s\n", snp_certificate_kind_name(c->kind),
			snp_product_name(c->product), escaped);
	}
	if (cli_json)
		return cli_json_end(json, out, err);
	if (!any)
		fprintf(out, "nothing new: all of them are already kept\n");
	return 0;
}

/* All files are read before any is checked, so that their order does not matter, and all are checked
 * before any is kept. */
static int run_add(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(json_out_done) struct json_out json;
	size_t first[CLI_MAX_VALUES + 1]; /* of each file; then the end of the last */
	int r;

	cli_json_begin(&json, "snp-certificates/1");
	r = snp_certificates_new(&set, err);
	if (r < 0)
		return r;
	/* Leaves need the CA certificates only, and a fleet may keep more than a set holds. */
	snp_certificates_take(set, SNP_LEAVES_NONE, NULL);
	r = snp_certificates_add_kept(set, err);
	if (r < 0)
		return r;
	snp_certificates_take(set, SNP_LEAVES_ALL, NULL);
	first[0] = count(set);
	for (size_t i = 0; operands[i] && r == 0; i++) {
		r = snp_certificates_add_path(set, operands[i], err);
		first[i + 1] = count(set);
	}
	for (size_t i = 0; operands[i] && r == 0; i++)
		r = check(set, first[i], first[i + 1], operands[i], err);
	if (r < 0)
		return r;
	return keep(set, first[0], out, &json, err);
}

static const struct snp_certificate *find(const struct snp_certificates *set,
					  const struct snp_root *root)
{
	const struct snp_certificate *c;

	for (size_t i = 0; (c = snp_certificates_at(set, i)); i++)
		if (memcmp(c->sha256, root->sha256, sizeof(root->sha256)) == 0)
			return c;
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
	char path[64], id[129], levels[SNP_TCB_TEXT_SIZE];
	const struct snp_certificate *c;
	size_t n_roots;
	const struct snp_root *roots = snp_amd_roots(&n_roots);

	for (const struct snp_root *root = roots; root < roots + n_roots; root++) {
		bool kept = find(set, root) != NULL;

		fprintf(out, "%-5s %-6s  %s%s\n", snp_certificate_kind_name(root->kind),
			snp_product_name(root->product),
			kept ? "kept" : "missing; at AMD's key server, ",
			kept ? "" : chain_path(root, path));
	}
	for (size_t i = 0; (c = snp_certificates_at(set, i)); i++) {
		if (!is_leaf(c))
			continue;
		hex_encode(c->hwid, c->hwid_size, id);
		fprintf(out, "%-5s %-6s  %s  %s\n", snp_certificate_kind_name(c->kind),
			snp_product_name(c->product), levels_of(c, levels) ? levels : "no levels",
			c->hwid_size ? id : c->csp);
	}
}

static void add_missing(struct json_out *json, struct cJSON *array, const struct snp_root *root)
{
	struct cJSON *object = json_out_object(json, array, NULL);
	char path[64];

	json_out_string(json, object, "kind", snp_certificate_kind_name(root->kind));
	json_out_string(json, object, "product", snp_product_name(root->product));
	json_out_hex(json, object, "sha256", root->sha256, sizeof(root->sha256));
	json_out_bool(json, object, "kept", false);
	json_out_string(json, object, "key_server_path", chain_path(root, path));
}

static int list_json(const struct snp_certificates *set, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	const struct snp_certificate *c;
	struct cJSON *array;
	size_t n_roots;
	const struct snp_root *roots = snp_amd_roots(&n_roots);

	cli_json_begin(&json, "snp-certificates/1");
	array = json_out_array(&json, json.root, "certificates");
	for (size_t i = 0; i < n_roots; i++)
		if ((c = find(set, &roots[i])))
			add_json(&json, array, c);
		else
			add_missing(&json, array, &roots[i]);
	for (size_t i = 0; (c = snp_certificates_at(set, i)); i++)
		if (is_leaf(c))
			add_json(&json, array, c);
	return cli_json_end(&json, out, err);
}

static int run_list(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	int r;

	(void)operands;
	r = snp_certificates_new(&set, err);
	if (r < 0)
		return r;
	r = snp_certificates_add_kept(set, err);
	if (r < 0)
		return r;
	if (cli_json)
		return list_json(set, out, err);
	list_text(set, out);
	return 0;
}

static const struct cli_option options[] = {CLI_OPTION_JSON, {0}};
static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_certificates_add = {
	.name = "certificates add",
	.operands = "FILE…",
	.min_operands = 1,
	.max_operands = CLI_MAX_VALUES,
	.summary = "keep AMD's certificates on this machine",
	.example = "vcek.der cert_chain.pem",
	.options = tables,
	.run = run_add,
};

const struct cli_verb verb_certificates_list = {
	.name = "certificates list",
	.operands = "",
	.summary = "list the certificates kept on this machine",
	.example = "",
	.options = tables,
	.run = run_list,
};
