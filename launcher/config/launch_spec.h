/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_LAUNCH_SPEC_H
#define LAUNCHER_LAUNCH_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/firmware.h>
#include <snp/id_block.h>
#include <snp/kernel.h>
#include <snp/profile.h>

#include "config/vm_config.h"

/*
 * Everything that decides what is launched. A vm.json gives one (launch_spec_from_config), so does any
 * libvirt domain XML (domain/domain_read.h), and a guest's record holds one (guest/drift.h). The named
 * checks read it, the digest is computed from it, and config/difference.h compares two. Facts as they were
 * written: nothing is corrected here.
 */
enum launch_spec_origin {
	SPEC_FROM_CONFIG,
	SPEC_FROM_DOMAIN
};

/* Base64 as a domain has it. */
struct spec_blob {
	char *text; /* as written; NULL: none */
	bool valid; /* strict base64 of exactly this length, apart from newlines */
};

enum spec_switch {
	SPEC_UNSET,
	SPEC_OFF,
	SPEC_ON
};

enum spec_cpu_mode {
	SPEC_CPU_NONE, /* no <cpu>, or none with a mode or model: QEMU's qemu64 */
	SPEC_CPU_CUSTOM,
	SPEC_CPU_HOST_MODEL,
	SPEC_CPU_HOST_PASSTHROUGH,
	SPEC_CPU_MAXIMUM
};

struct spec_disk {
	char *path; /* NULL: no file or block device */
	bool readonly;
};

/* What a domain says that is neither measured nor enforced; see config/setting.h. */
struct spec_setting {
	char *what;	     /* "memory", "label app"; of a device "disk", "network", "vfio" */
	char *value;	     /* "256 MiB"; "/srv/a.img, raw, virtio" */
	char *mac;	     /* of a network card, where one is named; else NULL */
	const void *element; /* in `source`, of a device; else NULL */
};

struct launch_spec {
	enum launch_spec_origin origin;
	char *name, *uuid;    /* NULL: none */
	char *domain_type;    /* "kvm" */
	char *arch, *machine; /* as written: "q35", "pc-q35-10.0"; NULL: none */

	char *security_type; /* "sev-snp"; NULL: no <launchSecurity> */
	char *policy_text;   /* as written; NULL: none */
	bool has_policy;     /* policy_text is a number as libvirt reads it: base 16, 64 bits */
	uint64_t policy;
	enum spec_switch kernel_hashes, author_key, vcek;
	struct spec_blob id_block_text, id_auth_text, host_data_text, workarounds_text;
	uint8_t id_block[SNP_ID_BLOCK_SIZE]; /* these where the text is valid, else zeros */
	uint8_t id_auth[SNP_ID_AUTH_SIZE];
	uint8_t host_data[32];
	uint8_t guest_visible_workarounds[16];
	bool any_workarounds;	/* a record of 0.1.0, which does not say */
	bool bound_at_launch;	/* a vm.json whose ID block is looked up or made at launch */
	char *unknown_security; /* a child or attribute that libvirt does not know; NULL: none */
	/* The first element or attribute of the domain that is refused, and the first that is not known (
	 * domain/allow_list.h); NULL: none. */
	char *refused_setting, *unknown_setting;
	const char *refused_why;

	char *firmware;	    /* what -bios or the pflash gets; NULL: not named */
	bool is_igvm;	    /* it is an IGVM file, which QEMU gets by an igvm-cfg object */
	bool firmware_auto; /* left to libvirt's descriptors, or to firmware.auto */
	bool pflash;
	bool nvram; /* <nvram> or <varstore> */
	bool loader_secure;
	enum spec_switch loader_stateless, smm;

	char *kernel, *initrd, *cmdline;     /* NULL: none */
	uint64_t firmware_size, initrd_size; /* 0: not looked at, or not there */
	bool firmware_is_igvm;
	bool has_igvm_policy; /* the file has a guest policy: */
	uint64_t igvm_policy;
	/* Of a launch with kernel hashes, or with disks and no kernel, where the files were looked at. */
	bool has_hash_verifier, has_bzimage;
	enum snp_hash_verifier hash_verifier;
	struct snp_bzimage bzimage;
	char *dtb, *shim; /* what QEMU boots with or before the kernel; NULL: none */

