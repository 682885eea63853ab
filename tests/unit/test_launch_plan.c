// SPDX-License-Identifier: Apache-2.0
/* The updates of a launch, one by one, and the digest against a slow re-implementation. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/gctx.h>
#include <snp/launch.h>
#include <snp/sha.h>

#include "naive_launch.h"
#include "ovmf_image.h"

#define MAX_UPDATES 256

static const struct snp_kernel_hashes some_hashes = {{1}, {2}, {3}};

struct plan {
	struct snp_launch_update updates[MAX_UPDATES];
	size_t n;
	size_t stop_at; /* 0: never */
};

static int take(void *arg, const struct snp_launch_update *update, struct snp_error *err)
{
	struct plan *plan = arg;

	assert_true(plan->n < MAX_UPDATES);
	plan->updates[plan->n++] = *update;
	if (plan->n == plan->stop_at)
		return fail_with(err, SNP_E_WRITE, SNP_NO_OFFSET, "stop");
	return 0;
}

static struct snp_firmware *parse(const uint8_t *image)
{
	struct snp_firmware *firmware = NULL;

	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, NULL),
		0);
	return firmware;
}

static struct snp_launch launch_of(const struct snp_firmware *firmware, const char *profile)
{
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP,
				    .firmware = firmware,
				    .vcpus.count = 3,
				    .vcpus.signature = 0x800f12,
				    .vcpus.features = 1};

	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", profile);
	return launch;
}

/* The updates after the firmware's, a run of alike ones as one row. */
struct run {
	enum snp_page_type type;
	uint64_t gpa;
	size_t pages;
	enum snp_origin origin;
	uint32_t index;
};

/* clang-format off */
#define FIRMWARE                                                                                \
	{                                                                                       \
		SNP_PAGE_NORMAL, 0xffff0000, IMAGE_SIZE / SNP_PAGE_SIZE, SNP_ORIGIN_FIRMWARE, 0 \
	}
#define VCPUS                                                         \
	{SNP_PAGE_VMSA, SNP_VMSA_GPA, 1, SNP_ORIGIN_VCPU, 0},         \
		{SNP_PAGE_VMSA, SNP_VMSA_GPA, 1, SNP_ORIGIN_VCPU, 1}, \
	{                                                             \
		SNP_PAGE_VMSA, SNP_VMSA_GPA, 1, SNP_ORIGIN_VCPU, 2    \
	}
/* clang-format on */

static const struct row {
	const char *name, *profile;
	bool kernel;
	struct run runs[16];
} rows[] = {
	{"qemu",
	 "qemu",
	 false,
	 {FIRMWARE,
	  {SNP_PAGE_ZERO, 0x800000, 9, SNP_ORIGIN_SECTION, 0},
	  {SNP_PAGE_ZERO, 0x80a000, 3, SNP_ORIGIN_SECTION, 1},
	  {SNP_PAGE_SECRETS, 0x80d000, 1, SNP_ORIGIN_SECTION, 2},
	  {SNP_PAGE_CPUID, 0x80e000, 1, SNP_ORIGIN_SECTION, 3},
	  {SNP_PAGE_ZERO, 0x80f000, 1, SNP_ORIGIN_SECTION, 4},
	  {SNP_PAGE_ZERO, 0x811000, 15, SNP_ORIGIN_SECTION, 5},
	  {SNP_PAGE_ZERO, 0x810000, 1, SNP_ORIGIN_SECTION, 6},
	  VCPUS}},
	{"qemu, kernel hashes",
	 "qemu",
	 true,
	 {FIRMWARE,
	  {SNP_PAGE_ZERO, 0x800000, 9, SNP_ORIGIN_SECTION, 0},
	  {SNP_PAGE_ZERO, 0x80a000, 3, SNP_ORIGIN_SECTION, 1},
	  {SNP_PAGE_SECRETS, 0x80d000, 1, SNP_ORIGIN_SECTION, 2},
	  {SNP_PAGE_CPUID, 0x80e000, 1, SNP_ORIGIN_SECTION, 3},
	  {SNP_PAGE_ZERO, 0x80f000, 1, SNP_ORIGIN_SECTION, 4},
	  {SNP_PAGE_ZERO, 0x811000, 15, SNP_ORIGIN_SECTION, 5},
	  {SNP_PAGE_NORMAL, 0x810000, 1, SNP_ORIGIN_SEV_HASH_TABLE, 6},
	  VCPUS}},
	{"ec2: CPUID last",
	 "ec2",
	 false,
	 {FIRMWARE,
	  {SNP_PAGE_ZERO, 0x800000, 9, SNP_ORIGIN_SECTION, 0},
	  {SNP_PAGE_ZERO, 0x80a000, 3, SNP_ORIGIN_SECTION, 1},
	  {SNP_PAGE_SECRETS, 0x80d000, 1, SNP_ORIGIN_SECTION, 2},
	  {SNP_PAGE_ZERO, 0x80f000, 1, SNP_ORIGIN_SECTION, 4},
	  {SNP_PAGE_ZERO, 0x811000, 15, SNP_ORIGIN_SECTION, 5},
	  {SNP_PAGE_ZERO, 0x810000, 1, SNP_ORIGIN_SECTION, 6},
	  {SNP_PAGE_CPUID, 0x80e000, 1, SNP_ORIGIN_SECTION, 3},
	  VCPUS}},
	{"gce: memory unmeasured",
	 "gce",
	 false,
	 {FIRMWARE,
	  {SNP_PAGE_UNMEASURED, 0x800000, 9, SNP_ORIGIN_SECTION, 0},
	  {SNP_PAGE_UNMEASURED, 0x80a000, 3, SNP_ORIGIN_SECTION, 1},
	  {SNP_PAGE_SECRETS, 0x80d000, 1, SNP_ORIGIN_SECTION, 2},
	  {SNP_PAGE_CPUID, 0x80e000, 1, SNP_ORIGIN_SECTION, 3},
	  {SNP_PAGE_ZERO, 0x80f000, 1, SNP_ORIGIN_SECTION, 4},
	  {SNP_PAGE_UNMEASURED, 0x811000, 15, SNP_ORIGIN_SECTION, 5},
	  {SNP_PAGE_ZERO, 0x810000, 1, SNP_ORIGIN_SECTION, 6},
	  VCPUS}},
};

