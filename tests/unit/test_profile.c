// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "launch/launch.h"
#include "told.h"

#include <snp/hex.h>
#include <snp/profile.h>
#include <snp/sha.h>

/* QEMU 11.1, `-cpu help`, and target/i386/cpu.c for the numbers. */
static const struct model {
	const char *name;
	enum snp_code code;
	uint32_t signature;
} models[] = {
	{"EPYC", SNP_OK, 0x800f12},	     {"EPYC-v5", SNP_OK, 0x800f12},
	{"EPYC-IBPB", SNP_OK, 0x800f12},     {"EPYC-Rome-v4", SNP_OK, 0x830f10},
	{"EPYC-Milan-v4", SNP_OK, 0xa00f11}, {"EPYC-Genoa-v3", SNP_OK, 0xa10f10},
	{"EPYC-Turin-v2", SNP_OK, 0xb00f00}, {"Dhyana-v2", SNP_OK, 0x900f01},
	{"EPYC-v6", SNP_E_BAD_CPU_MODEL, 0}, {"EPYC-", SNP_E_BAD_CPU_MODEL, 0},
	{"", SNP_E_BAD_CPU_MODEL, 0},	     {"host", SNP_E_BAD_CPU_MODEL, 0},
	{"epyc-v4", SNP_E_BAD_CPU_MODEL, 0},
};

static void check_model(void **state)
{
	const struct model *row = *state;
	uint32_t signature = 77;
	struct snp_error err = {0};

	assert_int_equal(snp_cpu_model_find(row->name, &signature, &err), -(int)row->code);
	tell_result(row->name, -(int)err.code, &err);
	assert_int_equal(signature, row->code == SNP_OK ? row->signature : 77);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
}

static const struct signature {
	const char *name;
	uint64_t family, model, stepping;
	enum snp_code code;
	uint32_t signature;
} signatures[] = {
	{"EPYC", 23, 1, 2, SNP_OK, 0x800f12},
	{"Milan", 25, 1, 1, SNP_OK, 0xa00f11},
	{"Turin of a real host", 26, 2, 1, SNP_OK, 0xb00f21},
	{"all zero", 0, 0, 0, SNP_OK, 0},
	{"no extended family", 15, 0, 0, SNP_OK, 0xf00},
	{"largest", 270, 255, 15, SNP_OK, 0x0fff0fff},
	{"family 271", 271, 0, 0, SNP_E_BAD_CPU_MODEL, 0},
	{"model 300", 25, 300, 0, SNP_E_BAD_CPU_MODEL, 0},
	{"stepping 99", 25, 1, 99, SNP_E_BAD_CPU_MODEL, 0},
	{"family 2^64 - 1", UINT64_MAX, 0, 0, SNP_E_BAD_CPU_MODEL, 0},
};

static void check_signature(void **state)
{
	const struct signature *row = *state;
	uint32_t signature = 77;

	assert_int_equal(
		snp_cpu_signature(row->family, row->model, row->stepping, &signature, NULL),
		-(int)row->code);
	assert_int_equal(signature, row->code == SNP_OK ? row->signature : 77);
}

/* The one that a VMM has today. */
static const struct current {
	const char *name, *vmm;
	enum snp_mode mode;
	const char *profile; /* NULL: no such mode */
} currents[] = {
	{"QEMU", "qemu", SNP_MODE_SNP, "qemu"},
	{"QEMU, SEV-ES", "QEMU", SNP_MODE_SEV_ES, "qemu-es-init2"},
	{"QEMU, SEV", "QEMU", SNP_MODE_SEV, "qemu"},
	{"QEMU, SVSM", "QEMU", SNP_MODE_SNP_SVSM, "svsm"},
	{"EC2", "EC2", SNP_MODE_SNP, "ec2"},
	{"GCE", "gce", SNP_MODE_SNP, "gce"},
	{"EC2, SVSM", "ec2", SNP_MODE_SNP_SVSM, NULL},
};

static void check_current(void **state)
{
	const struct current *row = *state;
	char profile[SNP_PROFILE_NAME_SIZE] = "";
	enum snp_vmm vmm;

	assert_int_equal(snp_vmm_find(row->vmm, &vmm, NULL), 0);
	assert_int_equal(snp_profile_current(vmm, row->mode, profile, NULL),
			 row->profile ? 0 : -SNP_E_BAD_PROFILE);
	assert_string_equal(profile, row->profile ? row->profile : "");
	if (row->profile)
		assert_int_equal(snp_profile_check(profile, row->mode, NULL), 0);
}

/* SHA-384 of VMSA pages that reports of real hardware confirm (tests/vectors/hardware.json). */
static const struct page {
	const char *name, *profile;
	bool is_ap;
	const char *sha384;
} pages[] = {
	{"QEMU, first", "qemu", false,
	 "77920c4c629ff47e90c0e174fc1ad0eb6fa664f88cd4739488058a8c6cb1a77b"
	 "3856f55378e9518d0da99452d51c553a"},
	{"QEMU, others", "qemu", true,
	 "8413b852790765a310d95867a8b00bfca3a802b5a80830044b45e253fe962226"
	 "57e11e53fcf63eb0e0afd722385bf7b4"},
	{"EC2 of 2023, first", "ec2-rdx0", false, "1ce642f84290ae8c"},
	{"EC2 of 2023, others", "ec2-rdx0", true, "30d909894e8fbfef"},
	{"GCE, others", "gce", true, "5302d262c88780a7"},
};

