// SPDX-License-Identifier: Apache-2.0
#include "plan_draw.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/xml_escape.h>

#include "plan_runs.h"

/* Units are pixels where the picture has its own size. */
enum {
	WIDTH = 360,
	BAR_X = 16, /* the bar to scale */
	BAR_WIDTH = 10,
	BOX_X = 52,
	BOX_WIDTH = 300,
	CHART_Y = 136,
	GAP = 22, /* height of a line that says what is not launched */
	BETWEEN = 4,
	LEGEND_LINE = 18,
};

/* Light, then dark: the page, its text and lesser text; per type of page its area and its edge. */
#define COLOURS(page, ink, faint, mark, normal, normal_edge, vmsa, vmsa_edge, zero, zero_edge,    \
		secrets, secrets_edge, cpuid, cpuid_edge)                                         \
	"svg{background:" page "}.page,text.order{fill:" page "}text{fill:" ink                   \
	"}.faint{fill:" faint "}.line{stroke:" faint "}.axis{fill:" zero "}.differs{stroke:" mark \
	"}text.mark{fill:" mark "}"                                                               \
	".NORMAL{fill:" normal ";stroke:" normal_edge "}.e-NORMAL{fill:" normal_edge "}"          \
	".VMSA{fill:" vmsa ";stroke:" vmsa_edge "}.e-VMSA{fill:" vmsa_edge "}"                    \
	".ZERO{fill:" zero ";stroke:" zero_edge "}.e-ZERO{fill:" zero_edge "}"                    \
	".UNMEASURED{fill:" page ";stroke:" zero_edge "}.e-UNMEASURED{fill:" zero_edge "}"        \
	".SECRETS{fill:" secrets ";stroke:" secrets_edge "}.e-SECRETS{fill:" secrets_edge "}"     \
	".CPUID{fill:" cpuid ";stroke:" cpuid_edge "}.e-CPUID{fill:" cpuid_edge "}"               \
	".mixed{fill:" page ";stroke:" ink "}.e-mixed{fill:" ink "}"

static const char style[] =
	"text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
	".title{font-size:15px;font-weight:600}.name{font-weight:600}.small{font-size:10.5px}"
	".mono{font:10px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}"
	".end{text-anchor:end}.middle{text-anchor:middle}.order{font-size:10px;font-weight:600;"
	"text-anchor:middle}.line{fill:none;stroke-width:1;opacity:.5}"
	".UNMEASURED,.ZERO,.SECRETS,.CPUID,.mixed{stroke-dasharray:4 2}"
	".differs{fill:none;stroke-width:3}.unsure{stroke-dasharray:8 4}.same{opacity:.55}" COLOURS(
		"#fff", "#1f2328", "#59636e", "#cf222e", "#dbeafe", "#2563eb", "#ede9fe", "#7c3aed",
		"#eef1f5", "#64748b", "#fef3c7", "#b45309", "#ccfbf1",
		"#0f766e") "@media(prefers-color-scheme:dark){" COLOURS("#0d1117", "#e6edf3",
									"#9198a1", "#ff7b72",
									"#172a4d", "#60a5fa",
									"#2b2150", "#a78bfa",
									"#1d242e", "#94a3b8",
									"#3a2a0c", "#fbbf24",
									"#0c322f", "#2dd4bf") "}";

/* Everything that is shown as text goes through here, or is a tooltip. */
__attribute__((format(printf, 5, 6))) static void say(FILE *out, const char *class, int x, int y,
						      const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	xml_escape(text, out);
	fputs("</text>\n", out);
}

/* At most `most` characters of a text, with dots where more are left out. */
static void shorten(const char *text, size_t most, char ret[static 256])
{
	size_t at = 0, n = 0;

	while (text[at] && n < most && at < 240) {
		const unsigned int length = utf8_length((const unsigned char *)text + at);

		at += length > 0 ? length : 1;
		n++;
	}
	snprintf(ret, 256, "%.*s%s", (int)at, text, text[at] ? "…" : "");
}

