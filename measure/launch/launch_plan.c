// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/gctx.h>
#include <snp/sha.h>

static const uint8_t no_contents[SNP_SHA384_SIZE];

/* A walk through the updates of a launch. */
struct walk {
	const struct snp_launch *launch;
	struct gctx gctx;
	uint64_t index;
	snp_launch_visit visit; /* NULL: nobody looks */
	void *arg;
};

static void walk_end(struct walk *walk)
{
	gctx_end(&walk->gctx);
}

/* Where the next update comes from. */
struct source {
	enum snp_origin origin;
	uint32_t index;
};

static int step(struct walk *walk, enum snp_page_type type, uint64_t gpa, struct source source,
		const uint8_t contents[static SNP_SHA384_SIZE], struct snp_error *err)
{
	struct snp_launch_update update;
	int r;

	r = gctx_update(&walk->gctx, type, gpa, contents, err);
	if (r < 0 || !walk->visit) {
		walk->index++;
		return r;
	}
	update = (struct snp_launch_update){
		.index = walk->index++,
		.type = type,
		.gpa = gpa,
		.origin = source.origin,
		.origin_index = source.index,
	};
	memcpy(update.contents, contents, SNP_SHA384_SIZE);
	memcpy(update.digest, walk->gctx.ld, SNP_SHA384_SIZE);
	return walk->visit(walk->arg, &update, err);
}

/* The pages of an image, each NORMAL, in ascending order. */
static int walk_image(struct walk *walk, const struct snp_firmware *image, uint64_t gpa,
		      enum snp_origin origin, struct snp_error *err)
{
	const uint8_t(*contents)[SNP_SHA384_SIZE] = NULL;
	uint64_t pages = image->info.size / SNP_PAGE_SIZE;
	int r;

	r = firmware_contents(image, &contents, err);
	for (uint64_t i = 0; i < pages && r == 0; i++)
		r = step(walk, SNP_PAGE_NORMAL, gpa + i * SNP_PAGE_SIZE,
			 (struct source){origin, (uint32_t)i}, contents[i], err);
	return r;
}

static int walk_firmware(struct walk *walk, struct snp_error *err)
{
	const struct snp_launch *launch = walk->launch;
	const struct snp_firmware *firmware = launch->firmware;
	int r;

	if (firmware->info.is_summary || launch->firmware_digest) {
		memcpy(walk->gctx.ld,
		       launch->firmware_digest ? launch->firmware_digest : firmware->digest,
		       SNP_SHA384_SIZE);
		walk->index = firmware->info.size / SNP_PAGE_SIZE;
	} else {
		r = walk_image(walk, firmware, launch_firmware_gpa(launch), SNP_ORIGIN_FIRMWARE,
			       err);
		if (r < 0)
			return r;
	}
	if (launch->mode != SNP_MODE_SNP_SVSM)
		return 0;
	return walk_image(walk, launch->svsm, launch_svsm_gpa(launch), SNP_ORIGIN_SVSM, err);
}

/* QEMU target/i386/sev.c, snp_metadata_desc_to_page_type(): unknown types are ZERO. */
static enum snp_page_type page_type(const struct snp_launch *launch,
				    const struct snp_section *section)
{
	switch (section->type) {
	case SNP_SECTION_SEC_MEM:
		return launch_profile(launch)->sec_mem_type;
	case SNP_SECTION_SECRETS:
		return SNP_PAGE_SECRETS;
	case SNP_SECTION_CPUID:
		return SNP_PAGE_CPUID;
	case SNP_SECTION_KERNEL_HASHES:
		return launch->kernel_hashes ? SNP_PAGE_NORMAL : SNP_PAGE_ZERO;
	default:
		return SNP_PAGE_ZERO;
	}
}

/* QEMU target/i386/sev.c: SevHashTable, padded with zeros to a multiple of 16 bytes. */
struct entry {
	uint8_t guid[16];
	uint8_t length[2];
	uint8_t hash[SNP_SHA256_SIZE];
};

struct table {
	uint8_t guid[16];
	uint8_t length[2]; /* without the padding */
	struct entry cmdline, initrd, kernel;
	uint8_t padding[8];
};
_Static_assert(sizeof(struct entry) == 50, "SevHashTableEntry");
_Static_assert(offsetof(struct table, padding) == 168, "SevHashTable");
_Static_assert(sizeof(struct table) == SNP_HASH_TABLE_SIZE, "PaddedSevHashTable");

/* 9438d606-4f22-4cc9-b479-a793d411fd21 */
static const uint8_t table_guid[16] = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
				       0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};
/* 97d02dd8-bd20-4c94-aa78-e7714d36ab2a */
static const uint8_t cmdline_guid[16] = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
					 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};
