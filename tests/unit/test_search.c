// SPDX-License-Identifier: Apache-2.0
/* 200 launches that differ from the stated one in one to three planted assumptions are found again, and
 * said to differ in just those. Their digests come from snp_launch_digest(), which other tests hold
 * against hardware; what is tested here is that the search goes everywhere it says. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/search.h>

#include "ovmf_image.h"

#define N_PLANTED 200
#define MAX_VCPUS 16

static const struct snp_kernel_hashes stated_hashes = {{1}, {2}, {3}};
static const struct snp_kernel_hashes no_initrd = {{1}, {0}, {3}};
static const struct snp_kernel_hashes other_cmdline = {{1}, {2}, {4}};
static const struct snp_kernel_hashes both = {{1}, {0}, {4}};
static const struct snp_search_hashes hashes[] = {
	{NULL, 1}, {&no_initrd, 1}, {&other_cmdline, 1}, {&both, 2}};
static const uint32_t signatures[] = {0xa00f11, 0xa10f10, 0xb00f21, 0x830f10};
static const uint64_t features[] = {0x21, 0x5, 0x201, 0x29};
static const char *const profiles[] = {"ec2", "ec2-rdx0", "gce"};

struct fixture {
	struct snp_firmware *firmware, *other_firmware;
	const struct snp_firmware *firmwares[1];
	struct snp_launch stated;
	struct snp_search search;
};

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
	f.firmwares[0] = f.other_firmware;
	f.stated = (struct snp_launch){.mode = SNP_MODE_SNP,
				       .firmware = f.firmware,
				       .kernel_hashes = &stated_hashes,
				       .vcpu_count = 4,
				       .cpu_signature = 0x800f12,
				       .guest_features = 1};
	if (snp_profile_find("qemu", &f.stated.profile, NULL) < 0)
		return -1;
	f.search = (struct snp_search){.stated = &f.stated,
				       .firmwares = f.firmwares,
				       .n_firmwares = 1,
				       .hashes = hashes,
				       .n_hashes = 4,
				       .max_vcpus = MAX_VCPUS};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	snp_firmware_free(f->firmware);
	snp_firmware_free(f->other_firmware);
	return 0;
}

/* A fixed sequence, so that a failure comes again. */
static uint32_t draw(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % n;
}

/* Change the planted launch in one assumption that has not been changed yet; 0 if it cannot. */
static unsigned int plant(const struct fixture *f, uint32_t *seed, struct snp_launch *launch,
			  struct snp_search_match *planted)
{
	uint32_t i;

	switch (draw(seed, 6)) {
	case 0:
		if (planted->vcpu_count != f->stated.vcpu_count)
			return 0;
		planted->vcpu_count = launch->vcpu_count = 5 + draw(seed, MAX_VCPUS - 4);
		return 1;
	case 1:
		if (launch->cpu_signature != f->stated.cpu_signature ||
		    !snp_profile_uses_signature(launch->profile))
			return 0;
		planted->cpu_signature = launch->cpu_signature = signatures[draw(seed, 4)];
		return 1;
	case 2:
		if (launch->guest_features != f->stated.guest_features)
			return 0;
		planted->guest_features = launch->guest_features = features[draw(seed, 4)];
		return 1;
	case 3:
		/* GCE takes no firmware with a kernel hashes section; a profile without signature
		 * leaves a planted one without effect. */
		if (launch->profile != f->stated.profile || planted->hashes != 0 ||
		    launch->cpu_signature != f->stated.cpu_signature ||
		    snp_profile_find(profiles[draw(seed, 2)], &launch->profile, NULL) < 0)
			return 0;
		planted->profile = launch->profile;
		return 1;
	case 4:
		if (planted->firmware != 0)
			return 0;
		planted->firmware = 1;
		launch->firmware = f->other_firmware;
		return 1;
	default:
		i = draw(seed, 3);
		if (planted->hashes != 0)
			return 0;
		planted->hashes = 1 + i;
		launch->kernel_hashes = hashes[i].hashes;
		return 1;
	}
}

