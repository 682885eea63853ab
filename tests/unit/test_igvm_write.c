// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

#include "igvm_image.h"
#include "image/igvm_write.h"
#include "launch/igvm.h"
#include "told.h"

#define ID_BLOCK_HEADER (8u + IGVM_ID_BLOCK)

/* A file of version `version`, with `gap` bytes between its fixed header and the others. */
static uint8_t *file_of(uint32_t version, uint32_t gap, size_t *ret_size)
{
	const uint32_t moved = (version == 2 ? 8u : 0u) + gap,
		       words[] = {IGVM_PAGE, IGVM_PAGE + 32, IGVM_CONTEXT};
	uint8_t *file = calloc(1, IGVM_SIZE + moved), good[IGVM_SIZE];

	assert_non_null(file);
	igvm_build(good);
	memcpy(file, good, 24);
	memcpy(file + 24 + moved, good + 24, IGVM_SIZE - 24);
	snp_put_le32(file + 4, version);
	snp_put_le32(file + 8, 24 + moved);
	snp_put_le32(file + 16, IGVM_SIZE + moved);
	if (version == 2)
		snp_put_le32(file + 28, SNP_PAGE_SIZE);
	for (size_t i = 0; i < 3; i++) {
		uint8_t *word = file + words[i] + moved + 8 + IGVM_PAYLOAD_DATA;
		uint32_t data = 0;

		(void)snp_span_le32((struct snp_span){word, 4}, 0, &data);
		snp_put_le32(word, data + moved);
	}
	for (uint32_t i = 0; i < gap; i++)
		file[24 + moved - gap + i] = (uint8_t)(0xa0 + i);
	*ret_size = IGVM_SIZE + moved;
	igvm_repair(file, *ret_size);
	return file;
}

static const struct form {
	const char *name;
	uint32_t version, gap;
} forms[] = {
	{"version 1", 1, 0},
	{"version 2", 2, 0},
	{"version 1, with a gap", 1, 16},
	{"version 2, with a gap of an odd size", 2, 5},
};

/* One vCPU, which has a context: what every profile but OpenVMM's takes. */
static bool read_launch(const struct snp_igvm *igvm, const char *profile,
			uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE])
{
	struct snp_launch launch = {.size = sizeof(launch),
				    .mode = SNP_MODE_SNP_IGVM,
				    .igvm = igvm,
				    .policy = 0x30000,
				    .flags = SNP_LAUNCH_WITHOUT_ID_BLOCK,
				    .vcpus.count = 1,
				    .vcpus.signature = 0x800f12,
				    .vcpus.features = 1};
	size_t size;

	snprintf(launch.vcpus.profile, sizeof(launch.vcpus.profile), "%s", profile);
	return snp_launch_digest(&launch, digest, &size, NULL) == 0;
}

