/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_CHANGE_NOW_H
#define LAUNCHER_GUEST_CHANGE_NOW_H

#include <libvirt/libvirt.h>

#include <snp/error.h>

/* Room for a reason. */
#define CHANGE_REFUSED 512

/* Bring what runs of `domain` to its definition, as far as that can be done while it runs: disks, network cards, title,
 * description and labels. What libvirt cannot do now waits for the next start, and `refused`, if it is empty, gets
 * the reason. Errors: those of plan_read_domain(), and any other refusal of libvirt. */
SNP_MUST_USE int guest_change_now(virDomainPtr domain, char refused[static CHANGE_REFUSED],
				  struct snp_error *err);

#endif
