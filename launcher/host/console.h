/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_CONSOLE_H
#define LAUNCHER_HOST_CONSOLE_H

#include <stdbool.h>

#include <libvirt/libvirt.h>

#include <snp/error.h>

#define CONSOLE_ESCAPE 0x1d /* Ctrl-], as virsh and telnet have it */

/* Must come before hypervisor_open() in a program that calls console_run(). Errors: SNP_E_LIBVIRT. */
SNP_MUST_USE int console_prepare(struct snp_error *err);

/* Connect standard input and output with the guest's console until the guest ends, standard input ends,
 * or CONSOLE_ESCAPE is typed. Meanwhile a terminal is in raw mode. `force` takes the
 * console over from another client. What the guest prints is made harmless for a terminal, unless
 * `raw_output`. Errors: those of hypervisor_fail(), SNP_E_WRITE. */
SNP_MUST_USE int console_run(virConnectPtr connection, virDomainPtr domain, bool force,
			     bool raw_output, struct snp_error *err);

#endif