static void check_update(const struct snp_launch_update *update, const struct run *run, size_t page)
{
	static const uint8_t zeros[SNP_SHA384_SIZE];
	bool measured = run->type == SNP_PAGE_NORMAL || run->type == SNP_PAGE_VMSA;

	assert_int_equal(update->type, run->type);
	assert_true(update->gpa == run->gpa + page * SNP_PAGE_SIZE);
	assert_int_equal(update->origin, run->origin);
	assert_int_equal(update->origin_index,
			 run->index + (run->origin == SNP_ORIGIN_FIRMWARE ? page : 0));
	assert_int_equal(memcmp(update->contents, zeros, sizeof(zeros)) != 0, measured);
}

static void check_plan(void **state)
{
	const struct row *row = *state;
	uint8_t image[IMAGE_SIZE], digest[SNP_LAUNCH_DIGEST_SIZE], prefix[SNP_SHA384_SIZE];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	struct plan plan = {0};
	size_t at = 0, size = 0;

	image_build(image);
	firmware = parse(image);
	launch = launch_of(firmware, row->profile);
	launch.kernel_hashes = row->kernel ? &some_hashes : NULL;
	assert_int_equal(snp_launch_plan(&launch, take, &plan, NULL), 0);
	for (const struct run *run = row->runs; run->pages > 0; run++)
		for (size_t page = 0; page < run->pages; page++, at++) {
			assert_true(at < plan.n);
			assert_int_equal(plan.updates[at].index, at);
			check_update(&plan.updates[at], run, page);
		}
	assert_int_equal(at, plan.n);
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	assert_int_equal(size, SNP_SHA384_SIZE);
	assert_memory_equal(digest, plan.updates[plan.n - 1].digest, size);
	assert_int_equal(launch_prefix(&launch, prefix, NULL), 0);
	assert_memory_equal(prefix, plan.updates[plan.n - 4].digest, sizeof(prefix));
	snp_firmware_free(firmware);
}

/* QEMU's order and types, page by page. */
static void slow(const struct snp_launch *launch, const uint8_t *image,
		 const struct snp_section *sections, size_t n, uint8_t ld[48])
{
	uint8_t table[176], vmsa[SNP_PAGE_SIZE];

	if (launch->kernel_hashes)
		naive_table(launch->kernel_hashes, table);
	naive_firmware(ld, image, IMAGE_SIZE);
	for (size_t i = 0; i < n; i++) {
		if (launch->kernel_hashes && sections[i].type == 0x10)
			naive_hash_section(ld, sections[i].gpa, sections[i].size, 0xc00, table);
		else
			naive_section(ld, sections[i].gpa, sections[i].size, sections[i].type);
	}
	for (uint32_t i = 0; i < launch->vcpus.count; i++) {
		assert_int_equal(snp_launch_vmsa(launch, i, vmsa, NULL), 0);
		naive_vmsa(ld, vmsa);
	}
}

