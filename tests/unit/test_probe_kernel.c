// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <string.h>

#include <snp/kernel.h>

#include "rehearsal/probe_kernel.h"

#define INITRD_MAX 0x07ffffffu
#define PE	   0x40
#define OPTIONAL   0x58
#define SECTION	   0xf8

static void build(const char *text, uint32_t initrd_size, uint8_t ret[static PROBE_KERNEL_SIZE])
{
	const struct probe_kernel probe = {
		.text = text, .code = 42, .initrd_size = initrd_size, .initrd_max = INITRD_MAX};

	memset(ret, 0x55, PROBE_KERNEL_SIZE);
	probe_kernel_build(&probe, ret);
}

static uint64_t number(const uint8_t *at, size_t n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | at[n];
	return value;
}

/* What must stand where, by the PE format ("PE32+") and Documentation/arch/x86/boot.rst. */
static const struct row {
	const char *name;
	size_t at, n;
	uint64_t value;
} rows[] = {
	{"DOS magic", 0, 2, 0x5a4d},
	{"place of the PE header", 0x3c, 4, PE},
	{"PE signature", PE, 4, 0x4550},
	{"machine x86-64", PE + 4, 2, 0x8664},
	{"one section", PE + 6, 2, 1},
	{"no symbols", PE + 12, 8, 0},
	/* edk2 refuses any other size than 112 + 8 for each data directory. */
	{"size of the optional header", PE + 20, 2, SECTION - OPTIONAL},
	/* With RELOCS_STRIPPED, bit 0, edk2 would want the image at its base, which is 0. */
	{"executable, relocatable", PE + 22, 2, 0x0022},
	{"PE32+", OPTIONAL, 2, 0x20b},
	{"entry point", OPTIONAL + 16, 4, 0x1000},
	{"image base", OPTIONAL + 24, 8, 0},
	{"alignment in memory", OPTIONAL + 32, 4, 0x1000},
	{"alignment in the file", OPTIONAL + 36, 4, 0x200},
	{"size of the image", OPTIONAL + 56, 4, 0x2000},
	{"size of the headers", OPTIONAL + 60, 4, 0x400},
	{"EFI application", OPTIONAL + 68, 2, 10},
	{"NX compatible", OPTIONAL + 70, 2, 0x0100},
	{"data directories", OPTIONAL + 108, 4, 6},
	{"no relocations", OPTIONAL + 112 + 5 * 8, 8, 0},
	{"address of the section", SECTION + 12, 4, 0x1000},
	{"size of the section in the file", SECTION + 16, 4, PROBE_KERNEL_SIZE - 0x400},
	{"place of the section in the file", SECTION + 20, 4, 0x400},
	{"code, read and execute", SECTION + 36, 4, 0x60000020},
	{"setup sectors", 0x1f1, 1, 1},
	{"boot sector magic", 0x1fe, 2, 0xaa55},
	{"setup header magic", 0x202, 4, 0x53726448},
	/* From 2.0c on QEMU reads xloadflags, which are not there. */
	{"protocol 2.03", 0x206, 2, 0x0203},
	/* What QEMU before 10.0 would write here when there is no SEV. */
	{"loader QEMU", 0x210, 1, 0xb0},
	{"loaded high, heap", 0x211, 1, 0x81},
	{"address of the initrd", 0x218, 4, 0x07fff000},
	{"size of the initrd", 0x21c, 4, 9},
	{"end of the heap", 0x224, 2, 0xfe00},
	{"address of the command line", 0x228, 4, 0x20000},
	{"highest address of an initrd", 0x22c, 4, INITRD_MAX},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	uint8_t file[PROBE_KERNEL_SIZE];

	build("text", 9, file);
	assert_int_equal(number(file + row->at, row->n), row->value);
}

