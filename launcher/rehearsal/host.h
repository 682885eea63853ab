/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_HOST_H
#define LAUNCHER_REHEARSAL_HOST_H

#include <limits.h>
#include <stdbool.h>

#include <snp/error.h>

/*
 * A simulated SEV-SNP host: a private session libvirtd with the preload library, which hands both
 * down to the QEMU processes it starts. Everything of a host lies in one folder:
 *
 *   FOLDER/host.conf        what is simulated: kernel, firmware, chip (docs/rehearsal.md)
 *   FOLDER/lib/             the preload library, copied, so that QEMU's user can load it
 *   FOLDER/chip/            the chip's certificates and signing key
 *   FOLDER/run/libvirt/     libvirtd's socket
 *   FOLDER/guests/          guests of snp-launch's (guest/guest_dir.h), which alone may write there;
 *   FOLDER/guests/NAME/run/ what the simulated chip has for one: trace.json, report.sock
 *   FOLDER/foreign/NAME/    the same for any other guest
 *   FOLDER/log/             libvirtd.log, and simulation.log: what the simulation refused, and why
 *   FOLDER/keeper.lock      held while the host lives
 *
 * A process of its own, the keeper, is the parent of libvirtd and, as the kernel's child subreaper,
 * of every QEMU: when the host ends, however it ends, none of them is left, nor the folder.
 *
 * libvirtd and QEMU run as the caller, or as nobody when the caller is root (a libvirtd of root's is
 * no session daemon). Firmware, kernel, initrd and disks must thus be readable by that user.
 */

struct simulated_host_options {
	const char *folder;  /* to be made; NULL: /tmp/snp-host-XXXXXX. At most 70 bytes, since
				* socket paths are short */
	const char *library; /* the preload library; NULL: as installed, or built beside the tool */
	const char *cache; /* shared between starts: libvirt's probe of QEMU, the chip's root keys;
				* NULL: $XDG_CACHE_HOME/snp-launch, else ~/.cache/snp-launch */
	const char *emulator; /* the QEMU whose SNP support is asked for; NULL: libvirt's choice */
	const char *kernel;   /* whose rules KVM follows, "6.12" or "6.19"; NULL: "6.12" */
	const char *firmware; /* of the secure processor, "MAJOR.MINOR.BUILD"; NULL: "1.55.35" */
	bool ends_with_caller; /* also when the caller is killed; else only by simulated_host_stop() */
};

struct simulated_host {
	char folder[PATH_MAX];
	char uri[PATH_MAX + 64]; /* qemu+unix:///session?socket=FOLDER/run/libvirt/libvirt-sock */
};

/* Start a host and wait until its libvirt says sev-snp in its domain capabilities. `options` may be
 * NULL. On failure nothing is left behind, and the message has the last words of libvirtd's and the
 * simulation's logs. Must not be called while another thread of the caller runs (it forks).
 * Errors: SNP_E_USAGE (options), SNP_E_EXISTS (folder), SNP_E_OPEN and SNP_E_READ (library),
 * SNP_E_WRITE, SNP_E_CRYPTO, SNP_E_NO_MEMORY, SNP_E_SYSTEM (libvirtd missing, too old, or without
 * sev-snp). */
SNP_MUST_USE int simulated_host_start(const struct simulated_host_options *options,
				      struct simulated_host *ret, struct snp_error *err);

/* Kill the libvirtd of the host in `folder` and start it again: its guests run on. With `reboot`, the host loses its
 * power instead: all guests end, and those with autostart come up again. Returns when libvirt answers.
 * Errors: SNP_E_NOT_FOUND (no host there), SNP_E_SYSTEM. */
SNP_MUST_USE int simulated_host_restart(const char *folder, bool reboot, struct snp_error *err);

/* End the host of `folder` with all its guests and remove the folder; returns when it is gone.
 * Errors: SNP_E_NOT_FOUND (no host there), SNP_E_SYSTEM. */
SNP_MUST_USE int simulated_host_stop(const char *folder, struct snp_error *err);

#endif