/* A directive at the end, and away again: all contents move, nothing else does, and no digest. */
static void append_and_remove(void **state)
{
	const struct form *form = *state;
	uint8_t payload[IGVM_ID_BLOCK], *file, *longer, *again, before[48], after[48];
	struct snp_igvm *igvm = NULL, *signed_igvm = NULL;
	const struct snp_igvm_info *info, *found;
	size_t size, longer_size, again_size, n;
	const char *profile;
	unsigned int launched = 0;

	memset(payload, 0x5a, sizeof(payload));
	snp_put_le32(payload, 1);
	file = file_of(form->version, form->gap, &size);
	assert_int_equal(igvm_parse("file", (struct snp_span){file, size}, &igvm, NULL), 0);
	assert_int_equal(igvm_append(igvm, SNP_IGVM_SNP_ID_BLOCK,
				     (struct snp_span){payload, sizeof(payload)}, &longer,
				     &longer_size, NULL),
			 0);
	assert_int_equal(longer_size, size + ID_BLOCK_HEADER);
	assert_int_equal(
		igvm_parse("longer", (struct snp_span){longer, longer_size}, &signed_igvm, NULL),
		0);
	info = snp_igvm_info(igvm);
	found = snp_igvm_info(signed_igvm);
	assert_int_equal(found->n_headers, info->n_headers + 1);
	assert_memory_equal(igvm_id_block(signed_igvm, &found->headers[info->n_headers]), payload,
			    sizeof(payload));
	for (size_t i = 0; i < info->n_headers; i++) {
		assert_int_equal(found->headers[i].type, info->headers[i].type);
		assert_int_equal(found->headers[i].offset, info->headers[i].offset);
		assert_int_equal(found->headers[i].data,
				 info->headers[i].data ? info->headers[i].data + ID_BLOCK_HEADER
						       : 0);
	}
	for (size_t i = 0; (profile = snp_profile_at(i)); i++) {
		if (snp_profile_check(profile, SNP_MODE_SNP_IGVM, NULL) < 0)
			continue;
		if (!read_launch(igvm, profile, before))
			continue;
		launched++;
		assert_true(read_launch(signed_igvm, profile, after));
		assert_memory_equal(before, after, sizeof(before));
	}
	assert_int_equal(launched, 5);
	assert_int_equal(
		igvm_remove(signed_igvm, SNP_IGVM_SNP_ID_BLOCK, &again, &again_size, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(again_size, size);
	assert_memory_equal(again, file, size);
	snp_igvm_free(igvm);
	snp_igvm_free(signed_igvm);
	free(file);
	free(longer);
	free(again);
}

/* Headers for no platform are left out by the reader; they stay in the file, and their contents move too. */
static void keeps_headers_for_nobody(void **state)
{
	uint8_t payload[IGVM_ID_BLOCK] = {1}, file[IGVM_SIZE], *longer, *again;
	struct snp_igvm *igvm = NULL, *signed_igvm = NULL;
	uint32_t data = 0;
	size_t size, n;

	(void)state;
	igvm_build(file);
	snp_put_le32(file + IGVM_PAGE + 16, 0);
	igvm_repair(file, sizeof(file));
	assert_int_equal(igvm_parse("file", (struct snp_span){file, sizeof(file)}, &igvm, NULL), 0);
	assert_int_equal(igvm_append(igvm, SNP_IGVM_SNP_ID_BLOCK,
				     (struct snp_span){payload, sizeof(payload)}, &longer, &size,
				     NULL),
			 0);
	(void)snp_span_le32((struct snp_span){longer, size}, IGVM_PAGE + 8 + IGVM_PAYLOAD_DATA,
			    &data);
	assert_int_equal(data, IGVM_CONTENTS + ID_BLOCK_HEADER);
	assert_int_equal(igvm_parse("longer", (struct snp_span){longer, size}, &signed_igvm, NULL),
			 0);
	assert_int_equal(igvm_remove(signed_igvm, SNP_IGVM_SNP_ID_BLOCK, &again, &size, &n, NULL),
			 0);
	assert_int_equal(size, sizeof(file));
	assert_memory_equal(again, file, sizeof(file));
	snp_igvm_free(igvm);
	snp_igvm_free(signed_igvm);
	free(longer);
	free(again);
}

/* What is put into a file comes out of it as the loader takes it. */
static void id_block_there_and_back(void **state)
{
	uint8_t auth[SNP_ID_AUTH_SIZE] = {0}, found_auth[SNP_ID_AUTH_SIZE], file[IGVM_ID_BLOCK];
	struct snp_id_block block = {.guest_svn = 7, .policy = 0x30000}, found;

	(void)state;
	memset(block.launch_digest, 1, sizeof(block.launch_digest));
	memset(block.family_id, 2, sizeof(block.family_id));
	memset(block.image_id, 3, sizeof(block.image_id));
	auth[0] = 1; /* algorithms, curves */
	memset(auth + 0x40, 4, 144);
	auth[0x240] = 2;
	memset(auth + 0x244, 5, 144);
	igvm_id_block_put(0x10, &block, auth, file);
	assert_int_equal(file[0], 0x10);
	assert_int_equal(file[4], 0);
	igvm_id_block_get(file, IGVM_ID_BLOCK_QEMU, 0x30000, &found, found_auth);
	assert_memory_equal(&block, &found, sizeof(block));
	assert_memory_equal(auth, found_auth, sizeof(auth));
	auth[4] = 1;
	memset(auth + 0x680, 6, 144);
	auth[0x880] = 2;
	memset(auth + 0x884, 7, 144);
	igvm_id_block_put(0x10, &block, auth, file);
	assert_int_equal(file[4], 1);
	igvm_id_block_get(file, IGVM_ID_BLOCK_QEMU, 0x30000, &found, found_auth);
	assert_memory_equal(auth, found_auth, sizeof(auth));
}

#define DOCUMENT(headers) "{\"schema\":\"snp-igvm-build/1\",\"headers\":[" PLATFORM headers "]}"
#define PLATFORM	  "{\"type\":\"SUPPORTED_PLATFORM\",\"platform\":\"SEV-SNP\"}"
#define PAGE		  ",{\"type\":\"PAGE_DATA\",\"gpa\":\"0x1000\""
#define CONTEXT		  ",{\"type\":\"VP_CONTEXT\",\"gpa\":\"0xfffffffff000\""

/* A description, and what is wrong with it. */
static const struct description {
	const char *name, *text;
	enum snp_code code;
	const char *pointer; /* NULL: not looked at */
} descriptions[] = {
	{"a platform", DOCUMENT(""), SNP_OK, NULL},
	{"no headers", "{\"schema\":\"snp-igvm-build/1\",\"headers\":[]}", SNP_E_JSON_VALUE,
	 "/headers"},
	{"no list", "{\"schema\":\"snp-igvm-build/1\"}", SNP_E_JSON_MISSING_KEY, NULL},
	{"schema", "{\"schema\":\"snp-igvm-build/2\",\"headers\":[]}", SNP_E_JSON_SCHEMA, NULL},
	{"version 2",
	 "{\"schema\":\"snp-igvm-build/1\",\"format_version\":2,\"headers\":[" PLATFORM "]}",
	 SNP_OK, NULL},
	{"version 3", "{\"schema\":\"snp-igvm-build/1\",\"format_version\":3,\"headers\":[{}]}",
	 SNP_E_JSON_VALUE, "/format_version"},
	{"no type", DOCUMENT(",{}"), SNP_E_JSON_MISSING_KEY, NULL},
	{"unknown type", DOCUMENT(",{\"type\":\"PAGE\"}"), SNP_E_JSON_VALUE, "/headers/1/type"},
	{"type of no text", DOCUMENT(",{\"type\":770}"), SNP_E_JSON_TYPE, "/headers/1/type"},
	{"unknown key", DOCUMENT(PAGE ",\"vcpu\":1}"), SNP_E_JSON_UNKNOWN_KEY, "/headers/1/vcpu"},
	{"two platforms", DOCUMENT("," PLATFORM), SNP_E_BAD_IGVM, NULL},
	{"two bits of mask", DOCUMENT(PAGE ",\"mask\":\"0x3\"}"), SNP_OK, NULL},
	{"mask past 32 bits", DOCUMENT(PAGE ",\"mask\":\"0x100000000\"}"), SNP_E_JSON_VALUE,
	 "/headers/1/mask"},
	{"policy", DOCUMENT(",{\"type\":\"GUEST_POLICY\",\"policy\":\"0x30000\"}"), SNP_OK, NULL},
	{"zeros", DOCUMENT(PAGE "}"), SNP_OK, NULL},
	{"zeros, many", DOCUMENT(PAGE ",\"count\":300}"), SNP_OK, NULL},
	{"too many", DOCUMENT(PAGE ",\"count\":1048577}"), SNP_E_JSON_VALUE, "/headers/1/count"},
	{"more headers than a file may have", DOCUMENT(PAGE ",\"count\":1048576}"), SNP_E_TOO_LARGE,
	 NULL},
	{"headers without end",
	 DOCUMENT(PAGE ",\"count\":1048576}" PAGE ",\"count\":1048576}" PAGE ",\"count\":1048576}"),
	 SNP_E_TOO_LARGE, "/headers/3"},
	{"no pages", DOCUMENT(PAGE ",\"count\":0}"), SNP_E_JSON_VALUE, "/headers/1/count"},
	{"page type", DOCUMENT(PAGE ",\"page_type\":\"CPUID\"}"), SNP_OK, NULL},
	{"unknown page type", DOCUMENT(PAGE ",\"page_type\":\"vmsa\"}"), SNP_E_JSON_VALUE,
	 "/headers/1/page_type"},
	{"inside a page", DOCUMENT(",{\"type\":\"PAGE_DATA\",\"gpa\":\"0x1001\"}"), SNP_E_BAD_IGVM,
	 NULL},
	{"hex", DOCUMENT(PAGE ",\"contents\":{\"hex\":\"00ff\"}}"), SNP_OK, NULL},
	{"half a byte of hex", DOCUMENT(PAGE ",\"contents\":{\"hex\":\"00f\"}}"), SNP_E_BAD_HEX,
	 "/headers/1"},
	{"no hex", DOCUMENT(PAGE ",\"contents\":{\"hex\":\"\"}}"), SNP_E_JSON_VALUE, "/headers/1"},
	{"fill", DOCUMENT(PAGE ",\"contents\":{\"fill\":255}}"), SNP_OK, NULL},
	{"fill with more than a byte", DOCUMENT(PAGE ",\"contents\":{\"fill\":256}}"),
	 SNP_E_JSON_VALUE, "/headers/1/contents/fill"},
	{"no contents", DOCUMENT(PAGE ",\"contents\":{}}"), SNP_E_JSON_VALUE,
	 "/headers/1/contents"},
	{"two contents", DOCUMENT(PAGE ",\"contents\":{\"fill\":1,\"hex\":\"00\"}}"),
	 SNP_E_JSON_VALUE, "/headers/1/contents"},
	{"a file where none is read", DOCUMENT(PAGE ",\"contents\":{\"file\":\"x\"}}"),
	 SNP_E_JSON_VALUE, "/headers/1"},
	{"area and insert",
	 DOCUMENT(",{\"type\":\"PARAMETER_AREA\",\"area\":3,\"size\":\"0x1000\"}"
		  ",{\"type\":\"VP_COUNT\",\"area\":3,\"offset\":\"0x8\"}"
		  ",{\"type\":\"PARAMETER_INSERT\",\"area\":3,\"gpa\":\"0x2000\"}"),
	 SNP_OK, NULL},
	{"area that nobody declared", DOCUMENT(",{\"type\":\"VP_COUNT\",\"area\":3}"),
	 SNP_E_BAD_IGVM, NULL},
	{"area with contents",
	 DOCUMENT(",{\"type\":\"PARAMETER_AREA\",\"area\":0,\"size\":\"0x1000\",\"contents\":{"
		  "\"hex\":\"01\"}}"),
	 SNP_OK, NULL},
	{"area with too much",
	 DOCUMENT(",{\"type\":\"PARAMETER_AREA\",\"area\":0,\"size\":\"0x0\",\"contents\":{"
		  "\"hex\":\"01\"}}"),
	 SNP_E_JSON_VALUE, "/headers/1"},
	{"area of more than there is memory",
	 DOCUMENT(",{\"type\":\"PARAMETER_AREA\",\"area\":0,\"size\":\"0xfffffffffffff000\","
		  "\"contents\":{\"hex\":\"01\"}}"),
	 SNP_E_TOO_LARGE, NULL},
	{"context", DOCUMENT(CONTEXT ",\"registers\":{\"rip\":\"0xfff0\",\"cpl\":\"0x3\"}}"),
	 SNP_OK, NULL},
	{"segment", DOCUMENT(CONTEXT ",\"registers\":{\"cs\":{\"limit\":\"0xffff\"}}}"), SNP_OK,
	 NULL},
	{"segment of no object", DOCUMENT(CONTEXT ",\"registers\":{\"cs\":\"0x8\"}}"),
	 SNP_E_JSON_TYPE, "/headers/1/registers/cs"},
	{"selector past 16 bits",
	 DOCUMENT(CONTEXT ",\"registers\":{\"cs\":{\"selector\":\"0x10000\"}}}"), SNP_E_JSON_VALUE,
	 "/headers/1/registers/cs/selector"},
	{"cpl past 8 bits", DOCUMENT(CONTEXT ",\"registers\":{\"cpl\":\"0x100\"}}"),
	 SNP_E_JSON_VALUE, "/headers/1/registers/cpl"},
	{"unknown register", DOCUMENT(CONTEXT ",\"registers\":{\"eip\":\"0x0\"}}"),
	 SNP_E_JSON_UNKNOWN_KEY, "/headers/1/registers/eip"},
	{"registers and contents", DOCUMENT(CONTEXT ",\"registers\":{},\"contents\":{\"fill\":1}}"),
	 SNP_E_JSON_VALUE, "/headers/1"},
	{"context of nothing", DOCUMENT(CONTEXT "}"), SNP_E_BAD_IGVM, NULL},
	{"vCPU past 16 bits", DOCUMENT(CONTEXT ",\"vcpu\":65536}"), SNP_E_JSON_VALUE,
	 "/headers/1/vcpu"},
	{"required memory",
	 DOCUMENT(",{\"type\":\"REQUIRED_MEMORY\",\"gpa\":\"0x0\",\"size\":\"0x1000\",\"vtl2\":"
		  "true}"),
	 SNP_OK, NULL},
	{"required memory past 32 bits",
	 DOCUMENT(",{\"type\":\"REQUIRED_MEMORY\",\"gpa\":\"0x0\",\"size\":\"0x100001000\"}"),
	 SNP_E_JSON_VALUE, "/headers/1/size"},
	{"error range", DOCUMENT(",{\"type\":\"ERROR_RANGE\",\"gpa\":\"0x0\",\"size\":\"0x1000\"}"),
	 SNP_OK, NULL},
	{"payload of another length", DOCUMENT(",{\"type\":\"SNP_ID_BLOCK\",\"payload\":\"01\"}"),
	 SNP_E_BAD_IGVM, NULL},
	{"payload of a page", DOCUMENT(",{\"type\":\"PAGE_DATA\",\"payload\":\"01\"}"),
	 SNP_E_JSON_UNKNOWN_KEY, NULL},
};

static int build(const char *text, size_t size, uint8_t **ret, size_t *ret_size,
		 struct snp_error *err)
{
	struct json *document = NULL;
	int r = json_parse("file", (struct snp_span){(const uint8_t *)text, size}, &document, err);

	if (r == 0)
		r = igvm_build_document(document, "file", false, ret, ret_size, err);
	json_free(document);
	return r;
}

static void check_description(void **state)
{
	const struct description *row = *state;
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	uint8_t *file = NULL;
	size_t size = 0;
	int r = build(row->text, strlen(row->text), &file, &size, &err);

	tell_result(row->name, r, &err);
	assert_int_equal(r, -(int)row->code);
	assert_int_equal(err.code, row->code);
	if (row->pointer)
		assert_string_equal(err.pointer, row->pointer);
	if (r == 0)
		assert_int_equal(igvm_parse("file", (struct snp_span){file, size}, &igvm, NULL), 0);
	snp_igvm_free(igvm);
	free(file);
}

static const char whole[] = DOCUMENT(
	",{\"type\":\"GUEST_POLICY\",\"policy\":\"0x30000\"},"
	"{\"type\":\"REQUIRED_MEMORY\",\"gpa\":\"0x100000\",\"size\":\"0x10000\"},"
	"{\"type\":\"PARAMETER_AREA\",\"area\":0,\"size\":\"0x1000\"},"
	"{\"type\":\"VP_COUNT\",\"area\":0},"
	"{\"type\":\"PARAMETER_INSERT\",\"gpa\":\"0x110000\",\"area\":0},"
	"{\"type\":\"PAGE_DATA\",\"gpa\":\"0x100000\",\"count\":2,\"contents\":{\"hex\":\"0102\"}},"
	"{\"type\":\"PAGE_DATA\",\"gpa\":\"0x102000\",\"page_type\":\"secrets\"},"
	"{\"type\":\"PAGE_DATA\",\"gpa\":\"0x200000\",\"large\":true,\"unmeasured\":true,"
	"\"shared\":true},"
	"{\"type\":\"VP_CONTEXT\",\"gpa\":\"0xfffffffff000\",\"vcpu\":1,\"registers\":{"
	"\"rip\":\"0x10000\",\"cs\":{\"selector\":\"0x8\",\"attributes\":\"0xc9b\",\"limit\":"
	"\"0xffffffff\",\"base\":\"0x1\"},\"x87_fcw\":\"0x37f\",\"sev_features\":\"0x1\"}}");

static void builds_what_is_described(void **state)
{
	static const struct snp_igvm_header expected[] = {
		{.type = 0x1, .mask = 1, .subtype = SNP_IGVM_SEV_SNP},
		{.type = 0x101, .mask = 1, .value = 0x30000},
		{.type = 0x305, .mask = 1, .gpa = 0x100000, .size = 0x10000},
		{.type = 0x301, .size = 0x1000},
		{.type = 0x307},
		{.type = 0x303, .mask = 1, .gpa = 0x110000},
		{.type = 0x302, .mask = 1, .gpa = 0x100000, .size = 0x1000, .data = 1},
		{.type = 0x302, .mask = 1, .gpa = 0x101000, .size = 0x1000, .data = 1},
		{.type = 0x302,
		 .mask = 1,
		 .gpa = 0x102000,
		 .size = 0x1000,
		 .subtype = SNP_IGVM_PAGE_SECRETS},
		{.type = 0x302, .mask = 1, .gpa = 0x200000, .size = 0x200000, .flags = 7},
		{.type = 0x304,
		 .mask = 1,
		 .gpa = SNP_VMSA_GPA,
		 .index = 1,
		 .platform = SNP_IGVM_SEV_SNP,
		 .data = 2},
	};
	const struct snp_igvm_info *info;
	struct snp_igvm *igvm = NULL;
	uint8_t *file = NULL, page[SNP_PAGE_SIZE], vmsa[SNP_PAGE_SIZE] = {0};
	size_t size = 0;

	(void)state;
	assert_int_equal(build(whole, strlen(whole), &file, &size, NULL), 0);
	assert_int_equal(igvm_parse("file", (struct snp_span){file, size}, &igvm, NULL), 0);
	info = snp_igvm_info(igvm);
	assert_int_equal(info->n_headers, sizeof(expected) / sizeof(expected[0]));
	/* Equal contents once, in the order in which they are named. */
	assert_int_equal(info->size, info->data_offset + 2 * SNP_PAGE_SIZE);
	for (size_t i = 0; i < info->n_headers; i++) {
		struct snp_igvm_header h = info->headers[i], e = expected[i];

		h.offset = 0;
		if (e.data > 0)
			e.data = (uint32_t)(info->data_offset + (e.data - 1) * SNP_PAGE_SIZE);
		assert_memory_equal(&h, &e, sizeof(h));
	}
	memset(page, 0, sizeof(page));
	page[0] = 1;
	page[1] = 2;
	assert_memory_equal(file + info->data_offset, page, sizeof(page));
	memcpy(vmsa + 0x10, "\x08\0\x9b\x0c\xff\xff\xff\xff\x01", 9);
	memcpy(vmsa + 0x178, "\0\0\1", 3);
	vmsa[0x3b0] = 1;
	memcpy(vmsa + 0x410, "\x7f\x03", 2);
	assert_memory_equal(file + info->data_offset + SNP_PAGE_SIZE, vmsa, sizeof(vmsa));
	snp_igvm_free(igvm);
	free(file);
}

/* Each byte of a description changed, and the description cut everywhere: refused with an explanation, or a file. */
static void every_byte_of_a_description(void **state)
{
	char *text = malloc(sizeof(whole));

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		for (size_t k = 0; k < 4; k++) {
			struct snp_error err = {0};
			uint8_t *file = NULL;
			size_t size = 0;
			int r;

			memcpy(text, whole, sizeof(whole));
			text[i] = "\"0}\xff"[k];
			r = build(text, k == 0 ? i : sizeof(whole) - 1, &file, &size, &err);
			assert_true(r <= 0);
			assert_int_equal(r, -(int)err.code);
			assert_true((r == 0) == (file != NULL));
			free(file);
		}
	}
	free(text);
}

static void as_told(void **state)
{
	(void)state;
	told("igvm_write");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, append_and_remove, forms);
	ADD_ROWS(tests, n, check_description, descriptions);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(keeps_headers_for_nobody);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(id_block_there_and_back);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(builds_what_is_described);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_byte_of_a_description);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("igvm_write", tests, n);
}
