/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_EXPLAIN_H
#define LAUNCHER_HOST_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/error.h>

#include "host/firmware_error.h"

/*
 * Turns what libvirt, QEMU, KVM and the secure processor say into what happened and what to do. One table
 * serves every failed launch and `snp-launch diagnose TEXT`.
 */
struct explanation {
	const char *name;     /* stable: "bad-measurement" */
	enum snp_code code;   /* the exit status of a launch that fails in this way */
	const char *happened; /* a sentence without full stop */
	const char *cure;     /* likewise */

	/* What the text says of SNP_LAUNCH_START, _UPDATE or _FINISH; "" where nothing. */
	char command[32];
	bool has_ret;
	int32_t ret;			       /* ioctl()'s: a negative errno */
	const struct firmware_error *firmware; /* NULL: none named */
};

/* Explain `text`: a message, a line of a log, or a firmware error's number ("0x0b", "fw_error=11") or
 * name ("BAD_MEASUREMENT"). False if the table does not have it; `ret` is untouched then. */
bool explain_text(const char *text, struct explanation *ret);

/* Fill `err` for a launch that failed with `text`: the explanation and its cure, or `text` itself, on
 * one line, with the code that goes with it. Returns -code. */
int explain_fail(struct snp_error *err, const char *what, const char *text);

#endif
