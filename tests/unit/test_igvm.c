// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "igvm_image.h"
#include "image/igvm.h"
#include "told.h"

/* One change of a good file, with a checksum that fits: what is wrong with it, and at which byte. */
static const struct mangle {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	enum snp_code code;
	uint64_t offset;
} mangles[] = {
	{"good", 0, "", 0, SNP_OK, 0},
	{"magic", 0, "IGVN", 4, SNP_E_BAD_IGVM, 0},
	{"version 0", 4, "\0", 1, SNP_E_BAD_IGVM, 4},
	{"version 3", 4, "\3", 1, SNP_E_BAD_IGVM, 4},
	{"headers begin at the end", 8, "\xff\xff\xff\xff", 4, SNP_E_BAD_IGVM, 8},
	{"headers wrap", 8, "\x18\0\0\0\xf0\xff\xff\xff", 8, SNP_E_BAD_IGVM, 8},
	{"total size", 16, "\1", 1, SNP_E_BAD_IGVM, 16},
	{"platform: two bits of mask", IGVM_PLATFORM + 8, "\3", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"platform: no mask", IGVM_PLATFORM + 8, "\0", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"platform: VTL 1", IGVM_PLATFORM + 12, "\1", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"platform: VTL 2", IGVM_PLATFORM + 12, "\2", 1, SNP_OK, 0},
	{"platform: Arm CCA", IGVM_PLATFORM + 13, "\6", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"platform: TDX", IGVM_PLATFORM + 13, "\3", 1, SNP_E_BAD_IGVM, IGVM_CONTEXT},
	{"platform: version 2", IGVM_PLATFORM + 14, "\2", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"platform: boundary", IGVM_PLATFORM + 16, "\1", 1, SNP_OK, 0},
	{"platform: boundary of native", IGVM_PLATFORM + 13, "\0\1\0\1", 4, SNP_E_BAD_IGVM,
	 IGVM_PLATFORM},
	{"platform: 12 bytes", IGVM_PLATFORM + 4, "\xc", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"platform: unknown type", IGVM_PLATFORM, "\2", 1, SNP_E_BAD_IGVM, IGVM_PLATFORM},
	{"type that may be ignored", IGVM_POLICY + 3, "\x80", 1, SNP_E_BAD_IGVM, IGVM_POLICY},
	{"platform after directives", IGVM_VP_COUNT, "\1\0\0\0\x8", 5, SNP_E_BAD_IGVM,
	 IGVM_VP_COUNT},
	{"CoRIM document", IGVM_POLICY, "\4\1", 2, SNP_E_BAD_IGVM, IGVM_POLICY},
	{"policy: reserved", IGVM_POLICY + 20, "\1", 1, SNP_E_BAD_IGVM, IGVM_POLICY},
	{"policy: for nobody", IGVM_POLICY + 16, "\0", 1, SNP_OK, 0},
	{"required: half a page", IGVM_REQUIRED + 20, "\0\x8", 2, SNP_E_BAD_IGVM, IGVM_REQUIRED},
	{"required: reserved", IGVM_REQUIRED + 28, "\1", 1, SNP_E_BAD_IGVM, IGVM_REQUIRED},
	{"required: past 52 bits", IGVM_REQUIRED + 8, "\0\xf0\xff\xff\xff\xff\xf", 7,
	 SNP_E_BAD_IGVM, IGVM_REQUIRED},
	{"area: half a page", IGVM_AREA + 8, "\0\x8", 2, SNP_E_BAD_IGVM, IGVM_AREA},
	{"area: contents outside", IGVM_AREA + 20, "\1", 1, SNP_E_BAD_IGVM, IGVM_AREA},
	{"area: contents", IGVM_AREA + 20, "\x48\1", 2, SNP_OK, 0},
	{"area: another index", IGVM_AREA + 16, "\1", 1, SNP_E_BAD_IGVM, IGVM_VP_COUNT},
	{"area: no bytes", IGVM_AREA + 9, "\0", 1, SNP_E_BAD_IGVM, IGVM_VP_COUNT},
	{"parameter: at the end", IGVM_VP_COUNT + 12, "\xfc\xf", 2, SNP_OK, 0},
	{"parameter: past the end", IGVM_VP_COUNT + 12, "\xfd\xf", 2, SNP_E_BAD_IGVM,
	 IGVM_VP_COUNT},
	{"parameter: far away", IGVM_VP_COUNT + 12, "\0\xff\xff\x7f", 4, SNP_E_BAD_IGVM,
	 IGVM_VP_COUNT},
	{"insert: inside a page", IGVM_INSERT + 8, "\1", 1, SNP_E_BAD_IGVM, IGVM_INSERT},
	{"insert: unknown area", IGVM_INSERT + 20, "\7", 1, SNP_E_BAD_IGVM, IGVM_INSERT},
	{"insert: for nobody", IGVM_INSERT + 16, "\0", 1, SNP_OK, 0},
	{"page: inside a page", IGVM_PAGE + 8, "\1", 1, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: data type 4", IGVM_PAGE + 28, "\4", 1, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: reserved", IGVM_PAGE + 30, "\1", 1, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: contents in the headers", IGVM_PAGE + 20, "\x20\0", 2, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: contents past the end", IGVM_PAGE + 20, "\xff\xff", 2, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: last contents", IGVM_PAGE + 20, "\x30\x11", 2, SNP_OK, 0},
	{"page: a byte later", IGVM_PAGE + 20, "\x31\x11", 2, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: past 52 bits", IGVM_PAGE + 14, "\x10", 1, SNP_E_BAD_IGVM, IGVM_PAGE},
	{"page: for nobody, past 52 bits", IGVM_PAGE + 14, "\x10\0\0", 3, SNP_OK, 0},
	{"context: for two", IGVM_CONTEXT + 16, "\3", 1, SNP_E_BAD_IGVM, IGVM_CONTEXT},
	{"context: for nobody", IGVM_CONTEXT + 16, "\0", 1, SNP_E_BAD_IGVM, IGVM_CONTEXT},
	{"context: no contents", IGVM_CONTEXT + 20, "\0\0", 2, SNP_E_BAD_IGVM, IGVM_CONTEXT},
	{"context: padding", IGVM_CONTEXT + 28, "\1\2\3\4", 4, SNP_OK, 0},
	{"context: of native", IGVM_PLATFORM + 13, "\0", 1, SNP_E_BAD_IGVM, IGVM_CONTEXT},
	{"headers end in a header", 12, "\x8\1", 2, SNP_E_BAD_IGVM, IGVM_CONTEXT},
	{"no headers", 12, "\0\0", 2, SNP_E_BAD_IGVM, SNP_NO_OFFSET},
};

static uint8_t *good(void)
{
	uint8_t *file = malloc(IGVM_SIZE); /* on the heap, so that ASan sees one byte too far */

	assert_non_null(file);
	igvm_build(file);
	return file;
}

static int parse(const uint8_t *file, size_t size, struct snp_igvm **ret, struct snp_error *err)
{
	return igvm_parse("file", (struct snp_span){file, size}, ret, err);
}

static void tell_header(const struct snp_igvm_header *h)
{
	tell("  %s at 0x%llx: mask %x, platform %u, subtype %u, flags %x, index %u, gpa 0x%llx, size 0x%llx, data 0x%x, value 0x%llx",
	     snp_igvm_type_name(h->type), (unsigned long long)h->offset, h->mask, h->platform,
	     h->subtype, h->flags, h->index, (unsigned long long)h->gpa,
	     (unsigned long long)h->size, h->data, (unsigned long long)h->value);
}

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	uint8_t *file = good();
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	int r;

	memcpy(file + row->at, row->bytes, row->n);
	igvm_repair(file, IGVM_SIZE);
	r = parse(file, IGVM_SIZE, &igvm, &err);
	tell_result(row->name, r, &err);
	for (size_t i = 0; r == 0 && i < snp_igvm_info(igvm)->n_headers; i++)
		tell_header(&snp_igvm_info(igvm)->headers[i]);
	assert_int_equal(r, -(int)row->code);
	assert_int_equal(err.code, row->code);
	if (row->code != SNP_OK) {
		assert_string_equal(err.file, "file");
		assert_true(err.offset == row->offset);
		assert_null(igvm);
	}
	snp_igvm_free(igvm);
	free(file);
}

static void knows_the_good_file(void **state)
{
	uint8_t *file = good();
	const struct snp_igvm_info *info;
	struct snp_igvm *igvm = NULL;

	(void)state;
	assert_int_equal(parse(file, IGVM_SIZE, &igvm, NULL), 0);
	info = snp_igvm_info(igvm);
	assert_int_equal(info->version, 1);
	assert_int_equal(info->n_headers, 10);
	assert_int_equal(info->data_offset, IGVM_HEADERS_END);
	assert_int_equal(info->headers[6].type, SNP_IGVM_PAGE_DATA);
	assert_true(info->headers[6].gpa == 0x100000);
	assert_int_equal(info->headers[6].data, IGVM_CONTENTS);
	assert_int_equal(info->headers[9].platform, SNP_IGVM_SEV_SNP);
	assert_string_equal(snp_igvm_type_name(0x302), "PAGE_DATA");
	assert_string_equal(snp_igvm_type_name(0x306), "unknown");
	snp_igvm_free(igvm);
	/* The checksum is looked at. */
	file[IGVM_PAGE + 16] ^= 2;
	assert_int_equal(parse(file, IGVM_SIZE, &igvm, NULL), -SNP_E_BAD_IGVM);
	free(file);
}

/* Version 2, whose fixed header is longer, and bytes that belong to nothing behind it. */
static void takes_version_2(void **state)
{
	uint8_t *file = calloc(1, IGVM_SIZE + 16), *old = good();
	struct snp_igvm *igvm = NULL;

	(void)state;
	memcpy(file, old, 24);
	snp_put_le32(file + 4, 2);
	snp_put_le32(file + 8, 40);
	snp_put_le32(file + 16, IGVM_SIZE + 16);
	snp_put_le32(file + 28, 4096);
	memset(file + 32, 0xff, 8);
	memcpy(file + 40, old + 24, IGVM_SIZE - 24);
	for (uint32_t at = IGVM_PAGE + 20; at < IGVM_PAGE + 64; at += 32)
		snp_put_le32(file + at + 16, IGVM_CONTENTS + 16);
	snp_put_le32(file + IGVM_CONTEXT + 36, IGVM_VMSA + 16);
	igvm_repair(file, IGVM_SIZE + 16);
	assert_int_equal(parse(file, IGVM_SIZE + 16, &igvm, NULL), 0);
	assert_int_equal(snp_igvm_info(igvm)->version, 2);
	snp_igvm_free(igvm);
	snp_put_le32(file + 24, 1); /* AArch64 */
	igvm_repair(file, IGVM_SIZE + 16);
	assert_int_equal(parse(file, IGVM_SIZE + 16, &igvm, NULL), -SNP_E_BAD_IGVM);
	free(old);
	free(file);
}

static void cut_short(void **state)
{
	uint8_t *file = good();

	(void)state;
	for (size_t size = 0; size < IGVM_SIZE; size += size < IGVM_HEADERS_END + 64 ? 1 : 997) {
		uint8_t *part = malloc(size ? size : 1);
		struct snp_igvm *igvm = NULL;
		struct snp_error err = {0};

		memcpy(part, file, size);
		if (size >= 20)
			snp_put_le32(part + 16, (uint32_t)size);
		igvm_repair(part, size);
		assert_int_equal(parse(part, size, &igvm, &err), -SNP_E_BAD_IGVM);
		assert_true(err.offset == SNP_NO_OFFSET || err.offset <= size);
		free(part);
	}
	free(file);
}

/* The parse and every launch of a file, whatever its bytes: done, or refused with a reason. */
static void launch_all(const uint8_t *file)
{
	static const char *const profiles[] = {"igvm-qemu-10",		"igvm-qemu-11",
					       "igvm-directive-order",	"igvm-native-zero",
					       "igvm-cloud-hypervisor", "igvm-openvmm"};
	const size_t n = sizeof(profiles) / sizeof(profiles[0]);
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};

	if (parse(file, IGVM_SIZE, &igvm, &err) < 0) {
		assert_true(err.message[0] != '\0');
		assert_true(err.offset == SNP_NO_OFFSET || err.offset < IGVM_SIZE);
		return;
	}
	for (size_t i = 0; i < 2 * n; i++) {
		struct snp_launch launch = {.size = sizeof(launch),
					    .mode = SNP_MODE_SNP_IGVM,
					    .igvm = igvm,
					    .memory_size = i < n ? 512u << 20 : 0,
					    .policy = 0x30000,
					    .vcpus.count = 2,
					    .vcpus.signature = 0x800f12,
					    .vcpus.features = 1};
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		size_t size;
		int r;

		snprintf(launch.vcpus.profile, sizeof(launch.vcpus.profile), "%s", profiles[i % n]);
		err = (struct snp_error){0};
		r = snp_launch_digest(&launch, digest, &size, &err);
		assert_true(r == 0 || (r == -(int)err.code && err.message[0] != '\0'));
		assert_true(err.code == SNP_OK || err.offset == SNP_NO_OFFSET ||
			    err.offset < IGVM_SIZE);
	}
	snp_igvm_free(igvm);
}

