// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/sha.h>
#include <snp/uki.h>

/* A UKI of three sections: the table lies at 0x108, their bytes at 0x400, 0x600 and 0x800. */
#define SIZE	0xa00u
#define SECTION 0x108u
#define CMDLINE "root=/dev/vda\0quiet"

static void put_section(uint8_t *image, unsigned int i, const char *name, uint32_t memory,
			uint32_t size, uint32_t at)
{
	uint8_t *s = image + SECTION + 40 * i;

	memcpy(s, name, strlen(name));
	snp_put_le32(s + 8, memory);
	snp_put_le32(s + 16, size);
	snp_put_le32(s + 20, at);
}

static void build(uint8_t image[static SIZE])
{
	memset(image, 0, SIZE);
	memcpy(image, "MZ", 2);
	image[0x1f1] = 3;
	snp_put_le32(image + 0x3c, 0x80);
	memcpy(image + 0x80, "PE", 2);
	snp_put_le16(image + 0x84, 0x8664);
	snp_put_le16(image + 0x86, 3);
	snp_put_le16(image + 0x94, 112);
	snp_put_le16(image + 0x98, 0x20b);
	snp_put_le32(image + 0xa8, 0x1000);
	snp_put_le32(image + 0xd4, 0x400);
	snp_put_le16(image + 0xdc, 10);
	/* Not in the order of the file, the first one padded, the last one longer in memory. */
	put_section(image, 0, ".cmdline", sizeof(CMDLINE) - 1, 0x200, 0x600);
	put_section(image, 1, ".linux", 0x200, 0x200, 0x400);
	put_section(image, 2, ".initrd", 0x1000, 0x200, 0x800);
	memset(image + 0x400, 'k', 0x200);
	memcpy(image + 0x600, CMDLINE, sizeof(CMDLINE) - 1);
	memset(image + 0x800, 'i', 0x200);
}

/* Read `image` in pieces of `step` bytes. */
static int scan(const uint8_t *image, size_t size, size_t step, struct uki *ret,
		struct snp_error *err)
{
	struct snp_span all = {image, size}, piece;
	struct uki_scan *s = NULL;
	int r = uki_begin(all, size, ret, &s, err);

	for (size_t at = 0; r == 0 && s && at < size; at += step) {
		assert_true(snp_span_sub(all, at, step < size - at ? step : size - at, &piece));
		r = uki_take(s, piece, err);
	}
	if (r == 0 && s)
		r = uki_end(s, err);
	uki_scan_free(s);
	return r;
}

static void assert_section(const struct uki_section *s, const char *name, const uint8_t *bytes,
			   uint32_t offset, uint32_t size, uint32_t memory)
{
	uint8_t sha256[SNP_SHA256_SIZE];

	assert_string_equal(s->name, name);
	assert_int_equal(s->offset, offset);
	assert_int_equal(s->size, size);
	assert_int_equal(s->memory_size, memory);
	assert_int_equal(sha256_of((struct snp_span){bytes + offset, size}, sha256, NULL), 0);
	assert_memory_equal(s->sha256, sha256, sizeof(sha256));
}

static void sections_are_hashed_in_any_pieces(void **state)
{
	static const size_t steps[] = {1, 7, 0x200, 0x3ff, 0x601, SIZE};
	uint8_t image[SIZE], sha256[SNP_SHA256_SIZE];

	(void)state;
	build(image);
	assert_int_equal(sha256_of((struct snp_span){image, SIZE}, sha256, NULL), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct snp_error err = {0};
		struct uki uki;

		assert_int_equal(scan(image, SIZE, steps[i], &uki, &err), 0);
		assert_true(uki.is_pe && uki.kernel.is_efi_loadable && uki.kernel_status == 0);
		assert_memory_equal(uki.sha256, sha256, sizeof(sha256));
		assert_int_equal(uki.n_sections, 3);
		assert_section(&uki.sections[0], ".cmdline", image, 0x600, sizeof(CMDLINE) - 1,
			       sizeof(CMDLINE) - 1);
		assert_memory_equal(uki.sections[0].text, CMDLINE, sizeof(CMDLINE));
		assert_section(&uki.sections[1], ".linux", image, 0x400, 0x200, 0x200);
		assert_section(&uki.sections[2], ".initrd", image, 0x800, 0x200, 0x1000);
		assert_null(uki.sections[1].text);
		assert_null(uki.sections[2].text);
		uki_done(&uki);
	}
}

