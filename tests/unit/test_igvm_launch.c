// SPDX-License-Identifier: Apache-2.0
/* What loaders make of an IGVM file: refusals, findings, order. That digests are right is for golden-igvm. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "igvm_image.h"
#include <snp/cleanup.h>
#include <snp/hex.h>

#include "image/igvm.h"
#include "launch/igvm.h"
#include "told.h"

#define FOUND_SIZE 1024

#define QEMU	"igvm-qemu-10"
#define QEMU_11 "igvm-qemu-11"
#define ORDER	"igvm-directive-order"
#define CLOUD	"igvm-cloud-hypervisor"
#define OPENVMM "igvm-openvmm"
#define MIB	(1ull << 20)
#define ANY	0 /* size of memory: not given */

/* One change of a good file, launched: refused, or with these findings. */
static const struct change {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	const char *profile;
	uint64_t memory;
	enum snp_code code;
	const char *findings; /* each with a blank after it */
} changes[] = {
	{"good", 0, "", 0, QEMU, ANY, SNP_OK, ""},
	{"good, by reading", 0, "", 0, QEMU_11, ANY, SNP_OK, "unconfirmed-profile "},
	{"good, as igvmmeasure", 0, "", 0, ORDER, ANY, SNP_OK, ""},
	/* platforms */
	{"SEV-ES", IGVM_PLATFORM + 13, "\5", 1, QEMU, ANY, SNP_OK, "platform-not-snp "},
	{"SEV-ES, as igvmmeasure", IGVM_PLATFORM + 13, "\5", 1, ORDER, ANY, SNP_E_IGVM_LAUNCH, ""},
	/* directives */
	{"MADT", IGVM_VP_COUNT, "\x9", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"MADT, QEMU 11", IGVM_VP_COUNT, "\x9", 1, QEMU_11, ANY, SNP_OK, "unconfirmed-profile "},
	{"MADT, as igvmmeasure", IGVM_VP_COUNT, "\x9", 1, ORDER, ANY, SNP_OK, ""},
	{"device tree", IGVM_VP_COUNT, "\x12", 1, QEMU_11, ANY, SNP_E_IGVM_LAUNCH, ""},
	/* memory */
	{"required memory of no bytes", IGVM_REQUIRED + 20, "\0\0\0", 3, QEMU, ANY,
	 SNP_E_IGVM_LAUNCH, ""},
	{"required memory that may not be there", IGVM_REQUIRED + 20, "\0\0\0\x10", 4, QEMU, ANY,
	 SNP_E_NEEDS_MEMORY, ""},
	{"required memory that is there", IGVM_REQUIRED + 20, "\0\0\0\x10", 4, QEMU, 512 * MIB,
	 SNP_OK, ""},
	{"required memory past the end", IGVM_REQUIRED + 20, "\0\0\0\x10", 4, QEMU, 128 * MIB,
	 SNP_E_IGVM_LAUNCH, ""},
	{"page on a device", IGVM_PAGE + 8, "\0\0\xe0\xfe", 4, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"page in a hole", IGVM_PAGE + 8, "\0\0\xc0\xff", 4, QEMU, ANY, SNP_OK, ""},
	{"page on a border inside memory", IGVM_PAGE + 8, "\0\0\xc", 3, QEMU, ANY, SNP_OK, ""},
	{"page twice", IGVM_PAGE + 8, "\0\x10\x10", 3, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"page twice, as igvmmeasure", IGVM_PAGE + 8, "\0\x10\x10", 3, ORDER, ANY, SNP_OK,
	 "page-launched-twice "},
	{"insert on a page", IGVM_INSERT + 8, "\0\x10\x10", 3, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	/* what QEMU makes of pages */
	{"shared page", IGVM_PAGE + 24, "\4", 1, QEMU, ANY, SNP_OK, "shared-page-private "},
	{"page of 2 MiB", IGVM_PAGE + 8, "\0\0\x40\0\0\0\0\0\1\0\0\0\x30\1\0\0\1", 17, QEMU, ANY,
	 SNP_OK, "large-page-filled "},
	{"page of 2 MiB, as igvmmeasure", IGVM_PAGE + 24, "\1", 1, ORDER, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"CPUID past 4 GiB", IGVM_PAGE + 64 + 8, "\0\x20\x80\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\2",
	 21, QEMU, ANY, SNP_OK, "cpuid-address-cut "},
	{"CPUID past 4 GiB, nothing below", IGVM_PAGE + 64 + 8,
	 "\0\x20\x10\xf0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\2", 21, QEMU, 512 * MIB, SNP_E_IGVM_LAUNCH,
	 ""},
	{"CPUID past 4 GiB, on a page", IGVM_PAGE + 64 + 8,
	 "\0\x10\x10\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\2", 21, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"area with contents", IGVM_AREA + 20, "\x30\1", 2, QEMU, ANY, SNP_OK,
	 "area-contents-dropped "},
	{"area of 4 GiB and a page", IGVM_AREA + 12, "\1", 1, QEMU, ANY, SNP_OK, "area-size-cut "},
	{"area of 4 GiB", IGVM_AREA + 8, "\0\0\0\0\1", 5, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"area past 52 bits", IGVM_INSERT + 8, "\0\0\0\0\0\0\x10", 7, QEMU, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"area past 52 bits, as igvmmeasure", IGVM_INSERT + 8, "\0\0\0\0\0\0\x10", 7, ORDER, ANY,
	 SNP_E_IGVM_LAUNCH, ""},
	/* policy */
	{"policy", IGVM_POLICY + 8, "\0\0\xb", 3, QEMU, ANY, SNP_OK, "policy-not-launched "},
	/* contexts */
	{"context at another address", IGVM_CONTEXT + 9, "\x10", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"context of another vCPU", IGVM_CONTEXT + 24, "\1", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"features that no KVM offers", IGVM_VMSA + 0x3b0, "\x9", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"features without SNP", IGVM_VMSA + 0x3b0, "\0", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"DebugSwap", IGVM_VMSA + 0x3b0, "\x21", 1, QEMU, ANY, SNP_OK, "guest-features-of-host "},
	{"CR2", IGVM_VMSA + 0x240, "\1", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR2, as igvmmeasure", IGVM_VMSA + 0x240, "\1", 1, ORDER, ANY, SNP_OK, ""},
	{"CPL", IGVM_VMSA + 0xcb, "\3", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"after the save area", IGVM_VMSA + 0x670, "\1", 1, QEMU, ANY, SNP_OK, "context-changed "},
	{"TR base", IGVM_VMSA + 0x99, "\1", 1, QEMU, ANY, SNP_OK,
	 "tr-base-of-ldtr context-changed "},
	{"FPU", IGVM_VMSA + 0x410, "\0\0", 2, QEMU, ANY, SNP_OK, "context-changed "},
	{"DR7", IGVM_VMSA + 0x160, "\1", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"DR6 of 64 bits", IGVM_VMSA + 0x16c, "\1", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"PAT", IGVM_VMSA + 0x268, "\2", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"XCR0 0", IGVM_VMSA + 0x3e8, "\0", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"XCR0 with AVX and no SSE", IGVM_VMSA + 0x3e8, "\5", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"XCR0 with PKRU", IGVM_VMSA + 0x3e8, "\7\2", 2, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"virtual 8086 mode", IGVM_VMSA + 0x172, "\2", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR0.NW alone", IGVM_VMSA + 0x15b, "\x20", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR0.PG without PE", IGVM_VMSA + 0x158, "\x10\0\0\x80", 4, QEMU, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"reserved bit of CR0", IGVM_VMSA + 0x158, "\x71", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR4.PKE, which EPYC lacks", IGVM_VMSA + 0x14a, "\x40", 1, QEMU, ANY, SNP_OK,
	 "context-changed "},
	{"CR4.PCIDE, which EPYC lacks", IGVM_VMSA + 0x14a, "\2", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"CR4.CET", IGVM_VMSA + 0x14a, "\x80", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"long mode code without long mode", IGVM_VMSA + 0x13, "\xe", 1, QEMU, ANY,
	 SNP_E_IGVM_LAUNCH, ""},
	{"EFER.LMA alone", IGVM_VMSA + 0xd1, "\x14", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"reserved bit of EFER", IGVM_VMSA + 0xd1, "\x12", 1, QEMU, ANY, SNP_E_IGVM_LAUNCH, ""},
	/* Cloud Hypervisor */
	{"good, CH", 0, "", 0, CLOUD, ANY, SNP_OK, "unconfirmed-profile "},
	{"SEV-ES, CH", IGVM_PLATFORM + 13, "\5", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"MADT, CH", IGVM_VP_COUNT, "\x9", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"command line, CH", IGVM_VP_COUNT, "\xe", 1, CLOUD, ANY, SNP_OK, "unconfirmed-profile "},
	{"policy, CH", IGVM_POLICY + 8, "\0\0\xb", 3, CLOUD, ANY, SNP_OK,
	 "policy-of-file unconfirmed-profile "},
	{"policy of another platform, CH", IGVM_POLICY + 16, "\2", 1, CLOUD, ANY, SNP_OK,
	 "unconfirmed-profile "},
	{"shared page, CH", IGVM_PAGE + 24, "\4", 1, CLOUD, ANY, SNP_OK,
	 "shared-page-private unconfirmed-profile "},
	{"page of 2 MiB, CH", IGVM_PAGE + 24, "\1", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"empty page of 2 MiB, CH", IGVM_PAGE + 64 + 24, "\1", 1, CLOUD, ANY, SNP_OK,
	 "large-page-cut unconfirmed-profile "},
	{"CPUID_XF, CH", IGVM_PAGE + 64 + 28, "\3", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"page twice, CH", IGVM_PAGE + 8, "\0\x10\x10", 3, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"page that may not be there, CH", IGVM_PAGE + 8, "\0\0\0\x10", 4, CLOUD, ANY,
	 SNP_E_NEEDS_MEMORY, ""},
	{"page that is there, CH", IGVM_PAGE + 8, "\0\0\0\x10", 4, CLOUD, 512 * MIB, SNP_OK,
	 "unconfirmed-profile "},
	{"page past the end, CH", IGVM_PAGE + 8, "\0\0\0\x10", 4, CLOUD, 128 * MIB,
	 SNP_E_IGVM_LAUNCH, ""},
	{"page in the hole, CH", IGVM_PAGE + 8, "\0\0\0\xc0", 4, CLOUD, 8192 * MIB,
	 SNP_E_IGVM_LAUNCH, ""},
	{"page past 4 GiB, CH", IGVM_PAGE + 8, "\0\0\0\0\1", 5, CLOUD, 8192 * MIB, SNP_OK,
	 "unconfirmed-profile "},
	{"required memory past the end, CH", IGVM_REQUIRED + 20, "\0\0\0\x10", 4, CLOUD, 128 * MIB,
	 SNP_E_IGVM_LAUNCH, ""},
	{"area of 4 GiB, CH", IGVM_AREA + 8, "\0\0\0\0\1", 5, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"context at another address, CH", IGVM_CONTEXT + 9, "\x10", 1, CLOUD, ANY, SNP_OK,
	 "unconfirmed-profile "},
	{"PAT, CH", IGVM_VMSA + 0x268, "\4", 1, CLOUD, ANY, SNP_OK,
	 "context-changed unconfirmed-profile "},
	{"FPU, CH", IGVM_VMSA + 0x410, "\0\0", 2, CLOUD, ANY, SNP_OK,
	 "context-changed unconfirmed-profile "},
	{"CR2, CH", IGVM_VMSA + 0x240, "\1", 1, CLOUD, ANY, SNP_OK,
	 "context-changed unconfirmed-profile "},
	{"LDTR, CH", IGVM_VMSA + 0x72, "\x83", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"SEV_FEATURES 0, CH", IGVM_VMSA + 0x3b0, "\0", 1, CLOUD, ANY, SNP_OK,
	 "context-changed unconfirmed-profile "},
	{"RestrictedInjection, CH", IGVM_VMSA + 0x3b0, "\x9", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR0 past 32 bits, CH", IGVM_VMSA + 0x15c, "\1", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR4.CET, CH", IGVM_VMSA + 0x14a, "\x80", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"EFER.LMA alone, CH", IGVM_VMSA + 0xd1, "\x14", 1, CLOUD, ANY, SNP_E_IGVM_LAUNCH, ""},
	/* OpenVMM, whose file starts in long mode */
	{"good, OV", 0, "", 0, OPENVMM, ANY, SNP_OK, "unconfirmed-profile "},
	{"highest VTL 2, OV", IGVM_PLATFORM + 12, "\2", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"shared boundary, OV", IGVM_PLATFORM + 16, "\1", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"device tree, OV", IGVM_VP_COUNT, "\x12", 1, OPENVMM, ANY, SNP_OK, "unconfirmed-profile "},
	{"policy, OV", IGVM_POLICY + 8, "\0\0\xb", 3, OPENVMM, ANY, SNP_OK,
	 "policy-of-file unconfirmed-profile "},
	{"policy of another platform, OV", IGVM_POLICY + 16, "\2", 1, OPENVMM, ANY,
	 SNP_E_IGVM_LAUNCH, ""},
	{"shared page, OV", IGVM_PAGE + 24, "\4", 1, OPENVMM, ANY, SNP_OK, "unconfirmed-profile "},
	{"insert on a shared page, OV", IGVM_PAGE + 8, "\0\0\x11\0\0\0\0\0\1\0\0\0\x30\1\0\0\4", 17,
	 OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CPUID_XF, OV", IGVM_PAGE + 64 + 28, "\3", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"memory for VTL2, OV", IGVM_REQUIRED + 24, "\1", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"page past 2 GiB, OV", IGVM_PAGE + 8, "\0\0\0\x80", 4, OPENVMM, 8192 * MIB,
	 SNP_E_IGVM_LAUNCH, ""},
	{"context at another address, OV", IGVM_CONTEXT + 9, "\x10", 1, OPENVMM, ANY,
	 SNP_E_IGVM_LAUNCH, ""},
	{"PAT, OV", IGVM_VMSA + 0x268, "\4", 1, OPENVMM, ANY, SNP_OK, "unconfirmed-profile "},
	{"PAT of no type, OV", IGVM_VMSA + 0x268, "\2", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"FPU, OV", IGVM_VMSA + 0x410, "\0\0", 2, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"CR2, OV", IGVM_VMSA + 0x240, "\1", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"after the save area, OV", IGVM_VMSA + 0x670, "\1", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH,
	 ""},
	{"limit of GDTR, OV", IGVM_VMSA + 0x66, "\1", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"TR base, OV", IGVM_VMSA + 0x99, "\1", 1, OPENVMM, ANY, SNP_OK, "unconfirmed-profile "},
	{"without NXE, OV", IGVM_VMSA + 0xd1, "\x15", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
	{"RIP 0, OV", IGVM_VMSA + 0x17a, "\0", 1, OPENVMM, ANY, SNP_E_IGVM_LAUNCH, ""},
};

struct fixture {
	uint8_t file[IGVM_SIZE];
	struct snp_igvm *igvm;
	struct snp_launch launch;
};

/* CS.L, EFER, CR4, CR3, CR0. */
static void put_long_mode(uint8_t *vmsa)
{
	vmsa[0x13] |= 2;
	snp_put_le64(vmsa + 0xd0, 0x1d00);
	snp_put_le64(vmsa + 0x148, 0x60);
	snp_put_le64(vmsa + 0x150, 0x1000);
	snp_put_le64(vmsa + 0x158, 0x80000031);
}

static void set_up(struct fixture *f, const char *profile)
{
	igvm_build(f->file);
	if (strcmp(profile, OPENVMM) == 0)
		put_long_mode(f->file + IGVM_VMSA);
	f->igvm = NULL;
	f->launch = (struct snp_launch){.size = sizeof(f->launch),
					.mode = SNP_MODE_SNP_IGVM,
					.policy = 0x30000,
					.vcpus.count = 1,
					.vcpus.signature = 0x800f12};
	snprintf(f->launch.vcpus.profile, sizeof(f->launch.vcpus.profile), "%s", profile);
}

static void load(struct fixture *f)
{
	snp_igvm_free(f->igvm);
	igvm_repair(f->file, sizeof(f->file));
	assert_int_equal(
		igvm_parse("file", (struct snp_span){f->file, sizeof(f->file)}, &f->igvm, NULL), 0);
	f->launch.igvm = f->igvm;
	f->launch.vcpus.features = 1;
	(void)!snp_launch_igvm_features(&f->launch, &f->launch.vcpus.features, NULL);
}

static void note(void *arg, const char *name, const char *text)
{
	char *found = arg;
	size_t n = strlen(found);

	assert_true(strlen(text) > 20);
	snprintf(found + n, FOUND_SIZE - n, "%s ", name);
}

static void check_change(void **state)
{
	const struct change *row = *state;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct snp_error err = {0};
	char found[FOUND_SIZE] = "";
	struct fixture f;
	size_t size;

	set_up(&f, row->profile);
	memcpy(f.file + row->at, row->bytes, row->n);
	load(&f);
	f.launch.memory_size = row->memory;
	assert_int_equal(snp_launch_check(&f.launch, &err), -(int)row->code);
	assert_int_equal(snp_launch_digest(&f.launch, digest, &size, NULL), -(int)row->code);
	if (row->code == SNP_OK)
		snp_launch_warnings(&f.launch, note, found);
	else
		assert_string_equal(err.file, "file");
	assert_string_equal(found, row->findings);
	snp_igvm_free(f.igvm);
}

static void tell_finding(void *arg, const char *name, const char *text)
{
	(void)arg;
	tell("  %s: %s", name, text);
}

static const char *const profiles[] = {QEMU, QEMU_11, ORDER, "igvm-native-zero", CLOUD, OPENVMM};

#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

static void tell_launch(const struct fixture *f, const char *name)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct snp_error err = {0};
	char hex[17];
	size_t size;
	int r = snp_launch_digest(&f->launch, digest, &size, &err);

	if (r < 0) {
		tell_result(name, r, &err);
		return;
	}
	hex_encode(digest, 8, hex);
	tell("%s: %s...", name, hex);
	snp_launch_warnings(&f->launch, tell_finding, NULL);
}

/* Each change, launched by each loader: what it says, word for word. */
static void what_loaders_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PROFILES * ARRAY_SIZE(changes); i++) {
		const struct change *row = &changes[i / N_PROFILES];
		const char *profile = profiles[i % N_PROFILES];
		struct fixture f;
		char name[128];

		set_up(&f, profile);
		memcpy(f.file + row->at, row->bytes, row->n);
		load(&f);
		f.launch.memory_size = row->memory;
		snprintf(name, sizeof(name), "%s (%s)", row->name, profile);
		tell_launch(&f, name);
		snp_igvm_free(f.igvm);
	}
}

