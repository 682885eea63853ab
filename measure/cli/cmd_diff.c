// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/difference.h>
#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/publish.h>
#include <snp/tool.h>

#include "verb.h"

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

static struct {
	bool markdown;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"markdown", .flag = &arg.markdown, .help = "print Markdown, for release notes"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* Reference values are read, those of a release are computed from its images. */
static int read_values(const char *path, struct snp_reference **ret, struct snp_error *err)
{
	struct snp_error release;
	int r = snp_reference_read(path, ret, err);

	if (r != -SNP_E_JSON_SCHEMA)
		return r;
	r = snp_release_read(path, SNP_MAX_VARIANTS, NULL, NULL, ret, &release);
	/* A document of neither kind is refused as the first. */
	if (r < 0 && r != -SNP_E_JSON_SCHEMA)
		*err = release;
	return r;
}

/* Markdown takes these as markup, and HTML after it. */
static void print_text(FILE *out, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	_cleanup_(freep) char *shown = size > UINT32_MAX ? NULL : malloc(size);

	if (!shown)
		return;
	escape_text(text, shown, (unsigned int)size);
	for (const char *at = shown; *at != '\0'; at++) {
		if (arg.markdown && strchr("\\`*_[]<>#|~&", *at))
			fputc('\\', out);
		fputc(*at, out);
	}
}

static void print_change(FILE *out, const struct change *change)
{
	if (arg.markdown) {
		fprintf(out, "| %s | ", change->what);
		print_text(out, change->before);
		fputs(" | ", out);
		print_text(out, change->after);
		fputs(" |\n", out);
		return;
	}
	fprintf(out, "  %s: ", change->what);
	if (change->detail[0]) {
		print_text(out, change->detail);
	} else {
		print_text(out, change->before);
		fputs(" -> ", out);
		print_text(out, change->after);
	}
	fputc('\n', out);
}

static const char *status_of(const struct image_difference *image)
{
	return !image->before	      ? "added"
	       : !image->after	      ? "removed"
	       : image_differs(image) ? "changed"
				      : "same";
}

/* "3 changed, 2 the same, 1 added": what there is none of is left out. */
static void print_counts(FILE *out, const struct image_difference *image)
{
	const struct {
		const char *what;
		size_t n;
	} counts[] = {
		{"changed", image->other},
		{"the same", image->same},
		{"added", image->added},
		{"removed", image->removed},
	};
	const char *before = arg.markdown ? "Launch digests: " : "  launch digests: ";

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (counts[i].n == 0)
			continue;
		fprintf(out, "%s%zu %s", before, counts[i].n, counts[i].what);
		before = ", ";
	}
	/* A container group has none. */
	fputs(before[0] == ',' ? "\n" : "", out);
}

static void print_release(FILE *out, const struct snp_reference *before,
			  const struct snp_reference *after)
{
	if (!after->has_release)
		return;
	fputs(arg.markdown ? "# " : "release: ", out);
	print_text(out, after->release.name);
	fputc(' ', out);
	if (before->has_release && strcmp(before->release.version, after->release.version) != 0) {
		print_text(out, before->release.version);
		fputs(" -> ", out);
	}
	print_text(out, after->release.version);
	fputs(arg.markdown ? "\n\n" : "\n", out);
}

static void print_image(FILE *out, const struct image_difference *image)
{
	const char *name = image->after ? image->after->name : image->before->name;

	fputs(arg.markdown ? "## " : "", out);
	print_text(out, name);
	fprintf(out, arg.markdown ? "\n\nThis image was %s.\n\n" : ": %s\n",
		arg.markdown && strcmp(status_of(image), "same") == 0 ? "not changed"
								      : status_of(image));
	if (arg.markdown && image->n_changes > 0)
		fputs("| | before | after |\n|---|---|---|\n", out);
	for (size_t i = 0; i < image->n_changes; i++)
		print_change(out, &image->changes[i]);
	fputs(arg.markdown && image->n_changes > 0 ? "\n" : "", out);
	print_counts(out, image);
	if (image->verdict && image_differs(image)) {
		fputs(arg.markdown ? "\nVerdict: " : "  ", out);
		print_text(out, image->verdict);
		fputs(arg.markdown ? ".\n" : "\n", out);
	}
	fputs(arg.markdown ? "\n" : "", out);
}

static void add_image(struct json_out *json, cJSON *images, const struct image_difference *image)
{
	cJSON *object = json_out_object(json, images, NULL), *changes, *digests;

	json_out_text(json, object, "name",
		      image->after ? image->after->name : image->before->name);
	json_out_string(json, object, "status", status_of(image));
	changes = json_out_array(json, object, "changes");
	for (size_t i = 0; i < image->n_changes; i++) {
		const struct change *change = &image->changes[i];
		cJSON *member = json_out_object(json, changes, NULL);

		json_out_string(json, member, "what", change->what);
		json_out_text(json, member, "before", change->before);
		json_out_text(json, member, "after", change->after);
		if (change->detail[0])
			json_out_text(json, member, "detail", change->detail);
		json_out_bool(json, member, "measured", change->measured);
	}
	digests = json_out_object(json, object, "launch_digests");
	json_out_integer(json, digests, "changed", image->other);
	json_out_integer(json, digests, "same", image->same);
	json_out_integer(json, digests, "added", image->added);
	json_out_integer(json, digests, "removed", image->removed);
	if (image->verdict)
		json_out_text(json, object, "verdict", image->verdict);
}

static int print_json(FILE *out, const struct release_difference *difference, bool same,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	cJSON *images;

	cli_json_begin(&json, "snp-release-diff/1");
	json_out_bool(&json, json.root, "same", same);
	images = json_out_array(&json, json.root, "images");
	for (size_t i = 0; i < difference->n_images; i++)
		add_image(&json, images, &difference->images[i]);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *before = NULL, *after = NULL;
	_cleanup_(release_difference_done) struct release_difference difference = {0};
	bool same = true;
	int r;

	if (arg.markdown && cli_json)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--markdown and --json cannot be combined");
	r = read_values(operands[0], &before, err);
	if (r < 0)
		return r;
	r = read_values(operands[1], &after, err);
	if (r < 0)
		return r;
	r = releases_compare(before, after, &difference, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < difference.n_images; i++)
		same = same && !image_differs(&difference.images[i]);
	if (cli_json)
		r = print_json(out, &difference, same, err);
	else
		print_release(out, before, after);
	for (size_t i = 0; !cli_json && i < difference.n_images; i++)
		print_image(out, &difference.images[i]);
	return r < 0 ? r : same ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_diff = {
	.name = "diff",
	.operands = "OLD NEW",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "show what changed from one release to the next",
	.example = "published-1.0 published-1.1",
	.options = tables,
	.run = run,
};
