/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_VM_CONFIG_H
#define LAUNCHER_VM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/id_block.h>
#include <snp/json.h>

#include "config/labels.h"

/*
 * A guest as its operator wrote it down: vm.json, schema "snp-launch/2" (/1 has neither emulator nor
 * snp.user; snp-launch-vm.json(5), templates/vm.schema.json). Defaults are filled in. The reader enforces
 * what a JSON Schema can express; config/checks.h enforces the rest (bits, products, traps of libvirt and
 * QEMU).
 *
 * Every string is UTF-8 that XML can carry, without control, bidirectional or line-breaking characters
 * (the command line may have TAB and newline). Every path is absolute (the firmware's may be written relative to the file)
 * and has no ".." in it; whether the files exist is not looked at here.
 */

/* A file whose bytes are measured. */
struct vm_file {
	char *path; /* NULL: none */
	bool has_sha256;
	uint8_t sha256[SNP_SHA256_SIZE]; /* what the file must hash to, if has_sha256 */
};

enum vm_memory_backing {
	VM_BACKING_MEMFD,
	VM_BACKING_RAM
};

enum vm_disk_format {
	VM_DISK_RAW,
	VM_DISK_QCOW2
};

enum vm_disk_bus {
	VM_BUS_VIRTIO,
	VM_BUS_SCSI
};

enum vm_disk_cache {
	VM_CACHE_NONE,
	VM_CACHE_WRITEBACK,
	VM_CACHE_WRITETHROUGH,
	VM_CACHE_DIRECTSYNC,
	VM_CACHE_UNSAFE
};

struct vm_disk {
	char *path;
	enum vm_disk_format format;
	enum vm_disk_bus bus;
	enum vm_disk_cache cache;
	bool readonly;
	char *serial;  /* NULL: none */
	uint32_t boot; /* libvirt's <boot order>; 0: none */
};

enum vm_network_type {
	VM_NETWORK_NETWORK,
	VM_NETWORK_BRIDGE,
	VM_NETWORK_USER
};

enum vm_nic {
	VM_NIC_VIRTIO,
	VM_NIC_E1000E
};

enum vm_protocol {
	VM_TCP,
	VM_UDP
};

/* A port of the host that leads to one of the guest. */
struct vm_forward {
	enum vm_protocol protocol;
	char *address; /* of the host; NULL: all */
	uint32_t host, guest;
};

struct vm_network {
	enum vm_network_type type;
	enum vm_nic model;
	char *source;	 /* network or bridge; NULL for user */
	char *mac;	 /* NULL: libvirt makes one */
	uint32_t queues; /* of a virtio card; 0: one */
	size_t n_forwards;
	struct vm_forward *forwards;
};

struct vm_cdrom {
	char *path;
	uint32_t boot; /* as a disk's */
};

/* A folder of the host, by virtiofs. */
struct vm_folder {
	char *path, *tag;
};

/* A NUMA node of the guest. CPU lists are as libvirt writes them: "0-3,8". */
struct vm_node {
	char *cpus;
	uint64_t memory_kib;
	char *host_nodes; /* where its shared memory comes from; NULL: anywhere */
};

struct vm_vfio {
	char *address; /* PCI, "0000:41:00.0" */
	bool iommufd;
};

/* Files from which a disk for cloud-init is made (guest/seed.h). */
struct vm_cloud_init {
	char *user_data;		  /* NULL: no such disk */
	char *meta_data, *network_config; /* NULL: none */
};

enum vm_console_type {
	VM_CONSOLE_PTY,
	VM_CONSOLE_FILE,
	VM_CONSOLE_NONE
};

enum vm_vsock {
	VM_VSOCK_NONE,
	VM_VSOCK_AUTO,
	VM_VSOCK_CID
};

enum vm_on_reboot {
	VM_REBOOT_AUTO, /* restart where QEMU can (11.0 on), else destroy */
	VM_REBOOT_DESTROY,
	VM_REBOOT_RESTART
};

/* Where the ID block comes from. */
enum vm_id_kind {
	VM_ID_NONE,	 /* bound by nothing */
	VM_ID_REFERENCE, /* a published document, whose variant has a ready block and auth */
	VM_ID_BLOCK,	 /* a ready block and auth */
	VM_ID_KEY	 /* built and signed on this host */
};

enum vm_host_data_kind {
	VM_HOST_DATA_ZERO,
	VM_HOST_DATA_BYTES,
	VM_HOST_DATA_SHA256_OF, /* of the file host_data_path */
	VM_HOST_DATA_INITDATA	/* the same, and it is initdata */
};