/* Each byte of the headers, turned into another, by one loader after the other. */
static void what_a_byte_changes(void **state)
{
	(void)state;
	for (uint32_t at = IGVM_PLATFORM; at < IGVM_HEADERS_END; at++) {
		struct snp_error err = {0};
		struct fixture f;
		char name[64];
		int r;

		set_up(&f, profiles[at % N_PROFILES]);
		f.file[at] ^= at % 3 == 0 ? 0x80 : 1;
		igvm_repair(f.file, sizeof(f.file));
		snprintf(name, sizeof(name), "byte 0x%x (%s)", at, profiles[at % N_PROFILES]);
		r = igvm_parse("file", (struct snp_span){f.file, sizeof(f.file)}, &f.igvm, &err);
		if (r < 0) {
			tell_result(name, r, &err);
			continue;
		}
		load(&f);
		f.launch.memory_size = 512 * MIB;
		f.launch.vcpus.count = 1 + at % 2;
		tell_launch(&f, name);
		snp_igvm_free(f.igvm);
	}
}

/* What is memory before the guest runs, page by page around each border. */
static void what_is_memory(void **state)
{
	static const uint64_t sizes[] = {2 * MIB,    128 * MIB,	 0xb0000000 - MIB,
					 0xb0000000, 3072 * MIB, 6144 * MIB};
	static const uint64_t borders[] = {
		0xc0000,     0xe0000,	  2 * MIB,     128 * MIB,   0x80000000,	 0xaff00000,
		0xb0000000,  0xc0000000,  0xfec00000,  0xfed00000,  0xfee00000,	 0xfef00000,
		0x100000000, 0x150000000, 0x180000000, 0x1c0000000, 0x200000000, 0xe100000000};
	static const char *const rams[] = {"any", "QEMU", "Cloud Hypervisor", "OpenVMM"};

	(void)state;
	for (unsigned int ram = IGVM_RAM_QEMU; ram <= IGVM_RAM_OPENVMM; ram++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			for (size_t j = 0; j < ARRAY_SIZE(borders); j++) {
				static const int64_t around[] = {-8192, -4096, -1024,
								 0,	1024,  4096};
				struct igvm_memory *memory;
				char line[256] = "";

				assert_int_equal(igvm_memory_new(ram, sizes[i], &memory, NULL), 0);
				for (size_t k = 0; k < 2 * ARRAY_SIZE(around); k++)
					strncat(line,
						igvm_memory_has(memory,
								borders[j] +
									(uint64_t)around[k / 2],
								k % 2 ? 8192 : 1024)
							? " yes"
							: " no",
						sizeof(line) - strlen(line) - 1);
				tell("%s, 0x%llx bytes, at 0x%llx:%s", rams[ram],
				     (unsigned long long)sizes[i], (unsigned long long)borders[j],
				     line);
				for (size_t k = 0; k < 2 * ARRAY_SIZE(around) && (i == 3 || i == 5);
				     k++) {
					struct snp_error err = {0};
					int r = igvm_memory_prepare(
						memory, borders[j] + (uint64_t)around[k / 2],
						k % 2 ? 12288 : 1024, k, &err);

					if (r < 0)
						tell_result("  prepared", r, &err);
				}
				igvm_memory_free(memory);
			}
	for (size_t j = 0; j < ARRAY_SIZE(borders); j++)
		for (unsigned int k = 0; k < 6; k++) {
			const uint64_t gpa =
				borders[j] - 2 * MIB + k % 3 * MIB + (k < 3 ? 0 : 4096);

			tell("memory may end in 0x%llx: %d %d %d %d", (unsigned long long)gpa,
			     igvm_memory_may_end_in(gpa, MIB - 4096),
			     igvm_memory_may_end_in(gpa, MIB), igvm_memory_may_end_in(gpa, MIB + 1),
			     igvm_memory_may_end_in(gpa, 3 * MIB));
		}
}

/* KVM has a number of slots, and QEMU makes one for each range. */
static void ranges_are_limited(void **state)
{
	struct igvm_memory *memory;
	struct snp_error err = {0};
	size_t n = 0;

	(void)state;
	assert_int_equal(igvm_memory_new(IGVM_RAM_QEMU, 512 * MIB, &memory, NULL), 0);
	while (igvm_memory_prepare(memory, 0x8000000000 + n * 8192, 4096, 77, &err) == 0)
		n++;
	tell("%zu ranges", n);
	tell_result("one more", -SNP_E_TOO_LARGE, &err);
	/* In what is there already, more fit. */
	assert_int_equal(igvm_memory_prepare(memory, 0x8000000000, 4096, 0, &err), 0);
	igvm_memory_free(memory);
}

static void as_told(void **state)
{
	(void)state;
	told("igvm_launch");
}

/* "N100000 U110000 …": type and address of each update. */
static int list(void *arg, const struct snp_launch_update *u, struct snp_error *err)
{
	char *text = arg;

	(void)err;
	snprintf(text + strlen(text), 64, "%c%llx ", snp_page_type_name(u->type)[0],
		 (unsigned long long)u->gpa);
	return 0;
}

static void expect_order(const char *profile, uint32_t vcpus, const char *expected)
{
	char found[1024] = "";
	struct fixture f;

	set_up(&f, profile);
	f.launch.vcpus.count = vcpus;
	/* A page, parameters, a page for nobody, a page that would follow the first. */
	igvm_put_page(f.file, IGVM_REQUIRED, 0x100000, IGVM_CONTENTS, 0, 0);
	snp_put_le32(f.file + IGVM_PAGE + 16, 0);
	load(&f);
	assert_int_equal(snp_launch_plan(&f.launch, list, found, NULL), 0);
	assert_string_equal(found, expected);
	snp_igvm_free(f.igvm);
}

/* QEMU launches the parameters between two runs first; VMSAs at the end, of all vCPUs. */
static void order_of_loaders(void **state)
{
	(void)state;
	expect_order(QEMU, 2, "U110000 N100000 N101000 S102000 Vfffffffff000 Vfffffffff000 ");
	expect_order(ORDER, 2, "N100000 U110000 N101000 S102000 Vfffffffff000 ");
	expect_order("igvm-native-zero", 1, "N100000 U110000 N101000 S102000 Vfffffffff000 ");
	expect_order(CLOUD, 1, "N100000 U110000 N101000 S102000 Vfffffffff000 ");
	expect_order(OPENVMM, 1, "N100000 U110000 N101000 S102000 Vfffffffff000 ");
}

/* A page without contents, parameters of two pages, a context for the second vCPU. */
static void pages_of_loaders(void **state)
{
	static const struct {
		const char *profile, *expected;
	} rows[] = {
		{QEMU, "U110000 U111000 N100000 N101000 S102000 Vfffffffff000 "},
		{ORDER, "U110000 N100000 N101000 S102000 Vfffffffff000 "},
		{"igvm-native-zero", "U110000 N100000 Z101000 S102000 Vfffffffff000 "},
		{CLOUD, "U110000 U111000 N100000 Z101000 S102000 Vfffffffff000 "},
		{OPENVMM, "U110000 U111000 N100000 N101000 S102000 Vfffffffff000 "},
	};
	const bool needs_context[] = {false, false, false, true, true};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char found[1024] = "";
		struct fixture f;

		set_up(&f, rows[i].profile);
		snp_put_le64(f.file + IGVM_AREA + 8, 8192);
		snp_put_le32(f.file + IGVM_PAGE + 32 + 20, 0);
		load(&f);
		assert_int_equal(snp_launch_plan(&f.launch, list, found, NULL), 0);
		assert_string_equal(found, rows[i].expected);
		f.launch.vcpus.count = 2;
		assert_int_equal(snp_launch_check(&f.launch, NULL),
				 needs_context[i] ? -(int)SNP_E_IGVM_LAUNCH : 0);
		snp_igvm_free(f.igvm);
	}
}

