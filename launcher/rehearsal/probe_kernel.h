/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_PROBE_KERNEL_H
#define LAUNCHER_REHEARSAL_PROBE_KERNEL_H

#include <stdint.h>

/*
 * A kernel that does one thing: it writes a text to QEMU's debug console and ends QEMU. It is an EFI
 * application (PE32+) and, for QEMU to take an initrd with it, has the setup header of a Linux kernel.
 * A firmware that starts it says so within seconds, whatever kernels can or cannot do.
 */
#define PROBE_KERNEL_SIZE 1536

/* Where it writes, and how it ends QEMU: with the exit status (code << 1 | 1) & 0xff. */
#define PROBE_CONSOLE_PORT 0xe9
#define PROBE_EXIT_PORT	   0xf4

struct probe_kernel {
	const char *text; /* at most PROBE_TEXT_MAX bytes */
	uint8_t code;
	uint32_t initrd_size; /* of the initrd that QEMU gets with it */
	uint32_t
		initrd_max; /* the highest address for it; more than 160 KiB below the memory's end */
};
#define PROBE_TEXT_MAX 256

void probe_kernel_build(const struct probe_kernel *probe, uint8_t ret[static PROBE_KERNEL_SIZE]);

#endif
