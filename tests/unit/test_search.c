// SPDX-License-Identifier: Apache-2.0
/* 200 launches that differ from the stated one in one to three planted assumptions of all kinds, two or
 * three of them of the command line too, are found again, and said to differ in just those. Their digests come from snp_launch_digest(), which other tests hold
 * against hardware; what is tested here is that the search goes everywhere it says. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/search.h>
#include <snp/sha.h>

#include "ovmf_image.h"

#define N_PLANTED 200
#define MAX_VCPUS 16

/* The command line, with what becomes of it by each set of three changes: a line end, a blank at the end
 * (before the line end), the consoles in the other order. */
enum {
	LINE_END = 1,
	BLANK = 2,
	ORDER = 4,
	N_LINES = 8
};
static const char *const lines[N_LINES] = {
	"console=tty0 console=ttyS0 ro",  "console=tty0 console=ttyS0 ro\n",
	"console=tty0 console=ttyS0 ro ", "console=tty0 console=ttyS0 ro \n",
	"console=ttyS0 console=tty0 ro",  "console=ttyS0 console=tty0 ro\n",
	"console=ttyS0 console=tty0 ro ", "console=ttyS0 console=tty0 ro \n",
};

static const uint32_t signatures[] = {0xa00f11, 0xa10f10, 0xb00f21, 0x830f10};
static const uint64_t features[] = {0x21, 0x5, 0x201, 0x29};
static const char *const profiles[] = {"ec2", "ec2-rdx0", "gce"};

/* Tables: kernel hashes off, then each line with the initrd and without, but for the stated one and that
 * of four changes. */
#define OFF	 1
#define N_TABLES (2 * N_LINES - 1)

struct fixture {
	struct snp_firmware *firmware, *other_firmware, *code_firmware;
	struct search_firmware firmwares[2];
	struct snp_kernel_hashes tables[2 * N_LINES];
	struct search_hashes hashes[N_TABLES];
	struct snp_launch stated;
	struct search search;
};

/* Table i is of line i / 2, without initrd where i is odd. */
static size_t table(unsigned int line, bool no_initrd)
{
	return 2 * line + no_initrd;
}

static int make_tables(struct fixture *f)
{
	f->hashes[0] = (struct search_hashes){NULL, 1};
	for (unsigned int i = 0; i < 2 * N_LINES; i++) {
		const char *line = lines[i / 2];

		f->tables[i] = (struct snp_kernel_hashes){.kernel = {1}, .initrd = {i % 2 ? 0 : 2}};
		/* With its closing NUL, as QEMU hashes it. */
		if (sha256_of((struct snp_span){(const uint8_t *)line, strlen(line) + 1},
			      f->tables[i].cmdline, NULL) < 0)
			return -1;
		if (i > 0 && i < N_TABLES)
			f->hashes[i] = (struct search_hashes){&f->tables[i],
							      (unsigned int)__builtin_popcount(i)};
	}
	return 0;
}

static int setup(void **state)
{
	static struct fixture f;
	uint8_t image[IMAGE_SIZE];
	struct snp_span bytes = {image, sizeof(image)};

	image_build(image);
	if (snp_firmware_parse("image", bytes, &f.firmware, NULL) < 0)
		return -1;
	image[100]++;
	if (snp_firmware_parse("other", bytes, &f.other_firmware, NULL) < 0)
		return -1;
	image[101]++;
	if (snp_firmware_parse("code", bytes, &f.code_firmware, NULL) < 0 || make_tables(&f) < 0)
		return -1;
	f.firmwares[0] = (struct search_firmware){f.other_firmware, 1};
	f.firmwares[1] = (struct search_firmware){f.code_firmware, 2};
	f.stated = (struct snp_launch){.mode = SNP_MODE_SNP,
				       .firmware = f.firmware,
				       .kernel_hashes = &f.tables[0],
				       .vcpus.profile = "qemu",
				       .vcpus.count = 4,
				       .vcpus.signature = 0x800f12,
				       .vcpus.features = 1};
	f.search = (struct search){.stated = &f.stated,
				   .firmwares = f.firmwares,
				   .n_firmwares = 2,
				   .hashes = f.hashes,
				   .n_hashes = N_TABLES,
				   .max_vcpus = MAX_VCPUS,
				   .max_rare = UINT64_MAX};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	snp_firmware_free(f->firmware);
	snp_firmware_free(f->other_firmware);
	snp_firmware_free(f->code_firmware);
	return 0;
}

