/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_ALLOW_LIST_H
#define LAUNCHER_DOMAIN_ALLOW_LIST_H

#include <libxml/tree.h>

#include <snp/error.h>

/*
 * What a domain may say. Every element and attribute of libvirt's domain schema is on one list: a field of
 * launch_spec holds it, or neither the launch digest nor the guest's protection depends on it, or it is
 * refused. What is not on the list is refused too, so that a newer libvirt cannot bring a way around the
 * measurement that nobody has looked at.
 */
#define ALLOW_LIST_LIBVIRT 11003000 /* the version whose schema the list was written from, 11.3.0 */

enum allowance {
	ALLOW_READ,   /* held by launch_spec, so compared and checked */
	ALLOW_FREE,   /* without influence on the digest and the protection */
	ALLOW_REFUSE, /* launches something else, or belongs to other guests than QEMU's on x86-64 */
};

struct allowed {
	enum allowance allowance;
	/* Separated by blanks, relative to <domain>: "os/kernel" is the element and its text, "os@firmware"
	 * an attribute, "clock/" an element with all that is in it. The longest that fits counts. */
	const char *paths;
	const char *why;
	const char *values; /* separated by '|'; another value is refused; NULL: any */
};

/* The row for a path; NULL: it is not on the list. */
const struct allowed *allow_list_find(const char *path);

/* The i-th row; NULL past the last. */
const struct allowed *allow_list_at(size_t i);

/* The first thing in <domain> that is refused, and the first that is not on the list: "os/acpi/table",
 * for free(); NULL where there is none. */
struct unlisted {
	char *refused, *unknown;
	const char *why; /* of what is refused */
};

/* Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int allow_list_check(const xmlNode *domain, struct unlisted *ret,
				  struct snp_error *err);

#endif