/* Taller by a step for twice the pages: a linear scale would hide one page beside a firmware. */
static int height_of(const struct plan_part *part)
{
	int height = 40;

	for (uint64_t pages = part->pages; pages > 1 && height < 200; pages /= 2)
		height += 8;
	return height;
}

static const char *class_of(const struct plan_part *part)
{
	return part->types == 1u << part->first->type ? snp_page_type_name(part->first->type)
						      : "mixed";
}

static const char *mark_of(const struct plan_part *part)
{
	static const char *const marks[] = {
		[PLAN_SAME] = "",
		[PLAN_UNKNOWN] = "not known",
		[PLAN_MOVED] = "other order",
		[PLAN_ABSENT] = "only here",
		[PLAN_DIFFERS] = "differs",
	};

	return marks[part->mark];
}

/* Where the parts that are guest memory end: the vCPUs' registers lie outside. */
static uint64_t memory_end(const struct plan_parts *parts)
{
	uint64_t end = SNP_PAGE_SIZE;

	for (size_t i = 0; i < parts->n; i++)
		if (!plan_part_is_vcpu(&parts->parts[i]) && parts->parts[i].end > end)
			end = parts->parts[i].end;
	return end;
}

/* Whether there is a line above the part, and what it says. */
static bool gap_before(const struct plan_parts *parts, size_t i, char ret[static 64])
{
	const struct plan_part *part = &parts->parts[i];
	const uint64_t before = i > 0 ? parts->parts[i - 1].end : 0;
	char size[16];

	if (plan_part_is_vcpu(part)) {
		snprintf(ret, 64, "registers of the vCPUs, launched last");
		return i == 0 || !plan_part_is_vcpu(&parts->parts[i - 1]);
	}
	if (part->gpa <= before)
		return false;
	plan_describe_size(part->gpa - before, size);
	snprintf(ret, 64, "%s not launched", size);
	return true;
}

static void draw_tooltip(const struct plan_part *part, FILE *out)
{
	char contents[2 * SNP_SHA384_SIZE + 1] = "", digest[2 * SNP_SHA384_SIZE + 1];
	char text[512], name[128];

	plan_part_name(part, name);
	if (part->has_contents)
		hex_encode(part->first->contents, SNP_SHA384_SIZE, contents);
	hex_encode(part->last->digest, SNP_SHA384_SIZE, digest);
	if (part->runs > 1)
		snprintf(text, sizeof(text), "0x%" PRIx64 "-0x%" PRIx64 ": %s, folded", part->gpa,
			 part->end - 1, name);
	else
		snprintf(text, sizeof(text),
			 "%s, updates %" PRIu64 "-%" PRIu64 ", 0x%" PRIx64 "-0x%" PRIx64
			 "; contents %s; launch digest after them %s",
			 name, part->first->index, part->last->index + part->last->count - 1,
			 part->gpa, part->end - 1,
			 contents[0] ? contents : "differ from page to page", digest);
	fputs("<title>", out);
	xml_escape(text, out);
	fputs("</title>\n", out);
}

/* What is known of the contents: only NORMAL pages and VMSAs have them measured. */
static void describe_contents(const struct plan_part *part, char ret[static 40])
{
	const uint32_t measured = 1u << SNP_PAGE_NORMAL | 1u << SNP_PAGE_VMSA;

	if (part->runs > 1)
		snprintf(ret, 40, "folded");
	else if (!(part->types & measured))
		snprintf(ret, 40, "contents not measured");
	else if (!part->has_contents)
		snprintf(ret, 40, "pages differ");
	else
		hex_encode(part->first->contents, 8, ret);
}