static void every_bit_of_the_headers(void **state)
{
	uint8_t *file = good();

	(void)state;
	for (uint32_t bit = 0; bit < 8 * IGVM_HEADERS_END; bit++) {
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
		igvm_repair(file, IGVM_SIZE);
		launch_all(file);
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(file);
}

/* A million headers, all of one page: bounded time and memory. One more than the cap is refused. */
static void many_headers(void **state)
{
	static const uint32_t counts[] = {1000000, IGVM_MAX_HEADERS};

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		const size_t size = 24 + 24 + counts[c] * (size_t)32 + 4096;
		uint8_t *file = calloc(1, size);
		struct snp_igvm *igvm = NULL;
		struct snp_error err = {0};

		assert_non_null(file);
		igvm_build(file);
		snp_put_le32(file + 12, (uint32_t)(size - 24 - 4096));
		snp_put_le32(file + 16, (uint32_t)size);
		memset(file + IGVM_POLICY, 0, IGVM_SIZE - IGVM_POLICY);
		for (uint32_t i = 0; i < counts[c]; i++)
			igvm_put_page(file, IGVM_POLICY + 32 * i, i * 0x2000ull,
				      (uint32_t)(size - 4096), 0, 0);
		igvm_repair(file, size);
		assert_int_equal(parse(file, size, &igvm, &err),
				 c == 0 ? 0 : -(int)SNP_E_TOO_LARGE);
		if (c == 0)
			assert_int_equal(snp_igvm_info(igvm)->n_headers, counts[c] + 1);
		snp_igvm_free(igvm);
		free(file);
	}
}

