/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_FIRMWARE_ERROR_H
#define LAUNCHER_HOST_FIRMWARE_ERROR_H

#include <stdint.h>

/*
 * What the secure processor's firmware answers. Names and numbers: Linux 6.19
 * include/uapi/linux/psp-sev.h, sev_ret_code, with SEV_RET_ and SEV_STATUS_ left off (QEMU's own table,
 * target/i386/sev.c, ends at 0x18).
 */
#define FIRMWARE_ERROR_MAX 0x3f

struct firmware_error {
	uint32_t code;
	const char *name;    /* "BAD_MEASUREMENT" */
	const char *meaning; /* for a guest's launch, a sentence without full stop */
	const char *cure;    /* NULL: nothing better than the general one */
};

/* NULL for a number that the table does not have. */
const struct firmware_error *firmware_error_find(uint32_t code);

#endif
