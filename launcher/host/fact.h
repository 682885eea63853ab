/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_FACT_H
#define LAUNCHER_HOST_FACT_H

#include "host/host_check.h"

/* Add a fact; `fmt` makes what was found. */
void fact_add(struct host_report *report, const char *name, enum fact_state state,
	      const char *needed, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

static inline enum fact_state fact_if(bool yes)
{
	return yes ? FACT_YES : FACT_NO;
}

/* The parts of host_check(). */
void host_check_machine(struct host_report *report);
void host_check_guest(const struct hypervisor *host, const struct vm_config *config,
		      struct host_report *report);

#endif
