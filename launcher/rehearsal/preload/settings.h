/* SPDX-License-Identifier: Apache-2.0 */
/* What is simulated: the file host.conf in the host's folder, lines of KEY=VALUE. */
#ifndef REHEARSAL_PRELOAD_SETTINGS_H
#define REHEARSAL_PRELOAD_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define CHIP_ID_SIZE 64

/* Which rules KVM follows. Linux 6.12 knows the policy bits of SNP ABI 1.51 and demands SMT; 6.19
 * lets the firmware judge (sev_get_snp_policy_bits). */
enum kernel_generation {
	KERNEL_6_12,
	KERNEL_6_19,
};

/* TCB_VERSION of Milan and Genoa (SNP ABI 56860, 2.2). */
struct tcb {
	uint8_t boot_loader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
};

struct settings {
	bool usable; /* else every device is absent */
	char host[PATH_MAX];
	enum kernel_generation kernel;
	uint8_t api_major;
	uint8_t api_minor;
	uint8_t build;
	struct tcb tcb;
	uint8_t chip_id[CHIP_ID_SIZE];
};

/* The settings of the host whose library this is, read at the first call: FOLDER/lib/LIBRARY belongs
 * to FOLDER. The environment cannot carry them, because libvirt does not hand it down. */
const struct settings *settings(void);

/* Fill `ret` from the text of a host.conf. Returns NULL, or what is wrong. */
const char *settings_parse(const char *text, struct settings *ret);

#endif
