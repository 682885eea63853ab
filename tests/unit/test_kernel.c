// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#include <snp/boot_job.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/kernel.h>
#include <snp/memory.h>
#include <snp/sha.h>
#include <snp/span.h>

/* The header of a kernel as Documentation/arch/x86/boot.rst has it; each row says what to change. */
static const struct row {
	const char *name;
	size_t size;
	uint32_t at;
	const char *bytes;
	size_t n;
	enum snp_code code;
	uint64_t offset;
	uint32_t setup_size, initrd_max;
} rows[] = {
	{"good", 65536, 0, "", 0, SNP_OK, 0, 28 * 512, UINT32_MAX},
	{"setup of 4 sectors where it says 0", 65536, 0x1f1, "\0", 1, SNP_OK, 0, 5 * 512,
	 UINT32_MAX},
	{"setup of 255 sectors", 131072, 0x1f1, "\xff", 1, SNP_OK, 0, 256 * 512, UINT32_MAX},
	{"setup is all there is", 28 * 512, 0, "", 0, SNP_OK, 0, 28 * 512, UINT32_MAX},
	{"setup past the end", 28 * 512 - 1, 0, "", 0, SNP_E_BAD_KERNEL, 0x1f1, 0, 0},
	{"no magic", 65536, 0x202, "HdrX", 4, SNP_OK, 0, 28 * 512, 0},
	{"no magic, setup past the end", 28 * 512 - 1, 0x202, "HdrX", 4, SNP_E_BAD_KERNEL, 0x1f1, 0,
	 0},
	{"cut before the magic", 512, 0, "", 0, SNP_E_BAD_KERNEL, 0x1f1, 0, 0},
	{"one byte", 1, 0, "", 0, SNP_E_BAD_KERNEL, 1, 0, 0},
	{"gzip", 65536, 0, "\x1f\x8b", 2, SNP_OK, 0, 28 * 512, UINT32_MAX},
	{"initrd below what the header says", 65536, 0x236, "\0\0", 2, SNP_OK, 0, 28 * 512,
	 0x7fffffff},
	{"protocol 2.11 knows no flag", 65536, 0x206, "\x0b\x02", 2, SNP_OK, 0, 28 * 512,
	 0x7fffffff},
	{"protocol 2.2", 65536, 0x206, "\x02\x02", 2, SNP_OK, 0, 28 * 512, 0x37ffffff},
	{"protocol 1.0", 65536, 0x206, "\x00\x01", 2, SNP_OK, 0, 28 * 512, 0},
	/* QEMU looks for HdrS first: what else the file claims to be is then of no account. */
	{"ELF with HdrS", 65536, 0,
	 "\x7f"
	 "ELF",
	 4, SNP_OK, 0, 28 * 512, UINT32_MAX},
	{"multiboot with HdrS", 65536, 0x400, "\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4", 12,
	 SNP_OK, 0, 28 * 512, UINT32_MAX},
};

static void build(uint8_t *kernel, size_t size)
{
	uint8_t header[0x268] = {0};

	header[0x1f1] = 27;
	snp_put_le16(header + 0x1fe, 0xaa55);
	memcpy(header + 0x202, "HdrS", 4);
	snp_put_le16(header + 0x206, 0x20f);
	header[0x211] = 1;
	snp_put_le32(header + 0x22c, 0x7fffffff);
	snp_put_le16(header + 0x236, 0x2b);
	memset(kernel, 0x90, size);
	memcpy(kernel, header, size < sizeof(header) ? size : sizeof(header));
}

static int parse(const uint8_t *kernel, size_t size, struct snp_bzimage *ret, struct snp_error *err)
{
	struct snp_span head = {kernel, size < SNP_KERNEL_HEADER ? size : SNP_KERNEL_HEADER};

	return snp_bzimage_parse(head, size, ret, err);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_bzimage image = {.size = 77};
	struct snp_error err = {0};
	uint8_t *kernel = malloc(row->size);

	assert_non_null(kernel);
	build(kernel, row->size);
	memcpy(kernel + row->at, row->bytes, row->n);
	assert_int_equal(parse(kernel, row->size, &image, &err), -(int)row->code);
	free(kernel);
	tell_result(row->name, -(int)err.code, &err);
	if (row->code != SNP_OK) {
		assert_true(err.offset == row->offset);
		assert_int_equal(image.size, 77);
		return;
	}
	assert_int_equal(image.size, row->size);
	assert_int_equal(image.setup_size, row->setup_size);
	assert_true(image.initrd_max == row->initrd_max);
}

