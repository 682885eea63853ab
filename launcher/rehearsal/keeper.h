/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_KEEPER_H
#define LAUNCHER_REHEARSAL_KEEPER_H

#include <stdbool.h>

#include <snp/error.h>

#include "rehearsal/layout.h"

/*
 * The keeper of a simulated host: a process that starts libvirtd and is, as the kernel's child
 * subreaper, in the end the parent of every QEMU too (libvirt lets them outlive it). It ends when
 * libvirtd ends, on SIGTERM, or with the process that started it; then it kills what is left, removes
 * the folder and goes. It holds a write lock on keeper.lock, which the preload library in each QEMU
 * waits for: so they end even when the keeper itself is killed.
 */

/* Make and lock keeper.lock, the first file in a new folder: from then on keeper_sweep() knows whether the
 * host is alive. Returns the descriptor, or an error: SNP_E_WRITE, SNP_E_SYSTEM. */
SNP_MUST_USE int keeper_lock(const struct host_layout *host, struct snp_error *err);

/* Fork the keeper, which takes over `held`; returns when libvirtd has started or has failed to. `ret_alive`
 * is a descriptor that reaches its end of file when the keeper is gone. From now on the keeper removes the
 * folder.
 * Errors: SNP_E_SYSTEM, SNP_E_NOT_FOUND (no libvirtd). */
SNP_MUST_USE int keeper_start(const struct host_layout *host, int held, bool ends_with_caller,
			      int *ret_alive, struct snp_error *err);

/* End the keeper of `folder`, and wait until it and the folder are gone.
 * Errors: SNP_E_NOT_FOUND (no host there), SNP_E_SYSTEM (it does not end). */
SNP_MUST_USE int keeper_stop(const char *folder, struct snp_error *err);

/* Let libvirtd die and start again; see simulated_host_restart(). Returns when it has been started.
 * Errors: SNP_E_NOT_FOUND (no host there), SNP_E_SYSTEM. */
SNP_MUST_USE int keeper_restart(const char *folder, bool reboot, struct snp_error *err);

/* Remove from /tmp the folders of this user's hosts whose keeper, or starter, was killed. */
void keeper_sweep(void);

#endif
