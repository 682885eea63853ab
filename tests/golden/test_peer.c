// SPDX-License-Identifier: Apache-2.0
/* Every row of tests/vectors/launch.csv, which virtee/sev-snp-measure computed and for most of which the Rust
 * crate sev agrees: the same digest, but for the rows below, which must be refused. */
#include "../unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/sha.h>

#include "csv.h"
#include "find_image.h"

/* What QEMU or KVM would not launch, though the peer prints a digest. */
static const struct left_out {
	const char *id;
	enum snp_code code;
	const char *reason;
} left_out[] = {
	{"L030", SNP_E_NO_METADATA, "no SEV metadata: QEMU exits"},
	{"L088", SNP_E_BAD_SECTION, "a section (SVSM_CAA) of no bytes, in an image for TDX"},
	{"L089", SNP_E_BAD_SECTION, "a section (SVSM_CAA) of no bytes, in an image for TDX"},
	{"L203", SNP_E_BAD_VCPU_COUNT, "0 vCPUs"},
	{"L254", SNP_E_BAD_FEATURES, "SEV_FEATURES 0 in an SEV-SNP guest: SNP_ACTIVE is missing"},
	{"L461", SNP_E_NO_METADATA, "no SEV metadata: QEMU exits"},
};

static struct csv csv;

static const struct left_out *find_left_out(const char *id)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strcmp(left_out[i].id, id) == 0)
			return &left_out[i];
	return NULL;
}

/* "type:NAME", "sig:NUMBER", "fms:FAMILY/MODEL/STEPPING" or nothing. */
static uint32_t read_signature(const char *select)
{
	unsigned long family, model, stepping;
	uint32_t signature = 0;

	if (strncmp(select, "type:", 5) == 0)
		assert_int_equal(snp_cpu_model_find(select + 5, &signature, NULL), 0);
	else if (strncmp(select, "sig:", 4) == 0)
		signature = (uint32_t)strtoull(select + 4, NULL, 0);
	else if (sscanf(select, "fms:%lu/%lu/%lu", &family, &model, &stepping) == 3)
		assert_int_equal(snp_cpu_signature(family, model, stepping, &signature, NULL), 0);
	else
		assert_string_equal(select, "");
	return signature;
}

static bool read_hash(const char *hex, const uint8_t *otherwise, uint8_t ret[SNP_SHA256_SIZE])
{
	memcpy(ret, otherwise, SNP_SHA256_SIZE);
	if (hex[0] == '\0')
		return false;
	assert_int_equal(hex_decode(hex, "sha256", ret, SNP_SHA256_SIZE, NULL), 0);
	return true;
}

static enum snp_mode read_mode(const char *mode)
{
	for (unsigned int i = 0; i <= SNP_MODE_SEV; i++)
		if (strcmp(mode, snp_mode_name((enum snp_mode)i)) == 0)
			return (enum snp_mode)i;
	assert_string_equal(mode, "snp:ovmf-hash");
	return SNP_MODE_SNP;
}

/* The peer leaves the 0x1 of some SEV-ES rows out of the digest; so does the tool, which warns, and the
 * library refuses it. */
static void read_launch(size_t row, struct snp_launch *ret, struct snp_kernel_hashes *hashes,
			uint8_t firmware_digest[SNP_SHA384_SIZE])
{
	uint8_t none[SNP_SHA256_SIZE], no_cmdline[SNP_SHA256_SIZE];
	const char *digest = csv_cell(&csv, row, "snp_ovmf_hash");
	enum snp_vmm vmm;

	*ret = (struct snp_launch){.size = sizeof(struct snp_launch),
				   .mode = read_mode(csv_cell(&csv, row, "mode"))};
	assert_int_equal(snp_vmm_find(csv_cell(&csv, row, "vmm_type"), &vmm, NULL), 0);
	assert_int_equal(snp_profile_current(vmm, ret->mode, ret->vcpus.profile, NULL), 0);
	ret->vcpus.count = (uint32_t)strtoul(csv_cell(&csv, row, "vcpus"), NULL, 10);
	ret->vcpus.signature = read_signature(csv_cell(&csv, row, "vcpu_select"));
	ret->vcpus.features = ret->mode == SNP_MODE_SNP
				      ? strtoull(csv_cell(&csv, row, "guest_features"), NULL, 0)
				      : 0;
	if (digest[0] != '\0') {
		assert_int_equal(
			hex_decode(digest, "digest", firmware_digest, SNP_SHA384_SIZE, NULL), 0);
		ret->firmware_digest = firmware_digest;
	}
	assert_int_equal(sha256_of((struct snp_span){(const uint8_t *)"", 1}, no_cmdline, NULL), 0);
	memset(none, 0, sizeof(none));
	if (read_hash(csv_cell(&csv, row, "kernel_sha256"), none, hashes->kernel))
		ret->kernel_hashes = hashes;
	(void)read_hash(csv_cell(&csv, row, "initrd_sha256"), sha256_of_nothing, hashes->initrd);
	(void)read_hash(csv_cell(&csv, row, "cmdline_sha256"), no_cmdline, hashes->cmdline);
}

static void check_row(void **state)
{
	size_t row = (size_t)((char *(*)[CSV_COLUMNS]) * state - csv.cells);
	const struct left_out *refused = find_left_out(csv_cell(&csv, row, "id"));
	bool is_hash = strcmp(csv_cell(&csv, row, "mode"), "snp:ovmf-hash") == 0;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE], firmware_digest[SNP_SHA384_SIZE];
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	struct snp_kernel_hashes hashes;
	struct snp_launch launch;
	struct snp_error err = {0};
	size_t size = SNP_SHA384_SIZE;
	int r;

	read_launch(row, &launch, &hashes, firmware_digest);
	launch.firmware = find_image(csv_cell(&csv, row, "ovmf_sha256"));
	if (!launch.firmware) {
		print_message(
			"no image of SHA-256 %s (%s %s, %s)\n", csv_cell(&csv, row, "ovmf_sha256"),
			csv_cell(&csv, row, "ovmf_package"), csv_cell(&csv, row, "ovmf_version"),
			csv_cell(&csv, row, "ovmf_path"));
		skip();
	}
	r = is_hash ? snp_launch_firmware_digest(launch.firmware, digest, &err)
		    : snp_launch_digest(&launch, digest, &size, &err);
	if (refused) {
		print_message("left out: %s\n", refused->reason);
		assert_int_equal(r, -(int)refused->code);
		return;
	}
	if (r < 0)
		print_message("%s\n", err.message);
	assert_int_equal(r, 0);
	hex_encode(digest, size, hex);
	assert_string_equal(hex, csv_cell(&csv, row, "expected"));
}

/* test_peer CSV FOLDER...: images are looked for in the folders. */
int main(int argc, char **argv)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	if (argc < 3)
		return 2;
	csv_read(argv[1], &csv);
	find_image_in((const char *const *)argv + 2, (size_t)argc - 2);
	for (size_t row = 1; row < csv.n_rows; row++)
		tests[n++] = (struct CMUnitTest){csv_cell(&csv, row, "id"), check_row, NULL, NULL,
						 csv.cells[row]};
	return RUN_TESTS("peer", tests, n);
}