/* Setup and `paragraphs` of 16 bytes are what the header tells of. */
static const struct length {
	const char *name;
	size_t size;
	uint16_t protocol;
	uint32_t paragraphs;
	bool is_cut_short;
} lengths[] = {
	{"all that the header tells of", 28 * 512 + 32, 0x20f, 2, false},
	{"more, as a signature", 28 * 512 + 33, 0x20f, 2, false},
	{"a byte less", 28 * 512 + 31, 0x20f, 2, true},
	{"4 GiB of paragraphs", 65536, 0x20f, UINT32_MAX, true},
	{"protocol 2.4", 65536, 0x204, UINT32_MAX, true},
	{"protocol 2.3 cannot tell", 65536, 0x203, UINT32_MAX, false},
};

static void check_length(void **state)
{
	const struct length *row = *state;
	struct snp_bzimage image;
	struct snp_error err = {0};
	uint8_t *kernel = malloc(row->size);

	assert_non_null(kernel);
	build(kernel, row->size);
	snp_put_le16(kernel + 0x206, row->protocol);
	snp_put_le32(kernel + 0x1f4, row->paragraphs);
	assert_int_equal(parse(kernel, row->size, &image, &err), 0);
	assert_true(image.is_cut_short == row->is_cut_short);
	free(kernel);
}

/* A PE32+ header as Linux has it, at 0x40, and what to change of it. */
static const struct pe {
	const char *name;
	uint32_t at;
	uint16_t word;
	bool is_efi_loadable;
} pes[] = {
	{"good", 0x200, 0, true},
	{"no MZ", 0, 0x5a4e, false},
	{"header outside the file", 0x3e, 0x1000, false},
	{"no PE", 0x40, 0x4551, false},
	{"32-bit x86", 0x44, 0x014c, false},
	{"relocations stripped", 0x56, 0x0023, false},
	{"optional header of another size", 0x54, 0x98, false},
	{"PE32", 0x58, 0x10b, false},
	{"no entry point", 0x68, 0, false},
	{"headers longer than the file", 0x96, 1, false},
	{"a Windows program", 0x9c, 3, false},
	{"an EFI driver", 0x9c, 11, true},
	{"another number of directories", 0xc4, 5, false},
	{"a section past the end", 0x10e, 1, false},
};

static void check_pe(void **state)
{
	const struct pe *row = *state;
	static uint8_t kernel[65536];
	struct snp_bzimage image;
	struct snp_error err = {0};

	memset(kernel, 0, sizeof(kernel));
	build(kernel, sizeof(kernel));
	memcpy(kernel, "MZ", 2);
	snp_put_le32(kernel + 0x3c, 0x40);
	memcpy(kernel + 0x40, "PE\0", 4);
	snp_put_le16(kernel + 0x44, 0x8664);
	snp_put_le16(kernel + 0x46, 1);
	snp_put_le16(kernel + 0x54, 112 + 6 * 8);
	snp_put_le16(kernel + 0x56, 0x22);
	snp_put_le16(kernel + 0x58, 0x20b);
	snp_put_le32(kernel + 0x68, 0x1000);
	snp_put_le32(kernel + 0x94, 0x400);
	snp_put_le16(kernel + 0x9c, 10);
	snp_put_le32(kernel + 0xc4, 6);
	snp_put_le32(kernel + 0x108, 0x1000); /* the section's size and place */
	snp_put_le32(kernel + 0x10c, 0x400);
	snp_put_le16(kernel + row->at, row->word);
	if (row->at == 0x200)
		memcpy(kernel + 0x202, "HdrS", 4);
	assert_int_equal(parse(kernel, sizeof(kernel), &image, &err), 0);
	assert_int_equal(image.is_efi_loadable, row->is_efi_loadable);
}

