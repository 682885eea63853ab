/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_PREPARE_H
#define LAUNCHER_GUEST_PREPARE_H

#include <stdbool.h>
#include <sys/types.h>

#include <snp/error.h>
#include <snp/file.h>

#include "config/checks.h"
#include "config/launch_spec.h"
#include "config/vm_config.h"
#include "guest/guest_dir.h"
#include "guest/record.h"

/* From a vm.json to everything that a launch needs: boot files in place and hashed, digest, ID block,
 * record and domain XML. libvirt is not asked yet. */
struct prepare_request {
	const struct vm_config *config;
	struct launch_spec *spec;    /* of `config`; gets what is decided at launch */
	const struct guest_dir *dir; /* gets the copies; NULL: a dry run, which only hashes */
	const char *final_path;	     /* where the guest's directory will be, STATE/NAME */
	const char *uri;	     /* as in the record */
	const char *uuid;	     /* NULL: the configuration's, or a random one */
	const char *template;	     /* NULL: the built-in one */
	const char *remote_root; /* where a remote host's files lie here; NULL: at the same paths */
	bool remote;		 /* the host opens its own files: none is copied */
	bool remote_measure; /* and its own snp-measure measures them (guest/remote_measure.h) */
	/* The guest that is there already. What vm.json names as before comes from its copies: a host that upgrades
	 * its kernel does not change its guests. NULL: there is none. */
	const struct guest_record *kept;
	const struct vm_config *was;	  /* its vm.json; NULL: unknown */
	const struct launch_spec *domain; /* its domain; NULL: unknown */
	/* `kept` comes out of an archive of another host: what vm.json takes from other files, HOST_DATA and the ID
	 * block, is also taken from it, and what is measured must be what it has. */
	bool archived;
	bool fresh;	   /* take the files that vm.json names all the same */
	bool only_compare; /* nothing is launched: no digest is expected, and no ID block made */
	bool unbound;	   /* launch without an ID block where the files cannot be protected */
	const uint8_t *expect;		    /* 48 bytes, or NULL */
	const struct check_options *checks; /* for what the finished domain has; NULL: defaults */
	struct findings *findings;  /* what they find that vm.json cannot say; NULL: not wanted */
	unsigned long qemu_version; /* as virConnectGetVersion() gives it; 0: unknown */
	uid_t qemu_user;
	gid_t qemu_group;
};

struct prepared {
	struct guest_record *record;
	char *xml;
};

/* Errors: those of boot_file_copy(), guest_measure(), guest_expect(), guest_bind(), domain_xml_build()
 * and firmware_search(); SNP_E_BOOT_FILES (a remote host and no ID block);
 * SNP_E_DIGEST_DIFFERS, SNP_E_DRIFT (of an archived guest); SNP_E_CHECK (of what a fragment or template brings). */
SNP_MUST_USE int guest_prepare(const struct prepare_request *request, struct prepared *ret,
			       struct snp_error *err);
void prepared_done(struct prepared *prepared);

/* Whether the part that `config` asks for comes from the copies of the guest `request->kept`. */
bool prepare_keeps(const struct prepare_request *request, enum boot_part part);

/* HOST_DATA as the configuration has it, hashing the file that it names. Errors: those of file_open()
 * and file_sha256(). */
SNP_MUST_USE int guest_host_data(const struct vm_config *config,
				 uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err);

#endif
