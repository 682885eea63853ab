/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated host's processor, as CPUID describes it. */
#ifndef REHEARSAL_PRELOAD_CPUID_H
#define REHEARSAL_PRELOAD_CPUID_H

#include <stddef.h>
#include <stdint.h>

/*
 * Family 0x19 has the TCB layout of Milan and Genoa; no product has model 0xf0, so that nobody takes
 * a report of this chip for one of theirs.
 */
#define HOST_FAMILY   0x19
#define HOST_MODEL    0xf0
#define HOST_STEPPING 0x0

#define HOST_CBIT 51

struct cpuid_leaf {
	uint32_t function;
	uint32_t index;
	uint32_t indexed; /* whether `index` matters */
	uint32_t eax, ebx, ecx, edx;
};

/* The leaf as the processor gives it; zeros where there is none. */
struct cpuid_leaf cpuid_of_host(uint32_t function, uint32_t index);

/* The leaves that KVM_GET_SUPPORTED_CPUID gives: the host's and KVM's own. */
const struct cpuid_leaf *cpuid_supported(size_t *ret_count);

#endif