/* What to change of that image. */
static const struct mangle {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n, size;
	bool is_pe;
	enum snp_code code;
	uint64_t offset;
} mangles[] = {
	{"good", 0, "M", 1, SIZE, true, SNP_OK, 0},
	{"no MZ", 0, "X", 1, SIZE, false, SNP_OK, 0},
	{"no PE", 0x80, "X", 1, SIZE, false, SNP_OK, 0},
	{"PE outside the file", 0x3c, "\0\0\0\xff", 4, SIZE, false, SNP_OK, 0},
	{"PE at the last byte", 0x3c, "\xff\x09", 2, SIZE, false, SNP_OK, 0},
	{"cut in the optional header", 0, "M", 1, 0x107, false, SNP_OK, 0},
	{"nothing", 0, "", 0, 0, false, SNP_OK, 0},
	{"AArch64", 0x84, "\x64\xaa", 2, SIZE, true, SNP_E_BAD_PE, 0},
	{"PE32", 0x98, "\x0b\x01", 2, SIZE, true, SNP_E_BAD_PE, 0},
	{"no section", 0x86, "\0\0", 2, SIZE, true, SNP_OK, 0},
	{"257 sections", 0x86, "\x01\x01", 2, SIZE, true, SNP_E_TOO_LARGE, 0},
	{"65535 sections", 0x86, "\xff\xff", 2, SIZE, true, SNP_E_TOO_LARGE, 0},
	{"table cut", 0, "M", 1, SECTION + 119, true, SNP_E_BAD_PE, SECTION},
	{"table outside the file", 0x94, "\xff\xff", 2, SIZE, true, SNP_E_BAD_PE, SIZE},
	{"section past the end", SECTION + 80 + 16, "\x01\x02", 2, SIZE, true, SNP_E_BAD_PE,
	 SECTION + 80},
	{"section past 4 GiB", SECTION + 80 + 16, "\xff\xff\xff\xff", 4, SIZE, true, SNP_E_BAD_PE,
	 SECTION + 80},
	{"section that begins past the end", SECTION + 80 + 20, "\xff\xff\xff\xff", 4, SIZE, true,
	 SNP_E_BAD_PE, SECTION + 80},
	{"no bytes, anywhere", SECTION + 80 + 16, "\0\0\0\0\xff\xff\xff\xff", 8, SIZE, true, SNP_OK,
	 0},
	{"sections that share a byte", SECTION + 20, "\xff\x05", 2, SIZE, true, SNP_E_BAD_PE,
	 0x5ff},
	{"padding that belongs to another", SECTION + 16, "\x01\x02", 2, SIZE, true, SNP_E_BAD_PE,
	 0x800},
	{"the same place twice", SECTION + 80 + 20, "\x00\x06", 2, SIZE, true, SNP_E_BAD_PE, 0x600},
	{"over the headers", SECTION + 40 + 20, "\0\0", 2, SIZE, true, SNP_OK, 0},
	{"name of eight bytes", SECTION + 40, ".eighth!", 8, SIZE, true, SNP_OK, 0},
	{"name with a NUL", SECTION + 40, ".a\0inux", 7, SIZE, true, SNP_OK, 0},
	{"no memory size", SECTION + 8, "\0\0\0\0", 4, SIZE, true, SNP_OK, 0},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	struct snp_error err = {0};
	uint8_t image[SIZE];
	struct uki uki;

	build(image);
	memcpy(image + row->at, row->bytes, row->n);
	assert_int_equal(scan(image, row->size, 100, &uki, &err), -(int)row->code);
	assert_true(uki.is_pe == row->is_pe);
	tell_result(row->name, -(int)row->code, &err);
	if (row->code != SNP_OK)
		assert_true(err.offset == row->offset && err.message[0]);
	for (size_t i = 0; row->code == SNP_OK && i < uki.n_sections; i++)
		tell("  %s: %llu bytes, %02x%02x, '%.40s'", uki.sections[i].name,
		     (unsigned long long)uki.sections[i].size, uki.sections[i].sha256[0],
		     uki.sections[i].sha256[31],
		     uki.sections[i].text ? uki.sections[i].text : "none");
	uki_done(&uki);
}

static void a_text_has_a_limit(void **state)
{
	size_t size = 0x400 + UKI_MAX_TEXT + 1;
	_cleanup_(freep) uint8_t *image = calloc(1, size);
	struct snp_error err = {0};
	struct uki uki;

	(void)state;
	assert_non_null(image);
	build(image);
	snp_put_le16(image + 0x86, 1);
	put_section(image, 0, ".osrel\0\0", 0, UKI_MAX_TEXT, 0x400);
	memset(image + SECTION, 0, 8);
	memcpy(image + SECTION, ".osrel", 6);
	assert_int_equal(scan(image, size, 4096, &uki, &err), 0);
	assert_int_equal(uki.sections[0].size, UKI_MAX_TEXT);
	assert_non_null(uki.sections[0].text);
	uki_done(&uki);
	snp_put_le32(image + SECTION + 16, UKI_MAX_TEXT + 1);
	assert_int_equal(scan(image, size, 4096, &uki, &err), -SNP_E_TOO_LARGE);
	uki_done(&uki);
}