/* The model counts for vCPUs without a context, and for bits of CR4 that it may lack. */
static void needs_a_model(void **state)
{
	uint8_t with[SNP_LAUNCH_DIGEST_SIZE], without[SNP_LAUNCH_DIGEST_SIZE];
	struct fixture f;
	size_t size;

	(void)state;
	set_up(&f, QEMU);
	load(&f);
	assert_int_equal(snp_launch_digest(&f.launch, with, &size, NULL), 0);
	f.launch.vcpus.signature = 0;
	assert_int_equal(snp_launch_digest(&f.launch, without, &size, NULL), 0);
	assert_memory_equal(with, without, sizeof(with));
	f.launch.vcpus.count = 2;
	assert_int_equal(snp_launch_check(&f.launch, NULL), -SNP_E_NEEDS_CPU_MODEL);
	f.launch.vcpus.count = 1;
	f.file[IGVM_VMSA + 0x149] = 8; /* UMIP */
	load(&f);
	assert_int_equal(snp_launch_check(&f.launch, NULL), -SNP_E_NEEDS_CPU_MODEL);
	f.launch.vcpus.signature = 0x00a00f11;
	assert_int_equal(snp_launch_check(&f.launch, NULL), 0);
	snp_igvm_free(f.igvm);
}

/* The features are the file's: another word for them is a mistake. */
static void features_of_the_file(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, QEMU);
	f.file[IGVM_VMSA + 0x3b0] = 0x21;
	load(&f);
	assert_true(f.launch.vcpus.features == 0x21);
	f.launch.vcpus.features = 1;
	assert_int_equal(snp_launch_check(&f.launch, NULL), -SNP_E_BAD_FEATURES);
	snp_igvm_free(f.igvm);
}