enum vm_measurement_kind {
	VM_MEASUREMENT_ANY,
	VM_MEASUREMENT_BYTES,
	VM_MEASUREMENT_IN_FILE /* hex, in the file measurement_path */
};

struct vm_config {
	struct json *document; /* where things stand, for messages; as read */
	char *text; /* with the firmware's whole path, if `document` has it relative to itself; else NULL */

	char *name;
	char *uuid;  /* lower case; NULL: to be made */
	char *title; /* this and the next: NULL: none */
	char *description;
	char *connect; /* libvirt URI; NULL: not given */
	size_t n_labels;
	struct vm_label *labels;

	struct vm_file firmware; /* no path: firmware.auto */
	bool is_igvm;		 /* `firmware` is an IGVM file, which brings its kernel */

	struct vm_file kernel, initrd;
	char *cmdline; /* NULL: none; never without a kernel */
	bool kernel_hashes;

	uint32_t cpu_count;
	char *cpu_model; /* QEMU's name, or "host" */
	bool has_cpu_signature;
	uint32_t cpu_signature; /* CPUID leaf 1 EAX, to go with "host" */
	uint32_t cpu_sockets, cpu_cores, cpu_threads;
	size_t n_pins;
	char **pins; /* the host's CPUs for each vCPU */

	uint64_t memory_kib;
	enum vm_memory_backing memory_backing;
	bool hugepages, memory_locked;
	uint32_t hugepage_kib; /* 0: the host's default */
	size_t n_nodes;
	struct vm_node *nodes;

	size_t n_disks, n_networks, n_vfio, n_cdroms, n_folders;
	struct vm_disk *disks;
	struct vm_network *networks;
	struct vm_vfio *vfio;
	struct vm_cdrom *cdroms;
	struct vm_folder *folders;
	struct vm_cloud_init cloud_init;
	uint64_t mmio64_kib; /* the firmware's window for 64-bit PCI addresses; 0: its own choice */
	enum vm_console_type console;
	char *console_path; /* with VM_CONSOLE_FILE */
	enum vm_vsock vsock;
	uint32_t vsock_cid; /* with VM_VSOCK_CID */
	bool rng;
	bool tpm; /* emulated */

	uint64_t policy;
	enum vm_host_data_kind host_data_kind;
	uint8_t host_data[32];
	char *host_data_path;
	bool has_guest_visible_workarounds;
	uint8_t guest_visible_workarounds[16];
	bool vcek;
	enum vm_measurement_kind measurement_kind;
	uint8_t measurement[SNP_LAUNCH_DIGEST_SIZE];
	char *measurement_path;

	enum vm_id_kind id_kind;
	char *id_reference; /* with VM_ID_REFERENCE */
	char *id_image;	    /* the document's image of this name; NULL: its only one */
	char *id_block;	    /* with VM_ID_BLOCK, both: files of raw bytes, or of base64 */
	char *id_auth;
	char *id_key;	     /* with VM_ID_KEY */
	char *id_author_key; /* NULL: no author */
	uint32_t id_svn;
	uint8_t id_family_id[SNP_ID_SIZE], id_image_id[SNP_ID_SIZE];
	char *user; /* the guest's own user, who runs its QEMU; NULL: the user of all guests */

	bool relabel;	/* false: the disks already have the right owner, and libvirt leaves it */
	bool autostart; /* comes up with the host */
	enum vm_on_reboot on_reboot;
	char *libvirt_xml; /* a file, merged last; NULL: none */
	char *emulator;	   /* the QEMU to run; NULL: the template's, or libvirt's choice */
};

/* Read the vm.json `path`, or the text `text` called `name` in messages.
 * Errors: those of json_read(); SNP_E_JSON_*, with pointer, line and column. */
SNP_MUST_USE int vm_config_read(const char *path, struct vm_config **ret, struct snp_error *err);
SNP_MUST_USE int vm_config_parse(const char *name, struct snp_span text, struct vm_config **ret,
				 struct snp_error *err);
void vm_config_free(struct vm_config *config);

/* The document to be kept: as it was read, but with the firmware's whole path. */
struct snp_span vm_config_text(const struct vm_config *config);

/* Leave out all devices of a kind. */
void vm_config_drop_disks(struct vm_config *config); /* also CD-ROMs and cloud-init's */
void vm_config_drop_networks(struct vm_config *config);
void vm_config_drop_vfio(struct vm_config *config);
void vm_config_drop_folders(struct vm_config *config);
void vm_config_drop_placement(struct vm_config *config); /* NUMA nodes and pinned vCPUs */
DEFINE_CLEANUP(struct vm_config *, vm_config_free);

/* templates/vm.schema.json, as `snp-launch schema` prints it. */
extern const char vm_schema[];
extern const size_t vm_schema_size;

#endif
