/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_BOOT_TRIAL_H
#define LAUNCHER_REHEARSAL_BOOT_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/firmware.h>

#include "rehearsal/boot.h"

/*
 * Does a firmware refuse a kernel, initrd or command line that the SEV hash table does not have? It is
 * booted with the right ones first, then with one of them changed at a time. The verdict says what was
 * tried, and nothing of what else a host could do.
 */
struct boot_subject {
	const char *firmware;
	const char *kernel, *initrd, *cmdline; /* the guest's; kernel NULL: the firmware alone */
	uint64_t memory_kib;		       /* the guest's */
	const char *emulator;		       /* NULL: qemu-system-x86_64 */
	const char *until;		       /* as boot_request's */
	unsigned int timeout_ms;	       /* of the guest's own kernel; 0: two minutes */

	/* Called before each boot, with its number, their number and what it tries; NULL: not wanted. */
	void (*progress)(void *arg, unsigned int i, unsigned int n, const char *what);
	void *progress_arg;
};

enum trial_case {
	TRIAL_GUEST,   /* the guest's own kernel, initrd and command line */
	TRIAL_CONTROL, /* the probe kernel, and all as the table says */
	TRIAL_KERNEL,  /* these: one is not what the table says */
	TRIAL_INITRD,
	TRIAL_CMDLINE,
	TRIAL_CASES
};

enum trial_verdict {
	TRIAL_REFUSES, /* every change */
	TRIAL_STARTS,  /* at least one thing was started that must not be */
	TRIAL_CANNOT_TELL,
};

struct boot_trial {
	uint64_t firmware_size;
	uint8_t firmware_sha256[SNP_SHA256_SIZE];
	enum snp_hash_verifier in_image;
	char qemu_version[QEMU_VERSION_MAX]; /* "": QEMU was not needed */
	char date[32];			     /* "2026-01-31T12:00:00Z" */
	struct trial_outcome {
		bool tried;
		struct boot_outcome outcome; /* where it was not tried, `why` may say so */
	} cases[TRIAL_CASES];
	enum trial_verdict verdict;
	char why[512];	       /* that it cannot be told */
	char *console;	       /* of the guest's own kernel, where it was not seen to start */
	char console_path[64]; /* a file that is kept with it; "": none */
};

/* "the guest's own …", "another kernel", … */
const char *trial_case_name(enum trial_case which);

/* One sentence: "refuses a changed kernel, initrd and command line". */
void trial_sentence(const struct boot_trial *trial, char ret[static 640]);

/* `ret` is for boot_trial_done(). Errors: those of reading the files and of boot_run(). */
SNP_MUST_USE int boot_trial_run(const struct boot_subject *subject, struct boot_trial *ret,
				struct snp_error *err);
void boot_trial_done(struct boot_trial *trial);

#endif
