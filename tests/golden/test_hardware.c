// SPDX-License-Identifier: Apache-2.0
/* The digests that real SEV-SNP hosts reported, tests/vectors/hardware.json: from the firmware's summary,
 * or, for an SVSM, from the images. */
#include "../unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/firmware.h"

#include <snp/hex.h>
#include <snp/json.h>
#include <snp/launch.h>

#include "find_image.h"

static const char *text(const struct snp_json_value *launch, const char *key)
{
	const struct snp_json_value *value = snp_json_get(launch, key);
	const char *ret = NULL;

	if (value)
		assert_int_equal(snp_json_string(value, &ret, NULL), 0);
	return ret;
}

static uint64_t number(const struct snp_json_value *launch, const char *key)
{
	const struct snp_json_value *value = snp_json_get(launch, key);
	uint64_t ret = 0;

	assert_non_null(value);
	assert_int_equal(snp_json_integer(value, 0, UINT32_MAX, &ret, NULL), 0);
	return ret;
}

static const struct snp_firmware *image(const struct snp_json_value *launch, const char *key)
{
	const struct snp_firmware *ret = find_image(text(launch, key));

	if (!ret) {
		print_message("no image of SHA-256 %s\n", text(launch, key));
		skip();
	}
	return ret;
}

static void read_hashes(const struct snp_json_value *launch, struct snp_kernel_hashes *ret)
{
	const char *cmdline = text(launch, "cmdline");

	assert_int_equal(snp_hex_decode(text(launch, "kernel_sha256"), "kernel", ret->kernel,
					SNP_SHA256_SIZE, NULL),
			 0);
	assert_int_equal(snp_hex_decode(text(launch, "initrd_sha256"), "initrd", ret->initrd,
					SNP_SHA256_SIZE, NULL),
			 0);
	assert_int_equal(
		snp_cmdline_sha256((struct snp_span){(const uint8_t *)cmdline, strlen(cmdline)},
				   ret->cmdline, NULL),
		0);
}

static void check_launch(void **state)
{
	const struct snp_json_value *value = *state, *summary = snp_json_get(value, "firmware");
	const char *model = text(value, "cpu_model");
	struct snp_kernel_hashes hashes;
	struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {.mode = SNP_MODE_SNP};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	size_t size;

	assert_int_equal(snp_profile_find(text(value, "vmm_profile"), &launch.profile, NULL), 0);
	launch.vcpu_count = (uint32_t)number(value, "vcpu_count");
	assert_int_equal(snp_hex_u64(text(value, "guest_features"), "features",
				     &launch.guest_features, NULL),
			 0);
	if (model)
		assert_int_equal(snp_cpu_model_find(model, &launch.cpu_signature, NULL), 0);
	if (snp_json_get(value, "kernel_sha256")) {
		read_hashes(value, &hashes);
		launch.kernel_hashes = &hashes;
	}
	if (summary) {
		assert_int_equal(firmware_from_summary(summary, "summary", &firmware, NULL), 0);
		launch.firmware = firmware;
	} else {
		launch.mode = SNP_MODE_SNP_SVSM;
		launch.firmware = image(value, "firmware_sha256");
		launch.svsm = image(value, "svsm_sha256");
		launch.vars_size = number(value, "vars_size");
	}
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	snp_hex_encode(digest, size, hex);
	assert_string_equal(hex, text(value, "launch_digest"));
	snp_firmware_free(firmware);
}

/* test_hardware VECTORS FOLDER... */
int main(int argc, char **argv)
{
	static struct CMUnitTest tests[ROWS_MAX];
	struct snp_json *document = NULL;
	const struct snp_json_value *launches = NULL, *launch;
	struct snp_error err;
	size_t n = 0;
	int r;

	if (argc < 2)
		return 2;
	find_image_in((const char *const *)argv + 2, (size_t)argc - 2);
	r = snp_json_read(argv[1], SNP_MAX_CONFIG, &document, &err);
	if (r == 0)
		r = snp_json_schema(document, "snp-hardware-vectors/1", &err);
	if (r == 0)
		r = snp_json_need(snp_json_root(document), "launches", &launches, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	for (launch = snp_json_first(launches); launch && n < ROWS_MAX;
	     launch = snp_json_next(launch))
		tests[n++] = (struct CMUnitTest){text(launch, "name"), check_launch, NULL, NULL,
						 (void *)(uintptr_t)launch};
	r = RUN_TESTS("hardware", tests, n);
	snp_json_free(document);
	return r;
}
