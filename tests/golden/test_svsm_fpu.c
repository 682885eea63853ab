// SPDX-License-Identifier: Apache-2.0
/* tests/vectors/svsm-fpu.csv: launches with an SVSM, computed with the FPU state of the recorded ones. Rows of
 * the peer's own state, which no machine has, must differ from both profiles. */
#include "../unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>
#include <snp/launch.h>

#include "csv.h"
#include "find_image.h"

static struct csv csv;
static const struct snp_firmware *ovmf, *svsm;

static void digest_of(size_t row, const char *profile, char *ret)
{
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP_SVSM,
				    .firmware = ovmf,
				    .svsm = svsm,
				    .vcpus.features = 1};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	size_t size;

	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", profile);
	assert_int_equal(
		snp_cpu_model_find(csv_cell(&csv, row, "vcpu_type"), &launch.vcpus.signature, NULL),
		0);
	launch.vcpus.count = (uint32_t)strtoul(csv_cell(&csv, row, "vcpus"), NULL, 10);
	launch.vars_size = strtoull(csv_cell(&csv, row, "vars_size"), NULL, 10);
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	hex_encode(digest, size, ret);
}

static void check_row(void **state)
{
	size_t row = (size_t)((char *(*)[CSV_COLUMNS]) * state - csv.cells);
	char fpu0[2 * SNP_LAUNCH_DIGEST_SIZE + 1], today[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	if (!ovmf || !svsm) {
		print_message("no image of an SVSM\n");
		skip();
	}
	digest_of(row, "svsm-fpu0", fpu0);
	digest_of(row, "svsm", today);
	if (strcmp(csv_cell(&csv, row, "variant"), "old") == 0) {
		assert_string_equal(fpu0, csv_cell(&csv, row, "expected"));
		return;
	}
	assert_string_not_equal(fpu0, csv_cell(&csv, row, "expected"));
	assert_string_not_equal(today, csv_cell(&csv, row, "expected"));
}

/* test_svsm_fpu CSV FOLDER... */
int main(int argc, char **argv)
{
	static struct CMUnitTest tests[ROWS_MAX];
	static char names[ROWS_MAX][64];
	size_t n = 0;

	if (argc < 3)
		return 2;
	csv_read(argv[1], &csv);
	find_image_in((const char *const *)argv + 2, (size_t)argc - 2);
	ovmf = find_image("50d1bf8676c7fb2ff6b8e50cf8fc0491534de27c12d6345a2dcefef51cbac97e");
	svsm = find_image("287fcee67b501b072e4953b5006059d088b454e9197bc318885385acb233d5d1");
	for (size_t row = 1; row < csv.n_rows; row++, n++) {
		snprintf(names[n], sizeof(names[n]), "%s %s x%s", csv_cell(&csv, row, "variant"),
			 csv_cell(&csv, row, "vcpu_type"), csv_cell(&csv, row, "vcpus"));
		tests[n] = (struct CMUnitTest){names[n], check_row, NULL, NULL, csv.cells[row]};
	}
	return RUN_TESTS("svsm-fpu", tests, n);
}
