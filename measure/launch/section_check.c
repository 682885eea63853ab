// SPDX-License-Identifier: Apache-2.0
#include "launch/launch.h"

#include <inttypes.h>

#include <snp/fail.h>

/* Real images have about 200 KiB. Each page is a launch update, in every plan and every search. */
#define SECTIONS_MAX (128u << 20)

static const char *type_name(const struct snp_section *section)
{
	const char *name = snp_section_type_name(section->type);

	return name ? name : "unknown";
}

/* Byte at which member `word` (0 gpa, 1 size, 2 type) of section `i` stands. */
static uint64_t where(const struct snp_firmware *firmware, size_t i, unsigned int word)
{
	uint64_t at = firmware_section_offset(firmware, i);

	return at == SNP_NO_OFFSET ? at : at + 4 * word;
}

static uint64_t end_of(const struct snp_section *section)
{
	return (uint64_t)section->gpa + section->size;
}

/* QEMU maps a section as one piece (snp_populate_metadata_pages(), gpa2hva()), and 0xc0000-0xdffff is a
 * memory region of its own (hw/i386/pc.c, pc_memory_init(): "pc.rom"). */
static int check_regions(const struct snp_firmware *firmware, size_t i, struct snp_error *err)
{
	static const uint32_t borders[] = {0xc0000, 0xe0000};
	const struct snp_section *s = &firmware->info.sections[i];

	for (size_t n = 0; n < sizeof(borders) / sizeof(borders[0]); n++)
		if (s->gpa < borders[n] && end_of(s) > borders[n])
			return fail_with(err, SNP_E_BAD_SECTION, where(firmware, i, 0),
					 "section %zu (%s) at 0x%" PRIx32 " runs across 0x%" PRIx32
					 ", the border of two memory regions of QEMU",
					 i, type_name(s), s->gpa, borders[n]);
	return 0;
}

static int check_one(const struct snp_firmware *firmware, size_t i, uint64_t lowest,
		     enum snp_vmm vmm, struct snp_error *err)
{
	const struct snp_section *s = &firmware->info.sections[i];

	/* QEMU target/i386/sev.c, sev_snp_launch_update(): no length, "expected update of GPA range";
	 * Linux arch/x86/kvm/svm/sev.c, snp_launch_update(): whole pages. */
	if (s->size == 0)
		return fail_with(err, SNP_E_BAD_SECTION, where(firmware, i, 1),
				 "section %zu (%s) is empty; QEMU refuses that", i, type_name(s));
	if (s->gpa % SNP_PAGE_SIZE != 0)
		return fail_with(err, SNP_E_BAD_SECTION, where(firmware, i, 0),
				 "section %zu (%s) begins at 0x%" PRIx32 ", inside a page", i,
				 type_name(s), s->gpa);
	if (s->size % SNP_PAGE_SIZE != 0)
		return fail_with(err, SNP_E_BAD_SECTION, where(firmware, i, 1),
				 "section %zu (%s) of 0x%" PRIx32 " bytes ends inside a page", i,
				 type_name(s), s->size);
	if (end_of(s) > lowest)
		return fail_with(err, SNP_E_SECTION_OVERLAP, where(firmware, i, 0),
				 "section %zu (%s) at 0x%" PRIx32
				 " reaches into the firmware at 0x%" PRIx64,
				 i, type_name(s), s->gpa, lowest);
	/* QEMU, snp_populate_metadata_pages(): gpa2hva(). */
	if (end_of(s) > RAM_END)
		return fail_with(err, SNP_E_BAD_SECTION, where(firmware, i, 0),
				 "section %zu (%s) at 0x%" PRIx32 " is outside the guest's memory",
				 i, type_name(s), s->gpa);
	return vmm == SNP_VMM_QEMU ? check_regions(firmware, i, err) : 0;
}

/* KVM: a page that was launched once cannot be again (sev_gmem_post_populate(), "assigned"). */
static int check_overlap(const struct snp_firmware *firmware, struct snp_error *err)
{
	const struct snp_section *s = firmware->info.sections;

	for (size_t i = 0; i < firmware->info.n_sections; i++)
		for (size_t j = 0; j < i; j++)
			if (s[i].gpa < end_of(&s[j]) && s[j].gpa < end_of(&s[i]))
				return fail_with(err, SNP_E_SECTION_OVERLAP, where(firmware, i, 0),
						 "section %zu (%s) at 0x%" PRIx32
						 " overlaps section %zu (%s)",
						 i, type_name(&s[i]), s[i].gpa, j,
						 type_name(&s[j]));
	return 0;
}

static bool has_section(const struct snp_firmware *firmware, uint32_t type)
{
	for (size_t i = 0; i < firmware->info.n_sections; i++)
		if (firmware->info.sections[i].type == type)
			return true;
	return false;
}

int section_check(const struct snp_firmware *firmware, uint64_t lowest, enum snp_vmm vmm,
		  struct snp_error *err)
{
	uint64_t size = 0;
	int r;