static void small_and_whole(void **state)
{
	uint8_t file[PROBE_KERNEL_SIZE];
	uint64_t entry, rva, raw, raw_size;

	(void)state;
	build("text", 9, file);
	entry = number(file + OPTIONAL + 16, 4);
	rva = number(file + SECTION + 12, 4);
	raw_size = number(file + SECTION + 16, 4);
	raw = number(file + SECTION + 20, 4);
	/* UEFI's loader reads 264 bytes from the PE header on. */
	assert_in_range(sizeof(file), PE + 264, 2048);
	assert_in_range(raw + raw_size, 0, sizeof(file));
	assert_in_range(entry, rva, rva + raw_size - 1);
	assert_in_range(rva + raw_size, 0, number(file + OPTIONAL + 56, 4));
	assert_in_range(SECTION + 40, 0, number(file + OPTIONAL + 60, 4));
	/* Linux' setup ends where the section begins. */
	assert_int_equal((number(file + 0x1f1, 1) + 1) * 512, raw);
}

static void taken_as_a_kernel(void **state)
{
	uint8_t file[PROBE_KERNEL_SIZE];
	struct snp_bzimage kernel;

	(void)state;
	build("text", 9, file);
	assert_int_equal(snp_bzimage_parse((struct snp_span){file, sizeof(file)}, sizeof(file),
					   &kernel, NULL),
			 0);
	assert_true(kernel.is_efi_loadable);
	assert_false(kernel.is_cut_short);
	assert_int_equal(kernel.protocol, 0x0203);
	assert_int_equal(snp_bzimage_check_initrd(&kernel, 9, NULL), 0);
}

/* The lowest address that is a multiple of a page and leaves room up to the highest one. */
static const struct initrd_row {
	const char *name;
	uint32_t size, address;
} initrds[] = {
	{"no initrd", 0, 0},
	{"initrd of one byte", 1, 0x07fff000},
	{"initrd of a page", 4096, 0x07ffe000},
	{"initrd of 64 MiB", 64 << 20, 0x03fff000},
};

static void check_initrd(void **state)
{
	const struct initrd_row *row = *state;
	uint8_t file[PROBE_KERNEL_SIZE];

	build("text", row->size, file);
	assert_int_equal(number(file + 0x218, 4), row->address);
	assert_int_equal(number(file + 0x21c, 4), row->size);
}

static const struct text_row {
	const char *name;
	size_t n;
} texts[] = {
	{"no text", 0},
	{"short text", 4},
	{"longest text", PROBE_TEXT_MAX},
	{"text too long", PROBE_TEXT_MAX + 1},
};

/* The operands of the code's instructions, found by their first bytes. */
static void check_text(void **state)
{
	const struct text_row *row = *state;
	const size_t n = row->n < PROBE_TEXT_MAX ? row->n : PROBE_TEXT_MAX;
	char text[PROBE_TEXT_MAX + 2] = "";
	uint8_t file[PROBE_KERNEL_SIZE], *code = file + 0x400;

	memset(text, 'x', row->n);
	build(text, 9, file);
	assert_memory_equal(code, "\xfc\x66\xba\xe9\x00", 5); /* cld; mov $0xe9, %dx */
	assert_memory_equal(code + 5, "\x48\x8d\x35", 3);     /* lea text(%rip), %rsi */
	assert_int_equal(code[12], 0xb9);		      /* mov $length, %ecx */
	assert_int_equal(number(code + 13, 4), n);
	assert_memory_equal(code + 17, "\xf3\x6e\x66\xba\xf4\x00\xb8", 7); /* …; mov $42, %eax */
	assert_int_equal(number(code + 24, 4), 42);
	assert_memory_equal(code + 28, "\xef\xf4\xeb\xfd", 4); /* out; 1: hlt; jmp 1b */
	/* %rip is behind the lea. */
	assert_memory_equal(code + 12 + number(code + 8, 4), text, n);
	assert_int_equal(code[12 + number(code + 8, 4) + n], 0);
	/* The last byte is free, so that another probe can differ in it. */
	assert_int_equal(file[PROBE_KERNEL_SIZE - 1], 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(small_and_whole),
		cmocka_unit_test(taken_as_a_kernel),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_initrd, initrds);
	ADD_ROWS(tests, n, check_text, texts);
	return RUN_TESTS("probe-kernel", tests, n);
}
