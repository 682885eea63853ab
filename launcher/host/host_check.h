/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_HOST_CHECK_H
#define LAUNCHER_HOST_HOST_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/error.h>

#include "config/launch_spec.h"
#include "config/vm_config.h"
#include "host/hypervisor.h"

/*
 * Can this host launch SEV-SNP guests, and can it launch this one? Each fact with what was found, what
 * is needed and what to do. What lies on another machine, or in a simulated one, is unknown, not "no".
 */
enum fact_state {
	FACT_YES,
	FACT_NOTE,    /* fine, and worth knowing */
	FACT_UNKNOWN, /* cannot be seen from here, or without more rights */
	FACT_NO,
};

struct host_fact {
	const char *name; /* stable: "kvm-vm-type" */
	enum fact_state state;
	char found[200];
	const char *needed; /* "" where nothing is */
	const char *cure;   /* "" likewise */
};

#define HOST_FACTS_MAX 40

struct host_report {
	bool local;	/* this machine's devices were looked at */
	bool simulated; /* the host is a simulated one */
	size_t n, n_no;
	struct host_fact at[HOST_FACTS_MAX];
};

/* Look at this machine (unless `uri` is another's), at libvirt, and, if `config` is not NULL, at what that
 * guest needs of them. `host` is NULL where connecting failed with `failure`. */
void host_check(const char *uri, const struct hypervisor *host, const struct snp_error *failure,
		const struct vm_config *config, struct host_report *ret);

#endif
