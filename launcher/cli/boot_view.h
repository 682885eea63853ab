/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_BOOT_VIEW_H
#define LAUNCHER_CLI_BOOT_VIEW_H

#include <stdio.h>

#include <snp/json_out.h>
#include <snp/tool.h>

#include "rehearsal/boot_trial.h"

/* What `rehearse --boot` and `check --firmware` print of a real boot under emulation. */
#define BOOT_WORDS \
	"emulated processor: nothing is encrypted; the verdict covers only what was tried"

/* A boot_subject's progress: a line on stderr, on a terminal. If `what` is NULL, the line is removed. */
void boot_view_progress(void *unused, unsigned int i, unsigned int n, const char *what);

void boot_view_text(const struct boot_trial *trial, const char *firmware, FILE *out);

/* Add the members of snp-boot/1, all but "schema" and "tool". */
void boot_view_json(const struct boot_trial *trial, const char *firmware, struct json_out *json,
		    struct cJSON *parent);

/* 0, or CLI_NO if something was started that must be refused. */
int boot_view_status(const struct boot_trial *trial);

#endif
