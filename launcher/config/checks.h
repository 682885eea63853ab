/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CHECKS_H
#define LAUNCHER_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>

#include "config/launch_spec.h"

/*
 * The named checks: everything that libvirt and QEMU accept silently, or answer with an abort, an
 * unprotected guest or an obscure error. One table serves vm.json and any libvirt domain. A name is stable;
 * it is what --warn, --error and --ignore take and what the manual explains.
 */
enum check_severity {
	CHECK_IGNORED,
	CHECK_WARNING,
	CHECK_ERROR
};

struct check_options;

struct check {
	const char *name; /* "kernel-not-measured" */
	enum check_severity severity;
	bool fixed;	/* never less than an error: the launch or its digest would mean nothing */
	bool asks_host; /* what it finds depends on the host, by `options` */
	const char *pointer; /* where in vm.json; NULL where vm.json cannot say it */
	const char *xpath;   /* where in a domain; NULL likewise */
	const char *cure;    /* what to do, a sentence without full stop */
	/* Whether the check finds something; `say` then has the text, cut to `size`. */
	bool (*finds)(const struct launch_spec *spec, const struct check_options *options,
		      char *say, size_t size);
};

/* The tables, each ended by a row without a name: config/check_*.c. */
extern const struct check security_checks[], launch_checks[], machine_checks[], host_checks[];

/* All of them in table order: the i-th, or NULL past the last. */
const struct check *check_at(size_t i);

#define CHECKS_MAX 104

/* A launch runs the checks that need no host before it connects to one, and the others after. */
enum check_part {
	CHECKS_ALL,
	CHECKS_BEFORE_HOST,
	CHECKS_OF_HOST
};

/* What a guest needs of its host, and whether the host has it (host/guest_needs.h). */
struct host_need {
	const char *check; /* the check that refuses it where it is not met */
	bool met;
	char text[224]; /* what was found */
};

#define HOST_NEEDS_MAX 96

struct host_needs {
	size_t n;
	struct host_need at[HOST_NEEDS_MAX];
};

/* What is known of the host, and what the operator decided. {0}: nothing is known, all defaults. */
struct check_options {
	enum check_part part;
	enum check_severity changed[CHECKS_MAX]; /* where is_changed, by table index */
	bool is_changed[CHECKS_MAX];
	bool allow_debug;
	unsigned long
		qemu_version; /* as virConnectGetVersion gives it, 10.0.2 is 10000002; 0 unknown */
	unsigned long libvirt_version; /* as virConnectGetLibVersion gives it; 0 unknown */
	bool has_policy_bits; /* the host's kernel answered KVM_X86_SNP_POLICY_BITS with: */
	uint64_t policy_bits;
	bool has_cpu_signature; /* the host's own CPU has SEV-SNP, and CPUID leaf 1 EAX: */
	uint32_t cpu_signature;
	char *const *emulators; /* those that the host's libvirt names, up to NULL; NULL: unknown */
	const char *emulator;	/* the one that was asked for; NULL: none */
	const char *no_igvm; /* why its QEMU takes no IGVM file; NULL: it does, or nobody asked */
	unsigned long igvm_qemu_version; /* of the QEMU that takes one; 0 unknown */
	const char *no_users; /* why its libvirt runs no QEMU as another user; NULL: it may */
	const struct host_needs *needs; /* NULL: nobody looked */
	bool has_qemu_user;		/* all guests' QEMU runs as: */
	uint32_t qemu_user, qemu_group;
};

/* --warn NAME, --error NAME, --ignore NAME. Errors: SNP_E_USAGE for an unknown name (naming the
 * nearest) and for a check that is fixed, with the reason. */
SNP_MUST_USE int check_options_set(struct check_options *options, const char *name,
				   enum check_severity severity, struct snp_error *err);

/* The severity that a check has by these options, which may be NULL. */
enum check_severity check_severity(const struct check_options *options, const char *name);

struct finding {
	const struct check *check;
	enum check_severity severity; /* CHECK_WARNING or CHECK_ERROR */
	const char *place;	      /* the check's pointer or xpath */
	uint32_t line, column;	      /* 0 where unknown */
	char message[512];	      /* what is wrong; escaped */
};

struct findings {
	size_t n, n_errors;
	struct finding at[CHECKS_MAX];
};

/* Run every check of the part that is not ignored; at most one finding each, in table order. `options` may
 * be NULL. */
void checks_run(const struct launch_spec *spec, const struct check_options *options,
		struct findings *ret);

/* Write a finding as the tools print it after their own name: "error: FILE:LINE:COLUMN: PLACE: what is
 * wrong; the cure [name]", NUL-terminated, cut to `size`. */
void finding_line(const struct finding *finding, const char *file, char *ret, unsigned int size);

/* Refuse if any finding is an error: SNP_E_CHECK with `file` and the first error's message and cure. */
SNP_MUST_USE int findings_refuse(const struct findings *findings, const char *file,
				 struct snp_error *err);

#endif