/* 44baf731-3a2f-4bd7-9af1-41e29169781d */
static const uint8_t initrd_guid[16] = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
					0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};
/* 4de79437-abd2-427f-b835-d5b172d2045b */
static const uint8_t kernel_guid[16] = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
					0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};

static void put_entry(struct entry *ret, const uint8_t guid[static 16],
		      const uint8_t hash[static SNP_SHA256_SIZE])
{
	memcpy(ret->guid, guid, sizeof(ret->guid));
	snp_put_le16(ret->length, sizeof(*ret));
	memcpy(ret->hash, hash, sizeof(ret->hash));
}

void sev_hash_table_build(const struct snp_kernel_hashes *hashes,
			  uint8_t ret[static SNP_HASH_TABLE_SIZE])
{
	struct table table = {0};

	memcpy(table.guid, table_guid, sizeof(table.guid));
	snp_put_le16(table.length, offsetof(struct table, padding));
	put_entry(&table.cmdline, cmdline_guid, hashes->cmdline);
	put_entry(&table.initrd, initrd_guid, hashes->initrd);
	put_entry(&table.kernel, kernel_guid, hashes->kernel);
	memcpy(ret, &table, sizeof(table));
}

/* The table as it lies in the pages of its section: it begins in the first and may end in the second. */
static void fill_hash_pages(const struct snp_launch *launch, uint8_t *pages)
{
	sev_hash_table_build(launch->kernel_hashes,
			     pages + launch->firmware->info.hash_table_gpa % SNP_PAGE_SIZE);
}

/* SNP_KERNEL_HASHES with kernel hashes on: all bytes of the section are NORMAL pages of zeros, but for
 * the table. */
static int walk_hash_section(struct walk *walk, uint32_t i, struct snp_error *err)
{
	const struct snp_firmware_info *info = &walk->launch->firmware->info;
	const struct snp_section *section = &info->sections[i];
	uint8_t pages[3 * SNP_PAGE_SIZE] = {0}, contents[3][SNP_SHA384_SIZE];
	uint64_t n = section->size / SNP_PAGE_SIZE;
	uint32_t in_page = info->hash_table_gpa % SNP_PAGE_SIZE;
	uint64_t last = (in_page + SNP_HASH_TABLE_SIZE - 1) / SNP_PAGE_SIZE;
	int r = 0;

	fill_hash_pages(walk->launch, pages);
	for (size_t p = 0; p < 3 && p < n && r == 0; p++)
		r = sha384_of((struct snp_span){pages + p * SNP_PAGE_SIZE, SNP_PAGE_SIZE},
			      contents[p], err);
	for (uint64_t p = 0; p < n && r == 0; p++)
		r = step(walk, SNP_PAGE_NORMAL, section->gpa + p * SNP_PAGE_SIZE,
			 (struct source){p <= last ? SNP_ORIGIN_SEV_HASH_TABLE : SNP_ORIGIN_SECTION,
					 i},
			 contents[p < 2 ? p : 2], err);
	return r;
}

static int walk_section(struct walk *walk, uint32_t i, struct snp_error *err)
{
	const struct snp_section *section = &launch_metadata(walk->launch)->info.sections[i];
	enum snp_page_type type = page_type(walk->launch, section);
	int r = 0;

	if (type == SNP_PAGE_NORMAL)
		return walk_hash_section(walk, i, err);
	for (uint64_t at = 0; at < section->size && r == 0; at += SNP_PAGE_SIZE)
		r = step(walk, type, section->gpa + at, (struct source){SNP_ORIGIN_SECTION, i},
			 no_contents, err);
	return r;
}

static int walk_sections(struct walk *walk, struct snp_error *err)
{
	const struct snp_firmware_info *info = &launch_metadata(walk->launch)->info;
	bool cpuid_last = launch_profile(walk->launch)->cpuid_last;
	int r = 0;

	for (uint32_t i = 0; i < info->n_sections && r == 0; i++)
		if (!cpuid_last || info->sections[i].type != SNP_SECTION_CPUID)
			r = walk_section(walk, i, err);
	for (uint32_t i = 0; i < info->n_sections && r == 0 && cpuid_last; i++)
		if (info->sections[i].type == SNP_SECTION_CPUID)
			r = walk_section(walk, i, err);
	return r;
}

int gctx_vmsa_contents(const struct snp_launch *launch, uint8_t ret[static 2][SNP_SHA384_SIZE],
		       struct snp_error *err)
{
	uint8_t page[SNP_PAGE_SIZE];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < 2 && i < launch->vcpus.count; i++) {
		launch_vmsa(launch, i, page);
		r = sha384_of((struct snp_span){page, sizeof(page)}, ret[i], err);
	}
	return r;
}

