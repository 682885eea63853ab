// SPDX-License-Identifier: Apache-2.0
#include "plan_diff.h"

#include <inttypes.h>

#include <snp/cleanup.h>
#include <snp/plan_document.h>
#include <snp/tool.h>

DEFINE_CLEANUP(struct plan_document *, plan_document_free);

static void print_text(const char *first, const char *second, const struct plan_difference *d,
		       FILE *out)
{
	if (d->count == 1)
		fprintf(out, "differ first at update %" PRIu64 ": %s\n", d->index, d->what);
	else
		fprintf(out, "differ first among updates %" PRIu64 "-%" PRIu64 ": %s\n", d->index,
			d->index + d->count - 1, d->what);
	fprintf(out, "%s: %s\n%s: %s\n", first, d->first, second, d->second);
}

static int print_json(bool differ, const struct plan_difference *d, FILE *out,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};

	cli_json_begin(&json, "snp-plan-diff/1");
	json_out_bool(&json, json.root, "equal", !differ);
	if (differ) {
		json_out_integer(&json, json.root, "index", d->index);
		json_out_integer(&json, json.root, "count", d->count);
		json_out_text(&json, json.root, "what", d->what);
		json_out_text(&json, json.root, "first", d->first);
		json_out_text(&json, json.root, "second", d->second);
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

int cli_plan_diff(const char *first, const char *second, FILE *out, struct snp_error *err)
{
	_cleanup_(plan_document_freep) struct plan_document *a = NULL, *b = NULL;
	struct plan_difference difference = {0};
	bool differ;
	int r = plan_document_read(first, &a, err);

	if (r == 0)
		r = plan_document_read(second, &b, err);
	if (r < 0)
		return r;
	differ = plan_compare(a, b, &difference);
	if (cli_json)
		r = print_json(differ, &difference, out, err);
	else if (differ)
		print_text(first, second, &difference, out);
	else
		fprintf(out, "equal: the same launch updates\n");
	return r < 0 ? r : differ ? CLI_NO : 0;
}