/* A fixed sequence, so that a failure comes again. */
static uint32_t draw(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % n;
}

enum kind {
	VCPUS,
	SIGNATURE,
	FEATURES,
	PROFILE,
	FIRMWARE,
	CODE, /* part of another firmware: two changes */
	HASHES_OFF,
	INITRD,
	CONSOLES,
	LINE_BLANK,
	NEWLINE,
	N_KINDS
};

/* Change the table by one bit of its index in the fixture's list, which is its place in the search's too;
 * place 0 there is "off", and a match counts from 1. */
static unsigned int plant_table(const struct fixture *f, struct snp_launch *launch,
				struct search_match *planted, size_t bit)
{
	size_t i = planted->hashes == 0 ? 0 : planted->hashes - 1;

	if (planted->hashes == OFF || i & bit)
		return 0;
	i |= bit;
	planted->hashes = 1 + i;
	launch->kernel_hashes = &f->tables[i];
	return 1;
}

/* Change the planted launch in one assumption that has not been changed yet; how many changes that is, 0
 * if it cannot. */
static unsigned int plant(const struct fixture *f, uint32_t *seed, unsigned int room,
			  struct snp_launch *launch, struct search_match *planted)
{
	switch (draw(seed, N_KINDS)) {
	case VCPUS:
		if (planted->vcpus.count != f->stated.vcpus.count)
			return 0;
		planted->vcpus.count = launch->vcpus.count = 5 + draw(seed, MAX_VCPUS - 4);
		return 1;
	case SIGNATURE:
		if (launch->vcpus.signature != f->stated.vcpus.signature ||
		    !snp_profile_uses_signature(launch->vcpus.profile))
			return 0;
		planted->vcpus.signature = launch->vcpus.signature = signatures[draw(seed, 4)];
		return 1;
	case FEATURES:
		if (launch->vcpus.features != f->stated.vcpus.features)
			return 0;
		planted->vcpus.features = launch->vcpus.features = features[draw(seed, 4)];
		return 1;
	case PROFILE:
		/* GCE takes no firmware with a kernel hashes section; a profile without signature
		 * leaves a planted one without effect. */
		if (strcmp(launch->vcpus.profile, "qemu") != 0 ||
		    launch->vcpus.signature != f->stated.vcpus.signature)
			return 0;
		snprintf(launch->vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s",
			 profiles[draw(seed, 2)]);
		planted->vcpus = launch->vcpus;
		return 1;
	case FIRMWARE:
		if (planted->firmware != 0)
			return 0;
		planted->firmware = 1;
		launch->firmware = f->other_firmware;
		return 1;
	case CODE:
		if (planted->firmware != 0 || room < 2)
			return 0;
		planted->firmware = 2;
		launch->firmware = f->code_firmware;
		return 2;
	case HASHES_OFF:
		if (planted->hashes != 0)
			return 0;
		planted->hashes = OFF;
		launch->kernel_hashes = NULL;
		return 1;
	case INITRD:
		return plant_table(f, launch, planted, table(0, true));
	case CONSOLES:
		return plant_table(f, launch, planted, table(ORDER, false));
	case LINE_BLANK:
		return plant_table(f, launch, planted, table(BLANK, false));
	default:
		return plant_table(f, launch, planted, table(LINE_END, false));
	}
}

static void planted_differences_are_found(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 2026;

	for (unsigned int i = 0; i < N_PLANTED; i++) {
		struct snp_launch launch = f->stated;
		struct search_match planted = {.vcpus = launch.vcpus};
		struct search_match found;
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		struct search_extent extent = {0};
		size_t size;

		while (planted.changes < 1 + i % 3)
			planted.changes +=
				plant(f, &seed, 1 + i % 3 - planted.changes, &launch, &planted);
		assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
		assert_int_equal(search_run(&f->search, digest, &found, &extent, NULL), 0);
		assert_int_equal(found.changes, planted.changes);
		assert_int_equal(found.firmware, planted.firmware);
		assert_int_equal(found.hashes, planted.hashes);
		assert_string_equal(found.vcpus.profile, planted.vcpus.profile);
		assert_int_equal(found.vcpus.signature, planted.vcpus.signature);
		assert_int_equal(found.vcpus.features, planted.vcpus.features);
		assert_int_equal(found.vcpus.count, planted.vcpus.count);
		assert_true(extent.tried > 0);
	}
}

