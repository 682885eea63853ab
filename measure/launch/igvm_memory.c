// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* KVM has 32764 slots for memory (arch/x86/include/asm/kvm_host.h), of which QEMU uses some itself. */
#define REGIONS_MAX 32000u

/* QEMU hw/i386/pc_q35.c, pc_q35_init(): from LOW_MAX on, memory is split at 2 GiB. */
#define LOW_MAX	  0xb0000000ull
#define LOW_SPLIT 0x80000000ull

/* Of a size that is not given. */
#define MEMORY_MIN (128 * MIB)

const uint64_t igvm_memory_sizes[IGVM_N_MEMORY_SIZES] = {MEMORY_MIN, LOW_MAX - MIB,
							 IGVM_MEMORY_MAX};

struct region {
	uint64_t gpa, end;
	bool is_ram;
};

struct igvm_memory {
	enum igvm_ram ram;
	struct region *regions; /* ascending, without overlap */
	size_t n;
};

/* The first region that ends after `gpa`. */
static size_t find(const struct igvm_memory *memory, uint64_t gpa)
{
	size_t low = 0, high = memory->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory->regions[middle].end <= gpa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool add(struct igvm_memory *memory, uint64_t gpa, uint64_t end, bool is_ram)
{
	size_t at = find(memory, gpa);

	if (gpa >= end)
		return true;
	if (!grow(&memory->regions, memory->n, sizeof(memory->regions[0])))
		return false;
	memmove(&memory->regions[at + 1], &memory->regions[at],
		(memory->n - at) * sizeof(memory->regions[0]));
	memory->regions[at] = (struct region){gpa, end, is_ram};
	memory->n++;
	return true;
}

static bool add_qemu(struct igvm_memory *memory, uint64_t size)
{
	const uint64_t low = size < LOW_MAX ? size : LOW_SPLIT;
	const struct region regions[] = {
		/* hw/i386/pc.c, pc_memory_init(): "pc.rom" is a region of its own, in memory. */
		{0, 0xc0000, true},
		{0xc0000, 0xe0000, true},
		{0xe0000, low, true},
		{0xfec00000, 0xfec01000, false}, /* I/O APIC */
		{0xfed00000, 0xfed00400, false}, /* HPET */
		{0xfee00000, 0xfef00000, false}, /* local APICs */
		{4 * GIB, 4 * GIB + (size - low), true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		if (!add(memory, regions[i].gpa, regions[i].end, regions[i].is_ram))
			return false;
	return true;
}

/* Cloud Hypervisor arch/src/x86_64/layout.rs: memory has a hole from 3 to 4 GiB. Where OpenVMM's begins
 * depends on its devices; up to 2 GiB there is none. */
static bool add_other(struct igvm_memory *memory, uint64_t size)
{
	const bool has_high = memory->ram == IGVM_RAM_CLOUD_HYPERVISOR;
	const uint64_t hole = has_high ? 3 * GIB : 2 * GIB, low = size < hole ? size : hole;

	return add(memory, 0, low, true) &&
	       (!has_high || add(memory, 4 * GIB, 4 * GIB + (size - low), true));
}

int igvm_memory_new(enum igvm_ram ram, uint64_t size, struct igvm_memory **ret,
		    struct snp_error *err)
{
	struct igvm_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return out_of_memory(err);
	memory->ram = ram;
	if (!(ram == IGVM_RAM_QEMU ? add_qemu(memory, size) : add_other(memory, size))) {
		igvm_memory_free(memory);
		return out_of_memory(err);
	}
	*ret = memory;
	return 0;
}

void igvm_memory_free(struct igvm_memory *memory)
{
	if (!memory)
		return;
	free(memory->regions);
	free(memory);
}

bool igvm_memory_has(const struct igvm_memory *memory, uint64_t gpa, uint64_t size)
{
	const uint64_t end = gpa + size;

	for (size_t at = find(memory, gpa); gpa < end; at++) {
		const struct region *region = &memory->regions[at];

		if (at == memory->n || !region->is_ram || region->gpa > gpa)
			return false;
		gpa = region->end;
	}
	return true;
}

/* memory_region_find() finds the lowest region that is touched. */
int igvm_memory_prepare(struct igvm_memory *memory, uint64_t gpa, uint64_t size, uint64_t offset,
			struct snp_error *err)
{
	size_t at = find(memory, gpa);
	const struct region *region = &memory->regions[at];

	if (size == 0)
		return fail_with(err, SNP_E_IGVM_LAUNCH, offset,
				 "no bytes at 0x%" PRIx64 "; the loader refuses that", gpa);
	if (memory->ram != IGVM_RAM_QEMU)
		return igvm_memory_has(memory, gpa, size)
			       ? 0
			       : fail_with(err, SNP_E_IGVM_LAUNCH, offset,
					   "0x%" PRIx64 " bytes at 0x%" PRIx64
					   " are not all in what is known to be memory of this "
					   "loader's guests",
					   size, gpa);
	if (at == memory->n || region->gpa >= gpa + size) {
		if (memory->n == REGIONS_MAX)
			return fail_with(err, SNP_E_TOO_LARGE, offset,
					 "more ranges outside the guest's memory than KVM has "
					 "memory slots");
		return add(memory, gpa, gpa + size, true) ? 0 : out_of_memory(err);
	}
	if (!region->is_ram)
		return fail_with(err, SNP_E_IGVM_LAUNCH, offset,
				 "0x%" PRIx64 " bytes at 0x%" PRIx64
				 " meet a device; QEMU refuses that",
				 size, gpa);
	if (region->gpa > gpa || region->end < gpa + size)
		return fail_with(err, SNP_E_IGVM_LAUNCH, offset,
				 "0x%" PRIx64 " bytes at 0x%" PRIx64
				 " are not all in the memory region 0x%" PRIx64 "-0x%" PRIx64
				 "; QEMU refuses that",
				 size, gpa, region->gpa, region->end - 1);
	return 0;
}

/* The size is a whole number of MiB. */
bool igvm_memory_may_end_in(uint64_t gpa, uint64_t size)
{
	const struct {
		uint64_t first, last;
	} ends[] = {{MEMORY_MIN, LOW_MAX}, {4 * GIB, 4 * GIB + IGVM_MEMORY_MAX}};
	uint64_t border = (gpa / MIB + 1) * MIB;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		uint64_t first = border > ends[i].first ? border : ends[i].first;

		if (first < gpa + size && first <= ends[i].last)
			return true;
	}
	return false;
}
