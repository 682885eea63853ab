// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/plan_document.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "plan_draw.h"
#include "plan_runs.h"
#include "verb.h"

static struct {
	bool all, diff;
	const char *svg;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"all", 'a', .flag = &arg.all,
	 .help = "one line per launch update (by default equal pages share one)"},
	{"diff", .flag = &arg.diff,
	 .help = "compare two plans printed with --json"},
	{"svg", .argument = "FILE", .text = &arg.svg,
	 .help = "draw the guest's memory as an SVG picture, and write it to FILE"},
	CLI_OPTION_LAUNCH_POLICY,
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

struct plan {
	FILE *out;
	struct json_out *json; /* NULL: text */
	struct cJSON *updates;
	uint8_t digest[SNP_SHA384_SIZE]; /* after the last run */
	bool drawn;
	struct plan_document document; /* if it will be drawn */
};

/* Whole with --all, for programs and diff; else as much as the eye can compare. */
static void describe_digest(const uint8_t digest[static SNP_SHA384_SIZE],
			    char ret[static 2 * SNP_SHA384_SIZE + 1])
{
	hex_encode(digest, arg.all ? SNP_SHA384_SIZE : 8, ret);
}

static void print_text(const struct plan *plan, const struct plan_run *run)
{
	char index[48], gpa[48], contents[2 * SNP_SHA384_SIZE + 1] = "pages differ";
	char digest[2 * SNP_SHA384_SIZE + 1];
	const uint64_t end = plan_run_end(run);

	snprintf(index, sizeof(index), "%" PRIu64, run->index);
	if (run->count > 1)
		snprintf(index, sizeof(index), "%" PRIu64 "-%" PRIu64, run->index,
			 run->index + run->count - 1);
	snprintf(gpa, sizeof(gpa), "0x%" PRIx64, run->gpa);
	if (end > run->gpa + SNP_PAGE_SIZE)
		snprintf(gpa, sizeof(gpa), "0x%" PRIx64 "-0x%" PRIx64, run->gpa, end - 1);
	if (run->has_contents)
		describe_digest(run->contents, contents);
	describe_digest(run->digest, digest);
	fprintf(plan->out, "%-10s  %-10s  %-21s  %-23s  %-16s  %s\n", index,
		snp_page_type_name(run->type), gpa, run->origin, contents, digest);
}

static void add_json(const struct plan *plan, const struct plan_run *run)
{
	struct json_out *json = plan->json;
	struct cJSON *update = json_out_object(json, plan->updates, NULL);

	json_out_integer(json, update, "index", run->index);
	json_out_integer(json, update, "count", run->count);
	json_out_string(json, update, "page_type", snp_page_type_name(run->type));
	json_out_u64(json, update, "gpa", run->gpa);
	json_out_string(json, update, "origin", run->origin);
	if (run->has_contents)
		json_out_hex(json, update, "contents", run->contents, SNP_SHA384_SIZE);
	json_out_hex(json, update, "digest", run->digest, SNP_SHA384_SIZE);
}

static int print_run(void *arg_plan, const struct plan_run *run, struct snp_error *err)
{
	struct plan *plan = arg_plan;

	if (plan->json)
		add_json(plan, run);
	else
		print_text(plan, run);
	memcpy(plan->digest, run->digest, sizeof(plan->digest));
	return plan->drawn ? plan_runs_keep(&plan->document, run, err) : 0;
}

static const char *title(void)
{
	const char *path = launch_args.igvm		  ? launch_args.igvm
			   : launch_args.ovmf		  ? launch_args.ovmf
			   : launch_args.firmware_summary ? launch_args.firmware_summary
							  : "launch plan";

	return plan_title(path);
}

static int draw(const struct cli_launch *l, struct plan *plan, struct snp_error *err)
{
	struct plan_picture picture = {.title = title(), .plan = &plan->document};
	int r;

	plan_runs_end(&plan->document, &l->launch);
	r = plan_parts_make(&plan->document, NULL, &picture.parts, err);
	if (r < 0)
		return r;
	if (arg.svg)
		r = plan_write_svg(&picture, 1, arg.svg, err);
	else
		plan_draw_text(&picture.parts, plan->out);
	plan_parts_done(&picture.parts);
	return r;
}

static int print_plan(const struct cli_launch *l, struct plan *plan, struct snp_error *err)
{
	int r;

	if (plan->json)
		plan->updates = json_out_array(plan->json, plan->json->root, "updates");
	else
		fprintf(plan->out, "%-10s  %-10s  %-21s  %-23s  %-*s  %s\n", "update", "type",
			"gpa", "origin", arg.all ? 2 * SNP_SHA384_SIZE : 16, "contents",
			"launch digest");
	/* On a terminal a small map follows the lines. */
	plan->drawn = arg.svg || (!plan->json && !arg.all && isatty(STDOUT_FILENO));
	r = plan_runs_walk(&l->launch, arg.all, print_run, plan, err);
	if (r < 0)
		return r;
	if (!plan->json && !arg.all) {
		char digest[2 * SNP_SHA384_SIZE + 1];

		hex_encode(plan->digest, SNP_SHA384_SIZE, digest);
		fprintf(plan->out, "\nlaunch digest  %s\n", digest);
	}
	if (plan->drawn)
		r = draw(l, plan, err);
	cli_launch_warn(l);
	return r;
}

