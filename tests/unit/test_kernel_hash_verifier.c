// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "told.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <snp/file.h>
#include <snp/firmware.h>

/* Each image is made from one line of text by tests/fixtures/make-firmware. */
static const struct row {
	const char *name, *line;
	enum snp_hash_verifier verifier;
} rows[] = {
	{"no volume", "", SNP_HASH_VERIFIER_UNKNOWN},
	{"plain", "volume raw all", SNP_HASH_VERIFIER_PRESENT},
	{"plain without", "volume raw", SNP_HASH_VERIFIER_ABSENT},
	{"one name", "volume raw kernel", SNP_HASH_VERIFIER_UNKNOWN},
	{"two names", "volume lzma kernel cmdline", SNP_HASH_VERIFIER_UNKNOWN},
	{"three names", "volume raw kernel initrd cmdline", SNP_HASH_VERIFIER_PRESENT},
	{"LZMA", "volume lzma all", SNP_HASH_VERIFIER_PRESENT},
	{"LZMA without", "volume lzma", SNP_HASH_VERIFIER_ABSENT},
	{"as OVMF has it", "volume lzma/volume all", SNP_HASH_VERIFIER_PRESENT},
	{"as OVMF has it, without", "volume lzma/volume filler=1000000", SNP_HASH_VERIFIER_ABSENT},
	{"LZMA in LZMA", "volume lzma/volume/lzma all", SNP_HASH_VERIFIER_PRESENT},
	{"LZMA in LZMA without", "volume lzma/lzma", SNP_HASH_VERIFIER_ABSENT},
	{"name across two pieces", "volume lzma filler=65520 all", SNP_HASH_VERIFIER_PRESENT},
	{"name across two pieces, later", "volume lzma filler=131055 all",
	 SNP_HASH_VERIFIER_PRESENT},
	{"cut short", "volume lzma-cut all filler=100000", SNP_HASH_VERIFIER_PRESENT},
	{"cut short, without", "volume lzma-cut", SNP_HASH_VERIFIER_UNKNOWN},
	{"not LZMA", "volume lzma-wrong", SNP_HASH_VERIFIER_UNKNOWN},
	{"another method", "volume brotli", SNP_HASH_VERIFIER_UNKNOWN},
	{"another method in LZMA", "volume lzma/volume/brotli", SNP_HASH_VERIFIER_UNKNOWN},
	{"UEFI compression", "volume compressed-1", SNP_HASH_VERIFIER_UNKNOWN},
	{"compression by no method", "volume compressed/lzma all", SNP_HASH_VERIFIER_PRESENT},
	{"compression by no method, without", "volume compressed", SNP_HASH_VERIFIER_ABSENT},
	{"checksum", "volume crc32/lzma all", SNP_HASH_VERIFIER_PRESENT},
	{"checksum without", "volume crc32/lzma", SNP_HASH_VERIFIER_ABSENT},
	{"disposable", "volume disposable/lzma all", SNP_HASH_VERIFIER_PRESENT},
	{"disposable without", "volume disposable/lzma", SNP_HASH_VERIFIER_ABSENT},
	{"large section", "volume large all", SNP_HASH_VERIFIER_PRESENT},
	{"large section without", "volume large", SNP_HASH_VERIFIER_ABSENT},
	{"large file", "volume large-file/raw all", SNP_HASH_VERIFIER_PRESENT},
	{"large file without", "volume large-file/raw", SNP_HASH_VERIFIER_ABSENT},
	{"large file without names, packed", "volume large-file/lzma", SNP_HASH_VERIFIER_ABSENT},
	{"large file past its volume", "volume large-file/raw;put 0xc4 ffffffffffffff7f",
	 SNP_HASH_VERIFIER_UNKNOWN},
	{"too deep", "volume lzma/lzma/lzma/lzma/lzma/lzma/lzma/lzma/lzma/lzma/lzma all",
	 SNP_HASH_VERIFIER_UNKNOWN},
	{"unpacks to 60 MiB", "volume lzma filler=62914560", SNP_HASH_VERIFIER_ABSENT},
	{"unpacks to 65 MiB", "volume lzma filler=68157440 all", SNP_HASH_VERIFIER_UNKNOWN},
	{"two volumes that unpack to 80 MiB",
	 "volume lzma filler=41943040;volume lzma filler=41943040", SNP_HASH_VERIFIER_UNKNOWN},
	{"names in two volumes", "volume raw kernel;volume lzma initrd cmdline",
	 SNP_HASH_VERIFIER_PRESENT},
	{"in the kernel loader", "volume lzma/loader all", SNP_HASH_VERIFIER_PRESENT},
	{"kernel loader without", "volume lzma/loader", SNP_HASH_VERIFIER_ABSENT},
	{"kernel loader, plain", "volume loader", SNP_HASH_VERIFIER_ABSENT},
	{"one name in the kernel loader", "volume lzma/loader kernel", SNP_HASH_VERIFIER_UNKNOWN},
	{"kernel loader packed by another method", "volume lzma/loader/brotli",
	 SNP_HASH_VERIFIER_UNKNOWN},
	{"kernel loader cut short", "volume lzma-cut/loader noise=200", SNP_HASH_VERIFIER_UNKNOWN},
	/* What is behind it does not count. */
	{"names behind the kernel loader", "volume lzma/behind-loader filler=200000 all",
	 SNP_HASH_VERIFIER_ABSENT},
	{"cut short behind the kernel loader", "volume lzma-cut/behind-loader filler=200000",
	 SNP_HASH_VERIFIER_ABSENT},
	{"another method before the kernel loader", "volume brotli;volume lzma/loader",
	 SNP_HASH_VERIFIER_ABSENT},
	{"one name before the kernel loader", "volume raw kernel;volume lzma/loader",
	 SNP_HASH_VERIFIER_UNKNOWN},
	{"names before and in the kernel loader",
	 "volume lzma kernel initrd;volume lzma/loader cmdline", SNP_HASH_VERIFIER_PRESENT},
	{"wrong header checksum", "volume raw;put 0x32 0000", SNP_HASH_VERIFIER_UNKNOWN},
	{"volume longer than the image", "volume raw;put 0x20 00000001", SNP_HASH_VERIFIER_UNKNOWN},
	{"section of no bytes", "volume raw;put 0x60 000000", SNP_HASH_VERIFIER_UNKNOWN},
	{"section past its file", "volume raw;put 0x60 ffff0f", SNP_HASH_VERIFIER_UNKNOWN},
	{"file past its volume", "volume raw;put 0x5c ffff0f", SNP_HASH_VERIFIER_UNKNOWN},
	{"file of a vendor's kind", "volume raw;put 0x5a c0", SNP_HASH_VERIFIER_UNKNOWN},
	{"file without sections", "volume brotli;put 0x5a 01", SNP_HASH_VERIFIER_ABSENT},
	/* 4 GiB of dictionary are not to be had. */
	{"dictionary over the limit", "volume lzma;put 0x79 ffffffff", SNP_HASH_VERIFIER_UNKNOWN},
};

