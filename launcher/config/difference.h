/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DIFFERENCE_H
#define LAUNCHER_DIFFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "config/launch_spec.h"

/* What differs between the launch that was asked for and the one that was found, for people and for
 * `diff --json`. */
struct difference {
	char what[64];		     /* "policy" */
	char asked[256], found[256]; /* escaped */
};

#define DIFFERENCES_MAX 48

struct differences {
	size_t n;
	struct difference at[DIFFERENCES_MAX];
};

/* The one comparison of two launches: what vm.json asks for with the domain that was written, and what a
 * record holds with the domain that libvirt has. Everything that changes the digest, the policy, the
 * binding or the report is compared; disks and networks are not. What `asked` leaves open is not compared:
 * a NULL machine, emulator, name or UUID, no memory size, a maximum of 0 vCPUs, a CPU model that may change, a switch
 * that is SPEC_UNSET. A vm.json (any_qemu) leaves it open as the one that is found, too. Of the paths and the command line, NULL means that there is none. */
void differences_find(const struct launch_spec *asked, const struct launch_spec *found,
		      struct differences *ret);

/* Add one, or one for each pair that is not equal; NULL and "" are both "none". */
void difference_add(struct differences *ret, const char *what, const char *asked,
		    const char *found);
void difference_of_text(struct differences *ret, const char *what, const char *asked,
			const char *found);
void difference_of_bits(struct differences *ret, const char *what, uint64_t asked, uint64_t found);
void difference_of_bytes(struct differences *ret, const char *what, const uint8_t *asked,
			 const uint8_t *found, size_t size);

#endif
