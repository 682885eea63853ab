/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_BOOT_H
#define LAUNCHER_REHEARSAL_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/error.h>

/*
 * One boot of a firmware under QEMU's own emulation of the processor (TCG): no KVM, no root, no SEV,
 * nothing encrypted. The SEV hash table is put into guest memory where the launch would put it, so that
 * the firmware finds kernel, initrd and command line as QEMU hands them over, and the table to compare
 * them with.
 */
struct boot_request {
	const char *emulator;
	const char *folder; /* of this boot's own: logs, socket, and a disk that holds a probe */
	const char *firmware;
	const char *kernel, *initrd; /* initrd NULL: none */
	const char *cmdline;
	const char *table; /* a file with the bytes that lie at `table_gpa` */
	uint64_t table_gpa;
	unsigned int memory_mib;
	unsigned int limit_ms;

	const char *text;  /* what a probe kernel writes; NULL: a real kernel */
	const char *until; /* a real kernel: the console text to wait for; NULL: its first output */
	bool may_end_early; /* stop waiting when the firmware is seen to stand still */
};

enum boot_result {
	BOOT_STARTED, /* the kernel that QEMU was given */
	BOOT_SILENT,  /* nothing was started within the limit, or the firmware stands still */
	BOOT_WENT_ON, /* the firmware went on to boot from the disk */
	BOOT_FAILED,  /* QEMU ended: `why` says what it wrote */
};

struct boot_outcome {
	enum boot_result result;
	unsigned int ms;
	char why[256];
};

/* The exit codes of the probe kernel that QEMU is given, and of the one on the disk. */
#define BOOT_CODE_KERNEL 42
#define BOOT_CODE_DISK	 45

/* Errors: SNP_E_SYSTEM, SNP_E_WRITE, SNP_E_NOT_FOUND (no emulator), SNP_E_INTERRUPTED. */
SNP_MUST_USE int boot_run(const struct boot_request *request, struct boot_outcome *ret,
			  struct snp_error *err);

/* The serial console's log, in the folder. */
#define BOOT_CONSOLE "console.log"

/* The emulator's version, such as "10.0.2". Errors: as above; SNP_E_QEMU where it does not say one. */
#define QEMU_VERSION_MAX 32
SNP_MUST_USE int boot_qemu_version(const char *emulator, const char *folder,
				   char ret[static QEMU_VERSION_MAX], struct snp_error *err);

#endif
