/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_RECORD_H
#define LAUNCHER_GUEST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/file.h>
#include <snp/firmware.h>
#include <snp/id_block.h>
#include <snp/profile.h>
#include <snp/span.h>

#include "config/labels.h"

/*
 * record.json (snp-launch-record/2; /1 of 0.1.0 says nothing of QEMU or labels): what was measured, what is launched,
 * and by what it is bound. Written whole and renamed into place, so that a reader sees either the old state
 * or the new one.
 */
#define RECORD_FILE   "record.json"
#define RECORD_SCHEMA "snp-launch-record/2"
#define RECORD_UUID   36 /* characters */

enum record_state {
	RECORD_CREATING, /* the name is taken; libvirt may or may not know the domain */
	RECORD_DEFINED,	 /* libvirt has the domain */
};

/* What the guest boots from. */
enum boot_part {
	BOOT_FIRMWARE,
	BOOT_KERNEL,
	BOOT_INITRD,
	BOOT_PARTS
};

extern const char *const boot_part_names[BOOT_PARTS + 1]; /* also the files' names in boot/ */

struct boot_file {
	char *source; /* where it was copied from; NULL: the guest has no such part */
	char *path;   /* what libvirt is told: the copy, or for a remote host the file there */
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
};

/* How the launch is bound to its digest. */
enum id_source {
	ID_NONE,      /* not at all: shown as "nothing" */
	ID_REFERENCE, /* a published document's ready block */
	ID_BLOCK,     /* files given in vm.json */
	ID_KEY,	      /* signed here: guards against mistakes, not against this host */
};

extern const char *const id_source_names[];

struct guest_binding {
	enum id_source source;
	uint8_t block[SNP_ID_BLOCK_SIZE];
	uint8_t auth[SNP_ID_AUTH_SIZE];
	struct snp_id_block fields;   /* of `block` */
	struct snp_id_auth_info keys; /* of `auth` */
};

struct guest_record {
	enum record_state state;
	char *name;
	char uuid[RECORD_UUID + 1];
	char *uri;
	char *created; /* RFC 3339, UTC */
	char *tool_version;
	size_t n_labels;
	struct vm_label *labels; /* as vm.json has them */
	bool remote; /* boot files lie on another machine, and are not hashed again by start */
	struct boot_file boot[BOOT_PARTS];
	char *cmdline; /* NULL: none */
	bool kernel_hashes;
	bool is_igvm;		/* boot[BOOT_FIRMWARE] is an IGVM file, with the ID block in it */
	bool has_hash_verifier; /* records of 0.1.0 lack it */
	enum snp_hash_verifier hash_verifier;
	struct snp_vcpus vcpus; /* model: as vm.json has it, also "host" */
	uint64_t policy;
	uint8_t host_data[SNP_SHA256_SIZE];
	bool has_vcek, has_guest_visible_workarounds; /* records of 0.1.0 may lack them */
	bool vcek;
	uint8_t guest_visible_workarounds[16];
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
	/* How libvirt's definition launches QEMU, once it is there; see struct launch_spec. */
	bool has_qemu;
	char *emulator, *security_labels; /* NULL: libvirt's choice */
	char *user; /* as whom it runs, if that is a user of the guest's own; else NULL */
	uint32_t option_roms;
	bool guest_agent, tpm;
	struct guest_binding binding;
};

/* Read a record; `name` is what errors call it. ID block and auth are decoded and verified again.
 * `ret` is for record_free(). Errors: those of snp/json.h, SNP_E_BAD_ID_BLOCK, SNP_E_SIGNATURE. */
SNP_MUST_USE int record_parse(const char *name, struct snp_span text, struct guest_record **ret,
			      struct snp_error *err);

/* As above for the one in `folder`, a guest's. Errors: also those of file_read(). */
bool record_exists(const char *folder);
SNP_MUST_USE int record_read(const char *folder, struct guest_record **ret, struct snp_error *err);

/* The document as text, ending in a newline, for free(). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int record_print(const struct guest_record *record, char **ret, struct snp_error *err);

/* Replace the one in `folder`. Errors: those of file_write(). */
SNP_MUST_USE int record_write(const struct guest_record *record, const char *folder,
			      struct snp_error *err);

void record_free(struct guest_record *record);
DEFINE_CLEANUP(struct guest_record *, record_free);

#endif