static int walk_vcpus(struct walk *walk, struct snp_error *err)
{
	uint8_t contents[2][SNP_SHA384_SIZE];
	int r = gctx_vmsa_contents(walk->launch, contents, err);

	for (uint32_t i = 0; r == 0 && i < walk->launch->vcpus.count; i++)
		r = step(walk, SNP_PAGE_VMSA, SNP_VMSA_GPA, (struct source){SNP_ORIGIN_VCPU, i},
			 contents[i > 0], err);
	return r;
}

/* Where a vCPU starts: the reset vector; the address in the reset block; SVSM's entry point. */
static uint32_t start_address(const struct snp_launch *launch, bool is_ap)
{
	if (launch->mode == SNP_MODE_SNP_SVSM)
		return (uint32_t)launch_svsm_gpa(launch) + launch->svsm->info.svsm_launch_offset;
	return is_ap ? launch->firmware->info.reset_address : 0xfffffff0u;
}

void launch_vmsa(const struct snp_launch *launch, uint32_t index, uint8_t ret[static SNP_PAGE_SIZE])
{
	const struct snp_profile *profile = launch_profile(launch);
	bool is_ap = index > 0 && !profile->aps_are_bsp;

	vmsa_build(profile,
		   &(struct vmsa_start){.is_ap = is_ap,
					.eip = start_address(launch, is_ap),
					.cpu_signature = launch->vcpus.signature,
					.sev_features = launch->vcpus.features},
		   ret);
}

static enum snp_origin origin_of(const struct igvm_layout *layout, const struct igvm_piece *piece)
{
	switch (layout->info->headers[piece->header].type) {
	case SNP_IGVM_PARAMETER_INSERT:
		return SNP_ORIGIN_IGVM_INSERT;
	case SNP_IGVM_VP_CONTEXT:
		return SNP_ORIGIN_IGVM_CONTEXT;
	}
	return SNP_ORIGIN_IGVM_PAGE;
}

static int walk_piece(struct walk *walk, const struct igvm_layout *layout,
		      const struct igvm_piece *piece, const uint8_t zeros[static SNP_SHA384_SIZE],
		      struct snp_error *err)
{
	const bool is_measured = piece->type == SNP_PAGE_NORMAL || piece->type == SNP_PAGE_VMSA;
	const struct source source = {origin_of(layout, piece), piece->header};
	uint8_t contents[SNP_SHA384_SIZE];
	int r = 0;

	for (uint32_t p = 0; p < piece->pages && r == 0; p++) {
		memcpy(contents, is_measured ? zeros : no_contents, sizeof(contents));
		if (is_measured && p == 0 && piece->data != 0)
			r = igvm_page_digest(walk->launch->igvm, piece->data, contents, err);
		if (r == 0)
			r = step(walk, piece->type, piece->gpa + p * (uint64_t)SNP_PAGE_SIZE,
				 source, contents, err);
	}
	return r;
}

static int walk_igvm_vcpus(struct walk *walk, const struct igvm_layout *layout,
			   struct snp_error *err)
{
	uint8_t page[SNP_PAGE_SIZE], contents[SNP_SHA384_SIZE];
	int r = 0;

	for (uint32_t i = 0; i < walk->launch->vcpus.count && r == 0; i++) {
		r = igvm_vcpu_vmsa(walk->launch, layout, i, page, err);
		if (r < 0)
			return r;
		r = sha384_of((struct snp_span){page, sizeof(page)}, contents, err);
		if (r < 0)
			return r;
		r = step(walk, SNP_PAGE_VMSA, SNP_VMSA_GPA, (struct source){SNP_ORIGIN_VCPU, i},
			 contents, err);
	}
	return r;
}

static int walk_layout(struct walk *walk, const struct igvm_layout *layout, bool with_vcpus,
		       struct snp_error *err)
{
	static const uint8_t zero_page[SNP_PAGE_SIZE];
	const struct igvm_rules *rules = launch_profile(walk->launch)->igvm;
	uint8_t zeros[SNP_SHA384_SIZE];
	int r = sha384_of((struct snp_span){zero_page, sizeof(zero_page)}, zeros, err);

	for (size_t i = 0; i < layout->n_pieces && r == 0; i++)
		r = walk_piece(walk, layout, &layout->pieces[i], zeros, err);
	if (r < 0 || !with_vcpus || rules->vmsa == IGVM_VMSA_IN_FILE)
		return r;
	r = walk_igvm_vcpus(walk, layout, err);
	return r < 0 ? r : igvm_id_block_check(walk->launch, layout, walk->gctx.ld, err);
}

