/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_DRAW_H
#define CLI_PLAN_DRAW_H

#include <stdio.h>

#include <snp/launch.h>

#include "plan_parts.h"

/* A plan as a picture. */
struct plan_picture {
	const char *title;
	const struct plan_document *plan;
	struct plan_parts parts;
};

/* Draw one or two pictures, side by side, as SVG. */
void plan_draw_svg(const struct plan_picture *pictures, size_t n, FILE *out);

/* Write that into a file, which is replaced. Errors: those of file_write(); SNP_E_NO_MEMORY. */
SNP_MUST_USE int plan_write_svg(const struct plan_picture *pictures, size_t n, const char *path,
				struct snp_error *err);

/* Draw the launch of the file `input` into the file `path`; without vCPUs it is what is true of any launch.
 * Errors: those of snp_launch_plan() and plan_write_svg(). */
SNP_MUST_USE int plan_draw_launch(const struct snp_launch *launch, bool with_vcpus,
				  const char *input, const char *path, struct snp_error *err);

/* What a picture of the file `path` is called: its name without folders. */
const char *plan_title(const char *path);

/* Draw one with characters, for a terminal. */
void plan_draw_text(const struct plan_parts *parts, FILE *out);

#endif