/* Changes of the sections under which the digest is still QEMU's. */
static const struct change {
	const char *name;
	unsigned int section;
	struct snp_section to;
	bool kernel;
} changes[] = {
	{"as it is", 0, {0x800000, 0x9000, 1}, false},
	{"kernel", 0, {0x800000, 0x9000, 1}, true},
	{"secrets of two pages", 2, {0x900000, 0x2000, 2}, false},
	{"CPUID of two pages", 3, {0x900000, 0x2000, 3}, false},
	{"hash section of two pages", 5, {0x810000, 0x2000, 0x10}, true},
	{"hash section of five pages", 5, {0x810000, 0x5000, 0x10}, true},
	{"hash section without kernel", 5, {0x810000, 0x2000, 0x10}, false},
	{"unknown type", 4, {0x80f000, 0x1000, 0x101}, false},
	{"two secrets", 4, {0x80f000, 0x1000, 2}, false},
	{"64 MiB of memory", 5, {0x1000000, 0x4000000, 1}, false},
};

static void check_change(void **state)
{
	const struct change *row = *state;
	struct snp_section sections[IMAGE_N_SECTIONS];
	uint8_t image[IMAGE_SIZE], digest[SNP_LAUNCH_DIGEST_SIZE], expected[48];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	size_t size = 0;

	memcpy(sections, image_sections, sizeof(sections));
	sections[row->section] = row->to;
	if (row->to.type == 0x10)
		sections[6] = (struct snp_section){0x820000, 0x1000, 1};
	image_build(image);
	for (unsigned int i = 0; i < IMAGE_N_SECTIONS; i++)
		image_put_section(image, i, sections[i]);
	firmware = parse(image);
	launch = launch_of(firmware, "qemu");
	launch.kernel_hashes = row->kernel ? &some_hashes : NULL;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	slow(&launch, image, sections, IMAGE_N_SECTIONS, expected);
	assert_memory_equal(digest, expected, sizeof(expected));
	snp_firmware_free(firmware);
}

static void known_firmware_digest(void **state)
{
	uint8_t image[IMAGE_SIZE], known[SNP_SHA384_SIZE], a[SNP_LAUNCH_DIGEST_SIZE],
		b[SNP_LAUNCH_DIGEST_SIZE];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	struct plan plan = {0};
	size_t size;

	(void)state;
	image_build(image);
	firmware = parse(image);
	launch = launch_of(firmware, "qemu");
	assert_int_equal(snp_launch_firmware_digest(firmware, known, NULL), 0);
	assert_int_equal(snp_launch_digest(&launch, a, &size, NULL), 0);
	launch.firmware_digest = known;
	assert_int_equal(snp_launch_digest(&launch, b, &size, NULL), 0);
	assert_memory_equal(a, b, size);
	assert_int_equal(snp_launch_plan(&launch, take, &plan, NULL), 0);
	assert_int_equal(plan.updates[0].index, IMAGE_SIZE / SNP_PAGE_SIZE);
	assert_int_equal(plan.updates[0].type, SNP_PAGE_ZERO);
	known[0] ^= 1;
	assert_int_equal(snp_launch_digest(&launch, b, &size, NULL), 0);
	assert_memory_not_equal(a, b, size);
	snp_firmware_free(firmware);
}

static void visitor_stops(void **state)
{
	uint8_t image[IMAGE_SIZE];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	struct plan plan = {.stop_at = 20};
	struct snp_error err = {0};

	(void)state;
	image_build(image);
	firmware = parse(image);
	launch = launch_of(firmware, "qemu");
	assert_int_equal(snp_launch_plan(&launch, take, &plan, &err), -SNP_E_WRITE);
	assert_string_equal(err.message, "stop");
	assert_int_equal(plan.n, 20);
	snp_firmware_free(firmware);
}

/* SEV-ES has VMSAs and no updates; SEV has neither. */
static void no_plan(void **state)
{
	uint8_t image[IMAGE_SIZE], page[SNP_PAGE_SIZE];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	struct plan plan = {0};

	(void)state;
	image_build(image);
	firmware = parse(image);
	launch = launch_of(firmware, "qemu-es-legacy");
	launch.mode = SNP_MODE_SEV_ES;
	launch.vcpus.features = 0;
	assert_int_equal(snp_launch_plan(&launch, take, &plan, NULL), -SNP_E_NO_DIGEST);
	assert_int_equal(plan.n, 0);
	assert_int_equal(snp_launch_vmsa(&launch, 2, page, NULL), 0);
	assert_int_equal(snp_launch_vmsa(&launch, 3, page, NULL), -SNP_E_BAD_VCPU_COUNT);
	launch.mode = SNP_MODE_SEV;
	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", "qemu");
	assert_int_equal(snp_launch_vmsa(&launch, 0, page, NULL), -SNP_E_NO_DIGEST);
	snp_firmware_free(firmware);
}