static void as_a_kernel_qemu_may_refuse_it(void **state)
{
	struct snp_error err = {0};
	uint8_t image[SIZE];
	struct uki uki;

	(void)state;
	build(image);
	image[0x1f1] = 9;
	assert_int_equal(scan(image, SIZE, SIZE, &uki, &err), 0);
	assert_int_equal(uki.kernel_status, -SNP_E_BAD_KERNEL);
	assert_int_equal(uki.kernel_problem.code, SNP_E_BAD_KERNEL);
	uki_done(&uki);
}

static void files_are_read(void **state)
{
	char path[] = "uki-XXXXXX";
	int fd = mkstemp(path);
	struct snp_error err = {0};
	uint8_t image[SIZE];
	struct uki uki;

	(void)state;
	assert_true(fd >= 0);
	build(image);
	assert_int_equal(write(fd, image, SIZE), SIZE);
	assert_int_equal(uki_read(path, &uki, &err), 0);
	assert_int_equal(uki.n_sections, 3);
	assert_section(&uki.sections[2], ".initrd", image, 0x800, 0x200, 0x1000);
	uki_done(&uki);
	assert_int_equal(ftruncate(fd, SIZE - 1), 0);
	assert_int_equal(uki_read(path, &uki, &err), -SNP_E_BAD_PE);
	assert_string_equal(err.file, path);
	assert_null(uki.sections);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(uki_read(path, &uki, &err), 0);
	assert_false(uki.is_pe);
	/* Larger than any kernel: refused by its size, before it is read. */
	assert_int_equal(pwrite(fd, image, SIZE, 0), SIZE);
	assert_int_equal(ftruncate(fd, (off_t)SNP_MAX_KERNEL + 1), 0);
	assert_int_equal(uki_read(path, &uki, &err), -SNP_E_TOO_LARGE);
	close(fd);
	unlink(path);
	assert_int_equal(uki_read(path, &uki, &err), -SNP_E_OPEN);
}

/* Lines of os-release(5). */
static const struct line {
	const char *line, *name, *value; /* name NULL: no assignment */
} lines[] = {
	{"ID=debian", "ID", "debian"},
	{"NAME=\"Debian GNU/Linux\"", "NAME", "Debian GNU/Linux"},
	{"NAME='Debian GNU/Linux'", "NAME", "Debian GNU/Linux"},
	{"A=\"a \\\"b\\\" \\$c \\`d\\` \\\\ \\n\"", "A", "a \"b\" $c `d` \\ \\n"},
	{"A='a \\' ", "A", "a \\"},
	{"A=", "A", ""},
	{"A=\"\"", "A", ""},
	{"_a9=x=y", "_a9", "x=y"},
	{"=x", NULL, NULL},
	{"", NULL, NULL},
	{"ID", NULL, NULL},
	{" ID=x", NULL, NULL},
	{"9A=x", NULL, NULL},
	{"A-B=x", NULL, NULL},
	{"A =x", NULL, NULL},
	{"A=x y", NULL, NULL},
	{"A=$HOME", NULL, NULL},
	{"A=\"x", NULL, NULL},
	{"A=\"x\\\"", NULL, NULL},
	{"A='x", NULL, NULL},
	{"A=\"x\"y", NULL, NULL},
	{"A=x\"y\"", NULL, NULL},
	{"A=x;rm", NULL, NULL},
};

static void check_line(void **state)
{
	const struct line *row = *state;
	_cleanup_(freep) char *copy = strdup(row->line);
	char *name = NULL, *value = NULL;

	assert_non_null(copy);
	assert_true(os_release_field(copy, &name, &value) == (row->name != NULL));
	if (!row->name)
		return;
	assert_string_equal(name, row->name);
	assert_string_equal(value, row->value);
}

static void as_told(void **state)
{
	(void)state;
	told("uki");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(sections_are_hashed_in_any_pieces),
		cmocka_unit_test(a_text_has_a_limit),
		cmocka_unit_test(as_a_kernel_qemu_may_refuse_it),
		cmocka_unit_test(files_are_read),
	};
	size_t n = 4;

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_line, lines);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("uki", tests, n);
}
