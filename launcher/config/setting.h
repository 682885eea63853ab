/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_SETTING_H
#define LAUNCHER_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "config/launch_spec.h"

/*
 * What differs between two domains of a guest and is neither measured nor enforced: memory, topology, devices,
 * labels, the texts that the domain was made from. What is measured is compared by config/difference.h.
 */
enum setting_moment {
	SETTING_NOW,   /* libvirt can change it while the guest runs */
	SETTING_START, /* comes into force when the guest starts */
};

/* Both are borrowed from the specs; one of them may be NULL: there is none before, or after. */
struct setting_change {
	char what[128]; /* "memory", "disk[1]": an added one by its place in the new domain */
	const struct spec_setting *from, *to;
	enum setting_moment moment;
};

/* Devices are equal whatever their order, and a network card whose MAC is left to libvirt equals any other.
 * `*ret` is for free(), in the order of `to`, and then what it lacks. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int settings_compare(const struct launch_spec *from, const struct launch_spec *to,
				  struct setting_change **ret, size_t *ret_count,
				  struct snp_error *err);

/* The two sides as "256 MiB", "network default, MAC 52:54:00:00:00:01", or "none". */
void setting_text(const struct spec_setting *setting, char *ret, size_t size);

/* Texts that the domain was made from: they change nothing by themselves. */
#define SETTING_VM_JSON "vm.json"

#endif