/* What has no HdrS: QEMU hashes it, but for these two. */
static const struct other {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	const char *says; /* NULL: hashed */
} others[] = {
	{"ELF", 0,
	 "\x7f"
	 "ELF",
	 4, "ELF"},
	{"gzip", 0, "\x1f\x8b", 2, NULL},
	{"multiboot", 0x400, "\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4", 12, "multiboot"},
	{"multiboot at the last place", 8140, "\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4", 12,
	 "multiboot"},
	{"multiboot after it", 8144, "\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4", 12, NULL},
	{"multiboot with another sum", 0x400, "\x02\xb0\xad\x1b\1\0\0\0\xfe\x4f\x52\xe4", 12, NULL},
	{"a PE image", 0, "MZ", 2, NULL},
	{"anything", 0, "", 0, NULL},
};

static void check_other(void **state)
{
	const struct other *row = *state;
	struct snp_bzimage image = {.protocol = 0xffff};
	struct snp_error err = {0};
	uint8_t *kernel = calloc(1, 65536);
	int r;

	assert_non_null(kernel);
	memcpy(kernel + row->at, row->bytes, row->n);
	r = parse(kernel, 65536, &image, &err);
	free(kernel);
	tell_result(row->name, r, &err);
	if (row->says) {
		assert_int_equal(r, -SNP_E_BAD_KERNEL);
		assert_non_null(strstr(err.message, row->says));
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(image.protocol, 0);
	assert_int_equal(image.setup_size, 5 * 512);
}

/* The initrd that a kernel takes: less than its header allows, none before protocol 2.00. */
static const struct fit {
	const char *name;
	uint16_t protocol;
	uint32_t max;
	uint64_t size;
	enum snp_code code;
} fits[] = {
	{"small", 0x20f, 1000, 0, SNP_OK},
	{"one byte less", 0x20f, 1000, 999, SNP_OK},
	{"just as large", 0x20f, 1000, 1000, SNP_E_TOO_LARGE},
	{"more than 32 bits", 0x20f, UINT32_MAX, 1ull << 32, SNP_E_TOO_LARGE},
	{"protocol 2.00", 0x200, 1000, 999, SNP_OK},
	{"protocol 1.255", 0x1ff, 1000, 0, SNP_E_BAD_KERNEL},
	{"a UKI", 0, 1000, 1, SNP_E_BAD_KERNEL},
};

static void check_fit(void **state)
{
	const struct fit *row = *state;
	const struct snp_bzimage kernel = {.protocol = row->protocol, .initrd_max = row->max};

	struct snp_error err = {0};

	assert_int_equal(snp_bzimage_check_initrd(&kernel, row->size, &err), -(int)row->code);
	tell_result(row->name, -(int)err.code, &err);
}

/* "vga=" as QEMU 10.0 answers to it (tests/e2e/host-firmware.sh runs some). */
static const struct video {
	const char *name;
	bool ok;
} videos[] = {
	{"quiet vga=normal", true},
	{"vga=extended", true},
	{"vga=ask", true},
	{"vga=791", true},
	{"vga=0x317 quiet", true},
	{"vga=0", true},
	{"vga=+5", true},
	{"vga=-1", true},
	{"vga= 7", true},
	{"vga=4294967295", true},
	{"vga=-4294967295", true},
	{"vga=0x", false},
	{"vga=4294967296", false},
	{"vga=-4294967296", false},
	{"vga=99999999999999999999", false},
	{"vga=0b1", false},
	{"vga=", false},
	{"quiet vga=", false},
	{"vga=current", false},
	{"vga=norm", false},
	{"vga=791x", false},
	{"vga=791\tquiet", false},
	{"root=/dev/mapper/vga=x", false},
	{"vga=1 vga=x", true},
	{"vga=x vga=1", false},
	{"svga=1", true},
	{"vga quiet", true},
	{"VGA=x", true},
};

static void check_video(void **state)
{
	const struct video *row = *state;
	const uint8_t kernel[SNP_SHA256_SIZE] = {1};
	struct snp_kernel_hashes hashes;
	struct snp_error err = {0};
	int r;

	r = snp_kernel_hashes_fill(kernel, NULL, text_span(row->name), &hashes, &err);
	assert_int_equal(r, row->ok ? 0 : -SNP_E_BAD_CMDLINE);
	if (!row->ok)
		assert_int_equal(err.offset, strstr(row->name, "vga=") - row->name);
}

/* Digests by sha256sum(1). */
static const struct cmdline {
	const char *name, *text;
	size_t size;
	const char *sha256; /* NULL: refused */
	uint64_t offset;
} cmdlines[] = {
	{"none", "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", 0},
	{"blanks stay", " a ", 3,
	 "94169cef51102faf3d22a5cddb50ac92cbbf5fb097798a563c900c0d29f69b4c", 0},
	{"line end stays", "a\n", 2,
	 "0f9a9eb9a11480d0b5889454a296d6383372c7608dc5663447e19d0452e35b60", 0},
	{"not UTF-8", "\xff\xfe", 2,
	 "ba778c0261008c8f71ae4061ad0162ffcbe63b52c91f89f236738131d1217ec7", 0},
	{"NUL", "a\0b", 3, NULL, 1},
	{"NUL at the end", "a\0", 2, NULL, 1},
};

static void check_cmdline(void **state)
{
	const struct cmdline *row = *state;
	struct snp_kernel_hashes hashes = {.cmdline = {0x55}};
	const uint8_t kernel[SNP_SHA256_SIZE] = {1};
	char hex[2 * SNP_SHA256_SIZE + 1];
	struct snp_error err = {0};
	int r;

	r = snp_kernel_hashes_fill(kernel, NULL,
				   (struct snp_span){(const uint8_t *)row->text, row->size},
				   &hashes, &err);
	if (!row->sha256) {
		assert_int_equal(r, -SNP_E_BAD_CMDLINE);
		assert_true(err.offset == row->offset);
		assert_int_equal(hashes.cmdline[0], 0x55);
		assert_int_equal(hashes.kernel[0], 0);
		return;
	}
	assert_int_equal(r, 0);
	hex_encode(hashes.cmdline, SNP_SHA256_SIZE, hex);
	assert_string_equal(hex, row->sha256);
	assert_memory_equal(hashes.kernel, kernel, SNP_SHA256_SIZE);
	assert_memory_equal(hashes.initrd, sha256_of_nothing, SNP_SHA256_SIZE);
}

/* Files, side by side. */
static char folder[] = "/tmp/snp-kernel-XXXXXX";

static const char *put_file(char *ret, size_t size, const char *name, const uint8_t *bytes,
			    size_t n)
{
	snprintf(ret, size, "%s/%s", folder, name);
	assert_int_equal(file_write(ret, (struct snp_span){bytes, n}, 0644, true, NULL), 0);
	return ret;
}

static int boot(const char *kernel, const char *initrd, struct snp_boot *ret, struct snp_error *err)
{
	struct snp_boot_job *job = NULL;

	assert_int_equal(
		snp_boot_start(&(struct snp_boot_request){.size = sizeof(struct snp_boot_request),
							  .kernel = kernel,
							  .initrd = initrd},
			       &job, NULL),
		0);
	/* Whether there are two to wait for or not, and whatever they come to. */
	boot_wait_smaller(job);
	return snp_boot_finish(job, ret, err);
}

/* Where there are no threads, one file is read after the other. */
static bool no_threads;

int __real_thrd_create(thrd_t *thread, thrd_start_t start, void *arg);
int __wrap_thrd_create(thrd_t *thread, thrd_start_t start, void *arg);
int __wrap_thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	return no_threads ? thrd_error : __real_thrd_create(thread, start, arg);
}

