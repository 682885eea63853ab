// SPDX-License-Identifier: Apache-2.0
/* What comes beside a report: shown as it is, and not verified. */
#include "show_other.h"

#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/judge.h>

DEFINE_CLEANUP(struct json *, json_free);

void show_certificates(const struct snp_certificates *set, FILE *out)
{
	const struct snp_certificate *c;

	for (size_t i = 0; (c = snp_certificates_at(set, i)); i++)
		fprintf(out, "%-18s  %s of %s, %zu bytes%s%s\n", "certificate",
			snp_certificate_kind_name(c->kind), snp_product_name(c->product),
			c->der.size, c->csp[0] ? ", " : "", c->csp);
}

void show_certificates_json(const struct snp_certificates *set, struct json_out *json)
{
	struct cJSON *array = json_out_array(json, json->root, "certificates");
	const struct snp_certificate *c;

	for (size_t i = 0; (c = snp_certificates_at(set, i)); i++) {
		struct cJSON *object = json_out_object(json, array, NULL);

		json_out_string(json, object, "kind", snp_certificate_kind_name(c->kind));
		json_out_string(json, object, "product", snp_product_name(c->product));
		json_out_integer(json, object, "size", c->der.size);
		json_out_hex(json, object, "sha256", c->sha256, sizeof(c->sha256));
		if (c->csp[0])
			json_out_string(json, object, "csp", c->csp);
	}
}

/* A file, and what it is base64 of, if it is that. */
struct shown {
	uint8_t *bytes, *decoded;
	struct snp_span content;
};

static void shown_done(struct shown *shown)
{
	free(shown->bytes);
	free(shown->decoded);
}

static int read_shown(const char *path, struct shown *ret, struct snp_error *err)
{
	size_t size, decoded;
	int r = file_read(path, SNP_MAX_SMALL, &ret->bytes, &size, err);

	if (r < 0)
		return r;
	ret->content = (struct snp_span){ret->bytes, size};
	if (!base64_is_text(ret->content))
		return 0;
	r = base64_text(ret->content, "", &ret->decoded, &decoded, NULL);
	if (r == 0)
		ret->content = (struct snp_span){ret->decoded, decoded};
	return r == -SNP_E_NO_MEMORY ? out_of_memory(err) : 0;
}

static bool has_key(struct snp_span text, const char *key)
{
	_cleanup_(json_freep) struct json *document = NULL;

	return json_is_text(text) && json_parse("", text, &document, NULL) == 0 &&
	       json_get(json_root(document), key);
}

static int show_host(const struct shown *shown, FILE *out, struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(json_out_done) struct json_out json = {0};
	int r = snp_certificates_new(&set, err);

	if (r == 0)
		r = snp_certificates_add(set, shown->content, err);
	if (r < 0)
		return r;
	if (!cli_json) {
		fprintf(out, "%-18s  %shost-amd-cert\n", "container",
			shown->decoded ? "base64 of " : "");
		show_certificates(set, out);
		fprintf(out, "nothing here is verified\n");
		return 0;
	}
	cli_json_begin(&json, "snp-show/1");
	json_out_string(&json, json.root, "container", "host-amd-cert");
	json_out_bool(&json, json.root, "base64", shown->decoded != NULL);
	show_certificates_json(set, &json);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

int show_other(const char *path, bool *ret_known, FILE *out, struct snp_error *err)
{
	_cleanup_(shown_done) struct shown shown = {0};
	struct stat st;
	int r;

	/* Of a file of another size or kind the reader of reports has something to say. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
	    st.st_size > SNP_MAX_SMALL)
		return 0;
	r = read_shown(path, &shown, err);
	if (r < 0)
		return r;
	*ret_known = has_key(shown.content, "vcekCert");
	return *ret_known ? in_file(err, show_host(&shown, out, err), path) : 0;
}