static void the_stated_launch_is_found_first(void **state)
{
	struct fixture *f = *state;
	struct search_match found;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_extent extent;
	size_t size;

	assert_int_equal(snp_launch_digest(&f->stated, digest, &size, NULL), 0);
	assert_int_equal(search_run(&f->search, digest, &found, &extent, NULL), 0);
	assert_int_equal(found.changes, 0);
}

/* A stated count above those that are tried is tried all the same, with the other differences too, and
 * counted. */
static void a_high_stated_count_is_tried(void **state)
{
	struct fixture *f = *state;
	struct snp_launch stated = f->stated, launch;
	struct search search = f->search;
	struct search_match found;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_extent extent, within;
	size_t size;

	search.stated = &stated;
	search.max_rare = 0;
	stated.vcpus.count = MAX_VCPUS + 9;
	assert_int_equal(snp_launch_digest(&stated, digest, &size, NULL), 0);
	assert_int_equal(search_run(&search, digest, &found, &extent, NULL), 0);
	assert_int_equal(found.changes, 0);
	assert_int_equal(found.vcpus.count, MAX_VCPUS + 9);
	assert_int_equal(extent.tried, MAX_VCPUS + 1);
	launch = stated;
	launch.vcpus.signature = 0xaf0fff;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	assert_int_equal(search_run(&search, digest, &found, &extent, NULL), 0);
	assert_int_equal(found.changes, 1);
	assert_int_equal(found.vcpus.signature, 0xaf0fff);
	/* Between the two there is nothing: neither found nor counted. */
	launch = stated;
	launch.vcpus.count = MAX_VCPUS + 1;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	assert_int_equal(search_run(&search, digest, &found, &extent, NULL), -SNP_E_NOT_FOUND);
	stated.vcpus.count = search.max_vcpus = MAX_VCPUS + 1;
	memset(digest, 0xab, sizeof(digest));
	assert_int_equal(search_run(&search, digest, &found, &within, NULL), -SNP_E_NOT_FOUND);
	assert_int_equal(extent.tried, within.tried);
}

/* Signatures far from any model, and guest features of three bits and more. */
#define MILAN 0xa00f11
#define RARE  0xaf0fff
static const struct rare {
	const char *name;
	const char *profile;
	uint32_t signature; /* 0: the stated one */
	uint64_t features;  /* 0: the stated ones */
	uint32_t vcpus;	    /* 0: the stated count */
	size_t firmware, table;
	unsigned int others; /* differences but the vCPU count, which the search needs to go for */
} rares[] = {
	{"a rare signature", NULL, RARE, 0, 0, 0, 0, 0},
	{"a rare signature and another count", NULL, RARE, 0, 2, 0, 0, 0},
	{"every feature with a name", NULL, 0, 0xd7ff, 0, 0, 0, 0},
	{"Milan, 0x2b and a small count", NULL, MILAN, 0x2b, 7, 0, 0, 1},
	{"a line end and 0x2b", NULL, 0, 0x2b, 0, 0, LINE_END << 1, 1},
	{"a rare signature, a line end and a small count", NULL, RARE, 0, 2, 0, LINE_END << 1, 1},
	{"a rare signature and 0x21", NULL, RARE, 0x21, 0, 0, 0, 1},
	{"a profile, a line end and 0x2b", "ec2", 0, 0x2b, 0, 0, LINE_END << 1, 2},
	{"part of a firmware and a rare signature", NULL, RARE, 0, 0, 2, 0, 2},
};

