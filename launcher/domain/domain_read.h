/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_READ_H
#define LAUNCHER_DOMAIN_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/id_block.h>
#include <snp/span.h>

#include "config/launch_spec.h"

/*
 * Any libvirt domain XML back into what it launches: of snp-launch, Nova, KubeVirt, virt-install or
 * Proxmox' style, inactive or live. Parsed without network, entities or a DTD, at most
 * 4 MiB and 64 levels. The spec says what of it launches something else, or is not known
 * (domain/allow_list.h).
 */
/* `name` is what messages call the document. Errors: SNP_E_XML_SYNTAX, SNP_E_BAD_DOMAIN, SNP_E_TOO_LARGE,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int domain_read(const char *name, struct snp_span xml, struct launch_spec **ret,
			     struct snp_error *err);
SNP_MUST_USE int domain_read_file(const char *path, struct launch_spec **ret,
				  struct snp_error *err);

/* What snp-launch left in <metadata>. */
#define DOMAIN_MAX_MEASURED 8

struct domain_record {
	bool has_launch_digest;
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
	bool has_policy;
	uint64_t policy;
	char tool_version[64]; /* "" where unknown, as the next */
	char state[4096];
	size_t n_measured;
	struct {
		char input[32];
		uint64_t size;
		uint8_t sha256[SNP_SHA256_SIZE];
	} measured[DOMAIN_MAX_MEASURED];
};

/* Errors: as domain_read(); SNP_E_NOT_FOUND where there is no such element, SNP_E_BAD_DOMAIN where it is
 * damaged. */
SNP_MUST_USE int domain_read_record(const char *name, struct snp_span xml,
				    struct domain_record *ret, struct snp_error *err);

/* The user as which libvirt's DAC driver runs QEMU. */
struct domain_user {
	bool relabels; /* libvirt gives the files that QEMU opens to that user */
	bool is_known; /* the domain names it; else it is that of libvirt's configuration */
	unsigned int uid;
};

/* Of a definition. Errors: as domain_read(). */
SNP_MUST_USE int domain_read_user(const char *name, struct snp_span xml, struct domain_user *ret,
				  struct snp_error *err);

#endif