static void draw_box(const struct plan_part *part, bool compared, int y, FILE *out)
{
	const char *class = class_of(part);
	char name[256], size[16], contents[40], about[128];
	const int height = height_of(part);

	fprintf(out,
		"<g class=\"part%s\" data-gpa=\"0x%" PRIx64 "\" data-pages=\"%" PRIu64
		"\" data-order=\"%" PRIu64 "\" data-runs=\"%zu\">\n",
		compared && part->mark == PLAN_SAME ? " same" : "", part->gpa, part->pages,
		part->order, part->runs);
	draw_tooltip(part, out);
	fprintf(out,
		"<rect class=\"box %s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\"/>\n"
		"<circle class=\"e-%s\" cx=\"%d\" cy=\"%d\" r=\"10\"/>\n",
		class, BOX_X, y, BOX_WIDTH, height, class, BOX_X + 15, y + 16);
	if (part->mark > PLAN_SAME)
		fprintf(out,
			"<rect class=\"differs%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"rx=\"4\"/>\n",
			part->mark < PLAN_ABSENT ? " unsure" : "", BOX_X, y, BOX_WIDTH, height);
	fprintf(out, "<text class=\"order\" x=\"%d\" y=\"%d\">%" PRIu64 "</text>\n", BOX_X + 15,
		y + 20, part->order);
	plan_part_name(part, about);
	shorten(about, 27, name);
	say(out, "name", BOX_X + 30, y + 16, "%s", name);
	say(out, part->mark > PLAN_SAME ? "small mark end" : "small end", BOX_X + BOX_WIDTH - 8,
	    y + 16, "%s", part->mark > PLAN_SAME ? mark_of(part) : class);
	if (plan_part_is_vcpu(part))
		snprintf(about, sizeof(about), "%" PRIu64 " VMSA%s", part->pages,
			 part->pages == 1 ? "" : "s, equal");
	else {
		plan_describe_size(part->pages * SNP_PAGE_SIZE, size);
		snprintf(about, sizeof(about), "0x%08" PRIx64 "  %s", part->gpa, size);
	}
	describe_contents(part, contents);
	say(out, "mono", BOX_X + 30, y + 31, "%s", about);
	say(out, "mono end faint", BOX_X + BOX_WIDTH - 8, y + 31, "%s", contents);
	/* All that is known of pages which differ. */
	if (part->runs == 1 && !part->has_contents && height >= 56) {
		hex_encode(part->last->digest, 8, contents);
		say(out, "mono end faint", BOX_X + BOX_WIDTH - 8, y + 45, "digest after them %s",
		    contents);
	}
	fputs("</g>\n", out);
}

/* The same at its place among all memory up to the last part, to scale, and a line from there to the box. */
static void draw_place(const struct plan_part *part, uint64_t memory, int bar_height, int y,
		       FILE *out)
{
	const double scale = (double)bar_height / (double)memory;
	const double top = (double)part->gpa * scale;
	double height = (double)(part->end - part->gpa) * scale;

	height = height < 2 ? 2 : height;
	fprintf(out,
		"<rect class=\"e-%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n"
		"<path class=\"line\" d=\"M%d %.1fL%d %d\"/>\n",
		class_of(part), BAR_X, CHART_Y + top, BAR_WIDTH, height, BAR_X + BAR_WIDTH,
		CHART_Y + top + height / 2, BOX_X, y + height_of(part) / 2);
}

static int chart_height(const struct plan_parts *parts, bool memory_only)
{
	int height = 0;
	char text[64];

	for (size_t i = 0; i < parts->n; i++) {
		if (memory_only && plan_part_is_vcpu(&parts->parts[i]))
			break;
		height += gap_before(parts, i, text) ? GAP : 0;
		height += height_of(&parts->parts[i]) + BETWEEN;
	}
	return height;
}

static void draw_chart(const struct plan_parts *parts, bool compared, FILE *out)
{
	const uint64_t memory = memory_end(parts);
	const int bar = chart_height(parts, true);
	int y = CHART_Y;
	char text[64], size[16];

	if (bar > 0) {
		fprintf(out,
			"<rect class=\"axis\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n",
			BAR_X, CHART_Y, BAR_WIDTH, bar);
		say(out, "small faint middle", BAR_X + BAR_WIDTH / 2, CHART_Y - 4, "0");
		plan_describe_size(memory, size);
		say(out, "small faint", 4, CHART_Y + bar + 12, "%s", size);
	}
	for (size_t i = 0; i < parts->n; i++) {
		const struct plan_part *part = &parts->parts[i];

		if (gap_before(parts, i, text)) {
			say(out, "small faint", BOX_X + 30, y + 14, "%s", text);
			y += GAP;
		}
		if (!plan_part_is_vcpu(part))
			draw_place(part, memory, bar, y, out);
		draw_box(part, compared, y, out);
		y += height_of(part) + BETWEEN;
	}
}