static void check_page(void **state)
{
	const struct page *row = *state;
	struct vmsa_start start = {
		.is_ap = row->is_ap,
		.eip = row->is_ap ? 0x80b004 : 0xfffffff0,
		.cpu_signature = 0x800f12,
		.sev_features = 1,
	};
	struct snp_launch launch = {.size = sizeof(struct snp_launch)};
	uint8_t page[SNP_PAGE_SIZE], sha384[SNP_SHA384_SIZE];
	char hex[2 * SNP_SHA384_SIZE + 1];

	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", row->profile);
	vmsa_build(launch_profile(&launch), &start, page);
	assert_int_equal(sha384_of((struct snp_span){page, sizeof(page)}, sha384, NULL), 0);
	hex_encode(sha384, sizeof(sha384), hex);
	hex[strlen(row->sha384)] = '\0';
	assert_string_equal(hex, row->sha384);
}

/* The FPU's control words are all that a host kernel before Linux 6.9 leaves out. */
static void fpu0(void **state)
{
	static const char *const names[] = {"qemu", "qemu-fpu0"};
	static const uint8_t fields[] = {0x08, 0x09, 0x10, 0x11}; /* MXCSR, FCW from 0x400 on */
	struct snp_launch launch = {.size = sizeof(struct snp_launch)};
	uint8_t built[2][SNP_PAGE_SIZE];

	(void)state;
	for (int ap = 0; ap < 2; ap++) {
		struct vmsa_start start = {
			.is_ap = ap, .eip = 0x80b004, .cpu_signature = 0x800f12, .sev_features = 1};

		for (size_t i = 0; i < 2; i++) {
			snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", names[i]);
			vmsa_build(launch_profile(&launch), &start, built[i]);
		}
		assert_memory_not_equal(built[0], built[1], SNP_PAGE_SIZE);
		for (size_t i = 0; i < sizeof(fields); i++) {
			assert_int_equal(built[1][0x400 + fields[i]], 0);
			built[0][0x400 + fields[i]] = 0;
		}
		assert_memory_equal(built[0], built[1], SNP_PAGE_SIZE);
	}
}

/* Names that were released are never redefined; each mode has a profile. */
static void table(void **state)
{
	static const char *const names[] = {"qemu",
					    "qemu-es-legacy",
					    "qemu-es-init2",
					    "ec2",
					    "ec2-rdx0",
					    "gce",
					    "svsm",
					    "svsm-fpu0",
					    "qemu-fpu0",
					    "igvm-qemu-10",
					    "igvm-qemu-11",
					    "igvm-directive-order",
					    "igvm-native-zero",
					    "igvm-cloud-hypervisor",
					    "igvm-openvmm"};
	struct snp_error err = {0};
	uint32_t signature;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_not_equal(snp_profile_summary(names[i]), "");
	while (snp_profile_at(n))
		n++;
	assert_int_equal(n, sizeof(names) / sizeof(names[0]));
	assert_null(snp_profile_summary("QEMU"));
	assert_int_equal(snp_profile_check("QEMU", SNP_MODE_SNP, &err), -SNP_E_BAD_PROFILE);
	assert_int_equal(snp_profile_check("", SNP_MODE_SNP, &err), -SNP_E_BAD_PROFILE);
	assert_non_null(strstr(err.message, "qemu-es-legacy"));
	for (n = 0; snp_cpu_model_at(n, &signature); n++)
		assert_int_equal(signature & 0xf0000f00, 0xf00); /* family 15 and more */
	assert_int_equal(n, 28);
	assert_string_equal(cpu_model_of(0x00a00f11), "EPYC-Milan");
	assert_string_equal(cpu_model_of(0xa00f12), "no QEMU model");
	assert_string_equal(cpu_model_of(0), "none");
}

/* Each profile, model and mode, field by field: of the pages that a profile builds, all that is not zero. */
static void tables(void **state)
{
	const char *name;
	uint32_t signature;

	(void)state;
	for (size_t i = 0; (name = snp_profile_at(i)); i++) {
		struct snp_launch launch = {.size = sizeof(struct snp_launch)};
		const char *signed_by =
			snp_profile_uses_signature(name) ? "signature" : "no signature";

		tell("%s: %s (%s)", name, snp_profile_summary(name), signed_by);
		for (unsigned int mode = SNP_MODE_SNP; mode <= SNP_MODE_SNP_IGVM; mode++) {
			struct snp_error err = {0};
			int r = snp_profile_check(name, mode, &err);

			tell_result(snp_mode_name(mode), r, &err);
		}
		snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", name);
		for (unsigned int ap = 0; ap < 2; ap++) {
			const struct vmsa_start start = {.is_ap = ap,
							 .eip = 0x12345678,
							 .cpu_signature = 0x800f12,
							 .sev_features = 0x21};
			uint8_t page[SNP_PAGE_SIZE];

			vmsa_build(launch_profile(&launch), &start, page);
			for (unsigned int at = 0; at < SNP_PAGE_SIZE; at++)
				if (page[at] != 0)
					tell("  %s 0x%x: %02x", ap ? "AP" : "BSP", at, page[at]);
		}
	}
	for (size_t i = 0; (name = snp_cpu_model_at(i, &signature)); i++) {
		uint32_t features = 0;
		const int known = cpu_features(signature, &features);

		tell("%s: 0x%x %d 0x%x", name, signature, known, features);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("profile");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_model, models);
	ADD_ROWS(tests, n, check_signature, signatures);
	ADD_ROWS(tests, n, check_current, currents);
	ADD_ROWS(tests, n, check_page, pages);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(fpu0);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(table);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(tables);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("profile", tests, n);
}
