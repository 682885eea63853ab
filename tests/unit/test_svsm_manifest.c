// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/svsm_manifest.h>

/* Two services: a vTPM with an RSA key of 12 bytes, and UEFI variables of 4. */
static const uint8_t good[88] =
	"\xbb\x9e\x84\x63\x92\x3d\x70\x46\xa1\xff\x58\xf9\xc9\x4b\x87\xbb\x58\0\0\0\2\0\0\0"
	"\xeb\xf1\x76\xc4\x23\x01\xa5\x45\x96\x41\xb4\xe7\xdd\xe5\xbf\xe3\x48\0\0\0\xc\0\0\0"
	"\x59\x3a\x45\xa4\x1b\x9e\x87\x47\xa0\x33\x19\x86\xd6\xad\xbe\x55\x54\0\0\0\4\0\0\0"
	"\0\1\0\xb"
	"abcdefghijkl";

static const struct mangle {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	enum snp_code code;
	uint64_t offset;
} mangles[] = {
	{"good", 0, "", 0, SNP_OK, 0},
	{"another length", 16, "\x57", 1, SNP_E_BAD_MANIFEST, 16},
	{"no services", 20, "\0", 1, SNP_E_BAD_MANIFEST, 20},
	{"65 services", 20, "\x41", 1, SNP_E_BAD_MANIFEST, 20},
	{"more services than bytes", 20, "\4", 1, SNP_E_BAD_MANIFEST, 40},
	{"2^32 - 1 services", 20, "\xff\xff\xff\xff", 4, SNP_E_BAD_MANIFEST, 20},
	{"data in the entries", 40, "\x47", 1, SNP_E_BAD_MANIFEST, 40},
	{"data past the end", 68, "\5", 1, SNP_E_BAD_MANIFEST, 64},
	{"data that wraps", 64, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, SNP_E_BAD_MANIFEST, 64},
	{"no data", 68, "\0", 1, SNP_OK, 0},
	{"of one service", 0, "\xbc", 1, SNP_OK, 0},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	uint8_t *bytes = malloc(sizeof(good)); /* on the heap, so that ASan sees one byte too far */
	struct svsm_manifest manifest = {0};
	struct snp_error err = {0};

	memcpy(bytes, good, sizeof(good));
	memcpy(bytes + row->at, row->bytes, row->n);
	assert_int_equal(
		svsm_manifest_read((struct snp_span){bytes, sizeof(good)}, &manifest, &err),
		-(int)row->code);
	assert_int_equal(err.code, row->code);
	assert_true(row->code == SNP_OK || err.offset == row->offset);
	assert_true((manifest.n_services > 0) == (row->code == SNP_OK));
	free(bytes);
}

static void names_services(void **state)
{
	static const uint8_t ecc[16] = "\0\x23\0\xb";
	struct svsm_manifest manifest;

	(void)state;
	assert_int_equal(svsm_manifest_read((struct snp_span){good, sizeof(good)}, &manifest, NULL),
			 0);
	assert_int_equal(manifest.n_services, 2);
	assert_string_equal(svsm_service_name(&manifest.services[0]), "vTPM, EK RSA");
	assert_int_equal(manifest.services[0].data.size, 12);
	assert_string_equal(svsm_service_name(&manifest.services[1]), "UEFI variables");
	assert_memory_equal(manifest.services[1].data.data, "ijkl", 4);
	assert_int_equal(svsm_manifest_read((struct snp_span){ecc, sizeof(ecc)}, &manifest, NULL),
			 0);
	assert_string_equal(svsm_service_name(&manifest.services[0]), "vTPM, EK ECC");
	assert_int_equal(svsm_manifest_read((struct snp_span){good, 3}, &manifest, NULL), 0);
	assert_string_equal(svsm_service_name(&manifest.services[0]), "unknown");
	assert_int_equal(svsm_manifest_read((struct snp_span){good, 0}, &manifest, NULL),
			 -SNP_E_EMPTY_FILE);
}

/* SHA-512 of 64 zeros and "abc", computed by coreutils. */
static void binds_manifest_and_nonce(void **state)
{
	static const uint8_t nonce[SVSM_NONCE_SIZE];
	uint8_t data[SNP_REPORT_DATA_SIZE];

	(void)state;
	assert_int_equal(
		svsm_report_data(nonce, (struct snp_span){(const uint8_t *)"abc", 3}, data, NULL),
		0);
	assert_memory_equal(data,
			    "\x76\x82\xb6\xb8\x4c\x6f\x69\x25\x45\xa8\x96\xad\x21\x02\x99\xbc"
			    "\xc6\xf7\x4e\x18\x9d\x82\x9e\x16\x57\x39\xb1\x1d\xd8\x3b\x6f\x2c"
			    "\x8c\xfa\xcf\x27\xe8\x12\xbf\x06\x4d\xf7\x56\xd6\x23\x5a\xc3\x3c"
			    "\x06\x2b\x89\xec\xb8\x0f\x82\x15\x51\x6d\xbb\xb8\x44\xce\x84\x80",
			    sizeof(data));
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_mangle, mangles);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(names_services);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(binds_manifest_and_nonce);
	return RUN_TESTS("svsm_manifest", tests, n);
}
