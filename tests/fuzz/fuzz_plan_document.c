// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/plan_document.h>

#include "cli/plan_draw.h"

#define PICTURE_MAX (128u << 10)

/* Both side by side, or one. A picture has few parts, whatever it is of. */
static void draw(const struct plan_document *a, const struct plan_document *b)
{
	struct plan_picture pictures[2] = {{.title = "a", .plan = a}, {.title = "b", .plan = b}};
	uint8_t *marks = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out || (b && plan_mark(a, b, &marks, NULL) < 0) ||
	    plan_parts_make(a, marks, &pictures[0].parts, NULL) < 0)
		abort();
	free(marks);
	marks = NULL;
	if (b && (plan_mark(b, a, &marks, NULL) < 0 ||
		  plan_parts_make(b, marks, &pictures[1].parts, NULL) < 0))
		abort();
	free(marks);
	plan_draw_svg(pictures, b ? 2 : 1, out);
	plan_draw_text(&pictures[0].parts, out);
	if (fclose(out) != 0 || size > PICTURE_MAX)
		abort();
	free(text);
	plan_parts_done(&pictures[0].parts);
	plan_parts_done(&pictures[1].parts);
}

/* Two plans, one after the other with a NUL between, are read, compared and drawn; a plan equals itself, and
 * two that differ do so both ways and at one place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t first = nul ? (size_t)(nul - data) : size;
	struct plan_document *a = NULL, *b = NULL;
	struct plan_difference there = {0}, back = {0};
	struct snp_error err = {0};

	fuzz_check(plan_document_parse("a", (struct snp_span){data, first}, &a, &err), &err, size);
	err = (struct snp_error){0};
	if (nul)
		fuzz_check(plan_document_parse("b", (struct snp_span){nul + 1, size - first - 1},
					       &b, &err),
			   &err, size);
	if (a && plan_compare(a, a, &there))
		abort();
	if (a && b &&
	    (plan_compare(a, b, &there) != plan_compare(b, a, &back) ||
	     (a->runs[0].index == b->runs[0].index && there.index != back.index)))
		abort();
	if (a)
		draw(a, b);
	plan_document_free(a);
	plan_document_free(b);
	return 0;
}
