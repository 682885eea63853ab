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

#include "config/vm_config.h"

/*
 * The libvirt domain of a guest. templates/domain.xml (valid libvirt XML; --template FILE for a site's
 * own) is parsed, filled through the DOM, given the fragment of `libvirt_xml`, written, parsed again
 * without network and entities, and read back by domain/domain_read.h: unless what it launches is what
 * was asked for, nothing leaves.
 */

/* Our element in <metadata>. The namespace says the version; readers ignore what they do not know. */
#define DOMAIN_NAMESPACE "urn:snp-launch:1"
#define DOMAIN_PREFIX	 "snp"

/* A measured input, for <metadata>. */
struct domain_measured {
	const char *input; /* "firmware", "kernel", "initrd", "cmdline", "vm.json" */
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
};

/* What the configuration does not say, because it is made at launch. Borrowed. */
struct domain_launch {
	const char *uuid;     /* NULL: config->uuid, or libvirt's choice */
	const char *firmware; /* the files that QEMU opens: the guest's own copies */
	const char *kernel;   /* NULL: none; NULL if and only if the configuration has none */
	const char *initrd;
	const char *emulator;	 /* NULL: the template's, or libvirt's choice */
	const char *console_log; /* NULL: none; else the serial console's output goes there too */
	uint8_t host_data[32];
	const uint8_t *id_block; /* 96 and 4096 bytes; NULL, both or neither: not bound */
	const uint8_t *id_auth;
	bool author_key;	      /* the ID auth has an author's signature */
	const uint8_t *launch_digest; /* 48 bytes; NULL: none into <metadata> */
	const char *state;	      /* the guest's folder, into <metadata>; NULL: none */
	size_t n_measured;
	const struct domain_measured *measured;
	unsigned long qemu_version; /* as virConnectGetVersion gives it; 0 unknown, taken as old */
	uid_t uid;		    /* QEMU's user, for the static label of relabel: false */
	gid_t gid;
};

/* Build it: a string for free(), the same bytes for the same input. `template` is a file, or NULL for
 * the built-in one.
 * Errors: SNP_E_XML_SYNTAX, SNP_E_BAD_DOMAIN (template or fragment), those of file_read(),
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int domain_xml_build(const struct vm_config *config,
				  const struct domain_launch *launch, const char *template,
				  char **ret, struct snp_error *err);

/* templates/domain.xml. */
extern const char domain_template[];
extern const size_t domain_template_size;

#endif
