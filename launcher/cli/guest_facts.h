/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_GUEST_FACTS_H
#define LAUNCHER_CLI_GUEST_FACTS_H

#include <time.h>

#include "cli/session.h"
#include "host/qemu_file.h"

/* What a guest is like now, as libvirt says; not what was measured of it (cli/guest_view.h). What libvirt or this
 * user cannot say is left out. */

#define FACTS_ADDRESSES 32

struct guest_facts {
	uint64_t memory_kib; /* 0: unknown, as the next */
	uint32_t vcpus;
	bool has_autostart, autostart; /* by libvirt or by snp-launch's unit */
	time_t started;		       /* 0: unknown, or it is off */
	bool has_cid;
	uint32_t cid; /* of its vsock */
	/* By libvirt's DHCP server, or by the guest's own words in ARP: not evidence. */
	size_t n_addresses;
	char addresses[FACTS_ADDRESSES][64];
	char said
		[QEMU_SAID_MAX]; /* of a guest that crashed: QEMU's last words; "" if there are none */
};

/* All of it. The first four lines alone with `brief`, for a list. */
void guest_facts_read(const struct session *session, const struct guest *guest, bool brief,
		      struct guest_facts *ret);

/* Seconds since it was started. */
uint64_t guest_uptime(const struct guest_facts *facts);

#endif