static int walk_igvm(struct walk *walk, bool with_vcpus, struct snp_error *err)
{
	struct igvm_layout layout;
	int r = igvm_launch_check(walk->launch, &layout, err);

	if (r < 0)
		return r;
	r = walk_layout(walk, &layout, with_vcpus, err);
	igvm_layout_done(&layout);
	return in_file(err, r, snp_igvm_info(walk->launch->igvm)->path);
}

static int run(struct walk *walk, bool with_vcpus, struct snp_error *err)
{
	int r;

	if (!mode_is_snp(walk->launch->mode))
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "mode %s has one hash over all bytes and no launch updates",
				 snp_mode_name(walk->launch->mode));
	if (walk->launch->mode == SNP_MODE_SNP_IGVM)
		return walk_igvm(walk, with_vcpus, err);
	r = launch_check(walk->launch, err);
	if (r < 0)
		return r;
	r = walk_firmware(walk, err);
	if (r < 0)
		return r;
	r = walk_sections(walk, err);
	return r < 0 || !with_vcpus ? r : walk_vcpus(walk, err);
}

int launch_walk(const struct snp_launch *launch, bool with_vcpus, snp_launch_visit visit, void *arg,
		uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err)
{
	_cleanup_(walk_end) struct walk walk = {.launch = launch, .visit = visit, .arg = arg};
	int r = gctx_start(&walk.gctx, err);

	if (r < 0)
		return r;
	r = run(&walk, with_vcpus, err);
	if (r < 0)
		return r;
	memcpy(ret, walk.gctx.ld, SNP_SHA384_SIZE);
	return 0;
}

int snp_launch_plan(const struct snp_launch *launch, snp_launch_visit visit, void *arg,
		    struct snp_error *err)
{
	uint8_t digest[SNP_SHA384_SIZE];
	struct snp_launch l;
	int r = launch_take(launch, &l, err);

	return r < 0 ? r : launch_walk(&l, true, visit, arg, digest, err);
}

int snp_launch_hash_pages(const struct snp_launch *launch, uint8_t ret[static 2 * SNP_PAGE_SIZE],
			  uint64_t *ret_gpa, size_t *ret_size, struct snp_error *err)
{
	struct snp_launch l;
	uint32_t gpa, in_page;
	int r = launch_take(launch, &l, err);

	if (r < 0)
		return r;
	r = launch_check(&l, err);
	if (r < 0)
		return r;
	if (!l.kernel_hashes)
		return fail_with(err, SNP_E_NO_HASH_TABLE, SNP_NO_OFFSET, "kernel hashes are off");
	gpa = l.firmware->info.hash_table_gpa;
	in_page = gpa % SNP_PAGE_SIZE;
	if (l.mode != SNP_MODE_SNP) {
		sev_hash_table_build(l.kernel_hashes, ret);
		*ret_gpa = gpa;
		*ret_size = SNP_HASH_TABLE_SIZE;
		return 0;
	}
	memset(ret, 0, 2 * SNP_PAGE_SIZE);
	fill_hash_pages(&l, ret);
	*ret_gpa = gpa - in_page;
	*ret_size =
		in_page + SNP_HASH_TABLE_SIZE > SNP_PAGE_SIZE ? 2 * SNP_PAGE_SIZE : SNP_PAGE_SIZE;
	return 0;
}

int snp_launch_firmware_digest(const struct snp_firmware *firmware,
			       uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err)
{
	const struct snp_launch launch = {
		.size = sizeof(launch), .mode = SNP_MODE_SNP, .firmware = firmware};
	_cleanup_(walk_end) struct walk walk = {.launch = &launch};
	int r = gctx_start(&walk.gctx, err);

	if (r < 0)
		return r;
	r = walk_firmware(&walk, err);
	if (r < 0)
		return r;
	memcpy(ret, walk.gctx.ld, SNP_SHA384_SIZE);
	return 0;
}

const char *snp_origin_name(enum snp_origin origin)
{
	static const char *const names[] = {
		[SNP_ORIGIN_FIRMWARE] = "firmware",
		[SNP_ORIGIN_SVSM] = "svsm",
		[SNP_ORIGIN_SECTION] = "section",
		[SNP_ORIGIN_SEV_HASH_TABLE] = "SEV hash table",
		[SNP_ORIGIN_VCPU] = "vCPU",
		[SNP_ORIGIN_IGVM_PAGE] = "PAGE_DATA",
		[SNP_ORIGIN_IGVM_INSERT] = "PARAMETER_INSERT",
		[SNP_ORIGIN_IGVM_CONTEXT] = "VP_CONTEXT",
	};

	return names[origin];
}