/* What each type of page means for the digest: AMD 56860, PAGE_TYPE. */
static const struct {
	enum snp_page_type type;
	const char *meaning;
} legend[] = {
	{SNP_PAGE_NORMAL, "NORMAL: address and contents are measured"},
	{SNP_PAGE_VMSA, "VMSA: registers of a vCPU are measured"},
	{SNP_PAGE_ZERO, "ZERO: address is measured; filled with zeros"},
	{SNP_PAGE_UNMEASURED, "UNMEASURED: only the address is measured"},
	{SNP_PAGE_SECRETS, "SECRETS: address; the secure processor fills it"},
	{SNP_PAGE_CPUID, "CPUID: address; the secure processor checks it"},
};

static uint32_t types_of(const struct plan_parts *parts)
{
	uint32_t types = 0;

	for (size_t i = 0; i < parts->n; i++)
		types |= parts->parts[i].types;
	return types;
}

static int draw_legend(const struct plan_parts *parts, bool compared, int y, FILE *out)
{
	const uint32_t types = types_of(parts);

	for (size_t i = 0; i < ARRAY_SIZE(legend); i++) {
		const char *class = snp_page_type_name(legend[i].type);

		if (!(types & 1u << legend[i].type))
			continue;
		fprintf(out,
			"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"14\" height=\"11\" "
			"rx=\"2\"/>\n",
			class, BOX_X, y - 10);
		say(out, "small", BOX_X + 22, y, "%s", legend[i].meaning);
		y += LEGEND_LINE;
	}
	say(out, "small faint", BOX_X, y, "Numbers: launch order. Bar: to scale. Boxes: taller");
	y += LEGEND_LINE - 4;
	say(out, "small faint", BOX_X, y, "by one step for twice the pages.");
	y += LEGEND_LINE;
	if (compared) {
		say(out, "small faint", BOX_X, y,
		    "Outlined: not as in the other plan. Pale: the same.");
		y += LEGEND_LINE - 4;
		say(out, "small faint", BOX_X, y,
		    "Not known: pages that differ; plans of --all tell.");
		y += LEGEND_LINE;
	}
	if (parts->folded > 0) {
		say(out, "small faint", BOX_X, y, "%zu of %zu parts are folded into others.",
		    parts->folded, parts->all);
		y += LEGEND_LINE;
	}
	return y;
}

static int legend_y(const struct plan_parts *parts)
{
	return CHART_Y + chart_height(parts, false) + 28;
}

static int total_height(const struct plan_parts *parts, bool compared)
{
	const uint32_t types = types_of(parts);

	return legend_y(parts) +
	       LEGEND_LINE * (__builtin_popcount(types) + 2 + 2 * compared + (parts->folded > 0));
}

static void draw_head(const struct plan_picture *picture, FILE *out)
{
	const struct plan_document *plan = picture->plan;
	const struct plan_run *last = &plan->runs[plan->n_runs - 1];
	char title[256], about[256], digest[2 * SNP_SHA384_SIZE + 1];

	shorten(picture->title, 40, title);
	say(out, "title", BAR_X, 26, "%s", title);
	snprintf(about, sizeof(about), "%s%s%s", plan->mode,
		 plan->vcpus.profile[0] ? ", profile " : "", plan->vcpus.profile);
	shorten(about, 56, title);
	say(out, "small faint", BAR_X, 42, "%s", title);
	/* Without vCPUs it is no whole launch. */
	if (plan->vcpus.count == 0)
		say(out, "small faint", BAR_X, 56,
		    "%" PRIu64 " launch updates, without those of vCPUs",
		    last->index + last->count);
	else
		say(out, "small faint", BAR_X, 56, "%" PRIu32 " vCPU%s, %" PRIu64 " launch updates",
		    plan->vcpus.count, plan->vcpus.count == 1 ? "" : "s",
		    last->index + last->count);
	hex_encode(plan->vcpus.count == 0 ? last->digest : plan->launch_digest,
		   SNP_LAUNCH_DIGEST_SIZE, digest);
	say(out, "small", BAR_X, 76, plan->vcpus.count == 0 ? "before vCPUs" : "launch digest");
	for (int i = 0; i < 3; i++)
		say(out, "mono", BAR_X + 84, 76 + 13 * i, "%.32s", digest + 32 * (size_t)i);
}