static void planted_differences_are_found(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 2026;

	for (unsigned int i = 0; i < N_PLANTED; i++) {
		struct snp_launch launch = f->stated;
		struct snp_search_match planted = {.profile = launch.profile,
						   .cpu_signature = launch.cpu_signature,
						   .guest_features = launch.guest_features,
						   .vcpu_count = launch.vcpu_count};
		struct snp_search_match found;
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		uint64_t tried = 0;
		size_t size;

		while (planted.changes < 1 + i % 3)
			planted.changes += plant(f, &seed, &launch, &planted);
		assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
		assert_int_equal(snp_search_run(&f->search, digest, &found, &tried, NULL), 0);
		assert_int_equal(found.changes, planted.changes);
		assert_int_equal(found.firmware, planted.firmware);
		assert_int_equal(found.hashes, planted.hashes);
		assert_ptr_equal(found.profile, planted.profile);
		assert_int_equal(found.cpu_signature, planted.cpu_signature);
		assert_int_equal(found.guest_features, planted.guest_features);
		assert_int_equal(found.vcpu_count, planted.vcpu_count);
		assert_true(tried > 0);
	}
}

static void the_stated_launch_is_found_first(void **state)
{
	struct fixture *f = *state;
	struct snp_search_match found;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	uint64_t tried;
	size_t size;

	assert_int_equal(snp_launch_digest(&f->stated, digest, &size, NULL), 0);
	assert_int_equal(snp_search_run(&f->search, digest, &found, &tried, NULL), 0);
	assert_int_equal(found.changes, 0);
}

/* Far from any model, and every feature with a name: the wide lists. */
static void wide_lists_are_searched(void **state)
{
	struct fixture *f = *state;
	struct snp_launch launch = f->stated;
	struct snp_search_match found;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	uint64_t tried;
	size_t size;

	launch.cpu_signature = 0xaf0fff;
	launch.vcpu_count = 2;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	assert_int_equal(snp_search_run(&f->search, digest, &found, &tried, NULL), 0);
	assert_int_equal(found.cpu_signature, 0xaf0fff);
	assert_int_equal(found.vcpu_count, 2);
	launch = f->stated;
	launch.guest_features = 0xd7ff;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	assert_int_equal(snp_search_run(&f->search, digest, &found, &tried, NULL), 0);
	assert_int_equal(found.guest_features, 0xd7ff);
}

static void an_unrelated_digest_is_not_found(void **state)
{
	struct fixture *f = *state;
	const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {1, 2, 3};
	struct snp_search_match found = {.vcpu_count = 77};
	struct snp_error err = {0};
	uint64_t tried = 0;

	assert_int_equal(snp_search_run(&f->search, digest, &found, &tried, &err),
			 -SNP_E_NOT_FOUND);
	assert_int_equal(found.vcpu_count, 77);
	/* The wide lists alone, less the stated launch's own entry in each: 4 families of 256 models and
	 * 16 steppings, and 13 bits of SEV_FEATURES. */
	assert_true(tried >= ((4 * 256 * 16 - 1) + (1u << 13) - 1) * MAX_VCPUS);
	assert_true(err.message[0] != '\0');
}

static void other_modes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct snp_launch sev = f->stated;
	struct snp_search search = f->search;
	const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {0};
	struct snp_search_match found;
	uint64_t tried;

	sev.mode = SNP_MODE_SEV_ES;
	search.stated = &sev;
	assert_int_equal(snp_search_run(&search, digest, &found, &tried, NULL), -SNP_E_NO_DIGEST);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_differences_are_found),
		cmocka_unit_test(the_stated_launch_is_found_first),
		cmocka_unit_test(wide_lists_are_searched),
		cmocka_unit_test(an_unrelated_digest_is_not_found),
		cmocka_unit_test(other_modes_are_refused),
	};

	return _cmocka_run_group_tests("search", tests, 5, setup, teardown);
}
