/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_XML_H
#define LAUNCHER_DOMAIN_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <snp/error.h>
#include <snp/file.h>
#include <snp/id_block.h>

#include "config/checks.h"
#include "config/launch_spec.h"
#include "config/vm_config.h"

/*
 * The libvirt domain of a guest. templates/domain.xml (valid libvirt XML; --template FILE for a site's own)
 * is parsed, filled through the DOM, given the fragment of `libvirt_xml`, written, and read back by
 * domain/domain_read.h: it is returned only if it launches what was asked for and passes the named checks.
 */

/* Our element in <metadata>. The namespace says the version; readers ignore what they do not know. */
#define DOMAIN_NAMESPACE "urn:snp-launch:1"
#define DOMAIN_PREFIX	 "snp"

/* What the domain was made from, for <metadata>. */
struct domain_measured {
	const char *
		input; /* "firmware", "kernel", "initrd", "cmdline", "vm.json", "libvirt_xml", "template" */
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
};

/* What to build. Borrowed. */
struct domain_request {
	const struct vm_config *config;
	const struct launch_spec *asked; /* of `config`, and launch_spec_complete() */
	const char *template;		 /* a file; NULL: the built-in one */
	const struct launch_spec
		*was;		 /* the domain that this replaces, whose MACs stay; NULL: none */
	const char *seed;	 /* the disk for cloud-init; NULL: none */
	const char *console_log; /* NULL: none; else the serial console's output goes there too */
	const uint8_t *launch_digest; /* 48 bytes; NULL: none into <metadata> */
	const char *state;	      /* the guest's folder, into <metadata>; NULL: none */
	size_t n_measured;
	const struct domain_measured *measured;
	unsigned long qemu_version; /* as virConnectGetVersion gives it; 0 unknown, taken as old */
	uid_t uid;		    /* QEMU's user where the guest has none, for relabel: false */
	gid_t gid;
	const struct check_options *checks; /* NULL: defaults */
	struct findings
		*findings; /* gets what the checks find that vm.json cannot say; may be NULL */
};

/* Build it: a string for free(), the same bytes for the same input.
 * Errors: SNP_E_XML_SYNTAX, SNP_E_BAD_DOMAIN (template or fragment), SNP_E_CHECK (what a fragment or
 * template brings), those of file_read(), SNP_E_NO_MEMORY. */
SNP_MUST_USE int domain_xml_build(const struct domain_request *request, char **ret,
				  struct snp_error *err);

/* templates/domain.xml. */
extern const char domain_template[];
extern const size_t domain_template_size;

#endif
