// SPDX-License-Identifier: Apache-2.0
/* What comes beside a report: shown as it is, and not verified. */
#include "show_other.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/judge.h>

#include "endorsement/launch_endorsement.h"
#include "endorsement/security_policy.h"
#include "endorsement/token.h"

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

/* A file, and what it is base64 or hex of, if it is that. */
struct shown {
	uint8_t *bytes, *decoded;
	bool is_hex;
	struct snp_span content;
};

static void shown_done(struct shown *shown)
{
	free(shown->bytes);
	free(shown->decoded);
}

static const char *encoding_of(const struct shown *shown)
{
	return !shown->decoded ? "" : shown->is_hex ? "hex of " : "base64 of ";
}

static int read_shown(const char *path, struct shown *ret, struct snp_error *err)
{
	size_t size, decoded;
	int r = file_read_input(path, SNP_MAX_CONFIG, &ret->bytes, &size, err);

	if (r < 0)
		return r;
	ret->content = (struct snp_span){ret->bytes, size};
	if (!text_is_encoded(ret->content))
		return 0;
	r = text_decode(ret->content, "", &ret->is_hex, &ret->decoded, &decoded, NULL);
	if (r == 0)
		ret->content = (struct snp_span){ret->decoded, decoded};
	return r == -SNP_E_NO_MEMORY ? out_of_memory(err) : 0;
}

static bool is_host(const struct shown *shown)
{
	_cleanup_(json_freep) struct json *document = NULL;

	return json_is_text(shown->content) &&
	       json_parse("", shown->content, &document, NULL) == 0 &&
	       json_get(json_root(document), "vcekCert");
}

static int show_host(const struct shown *shown, FILE *out, struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(json_out_done) struct json_out json = {0};
	int r = snp_certificates_new(&set, err);

	if (r < 0)
		return r;
	r = snp_certificates_add(set, shown->content, err);
	if (r < 0)
		return r;
	if (!cli_json) {
		fprintf(out, "%-18s  %shost-amd-cert\n", "container", encoding_of(shown));
		show_certificates(set, out);
		fprintf(out, "nothing here is verified\n");
		return 0;
	}
	cli_json_begin(&json, "snp-show/1");
	json_out_string(&json, json.root, "container", "host-amd-cert");
	json_out_bool(&json, json.root, "base64", shown->decoded && !shown->is_hex);
	show_certificates_json(set, &json);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static bool is_policy(const struct shown *shown)
{
	_cleanup_(security_policy_done) struct security_policy policy = {0};

	return security_policy_take(shown->content, &policy, NULL) == 0;
}

static int show_policy(const struct shown *shown, FILE *out, struct snp_error *err)
{
	return show_security_policy(shown->content, encoding_of(shown),
				    shown->decoded && !shown->is_hex, out, err);
}

/* A COSE_Sign1 message, whatever is wrong with it. */
static bool is_endorsement(const struct shown *shown)
{
	return shown->content.size > 2 && memcmp(shown->content.data, "\xd2\x84", 2) == 0;
}

static int show_uvm(const struct shown *shown, FILE *out, struct snp_error *err)
{
	return show_uvm_endorsement(shown->content, shown->decoded != NULL, out, err);
}

static bool is_launch(const struct shown *shown)
{
	return launch_endorsement_is(shown->content);
}

static int show_launch(const struct shown *shown, FILE *out, struct snp_error *err)
{
	return show_launch_endorsement(shown->content, shown->decoded != NULL, out, err);
}

static bool is_token(const struct shown *shown)
{
	_cleanup_(json_freep) struct json *document = NULL;

	return token_is_text(shown->content) ||
	       (json_is_text(shown->content) &&
		json_parse("", shown->content, &document, NULL) == 0 &&
		json_get(json_root(document), "token") &&
		!json_get(json_root(document), "report") &&
		!json_get(json_root(document), "evidence"));
}

/* A scalar as the text that stands for it; NULL for what is no scalar. */
static const char *scalar_text(const struct json_value *value, char ret[static 32])
{
	const char *text = NULL;
	uint64_t number;
	bool flag;

	if (json_string(value, &text, NULL) == 0)
		return text;
	if (json_bool(value, &flag, NULL) == 0)
		return flag ? "true" : "false";
	if (json_integer(value, 0, UINT64_MAX, &number, NULL) < 0)
		return NULL;
	snprintf(ret, 32, "%" PRIu64, number);
	return ret;
}

static void print_claims(const struct json_value *object, FILE *out)
{
	for (const struct json_value *v = json_first(object); v; v = json_next(v)) {
		char name[256], number[32], escaped[1024];
		const char *text = scalar_text(v, number);

		escape_text(json_key(v), name, sizeof(name));
		escape_text(text ? text : "not shown", escaped, sizeof(escaped));
		fprintf(out, "%-35s  %s\n", name, escaped);
	}
}

static void add_claims(struct json_out *json, const char *key, const struct json_value *object)
{
	struct cJSON *array = json_out_array(json, json->root, key);

	for (const struct json_value *v = json_first(object); v; v = json_next(v)) {
		struct cJSON *claim = json_out_object(json, array, NULL);
		char number[32];
		const char *text = scalar_text(v, number);

		json_out_string(json, claim, "name", json_key(v));
		if (text)
			json_out_string(json, claim, "value", text);
	}
}

static int show_token(const struct shown *shown, FILE *out, struct snp_error *err)
{
	_cleanup_(token_freep) struct token *token = NULL;
	_cleanup_(json_out_done) struct json_out json = {0};
	int r = token_read(shown->content, &token, err);

	if (r < 0)
		return r;
	if (!cli_json) {
		fprintf(out, "%-35s  attestation token\n", "container");
		print_claims(token_header(token), out);
		print_claims(token_payload(token), out);
		fprintf(out, "nothing here is verified\n");
		return 0;
	}
	cli_json_begin(&json, "snp-show/1");
	json_out_string(&json, json.root, "container", "attestation token");
	json_out_bool(&json, json.root, "base64", shown->decoded && !shown->is_hex);
	add_claims(&json, "header", token_header(token));
	add_claims(&json, "claims", token_payload(token));
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static const struct {
	bool (*is)(const struct shown *shown);
	int (*show)(const struct shown *shown, FILE *out, struct snp_error *err);
} kinds[] = {
	{is_host, show_host},	    {is_token, show_token},   {is_policy, show_policy},
	{is_endorsement, show_uvm}, {is_launch, show_launch},
};

int show_other(const char *path, bool *ret_known, FILE *out, struct snp_error *err)
{
	_cleanup_(shown_done) struct shown shown = {0};
	struct stat st;
	int r;

	/* Of a file of another size or kind the reader of reports has something to say. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
	    st.st_size > SNP_MAX_CONFIG)
		return 0;
	r = read_shown(path, &shown, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !*ret_known; i++) {
		*ret_known = kinds[i].is(&shown);
		if (*ret_known)
			r = in_file(err, kinds[i].show(&shown, out, err), path);
	}
	return r;
}
