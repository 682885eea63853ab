// SPDX-License-Identifier: Apache-2.0
/* The digests in tests/vectors: from the firmware's summary, or from images of a SHA-256. Each says where
 * its truth comes from ("evidence"). */
#include "../unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/firmware.h"

#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/launch.h>
#include <snp/memory.h>

#include "find_image.h"

static const char *text(const struct json_value *launch, const char *key)
{
	const struct json_value *value = json_get(launch, key);
	const char *ret = NULL;

	if (value)
		assert_int_equal(json_string(value, &ret, NULL), 0);
	return ret;
}

static uint64_t number(const struct json_value *launch, const char *key)
{
	const struct json_value *value = json_get(launch, key);
	uint64_t ret = 0;

	assert_non_null(value);
	assert_int_equal(json_integer(value, 0, UINT32_MAX, &ret, NULL), 0);
	return ret;
}

static enum snp_mode read_mode(const char *name)
{
	for (unsigned int i = 0; name && i <= SNP_MODE_SEV; i++)
		if (strcmp(name, snp_mode_name((enum snp_mode)i)) == 0)
			return (enum snp_mode)i;
	assert_null(name);
	return SNP_MODE_SNP;
}

static const struct snp_firmware *image(const struct json_value *launch, const char *key)
{
	const struct snp_firmware *ret = find_image(text(launch, key));

	if (!ret) {
		print_message("no image of SHA-256 %s\n", text(launch, key));
		skip();
	}
	return ret;
}

static void read_hashes(const struct json_value *launch, struct snp_kernel_hashes *ret)
{
	const char *cmdline = text(launch, "cmdline");
	const char *initrd_hex = text(launch, "initrd_sha256");
	uint8_t kernel[SNP_SHA256_SIZE], initrd[SNP_SHA256_SIZE];

	assert_int_equal(
		hex_decode(text(launch, "kernel_sha256"), "kernel", kernel, SNP_SHA256_SIZE, NULL),
		0);
	if (initrd_hex)
		assert_int_equal(hex_decode(initrd_hex, "initrd", initrd, SNP_SHA256_SIZE, NULL),
				 0);
	assert_int_equal(snp_kernel_hashes_fill(kernel, initrd_hex ? initrd : NULL,
						text_span(cmdline), ret, NULL),
			 0);
}

static void check_launch(void **state)
{
	const struct json_value *value = *state, *summary = json_get(value, "firmware");
	const char *model = text(value, "cpu_model");
	struct snp_kernel_hashes hashes;
	struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = read_mode(text(value, "mode"))};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	size_t size;

	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", text(value, "vmm_profile"));
	launch.vcpus.count = (uint32_t)number(value, "vcpu_count");
	assert_int_equal(
		hex_u64(text(value, "guest_features"), "features", &launch.vcpus.features, NULL),
		0);
	if (model)
		assert_int_equal(snp_cpu_model_find(model, &launch.vcpus.signature, NULL), 0);
	if (json_get(value, "kernel_sha256")) {
		read_hashes(value, &hashes);
		launch.kernel_hashes = &hashes;
	}
	if (summary) {
		assert_int_equal(firmware_from_summary(summary, "summary", &firmware, NULL), 0);
		launch.firmware = firmware;
	} else {
		launch.firmware = image(value, "firmware_sha256");
	}
	if (launch.mode == SNP_MODE_SNP_SVSM) {
		launch.svsm = image(value, "svsm_sha256");
		launch.vars_size = number(value, "vars_size");
	}
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	hex_encode(digest, size, hex);
	assert_string_equal(hex, text(value, "launch_digest"));
	snp_firmware_free(firmware);
}

static void no_vector(void **state)
{
	print_message("no vector for the image of SHA-256 %s\n", (const char *)*state);
	skip();
}

static bool has_vector(const struct json_value *launches, const char *sha256)
{
	const struct json_value *launch;

	for (launch = json_first(launches); launch; launch = json_next(launch)) {
		const char *known = text(launch, "firmware_sha256");

		if (known && strcmp(known, sha256) == 0)
			return true;
	}
	return false;
}

/* Where the document is to have every image that a host can be given: those that it has not. */
static size_t add_unknown(const struct json_value *launches, struct CMUnitTest *tests, size_t n)
{
	const struct snp_firmware *firmware;
	const char *sha256 = NULL;

	for (size_t i = 0; (firmware = find_image_at(i, &sha256)) && n < ROWS_MAX; i++)
		if (snp_firmware_info(firmware)->has_metadata && !has_vector(launches, sha256))
			tests[n++] =
				(struct CMUnitTest){snp_firmware_info(firmware)->path, no_vector,
						    NULL, NULL, (void *)(uintptr_t)sha256};
	return n;
}

/* test_vectors VECTORS FOLDER... */
int main(int argc, char **argv)
{
	static struct CMUnitTest tests[ROWS_MAX];
	struct json *document = NULL;
	const struct json_value *launches = NULL, *launch;
	struct snp_error err;
	size_t n = 0;
	int r;

	if (argc < 2)
		return 2;
	find_image_in((const char *const *)argv + 2, (size_t)argc - 2);
	r = json_read(argv[1], SNP_MAX_CONFIG, &document, &err);
	if (r == 0)
		r = json_schema(document, "snp-launch-vectors/1", &err);
	if (r == 0)
		r = json_need(json_root(document), "launches", &launches, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	for (launch = json_first(launches); launch && n < ROWS_MAX; launch = json_next(launch))
		tests[n++] = (struct CMUnitTest){text(launch, "name"), check_launch, NULL, NULL,
						 (void *)(uintptr_t)launch};
	if (json_get(json_root(document), "every_image"))
		n = add_unknown(launches, tests, n);
	r = RUN_TESTS("vectors", tests, n);
	json_free(document);
	return r;
}