static void boot_files(void **state)
{
	char kernel[64], initrd[64], elf[64], none[64], empty[64], uki[64], small[64];
	struct snp_boot boot_info = {.initrd_size = 77};
	struct snp_error err = {0};
	uint8_t bytes[65536];
	struct snp_boot_job *job = NULL;

	(void)state;
	assert_int_equal(snp_boot_start(&(struct snp_boot_request){.kernel = "x"}, &job, &err),
			 -SNP_E_USAGE);
	assert_null(job);
	snprintf(folder, sizeof(folder), "/tmp/snp-kernel-XXXXXX");
	assert_non_null(mkdtemp(folder));
	build(bytes, sizeof(bytes));
	put_file(kernel, sizeof(kernel), "kernel", bytes, sizeof(bytes));
	put_file(initrd, sizeof(initrd), "initrd", (const uint8_t *)"abc", 3);
	put_file(empty, sizeof(empty), "empty", bytes, 0);
	/* An initrd just as large as the header allows. */
	snp_put_le16(bytes + 0x236, 0);
	snp_put_le32(bytes + 0x22c, 3);
	put_file(small, sizeof(small), "small", bytes, sizeof(bytes));
	memset(bytes, 0, sizeof(bytes));
	put_file(uki, sizeof(uki), "uki", bytes, sizeof(bytes));
	memcpy(bytes, "\x7f\x45LF", 4);
	put_file(elf, sizeof(elf), "elf", bytes, sizeof(bytes));
	snprintf(none, sizeof(none), "%s/none", folder);

	assert_int_equal(boot(elf, initrd, &boot_info, &err), -SNP_E_BAD_KERNEL);
	assert_string_equal(err.file, elf);
	assert_int_equal(boot(uki, initrd, &boot_info, &err), -SNP_E_BAD_KERNEL);
	assert_string_equal(err.file, initrd);
	assert_int_equal(boot(small, initrd, &boot_info, &err), -SNP_E_TOO_LARGE);
	assert_string_equal(err.file, initrd);
	assert_int_equal(boot(kernel, none, &boot_info, &err), -SNP_E_OPEN);
	assert_string_equal(err.file, none);
	assert_int_equal(boot(none, none, &boot_info, &err), -SNP_E_OPEN);
	assert_int_equal(boot(empty, NULL, &boot_info, &err), -SNP_E_EMPTY_FILE);
	assert_int_equal(boot("/dev/zero", NULL, &boot_info, &err), -SNP_E_NOT_REGULAR);
	assert_int_equal(boot(kernel, folder, &boot_info, &err), -SNP_E_NOT_REGULAR);
	assert_int_equal(boot_info.initrd_size, 77);

	assert_int_equal(boot(kernel, NULL, &boot_info, &err), 0);
	assert_int_equal(boot_info.kernel.size, sizeof(bytes));
	assert_memory_equal(boot_info.initrd_sha256, sha256_of_nothing, SNP_SHA256_SIZE);
	assert_int_equal(boot(kernel, empty, &boot_info, &err), 0);
	assert_memory_equal(boot_info.initrd_sha256, sha256_of_nothing, SNP_SHA256_SIZE);
	assert_int_equal(boot(uki, NULL, &boot_info, &err), 0);
	assert_int_equal(boot_info.kernel.protocol, 0);
	assert_int_equal(boot(kernel, initrd, &boot_info, &err), 0);
	assert_int_equal(boot_info.initrd_size, 3);
	/* FIPS 180-2, B.1. */
	assert_memory_equal(boot_info.initrd_sha256, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8);
	assert_int_equal(boot(NULL, initrd, &boot_info, &err), 0);
	assert_int_equal(boot_info.kernel.size, 0);
	unlink(kernel);
	unlink(initrd);
	unlink(elf);
	unlink(uki);
	unlink(small);
	unlink(empty);
	rmdir(folder);
}

static void boot_files_without_threads(void **state)
{
	no_threads = true;
	boot_files(state);
	no_threads = false;
}

static void as_told(void **state)
{
	(void)state;
	told("kernel");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_length, lengths);
	ADD_ROWS(tests, n, check_other, others);
	ADD_ROWS(tests, n, check_pe, pes);
	ADD_ROWS(tests, n, check_fit, fits);
	ADD_ROWS(tests, n, check_video, videos);
	ADD_ROWS(tests, n, check_cmdline, cmdlines);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(boot_files);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(boot_files_without_threads);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("kernel", tests, n);
}