/* The pages that hold the hash table are those that the plan measures. */
static void hash_pages(void **state)
{
	uint8_t image[IMAGE_SIZE], pages[2 * SNP_PAGE_SIZE], contents[SNP_SHA384_SIZE];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	struct plan plan = {0};
	uint64_t gpa = 0;
	size_t size = 0, found = 0;

	(void)state;
	image_build(image);
	firmware = parse(image);
	launch = launch_of(firmware, "qemu");
	assert_int_equal(snp_launch_hash_pages(&launch, pages, &gpa, &size, NULL),
			 -SNP_E_NO_HASH_TABLE);
	launch.kernel_hashes = &some_hashes;
	assert_int_equal(snp_launch_hash_pages(&launch, pages, &gpa, &size, NULL), 0);
	assert_int_equal(gpa, 0x810000);
	assert_int_equal(size, SNP_PAGE_SIZE);
	assert_int_equal(sha384_of((struct snp_span){pages, size}, contents, NULL), 0);
	assert_int_equal(snp_launch_plan(&launch, take, &plan, NULL), 0);
	for (size_t i = 0; i < plan.n; i++) {
		if (plan.updates[i].origin != SNP_ORIGIN_SEV_HASH_TABLE)
			continue;
		assert_int_equal(plan.updates[i].gpa, gpa);
		assert_memory_equal(plan.updates[i].contents, contents, sizeof(contents));
		found++;
	}
	assert_int_equal(found, 1);

	/* SEV has the table alone. */
	launch.mode = SNP_MODE_SEV;
	launch.vcpus.features = 0;
	assert_int_equal(snp_launch_hash_pages(&launch, pages, &gpa, &size, NULL), 0);
	assert_int_equal(gpa, 0x810c00);
	assert_int_equal(size, SNP_HASH_TABLE_SIZE);
	snp_firmware_free(firmware);
}

/* A table across two pages of three: the third is a page of zeros like any other of the section. */
static void a_table_across_two_pages(void **state)
{
	uint8_t image[IMAGE_SIZE], pages[2 * SNP_PAGE_SIZE];
	struct snp_firmware *firmware;
	struct snp_launch launch;
	struct plan plan = {0};
	uint64_t gpa = 0;
	size_t size = 0, found = 0;

	(void)state;
	image_build(image);
	image_put_section(image, 5, (struct snp_section){0x813000, 0xd000, SNP_SECTION_SEC_MEM});
	image_put_section(image, 6,
			  (struct snp_section){0x810000, 0x3000, SNP_SECTION_KERNEL_HASHES});
	snp_put_le32(image + IMAGE_HASHES, 0x810ff0);
	firmware = parse(image);
	launch = launch_of(firmware, "qemu");
	launch.kernel_hashes = &some_hashes;
	assert_int_equal(snp_launch_hash_pages(&launch, pages, &gpa, &size, NULL), 0);
	assert_int_equal(gpa, 0x810000);
	assert_int_equal(size, 2 * SNP_PAGE_SIZE);
	assert_int_equal(snp_launch_plan(&launch, take, &plan, NULL), 0);
	for (size_t i = 0; i < plan.n; i++) {
		const struct snp_launch_update *update = &plan.updates[i];
		uint8_t contents[SNP_SHA384_SIZE], zeros[SNP_PAGE_SIZE] = {0};
		const size_t at = (size_t)(update->gpa - gpa);

		if (update->gpa < gpa || at >= 3 * SNP_PAGE_SIZE)
			continue;
		assert_int_equal(update->type, SNP_PAGE_NORMAL);
		assert_int_equal(update->origin,
				 at < size ? SNP_ORIGIN_SEV_HASH_TABLE : SNP_ORIGIN_SECTION);
		assert_int_equal(
			sha384_of((struct snp_span){at < size ? pages + at : zeros, SNP_PAGE_SIZE},
				  contents, NULL),
			0);
		assert_memory_equal(update->contents, contents, sizeof(contents));
		found++;
	}
	assert_int_equal(found, 3);
	snp_firmware_free(firmware);
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(hash_pages),
		cmocka_unit_test(a_table_across_two_pages),
		cmocka_unit_test(known_firmware_digest),
		cmocka_unit_test(visitor_stops),
		cmocka_unit_test(no_plan),
	};
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_plan, rows);
	ADD_ROWS(tests, n, check_change, changes);
	memcpy(tests + n, single, sizeof(single));
	return RUN_TESTS("launch-plan", tests, n + sizeof(single) / sizeof(single[0]));
}