	/* Started: what is measured. The model goes with SPEC_CPU_CUSTOM; features are those of every guest
	 * (guest/measurement.h), and so is the profile but for an IGVM file, where it may be chosen. */
	struct snp_vcpus vcpus;
	uint32_t vcpu_maximum;	 /* with those to be plugged in later */
	bool vcpus_differ;	 /* a list of vCPUs that starts others than these */
	bool vcpus_hotpluggable; /* one that libvirt plugs in after QEMU has made the machine */
	enum spec_cpu_mode cpu_mode;
	bool cpu_may_change;	/* where QEMU lacks the model, libvirt may take another */
	bool has_cpu_signature; /* vcpus.signature is set: that of the host's own CPU */
	bool has_topology;
	uint32_t cpu_sockets, cpu_dies, cpu_clusters, cpu_cores, cpu_threads;
	bool iommu_eim; /* an intel-iommu with extended interrupt mode */

	char *emulator; /* the QEMU that launches it; NULL: libvirt's choice */
	char *security_labels; /* the user who runs it, and what that user may change; NULL: libvirt's choice */
	char *user;	  /* the user whom vm.json names for QEMU; NULL: libvirt's choice */
	bool user_sought; /* launch_spec_find_user() was called */
	bool has_ids;	  /* and found it; or a domain's label names one: */
	uint32_t uid, gid;
	bool any_qemu; /* a vm.json, or a record of 0.1.0: says nothing of labels, option ROMs,
				* guest agent and TPM */

	uint64_t memory_kib;
	bool hugepages;
	char bad_placement
		[160];	     /* of a vm.json: what is wrong with its NUMA nodes or pinning; "" */
	uint64_t mmio64_kib; /* the firmware's window for 64-bit PCI addresses; 0: its own choice */
	/* What the host can use against a guest that trusts it. */
	bool cloud_init, smbios, iommufd;
	uint32_t n_cdroms, n_folders, n_host_devices;
	size_t n_disks;
	struct spec_disk *disks;
	uint32_t n_option_roms; /* interfaces and host devices whose ROM is not off */
	bool tpm;
	bool guest_agent;
	char *on_reboot;     /* NULL: unset, which libvirt takes as restart */
	char *qemu_argument; /* the first thing that goes past libvirt and leaves the launch alone */
	char *qemu_launch_argument; /* the first that is not known to; NULL: none */

	size_t n_settings; /* of a domain; a vm.json has none before it is one */
	struct spec_setting *settings;

	/* Line and column of `place` (a JSON pointer, or an XPath) in what was read, or of the nearest
	 * enclosing thing that exists; 0 if unknown. Only these two use `source`. */
	void (*locate)(const void *source, const char *place, uint32_t *ret_line,
		       uint32_t *ret_column);
	void (*free_source)(void *source); /* NULL: borrowed */
	void *source;
};

/* The spec of a vm.json; it borrows `config`, which must live longer. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int launch_spec_from_config(const struct vm_config *config, struct launch_spec **ret,
					 struct snp_error *err);

/* What is decided at launch, beyond vm.json. Borrowed. */
struct launch_made {
	const char *uuid;	     /* NULL: the configuration's, or libvirt's choice */
	const char *firmware;	     /* the files that QEMU opens: the guest's own copies */
	const char *kernel, *initrd; /* NULL: none */
	const uint8_t *host_data;    /* 32 bytes; NULL: zeros */
	const uint8_t *id_block;     /* 96 and 4096 bytes; NULL, both or neither: not bound */
	const uint8_t *id_auth;
	bool author_key; /* the ID auth has an author's signature */
};

/* Add that to the spec. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int launch_spec_complete(struct launch_spec *spec, const struct launch_made *made,
				      struct snp_error *err);

/* Look at the files that the spec names, if they are on this machine; `root` is put before each path (NULL:
 * nothing). */
void launch_spec_look(struct launch_spec *spec, const char *root);

/* Look for the user that it names, on this machine. */
void launch_spec_find_user(struct launch_spec *spec);

void launch_spec_free(struct launch_spec *spec);
DEFINE_CLEANUP(struct launch_spec *, launch_spec_free);

#endif