static void draw_picture(const struct plan_picture *picture, bool compared, FILE *out)
{
	draw_head(picture, out);
	draw_chart(&picture->parts, compared, out);
	draw_legend(&picture->parts, compared, legend_y(&picture->parts), out);
}

/* Of two pictures the second is beside the first. On a narrow screen it is below; there is room for both in the view box,
 * of which the shape of the whole shows one half or the other. In a page a picture keeps its shape: nothing can be
 * scripted there, and that is what tells both apart. */
static void draw_open(size_t n, int height, FILE *out)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %d %d\" "
		"preserveAspectRatio=\"xMinYMin slice\" width=\"%d\" height=\"%d\">\n"
		"<title>%s</title>\n<style>%s"
		"svg{display:block;margin:0 auto;max-width:100%%;height:auto;aspect-ratio:%d/%d}",
		(int)n * WIDTH, (int)n * height, (int)n * WIDTH * 3 / 2, height * 3 / 2,
		n == 1 ? "Launch plan by address" : "Two launch plans by address", style,
		(int)n * WIDTH, height);
	if (n > 1)
		fprintf(out,
			"#second{transform:translate(%dpx,0)}"
			"@media(max-width:640px) and (scripting:enabled){"
			"svg{aspect-ratio:%d/%d}#second{transform:translate(0,%dpx)}}",
			WIDTH, WIDTH, 2 * height, height);
	fprintf(out, "</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n",
		(int)n * WIDTH, (int)n * height);
}

void plan_draw_svg(const struct plan_picture *pictures, size_t n, FILE *out)
{
	int height = 0;

	for (size_t i = 0; i < n; i++)
		if (total_height(&pictures[i].parts, n > 1) > height)
			height = total_height(&pictures[i].parts, n > 1);
	draw_open(n, height, out);
	for (size_t i = 0; i < n; i++) {
		/* The attribute is for programs that know no transform in a style. */
		if (i == 0)
			fputs("<g id=\"first\">\n", out);
		else
			fprintf(out, "<g id=\"second\" transform=\"translate(%d 0)\">\n", WIDTH);
		draw_picture(&pictures[i], n > 1, out);
		fputs("</g>\n", out);
	}
	fputs("</svg>\n", out);
}

int plan_write_svg(const struct plan_picture *pictures, size_t n, const char *path,
		   struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return out_of_memory(err);
	plan_draw_svg(pictures, n, out);
	if (fclose(out) != 0)
		return out_of_memory(err);
	return file_write(path, (struct snp_span){(const uint8_t *)text, size}, 0644, true, err);
}

const char *plan_title(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int plan_draw_launch(const struct snp_launch *launch, bool with_vcpus, const char *input,
		     const char *path, struct snp_error *err)
{
	struct plan_document plan = {0};
	struct plan_picture picture = {.title = plan_title(input), .plan = &plan};
	int r = plan_runs_walk(launch, false, plan_runs_keep, &plan, err);

	plan_runs_end(&plan, launch);
	if (!with_vcpus) {
		plan.vcpus.count = 0;
		while (plan.n_runs > 0 && plan.runs[plan.n_runs - 1].type == SNP_PAGE_VMSA)
			plan.n_runs--;
	}
	if (r == 0)
		r = plan_parts_make(&plan, NULL, &picture.parts, err);
	if (r == 0)
		r = plan_write_svg(&picture, 1, path, err);
	plan_parts_done(&picture.parts);
	free(plan.runs);
	return r;
}
