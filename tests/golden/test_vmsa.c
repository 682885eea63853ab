// SPDX-License-Identifier: Apache-2.0
/* VMSA pages as the peer dumped them, tests/vectors/vmsa.csv. Its svsm pages have FPU fields that no machine
 * has (x87_fcw 0 beside mxcsr 0x1f80): these alone are compared without them. */
#include "../unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/sha.h>

#include "csv.h"
#include "find_image.h"

#define X87_FCW 0x410

static struct csv csv;

/* The rows name packages, not digests. The image matters for its reset address alone, which all of
 * others share with `synthetic`, and for where the SVSM is loaded. */
static const struct snp_firmware *synthetic, *svsm_ovmf, *svsm;

static uint32_t read_signature(const char *select)
{
	uint32_t signature = 0;

	if (strncmp(select, "type:", 5) == 0)
		assert_int_equal(snp_cpu_model_find(select + 5, &signature, NULL), 0);
	else if (strncmp(select, "sig:", 4) == 0)
		signature = (uint32_t)strtoull(select + 4, NULL, 0);
	return signature;
}

static void check_page(const struct snp_launch *launch, uint32_t vcpu, const char *sha256)
{
	uint8_t page[SNP_PAGE_SIZE], hash[SNP_SHA256_SIZE];
	char hex[2 * SNP_SHA256_SIZE + 1];

	assert_int_equal(snp_launch_vmsa(launch, vcpu, page, NULL), 0);
	if (launch->mode == SNP_MODE_SNP_SVSM)
		memset(page + X87_FCW, 0, 2);
	assert_int_equal(sha256_of((struct snp_span){page, sizeof(page)}, hash, NULL), 0);
	hex_encode(hash, sizeof(hash), hex);
	assert_string_equal(hex, sha256);
}

static void check_row(void **state)
{
	size_t row = (size_t)((char *(*)[CSV_COLUMNS]) * state - csv.cells);
	const char *mode = csv_cell(&csv, row, "mode");
	uint64_t features = strtoull(csv_cell(&csv, row, "guest_features"), NULL, 0);
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch), .mode = SNP_MODE_SNP, .firmware = synthetic};
	enum snp_vmm vmm;

	if (strcmp(mode, "seves") == 0)
		launch.mode = SNP_MODE_SEV_ES;
	if (strcmp(mode, "snp:svsm") == 0) {
		launch.mode = SNP_MODE_SNP_SVSM;
		launch.firmware = svsm_ovmf;
		launch.svsm = svsm;
		launch.vars_size = 540672;
	}
	if (!launch.firmware) {
		print_message("no image of an SVSM\n");
		skip();
	}
	assert_int_equal(snp_vmm_find(csv_cell(&csv, row, "vmm_type"), &vmm, NULL), 0);
	assert_int_equal(snp_profile_current(vmm, launch.mode, launch.vcpus.profile, NULL), 0);
	launch.vcpus.count = (uint32_t)strtoul(csv_cell(&csv, row, "vcpus"), NULL, 10);
	launch.vcpus.signature = read_signature(csv_cell(&csv, row, "vcpu_select"));
	launch.vcpus.features = launch.mode == SNP_MODE_SEV_ES ? 0 : features;
	if (launch.mode == SNP_MODE_SNP && features == 0) {
		/* The peer dumps an SEV-SNP guest without SNP_ACTIVE: refused. */
		assert_int_equal(snp_launch_check(&launch, NULL), -SNP_E_BAD_FEATURES);
		return;
	}
	check_page(&launch, 0, csv_cell(&csv, row, "bsp_sha256"));
	check_page(&launch, launch.vcpus.count - 1, csv_cell(&csv, row, "ap_sha256"));
}

/* test_vmsa CSV FOLDER... */
int main(int argc, char **argv)
{
	static struct CMUnitTest tests[ROWS_MAX];
	static char names[ROWS_MAX][128];
	size_t n = 0;

	if (argc < 3)
		return 2;
	csv_read(argv[1], &csv);
	find_image_in((const char *const *)argv + 2, (size_t)argc - 2);
	synthetic = find_image("8f66f05400b7baccb08877d7ed7ed7eb26949c97a224e237048da4b4e0fb1a9c");
	svsm_ovmf = find_image("50d1bf8676c7fb2ff6b8e50cf8fc0491534de27c12d6345a2dcefef51cbac97e");
	svsm = find_image("287fcee67b501b072e4953b5006059d088b454e9197bc318885385acb233d5d1");
	for (size_t row = 1; row < csv.n_rows; row++, n++) {
		snprintf(names[n], sizeof(names[n]), "%s %s %s x%s %s", csv_cell(&csv, row, "mode"),
			 csv_cell(&csv, row, "vmm_type"), csv_cell(&csv, row, "vcpu_select"),
			 csv_cell(&csv, row, "vcpus"), csv_cell(&csv, row, "guest_features"));
		tests[n] = (struct CMUnitTest){names[n], check_row, NULL, NULL, csv.cells[row]};
	}
	return RUN_TESTS("vmsa", tests, n);
}