/* A file that claims 4 GiB, and is sparse: only what headers name is read. */
static void claims_4_gib(void **state)
{
	char path[] = "/tmp/test_igvm.XXXXXX";
	int fd = mkstemp(path);
	uint8_t *file = good(), digest[SNP_SHA384_SIZE];
	struct snp_igvm *igvm = NULL;

	(void)state;
	assert_true(fd >= 0);
	snp_put_le32(file + 16, UINT32_MAX);
	snp_put_le32(file + IGVM_PAGE + 20, UINT32_MAX - 4096);
	igvm_repair(file, IGVM_SIZE);
	assert_int_equal(write(fd, file, IGVM_SIZE), IGVM_SIZE);
	assert_int_equal(ftruncate(fd, UINT32_MAX), 0);
	assert_int_equal(snp_igvm_read(path, &igvm, NULL), 0);
	assert_int_equal(igvm_page_digest(igvm, UINT32_MAX - 4096, digest, NULL), 0);
	/* A file that changes is no longer the one that was read. */
	snp_igvm_free(igvm);
	assert_int_equal(snp_igvm_read(path, &igvm, NULL), 0);
	assert_int_equal(ftruncate(fd, UINT32_MAX - 1), 0);
	assert_int_equal(igvm_page_digest(igvm, IGVM_CONTENTS, digest, NULL), -SNP_E_CHANGED);
	snp_igvm_free(igvm);
	close(fd);
	unlink(path);
	free(file);
}

