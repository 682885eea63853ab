/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_APPLY_VIEW_H
#define LAUNCHER_CLI_APPLY_VIEW_H

#include <stdio.h>

#include <snp/json_out.h>
#include <snp/tool.h>

#include "config/vm_config.h"
#include "guest/apply.h"

/* What apply and edit share: --restart, --new-digest, --new-boot-files; the road; and how a change is told. */
extern const struct cli_option apply_options[];

struct apply_how {
	bool no_start; /* do not start what is created, or replaced */
	bool dry_run;
	bool fresh; /* as create --replace: new copies, and a start */
};

/* Bring the guest of `config`, which is called `file` in messages, to what it says, and print what was done. Errors:
 * those of guest_apply(). */
SNP_MUST_USE int apply_config(FILE *out, const struct vm_config *config, const char *file,
			      const struct apply_how *how, struct snp_error *err);

/* "memory: 256 MiB -> 384 MiB", "network[1] added: network default", "disk[0] removed: /srv/a.img, raw, virtio". */
void change_line(const struct plan_change *change, char *ret, size_t size);

/* Add an array `key` of {what, from, to, measured, when}. */
void changes_json(struct json_out *json, const char *key, const struct plan_change *changes,
		  size_t n);

#endif
