// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

#define PAGE_MASK 4095ULL

int memory_create_guest_memfd(const struct memory *memory,
			      const struct uapi_create_guest_memfd *args)
{
	struct guest_memfd *gmem;
	int fd;

	if (!memory->has_private || args->flags || args->size == 0 || args->size > INT64_MAX ||
	    (args->size & PAGE_MASK))
		return -EINVAL;
	gmem = calloc(1, sizeof(*gmem));
	if (!gmem)
		return -ENOMEM;
	*gmem = (struct guest_memfd){memory, args->size, calloc(args->size / 4096 / 8 + 1, 1)};
	fd = gmem->prepared ? node_open(NODE_GUEST_MEMFD, gmem, args->size) : -ENOMEM;
	if (fd < 0) {
		free(gmem->prepared);
		free(gmem);
	}
	return fd;
}

/* check_memory_region_flags() */
static bool are_flags_valid(const struct memory *memory, uint32_t flags)
{
	uint32_t valid = KVM_MEM_LOG_DIRTY_PAGES;

	if (memory->has_private)
		valid |= UAPI_MEM_GUEST_MEMFD;
	if (flags & UAPI_MEM_GUEST_MEMFD)
		valid &= ~(uint32_t)KVM_MEM_LOG_DIRTY_PAGES;
	else if (memory->has_read_only)
		valid |= KVM_MEM_READONLY;
	return (flags & ~valid) == 0;
}

/* The upper half of a slot's number: address space 1 is that of SMM, which a VM with private memory
 * does not have (kvm_arch_nr_memslot_as_ids). */
static unsigned int address_space(uint32_t slot)
{
	return slot >> 16;
}

static bool is_region_valid(const struct memory *memory, const struct uapi_memory_region2 *region)
{
	uint64_t end;

	return address_space(region->slot) < (memory->has_private ? 1 : 2) &&
	       (region->slot & 0xffff) < MAX_SLOTS && !(region->memory_size & PAGE_MASK) &&
	       !(region->guest_phys_addr & PAGE_MASK) && !(region->userspace_addr & PAGE_MASK) &&
	       !__builtin_add_overflow(region->guest_phys_addr, region->memory_size, &end) &&
	       !__builtin_add_overflow(region->userspace_addr, region->memory_size, &end);
}

/* kvm_gmem_bind() */
static int bind_guest_memfd(const struct memory *memory, const struct uapi_memory_region2 *region,
			    struct guest_memfd **ret)
{
	struct node node = node_of((int)region->guest_memfd);
	struct guest_memfd *gmem = node.object;
	uint64_t end;

	if (node.kind != NODE_GUEST_MEMFD || gmem->memory != memory ||
	    (region->guest_memfd_offset & PAGE_MASK) ||
	    __builtin_add_overflow(region->guest_memfd_offset, region->memory_size, &end) ||
	    end > gmem->size)
		return -EINVAL;
	*ret = gmem;
	return 0;
}

static struct slot *find_slot(const struct memory *memory, uint32_t id)
{
	for (size_t i = 0; i < memory->slot_count; i++)
		if (memory->slots[i].id == id)
			return &memory->slots[i];
	return NULL;
}

static bool overlaps(const struct memory *memory, const struct uapi_memory_region2 *region)
{
	for (size_t i = 0; i < memory->slot_count; i++) {
		const struct slot *slot = &memory->slots[i];

		if (slot->id != region->slot &&
		    address_space(slot->id) == address_space(region->slot) &&
		    region->guest_phys_addr < slot->gpa + slot->size &&
		    slot->gpa < region->guest_phys_addr + region->memory_size)
			return true;
	}
	return false;
}

static int add_slot(struct memory *memory, const struct slot *slot)
{
	struct slot *grown = reallocarray(memory->slots, memory->slot_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	memory->slots = grown;
	memory->slots[memory->slot_count++] = *slot;
	return 0;
}

/* __kvm_set_memory_region() for a slot that already exists. */
static int change_slot(struct memory *memory, struct slot *slot,
		       const struct uapi_memory_region2 *region)
{
	if ((region->flags & UAPI_MEM_GUEST_MEMFD) || region->userspace_addr != slot->hva ||
	    region->memory_size != slot->size ||
	    ((region->flags ^ slot->flags) & (KVM_MEM_READONLY | UAPI_MEM_GUEST_MEMFD)))
		return -EINVAL;
	if (overlaps(memory, region))
		return -EEXIST;
	slot->gpa = region->guest_phys_addr;
	slot->flags = region->flags;
	return 0;
}

int memory_set_region(struct memory *memory, const struct uapi_memory_region2 *region)
{
	struct slot *slot = find_slot(memory, region->slot);
	struct slot fresh = {region->slot,
			     region->flags,
			     region->guest_phys_addr,
			     region->memory_size,
			     region->userspace_addr,
			     NULL,
			     region->guest_memfd_offset};

	if (!are_flags_valid(memory, region->flags) || !is_region_valid(memory, region))
		return -EINVAL;
	if (region->memory_size == 0) {
		if (!slot)
			return -EINVAL;
		*slot = memory->slots[--memory->slot_count];
		return 0;
	}
	if (slot)
		return change_slot(memory, slot, region);
	if (overlaps(memory, region))
		return -EEXIST;
	if (region->flags & UAPI_MEM_GUEST_MEMFD) {
		int r = bind_guest_memfd(memory, region, &fresh.guest_memfd);

		if (r < 0)
			return r;
	}
	return add_slot(memory, &fresh);
}

int memory_set_attributes(struct memory *memory, const struct uapi_memory_attributes *args)
{
	struct attribute_change *grown;
	uint64_t end;

	if (args->flags || (args->attributes & ~UAPI_MEMORY_ATTRIBUTE_PRIVATE) ||
	    (args->attributes && !memory->has_private) || args->size == 0 ||
	    (args->address & PAGE_MASK) || (args->size & PAGE_MASK) ||
	    __builtin_add_overflow(args->address, args->size, &end))
		return -EINVAL;
	grown = reallocarray(memory->changes, memory->change_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memory->changes = grown;
	memory->changes[memory->change_count++] =
		(struct attribute_change){args->address, end, args->attributes != 0};
	return 0;
}

const struct slot *memory_slot(const struct memory *memory, uint64_t gpa)
{
	for (size_t i = 0; i < memory->slot_count; i++) {
		const struct slot *slot = &memory->slots[i];

		if (address_space(slot->id) == 0 && gpa >= slot->gpa &&
		    gpa - slot->gpa < slot->size)
			return slot;
	}
	return NULL;
}

bool memory_is_private(const struct memory *memory, uint64_t gpa)
{
	for (size_t i = memory->change_count; i-- > 0;)
		if (gpa >= memory->changes[i].start && gpa < memory->changes[i].end)
			return memory->changes[i].private;
	return false;
}

bool memory_gpa(const struct memory *memory, uint64_t hva, uint64_t *ret)
{
	for (size_t i = 0; i < memory->slot_count; i++) {
		const struct slot *slot = &memory->slots[i];

		if (address_space(slot->id) == 0 && hva >= slot->hva &&
		    hva - slot->hva < slot->size) {
			*ret = slot->gpa + (hva - slot->hva);
			return true;
		}
	}
	return false;
}