/* What is known of each type, platform and register. */
static void tables(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 0x400; type++) {
		const struct igvm_kind *kind = igvm_kind_find(type);

		if (!kind)
			continue;
		tell("0x%x: %s, %u bytes, shape %d", type, kind->name, kind->length, kind->shape);
		assert_ptr_equal(igvm_kind_named(kind->name), kind);
	}
	for (uint32_t platform = 0; platform < 7; platform++)
		tell("platform %u: %s", platform, snp_igvm_platform_name(platform));
	for (size_t i = 0; i < IGVM_N_REGISTERS; i++)
		tell("0x%03x: %u %s", igvm_registers[i].at, igvm_registers[i].size,
		     igvm_registers[i].name);
	assert_null(igvm_kind_named("no type"));
}

/* A file of platforms and one more header, with 4 KiB of contents where the headers end. */
static int read_header(uint32_t type, const uint8_t *payload, uint32_t length, char *ret, size_t n)
{
	static uint8_t file[24 + 2 * 24 + 8 + 1024 + 8192];
	const uint32_t padded = (length + 7) / 8 * 8, end = 24 + 2 * 24 + 8 + padded;
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	int r;

	memset(file, 0, sizeof(file));
	memcpy(file, "IGVM", 4);
	snp_put_le32(file + 4, 1);
	snp_put_le32(file + 8, 24);
	snp_put_le32(file + 12, end - 24);
	snp_put_le32(file + 16, end + 4096);
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t *p = igvm_put_header(file, 24 + i * 24, SNP_IGVM_SUPPORTED_PLATFORM, 16);

		snp_put_le32(p, 1 + i);
		p[5] = i ? 1 : SNP_IGVM_SEV_SNP; /* VSM */
		snp_put_le16(p + 6, 1);
	}
	memcpy(igvm_put_header(file, 72, type, length), payload, length);
	for (uint32_t i = 0; i < 4096; i++)
		file[end + i] = (uint8_t)(i < 4 ? i == 0 : i * 7);
	igvm_repair(file, end + 4096);
	r = igvm_parse("file", (struct snp_span){file, end + 4096}, &igvm, &err);
	if (r < 0)
		snp_error_line(&err, ret, (unsigned int)n);
	else
		snprintf(ret, n, "%zu headers", snp_igvm_info(igvm)->n_headers);
	snp_igvm_free(igvm);
	return r;
}

