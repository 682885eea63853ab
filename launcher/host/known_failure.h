/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_KNOWN_FAILURE_H
#define LAUNCHER_HOST_KNOWN_FAILURE_H

#include <snp/error.h>

/* How much a message says of the cause. A firmware error's code says more than a symptom does. */
enum failure_rank {
	FAILURE_NORMAL,	 /* a line of normal operation */
	FAILURE_SYMPTOM, /* a step failed; why stands elsewhere */
	FAILURE_CAUSE,
};

/* What QEMU, KVM, ccp and libvirt say when a launch fails, what it means and what to do. */
struct known_failure {
	const char *name;
	enum snp_code code;
	enum failure_rank rank;
	const char *happened;
	const char *cure;
	const char *says[15]; /* pieces of one line, in their order, with '*' between them */
};

/* The failure that the most specific line of `text` names; NULL if none is known. */
const struct known_failure *known_failure_find(const char *text);

#endif