static void plant_rare(const struct fixture *f, const struct rare *row, struct snp_launch *launch)
{
	if (row->profile)
		snprintf(launch->vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", row->profile);
	if (row->signature != 0)
		launch->vcpus.signature = row->signature;
	if (row->features != 0)
		launch->vcpus.features = row->features;
	if (row->vcpus != 0)
		launch->vcpus.count = row->vcpus;
	if (row->firmware != 0)
		launch->firmware = f->firmwares[row->firmware - 1].firmware;
	launch->kernel_hashes = &f->tables[row->table];
}

static void rare_ones_are_found(void **state)
{
	struct fixture *f = *state;
	struct snp_launch stated = f->stated;

	stated.vcpus.count = 1;
	for (size_t i = 0; i < sizeof(rares) / sizeof(rares[0]); i++) {
		const struct rare *row = &rares[i];
		struct search search = f->search;
		struct search_extent extent;
		struct search_match found;
		struct snp_launch launch = stated;
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		size_t size;

		/* No more than needed, for it takes long enough. */
		search.stated = &stated;
		search.max_vcpus = row->vcpus > 0 ? row->vcpus : 1;
		search.n_firmwares = row->firmware;
		search.n_hashes = row->table > 0 ? row->table + 1 : 0;
		print_message("%s\n", row->name);
		plant_rare(f, row, &launch);
		assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
		assert_int_equal(search_run(&search, digest, &found, &extent, NULL), 0);
		assert_string_equal(found.vcpus.profile, launch.vcpus.profile);
		assert_int_equal(found.vcpus.signature, launch.vcpus.signature);
		assert_int_equal(found.vcpus.features, launch.vcpus.features);
		assert_int_equal(found.vcpus.count, launch.vcpus.count);
		assert_int_equal(found.firmware, row->firmware);
		assert_int_equal(found.hashes, row->table > 0 ? row->table + 1 : 0);
		/* Without a budget they are tried alone, and that is said. */
		if (row->others == 0)
			continue;
		search.max_rare = 0;
		assert_int_equal(search_run(&search, digest, &found, &extent, NULL),
				 -SNP_E_NOT_FOUND);
		assert_int_equal(extent.features, 0);
		assert_int_equal(extent.signatures, 0);
	}
}

/* Nor is anything said to have been left out that was not. */
static void an_unrelated_digest_is_not_found(void **state)
{
	struct fixture *f = *state;
	const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {1, 2, 3};
	struct search_match found = {.vcpus.count = 77};
	struct search_extent extent = {0};
	struct snp_launch stated = f->stated;
	struct search search = f->search;
	struct snp_error err = {0};

	search.stated = &stated;
	search.n_firmwares = search.n_hashes = 0;
	search.max_rare = 0;
	assert_int_equal(search_run(&search, digest, &found, &extent, &err), -SNP_E_NOT_FOUND);
	assert_int_equal(found.vcpus.count, 77);
	assert_int_equal(extent.features, 0);
	assert_int_equal(extent.signatures, 0);
	/* The signatures and features alone, less the stated launch's own entry in each: 4 families of
	 * 256 models and 16 steppings, and 13 bits of SEV_FEATURES. */
	assert_true(extent.tried >= ((4 * 256 * 16 - 1) + (1u << 13) - 1) * MAX_VCPUS);
	assert_true(err.message[0] != '\0');
	stated.vcpus.count = search.max_vcpus = 1;
	search.max_rare = UINT64_MAX;
	assert_int_equal(search_run(&search, digest, &found, &extent, &err), -SNP_E_NOT_FOUND);
	assert_int_equal(extent.features, 2);
	assert_int_equal(extent.signatures, 2);
}

static void other_modes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct snp_launch sev = f->stated;
	struct search search = f->search;
	const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {0};
	struct search_match found;
	struct search_extent extent;

	sev.mode = SNP_MODE_SEV_ES;
	search.stated = &sev;
	assert_int_equal(search_run(&search, digest, &found, &extent, NULL), -SNP_E_NO_DIGEST);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_differences_are_found),
		cmocka_unit_test(the_stated_launch_is_found_first),
		cmocka_unit_test(a_high_stated_count_is_tried),
		cmocka_unit_test(rare_ones_are_found),
		cmocka_unit_test(an_unrelated_digest_is_not_found),
		cmocka_unit_test(other_modes_are_refused),
	};

	return _cmocka_run_group_tests("search", tests, 6, setup, teardown);
}
