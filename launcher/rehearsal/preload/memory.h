/* SPDX-License-Identifier: Apache-2.0 */
/* Memory slots, memory attributes and guest_memfd, as KVM keeps them (Linux 6.12 virt/kvm). */
#ifndef REHEARSAL_PRELOAD_MEMORY_H
#define REHEARSAL_PRELOAD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi.h"

#define MAX_SLOTS 32764 /* KVM_CAP_NR_MEMSLOTS of 6.12: SHRT_MAX less three private slots */

struct memory;

/* What a guest_memfd descriptor stands for. */
struct guest_memfd {
	const struct memory *memory;
	uint64_t size;
	uint8_t *prepared; /* a bit per page: given to the secure processor */
};

struct slot {
	uint32_t id;
	uint32_t flags;
	uint64_t gpa;
	uint64_t size;
	uint64_t hva;
	struct guest_memfd *guest_memfd; /* NULL: shared memory only */
	uint64_t guest_memfd_offset;
};

struct attribute_change {
	uint64_t start;
	uint64_t end;
	bool private;
};

struct memory {
	bool has_private;   /* kvm->arch.has_private_mem */
	bool has_read_only; /* slots may be read-only */
	struct slot *slots;
	size_t slot_count;
	struct attribute_change *changes; /* in order; the last that covers a page decides */
	size_t change_count;
};

/* KVM_CREATE_GUEST_MEMFD: a descriptor. */
int memory_create_guest_memfd(const struct memory *memory,
			      const struct uapi_create_guest_memfd *args);
/* KVM_SET_USER_MEMORY_REGION2, and its elder with the missing fields zero. */
int memory_set_region(struct memory *memory, const struct uapi_memory_region2 *region);
/* KVM_SET_MEMORY_ATTRIBUTES */
int memory_set_attributes(struct memory *memory, const struct uapi_memory_attributes *args);

/* The slot of guest address `gpa`, or NULL. */
const struct slot *memory_slot(const struct memory *memory, uint64_t gpa);
bool memory_is_private(const struct memory *memory, uint64_t gpa);

/* The guest address that host address `hva` backs. False if there is none. */
bool memory_gpa(const struct memory *memory, uint64_t hva, uint64_t *ret);

#endif
