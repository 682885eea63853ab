/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_MACHINE_FACTS_H
#define LAUNCHER_HOST_MACHINE_FACTS_H

#include <stdbool.h>
#include <stddef.h>

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
	bool about_guest;   /* what the guest needs; else what every one does */
};

#define HOST_FACTS_MAX 128

struct host_report {
	bool local;		    /* this machine's devices were looked at */
	bool simulated;		    /* the host is a simulated one */
	bool about_guest;	    /* of the facts that are added next */
	size_t n, n_no, n_guest_no; /* those that are no: about the host; about the guest */
	struct host_fact at[HOST_FACTS_MAX];
};

/* Add a fact; `fmt` makes what was found. */
void fact_add(struct host_report *report, const char *name, enum fact_state state,
	      const char *needed, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

static inline enum fact_state fact_if(bool yes)
{
	return yes ? FACT_YES : FACT_NO;
}

/* Add what this machine is: CPU, kernel, secure processor. */
void machine_facts(struct host_report *report);

#endif