/* Each type of header, zeros but for a mask and one byte: where the answer changes. */
static void what_a_header_may_say(void **state)
{
	(void)state;
	for (uint32_t type = 1; type < 0x400; type++) {
		const struct igvm_kind *kind = igvm_kind_find(type);
		char line[1500], last[1500] = "";

		for (uint32_t i = 0; kind && i < 2 * 4 * 64; i++) {
			static const uint32_t masks[] = {0, 8};
			static const uint8_t values[] = {1, 2, 0x10, 0xff};
			const uint32_t at = i % 64, value = values[i / 64 % 4];
			uint8_t payload[1024] = {0};

			if (at >= kind->length)
				continue;
			payload[masks[i / 256]] = 1;
			if (kind->shape == IGVM_SHAPE_RELOCATABLE)
				payload[9] = payload[25] = 0x10;
			if (kind->shape == IGVM_SHAPE_PAGE_TABLE)
				payload[17] = 0x10;
			payload[at] = (uint8_t)value;
			read_header(type, payload, kind->length, line, sizeof(line));
			if (strcmp(line, last) != 0)
				tell("%s, mask at %u, byte %u is 0x%x: %s", kind->name,
				     masks[i / 256], at, value, line);
			snprintf(last, sizeof(last), "%s", line);
		}
	}
}

static void as_told(void **state)
{
	(void)state;
	told("igvm");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_mangle, mangles);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(knows_the_good_file);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(takes_version_2);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(cut_short);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_bit_of_the_headers);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(many_headers);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(claims_4_gib);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(tables);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_a_header_may_say);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("igvm", tests, n);
}
