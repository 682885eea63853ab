/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_PROTECTION_H
#define LAUNCHER_GUEST_PROTECTION_H

#include <stdbool.h>

#include <libvirt/libvirt.h>

#include <snp/error.h>

#include "domain/domain_read.h"
#include "guest/guest_dir.h"
#include "guest/record.h"
#include "host/hypervisor.h"

/*
 * The boot files between their hash and the launch. A system libvirtd gives kernel and initrd to QEMU's user
 * before QEMU reads them, and all guests share that user. Where no ID block holds the launch, nobody but the
 * launcher may be able to write the copies from their hash on:
 *
 * - boot/ is mounted read-only onto itself. libvirt then leaves the owner as it is, and QEMU can still read.
 * - Every start copies them to inodes that libvirt never gave away: a descriptor that was opened for writing
 *   then, after a `virsh start` without the mount, does not reach them.
 *
 * The mount is lost at a reboot, and does not keep processes of that user out of QEMU's memory.
 */

/* What protects the boot files of a guest. */
enum boot_guard {
	GUARD_ID_BLOCK,	 /* not needed: the secure processor refuses other bytes */
	GUARD_MOUNT,	 /* the mount, if it is there */
	GUARD_OWNERS,	 /* libvirt leaves the owners of files alone (relabel: false) */
	GUARD_SAME_USER, /* impossible: QEMU runs as the launcher, or on a simulated host */
	GUARD_REMOTE,	 /* impossible: they are on another machine */
};

/* `host` may not be connected. */
enum boot_guard boot_guard(const struct guest_record *record, const struct hypervisor *host,
			   const struct domain_user *user);

/* The same, by the definition that libvirt has. Errors: those of hypervisor_fail() and domain_read_user(). */
SNP_MUST_USE int boot_guard_of(const struct guest_record *record, const struct hypervisor *host,
			       virDomainPtr domain, enum boot_guard *ret, struct snp_error *err);

/* Mount boot/ of a directory that libvirt has not been told of yet. Errors: SNP_E_BOOT_FILES. */
SNP_MUST_USE int boot_files_mount(const struct guest_dir *dir, struct snp_error *err);

/* Whether they could be mounted; nothing is. Errors: SNP_E_BOOT_FILES. */
SNP_MUST_USE int boot_files_try_mount(const struct guest_dir *dir, struct snp_error *err);

/* Of a guest that is paused, whoever started it. Errors: SNP_E_BOOT_FILES where the mount is not there. */
SNP_MUST_USE int boot_files_need_mount(const struct guest_dir *dir, struct snp_error *err);

/* Fresh copies, mounted, and hashed as they are mounted. Errors: SNP_E_DRIFT; SNP_E_BOOT_FILES where they cannot
 * be mounted, or somebody was at them meanwhile; those of boot_files_verify() and SNP_E_WRITE. */
SNP_MUST_USE int boot_files_renew(const struct guest_dir *dir, const struct guest_record *record,
				  struct snp_error *err);

/* After a start: turn the guest off if libvirt gave them away in spite of the mount, as a daemon does that does not
 * see it, or if, where libvirt leaves the owners alone, they are no longer what was measured. Errors:
 * SNP_E_BOOT_FILES, SNP_E_DRIFT. */
SNP_MUST_USE int boot_files_keep(const struct guest_record *record, enum boot_guard guard,
				 virDomainPtr domain, struct snp_error *err);

/* Whether the guests of STATE can come up with the host by a unit of ours, which start them as snp-launch does. */
bool autostart_has_unit(const char *state);
bool autostart_unit_is_enabled(const char *state, const char *name);

/* Refuse autostart of a guest that the mount guards, where there is no such unit. Errors: SNP_E_BOOT_FILES. */
SNP_MUST_USE int autostart_need_unit(const char *state, struct snp_error *err);

/* Whether it comes up with the host, by libvirt or by that unit. */
bool autostart_is_on(const char *state, const char *name, virDomainPtr domain);

/* Let the guest come up with the host by snp-launch@NAME.service, or no longer. Errors: SNP_E_SYSTEM. */
SNP_MUST_USE int autostart_unit(const struct guest_dir *dir, bool enable, struct snp_error *err);

/* Whether the mount is on boot/ in `folder`, the guest's. */
bool boot_files_are_mounted(const char *folder);

#endif
