/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CHECK_TABLE_H
#define LAUNCHER_CHECK_TABLE_H

/* How config/check_*.c write a check: a function, and a row of the table below the functions. One that is
 * fixed refuses what QEMU, KVM or the secure processor will not launch as an SEV-SNP guest, or what has no
 * launch digest. */
#include "config/checks.h"

#define RULE(name)                                                                            \
	static bool finds_##name(const struct launch_spec *spec,                              \
				 __attribute__((unused)) const struct check_options *options, \
				 char *say, size_t size)

/* Name, severity, fixed, where in vm.json, where in a domain, cure, function. */
#define CHECK(name, severity, fixed, pointer, xpath, cure, function) \
	{name, CHECK_##severity, fixed, false, pointer, xpath, cure, finds_##function},

/* The same for a check that asks the host. */
#define HOST_CHECK(name, severity, fixed, pointer, xpath, cure, function) \
	{name, CHECK_##severity, fixed, true, pointer, xpath, cure, finds_##function},

#endif