	r = firmware_need_metadata(firmware, err);
	if (r < 0)
		return r;
	if (!firmware->info.has_metadata)
		return fail_with(err, SNP_E_NO_METADATA, SNP_NO_OFFSET,
				 "no SEV metadata; QEMU needs them to start an SEV-SNP guest; use "
				 "an OVMF of 2021 or later");
	for (size_t i = 0; i < firmware->info.n_sections; i++) {
		r = check_one(firmware, i, lowest, vmm, err);
		if (r < 0)
			return r;
		size += firmware->info.sections[i].size;
	}
	if (size > SECTIONS_MAX)
		return fail_with(err, SNP_E_TOO_LARGE, where(firmware, 0, 0),
				 "the sections have %" PRIu64 " bytes; must have at most %u", size,
				 SECTIONS_MAX);
	r = check_overlap(firmware, err);
	if (r < 0)
		return r;
	/* QEMU would go on; the guest needs both to start (sev_snp_launch_finish()). */
	if (!has_section(firmware, SNP_SECTION_SECRETS))
		return fail_with(err, SNP_E_NO_SECTION, SNP_NO_OFFSET,
				 "no SNP_SECRETS section, which an SEV-SNP guest needs to start");
	if (!has_section(firmware, SNP_SECTION_CPUID))
		return fail_with(err, SNP_E_NO_SECTION, SNP_NO_OFFSET,
				 "no CPUID section, which an SEV-SNP guest needs to start");
	return 0;
}

/* QEMU copies the table to its own offset in a page from the beginning of each such section
 * (snp_launch_update_kernel_hashes()); the firmware reads it at its address. */
static int check_hash_sections(const struct snp_firmware *firmware, struct snp_error *err)
{
	uint32_t gpa = firmware->info.hash_table_gpa, in_page = gpa % SNP_PAGE_SIZE;

	for (size_t i = 0; i < firmware->info.n_sections; i++) {
		const struct snp_section *s = &firmware->info.sections[i];

		if (s->type != SNP_SECTION_KERNEL_HASHES)
			continue;
		if (gpa - in_page != s->gpa)
			return fail_with(
				err, SNP_E_BAD_HASH_TABLE, where(firmware, i, 0),
				"the SEV hash table at 0x%" PRIx32
				" is not in the first page of section %zu (SNP_KERNEL_HASHES) "
				"at 0x%" PRIx32,
				gpa, i, s->gpa);
		if (in_page + SNP_HASH_TABLE_SIZE > s->size)
			return fail_with(err, SNP_E_BAD_HASH_TABLE, where(firmware, i, 1),
					 "the SEV hash table at 0x%" PRIx32
					 " runs past the end of section %zu (SNP_KERNEL_HASHES)",
					 gpa, i);
	}
	return 0;
}

int hash_table_check(const struct snp_firmware *firmware, enum snp_mode mode, struct snp_error *err)
{
	const struct snp_firmware_info *info = &firmware->info;
	uint64_t at = info->is_summary ? SNP_NO_OFFSET : firmware->hash_table_offset;
	int r;

	r = firmware_need_table(firmware, err);
	if (r < 0)
		return r;
	if (mode == SNP_MODE_SNP && !has_section(firmware, SNP_SECTION_KERNEL_HASHES))
		return fail_with(err, SNP_E_NO_HASH_SECTION, SNP_NO_OFFSET,
				 "cannot measure a kernel: no SNP_KERNEL_HASHES section; use an "
				 "AmdSev build");
	/* QEMU: sev_add_kernel_loader_hashes(). */
	if (!info->has_hash_table)
		return fail_with(err, SNP_E_NO_HASH_TABLE, SNP_NO_OFFSET,
				 "cannot measure a kernel: no SEV hash table entry; use an AmdSev "
				 "build");
	if (info->hash_table_gpa == 0 || info->hash_table_size < SNP_HASH_TABLE_SIZE)
		return fail_with(err, SNP_E_NO_HASH_TABLE, at,
				 "cannot measure a kernel: SEV hash table of %" PRIu32
				 " bytes at 0x%" PRIx32
				 "; must have %d bytes and an address other than 0; use an "
				 "AmdSev build",
				 info->hash_table_size, info->hash_table_gpa, SNP_HASH_TABLE_SIZE);
	if (mode == SNP_MODE_SNP)
		return check_hash_sections(firmware, err);
	/* LAUNCH_UPDATE_DATA takes pieces of 16 bytes (SEV API 55766, 6.3.1). */
	if (info->hash_table_gpa % 16 != 0 ||
	    (uint64_t)info->hash_table_gpa + SNP_HASH_TABLE_SIZE > RAM_END)
		return fail_with(err, SNP_E_BAD_HASH_TABLE, at,
				 "SEV hash table at 0x%" PRIx32
				 "; must be at a multiple of 16 in the "
				 "guest's memory",
				 info->hash_table_gpa);
	return 0;
}