static void vmsas_of_vcpus(void **state)
{
	uint8_t page[SNP_PAGE_SIZE];
	struct fixture f;

	(void)state;
	set_up(&f, QEMU);
	f.launch.vcpus.count = 2;
	load(&f);
	assert_int_equal(snp_launch_vmsa(&f.launch, 0, page, NULL), 0);
	assert_memory_equal(page, f.file + IGVM_VMSA, sizeof(page));
	/* Without a context: at the reset vector. */
	assert_int_equal(snp_launch_vmsa(&f.launch, 1, page, NULL), 0);
	assert_memory_equal(page + 0x178, "\xf0\xff\0\0", 4);
	assert_memory_equal(page + 0x310, "\x12\x0f\x80\0", 4);
	assert_int_equal(snp_launch_vmsa(&f.launch, 2, page, NULL), -SNP_E_BAD_VCPU_COUNT);
	snprintf(f.launch.vcpus.profile, sizeof(f.launch.vcpus.profile), ORDER);
	assert_int_equal(snp_launch_vmsa(&f.launch, 0, page, NULL), -SNP_E_NO_DIGEST);
	snp_igvm_free(f.igvm);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_change, changes);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(order_of_loaders);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(pages_of_loaders);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(needs_a_model);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(features_of_the_file);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(vmsas_of_vcpus);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_loaders_say);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_a_byte_changes);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_memory);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(ranges_are_limited);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("igvm_launch", tests, n);
}