#define MAX_LINES 4
static char path[] = "/tmp/snp-test-XXXXXX";

/* Runs make-firmware; false where it cannot be run. `line` may be several, joined by ';'. */
static bool run_maker(const char *line)
{
	char maker[] = SNP_SOURCE "/tests/fixtures/make-firmware", size[] = "size 0x10000";
	char text[256], *rest = text;
	char *argv[4 + MAX_LINES] = {maker, path, size};
	pid_t child;
	int status;

	snprintf(text, sizeof(text), "%s", line);
	for (unsigned int i = 3; i < 3 + MAX_LINES && rest && *rest; i++)
		argv[i] = strsep(&rest, ";");
	if (posix_spawn(&child, maker, NULL, NULL, argv, environ) != 0)
		return false;
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint8_t *make(const char *line, size_t *ret_size)
{
	uint8_t *image = NULL;

	assert_true(run_maker(line));
	assert_int_equal(file_read(path, SNP_MAX_FIRMWARE, &image, ret_size, NULL), 0);
	return image;
}

static enum snp_hash_verifier verifier_of(struct snp_span image)
{
	enum snp_hash_verifier ret = SNP_HASH_VERIFIER_UNKNOWN;
	struct snp_firmware *firmware = NULL;
	struct snp_error err = {0};

	assert_int_equal(snp_firmware_parse("image", image, &firmware, &err), 0);
	assert_int_equal(snp_firmware_hash_verifier(firmware, &ret, &err), 0);
	snp_firmware_free(firmware);
	return ret;
}

static void check_row(void **state)
{
	const struct row *row = *state;
	size_t size;
	uint8_t *image = make(row->line, &size);

	assert_string_equal(snp_hash_verifier_name(verifier_of((struct snp_span){image, size})),
			    snp_hash_verifier_name(row->verifier));
	free(image);
}

/* Whatever one byte says, the answer comes, and a good one is not made of it. */
static void any_byte_may_be_wrong(void **state)
{
	size_t size;
	uint8_t *image = make("volume lzma", &size);

	(void)state;
	for (size_t i = 0; i < 0x100; i++) {
		const uint8_t was = image[i];

		for (unsigned int bit = 0; bit < 8; bit++) {
			image[i] = (uint8_t)(was ^ 1u << bit);
			assert_int_not_equal(verifier_of((struct snp_span){image, size}),
					     SNP_HASH_VERIFIER_PRESENT);
		}
		image[i] = was;
	}
	free(image);
}

/* A volume with the longest header may begin at any 16 bytes; none of them adds up. */
static void headers_everywhere_take_no_time(void **state)
{
	static const uint8_t repeated[16] = {0xfe, 0xff, 0, 0, 0, 0, 0, 0, '_', 'F', 'V', 'H'};
	const size_t size = 8u << 20;
	const clock_t before = clock();
	uint8_t *image = malloc(size);

	(void)state;
	assert_non_null(image);
	for (size_t at = 0; at < size; at += sizeof(repeated))
		memcpy(image + at, repeated, sizeof(repeated));
	assert_int_equal(verifier_of((struct snp_span){image, size}), SNP_HASH_VERIFIER_UNKNOWN);
	assert_true((clock() - before) / CLOCKS_PER_SEC < 5);
	free(image);
}

/* Of each image, a letter for each of its first bytes, with a bit turned: absent, present, unknown. */
static void what_a_bit_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char letters[0x90 + 1];
		size_t size;
		uint8_t *image;

		/* Unpacking takes its time. */
		if (strstr(rows[i].line, "lzma"))
			continue;
		image = make(rows[i].line, &size);
		for (size_t at = 0; at < 0x90; at++) {
			image[at] ^= (uint8_t)(1u << at % 8);
			letters[at] = *snp_hash_verifier_name(
				verifier_of((struct snp_span){image, size}));
			image[at] ^= (uint8_t)(1u << at % 8);
		}
		letters[0x90] = '\0';
		tell("%s: %s", rows[i].name, letters);
		free(image);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("kernel_hash_verifier");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	int fd = mkstemp(path), failed;

	if (fd < 0 || close(fd) < 0 || !run_maker("")) {
		unlink(path);
		return 77;
	}
	ADD_ROWS(tests, n, check_row, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(any_byte_may_be_wrong);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(headers_everywhere_take_no_time);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_a_bit_changes);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	failed = RUN_TESTS("kernel-hash-verifier", tests, n);
	unlink(path);
	return failed;
}