static int print_json(const struct cli_launch *l, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct plan plan = {.out = out, .json = &json};
	int r;

	cli_json_begin(&json, l->igvm ? "snp-plan/2" : "snp-plan/1");
	r = print_plan(l, &plan, err);
	free(plan.document.runs);
	if (r < 0)
		return r;
	json_out_hex(&json, json.root, "launch_digest", plan.digest, SNP_SHA384_SIZE);
	r = cli_launch_json(l, &json, err);
	if (r < 0)
		return r;
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* What a document says, and its name, come from others. */
static void print_escaped(const char *name, const char *text, FILE *out)
{
	char escaped_name[4096], escaped[4 * sizeof(((struct plan_difference *)NULL)->first)];

	escape_text(name, escaped_name, sizeof(escaped_name));
	escape_text(text, escaped, sizeof(escaped));
	fprintf(out, "%s: %s\n", escaped_name, escaped);
}

static void print_difference(const char *first, const char *second, const struct plan_difference *d,
			     FILE *out)
{
	char place[64];

	if (d->count == 1)
		snprintf(place, sizeof(place), "differ first at update %" PRIu64, d->index);
	else
		snprintf(place, sizeof(place), "differ first among updates %" PRIu64 "-%" PRIu64,
			 d->index, d->index + d->count - 1);
	print_escaped(place, d->what, out);
	print_escaped(first, d->first, out);
	print_escaped(second, d->second, out);
}

static int difference_json(bool differ, const struct plan_difference *d, FILE *out,
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

/* Both plans side by side; what is not the same in both is marked. */
static int draw_both(const char *const paths[2], const struct plan_document *const plans[2],
		     struct snp_error *err)
{
	struct plan_picture pictures[2] = {{0}};
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		_cleanup_(freep) uint8_t *marks = NULL;

		pictures[i] =
			(struct plan_picture){.title = plan_title(paths[i]), .plan = plans[i]};
		r = plan_mark(plans[i], plans[1 - i], &marks, err);
		if (r == 0)
			r = plan_parts_make(plans[i], marks, &pictures[i].parts, err);
	}
	if (r == 0)
		r = plan_write_svg(pictures, 2, arg.svg, err);
	plan_parts_done(&pictures[0].parts);
	plan_parts_done(&pictures[1].parts);
	return r;
}

/* Compare the plans in two files and print where they begin to differ. */
static int compare(const char *first, const char *second, FILE *out, struct snp_error *err)
{
	_cleanup_(plan_document_freep) struct plan_document *a = NULL, *b = NULL;
	struct plan_difference difference = {0};
	bool differ;
	int r = plan_document_read(first, &a, err);

	if (r < 0)
		return r;
	r = plan_document_read(second, &b, err);
	if (r < 0)
		return r;
	if (arg.svg)
		r = draw_both((const char *const[]){first, second},
			      (const struct plan_document *const[]){a, b}, err);
	if (r < 0)
		return r;
	differ = plan_compare(a, b, &difference);
	if (cli_json)
		r = difference_json(differ, &difference, out, err);
	else if (differ)
		print_difference(first, second, &difference, out);
	else
		fprintf(out, "equal: the same launch updates\n");
	return r < 0 ? r : differ ? CLI_NO : 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch l = {0};
	struct plan plan = {.out = out};
	int r;

	if (!arg.diff != !operands[0] || (arg.diff && !operands[1]))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--diff requires two files; without it, no file is allowed");
	if (arg.diff)
		return compare(operands[0], operands[1], out, err);
	r = cli_launch_open(true, &l, err);
	if (r < 0)
		return r;
	if (l.firmware_only)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "snp:ovmf-hash is only for 'digest'; a plan needs a whole launch");
	r = cli_json ? print_json(&l, out, err) : print_plan(&l, &plan, err);
	free(plan.document.runs);
	return r;
}

static const struct cli_option *const tables[] = {CLI_LAUNCH_OPTIONS, options, NULL};

const struct cli_verb verb_plan = {
	.name = "plan",
	.operands = "[FILE FILE]",
	.max_operands = 2,
	.summary = "print every launch update that the digest is made of",
	.example = "--ovmf OVMF.fd --vcpus 4 --vcpu-type EPYC-v4 --all",
	.options = tables,
	.run = run,
};
