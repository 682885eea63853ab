// SPDX-License-Identifier: Apache-2.0
#include "no_memory.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cbor.h>
#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/reference.h>

#include "reference/format.h"
#include "reference/model.h"
#include "told.h"

/* A master with everything in it: two images, two profiles, an image without kernel. Digests are not
 * real: nothing here computes them. */
#define A16 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define H32 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define H48 \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define FIRMWARE                                                                                 \
	"{\"name\": \"OVMF.fd\", \"size\": 4194304, \"sha256\": \"" H32 "\", \"sha384\": \"" H48 \
	"\"}"
static const char master[] =
	"{\"schema\": \"snp-reference-values/1\","
	" \"tool\": {\"name\": \"snp-measure\", \"version\": \"0.1.0\"}, \"timestamp\": 1,"
	" \"images\": [{\"name\": \"web\", \"inputs\": {\"firmware\": " FIRMWARE ","
	" \"kernel\": {\"name\": \"vmlinuz\", \"size\": 0, \"sha256\": \"" H32 "\"},"
	" \"cmdline\": {\"text\": \"\", \"size\": 0, \"sha256\":"
	" \"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d\"}},"
	" \"policy\": \"0x30000\", \"family_id\": \"" A16 "\", \"image_id\": \"" A16 "\","
	" \"guest_svn\": 7, \"minimum_tcb\": {\"Milan\": \"bl=4,tee=0,snp=24,ucode=219\"},"
	" \"variants\": ["
	"{\"vmm_profile\": \"qemu\", \"vcpu_count\": 4, \"cpu_model\": \"EPYC-v4\","
	" \"cpu_signature\": \"0x800f12\", \"guest_features\": \"0x1\", \"launch_digest\": \"" H48
	"\"},"
	"{\"vmm_profile\": \"qemu\", \"vcpu_count\": 2, \"cpu_model\": \"EPYC-v4\","
	" \"cpu_signature\": \"0x800f12\", \"guest_features\": \"0x1\", \"launch_digest\": \"" H48
	"\"},"
	"{\"vmm_profile\": \"gce\", \"vcpu_count\": 2,"
	" \"guest_features\": \"0x1\", \"launch_digest\": \"" H48 "\"}]},"
	"{\"name\": \"plain\", \"inputs\": {\"firmware\": " FIRMWARE "}, \"policy\": \"0x30000\","
	" \"variants\": [{\"vmm_profile\": \"qemu\", \"vcpu_count\": 1, \"cpu_signature\":"
	" \"0xa00f11\", \"guest_features\": \"0x1\", \"launch_digest\": \"" H48 "\"}]}],"
	" \"assumptions\": [\"none\"], \"not_covered\": []}";

static int parse(const char *text, struct snp_reference **ret, struct snp_error *err)
{
	return snp_reference_parse("master", text_span(text), ret, err);
}

/* Each row puts `new` where `old` stands first. */
static const struct mangle {
	const char *name, *old, *new;
	enum snp_code code;
	const char *pointer;
} mangles[] = {
	{"other schema", "values/1", "values/4", SNP_E_JSON_SCHEMA, "/schema"},
	{"kernel hash check in a document of 0.1.0", "\"guest_svn\": 7",
	 "\"kernel_hash_check\": {\"static\": \"present\"}", SNP_E_JSON_SCHEMA, ""},
	{"unknown key", "\"guest_svn\"", "\"guest_svm\"", SNP_E_JSON_UNKNOWN_KEY,
	 "/images/0/guest_svm"},
	{"no images", "\"images\"", "\"image\"", SNP_E_JSON_UNKNOWN_KEY, "/image"},
	{"two images of one name", "plain", "web", SNP_E_JSON_VALUE, "/images/1"},
	{"size of the command line", "\"text\": \"\", \"size\": 0", "\"text\": \"\", \"size\": 1",
	 SNP_E_JSON_VALUE, "/images/0/inputs/cmdline"},
	{"other command line", "\"text\": \"\"", "\"text\": \"ro\"", SNP_E_JSON_VALUE,
	 "/images/0/inputs/cmdline"},
	{"kernel without command line", "\"cmdline\"", "\"initrd\"", SNP_E_JSON_UNKNOWN_KEY,
	 "/images/0/inputs/initrd/text"},
	{"policy in decimal", "\"0x30000\"", "\"196608\"", SNP_E_JSON_VALUE, "/images/0/policy"},
	{"policy with bit 17 clear", "0x30000", "0x10000", SNP_E_BAD_POLICY, "/images/0/policy"},
	{"policy as a number", "\"0x30000\"", "196608", SNP_E_JSON_TYPE, "/images/0/policy"},
	{"svn over 32 bits", "\"guest_svn\": 7", "\"guest_svn\": 4294967296", SNP_E_JSON_VALUE,
	 "/images/0/guest_svn"},
	{"unknown product", "Milan", "Venice", SNP_E_JSON_UNKNOWN_KEY,
	 "/images/0/minimum_tcb/Venice"},
	{"FMC on Milan", "ucode=219", "ucode=219,fmc=1", SNP_E_BAD_TCB,
	 "/images/0/minimum_tcb/Milan"},
	{"absolute file", "OVMF.fd", "/OVMF.fd", SNP_E_JSON_VALUE,
	 "/images/0/inputs/firmware/name"},
	{"file that leads out", "OVMF.fd", "a/../OVMF.fd", SNP_E_JSON_VALUE,
	 "/images/0/inputs/firmware/name"},
	{"file with a dot", "\"vmlinuz", "\"./vmlinuz", SNP_E_JSON_VALUE,
	 "/images/0/inputs/kernel/name"},
	{"file with an empty component", "\"vmlinuz", "\"a//vmlinuz", SNP_E_JSON_VALUE,
	 "/images/0/inputs/kernel/name"},
	{"folder", "vmlinuz", "vmlinuz/", SNP_E_JSON_VALUE, "/images/0/inputs/kernel/name"},
	{"the folder above", "vmlinuz", "..", SNP_E_JSON_VALUE, "/images/0/inputs/kernel/name"},
	{"no vCPU", "\"vcpu_count\": 4", "\"vcpu_count\": 0", SNP_E_JSON_VALUE,
	 "/images/0/variants/0/vcpu_count"},
	{"one configuration twice", "\"vcpu_count\": 4", "\"vcpu_count\": 2", SNP_E_JSON_VALUE,
	 "/images/0/variants"},
	{"short digest", "\"launch_digest\": \"00", "\"launch_digest\": \"", SNP_E_JSON_VALUE,
	 "/images/0/variants/0/launch_digest"},
	{"signature over 32 bits", "0x800f12", "0x100800f12", SNP_E_JSON_VALUE,
	 "/images/0/variants/0/cpu_signature"},
	{"signature of another model", "0x800f12", "0xa00f11", SNP_E_JSON_VALUE,
	 "/images/0/variants/0/cpu_signature"},
	{"short ID block", "\"guest_features\": \"0x1\",",
	 "\"guest_features\": \"0x1\", \"id_block\": \"AAAA\",", SNP_E_BAD_BASE64,
	 "/images/0/variants/0/id_block"},
	{"short ID auth", "\"guest_features\": \"0x1\",",
	 "\"guest_features\": \"0x1\", \"id_auth\": \"AAAA\",", SNP_E_BAD_BASE64,
	 "/images/0/variants/0/id_auth"},
	{"ID block without auth", "\"guest_features\": \"0x1\",",
	 "\"guest_features\": \"0x1\", \"id_block\": \"" A16 A16 A16 A16 "\",",
	 SNP_E_JSON_MISSING_KEY, "/images/0/variants/0"},
	{"assumption that is no sentence", "[\"none\"]", "[1]", SNP_E_JSON_TYPE, "/assumptions/0"},
	{"what is not covered is not said", ", \"not_covered\": []", "", SNP_E_JSON_MISSING_KEY,
	 ""},
	{"no variants",
	 "\"variants\": [{\"vmm_profile\": \"qemu\", \"vcpu_count\": 1, \"cpu_signature\":"
	 " \"0xa00f11\", \"guest_features\": \"0x1\", \"launch_digest\": \"" H48 "\"}]",
	 "\"variants\": []", SNP_E_JSON_VALUE, "/images/1/variants"},
};

#define IGVM                                                               \
	"\"igvm\": {\"name\": \"g.igvm\", \"size\": 1, \"sha256\": \"" H32 \
	"\", \"sha384\": \"" H48 "\"}"
#define KERNEL "\"kernel\": {\"name\": \"k\", \"size\": 1, \"sha256\": \"" H32 "\"}"
#define WITH_IGVM(number, inputs, members)                                                                         \
	"{\"schema\": \"snp-reference-values/" number                                                              \
	"\", \"tool\": {\"name\": \"a\", \"version\": \"1\"}, \"images\": [{\"name\": \"g\", \"inputs\": {" inputs \
	"}, \"policy\": \"0x30000\", " members                                                                     \
	"\"variants\": [{\"vmm_profile\": \"igvm-qemu-10\", \"vcpu_count\": 1, "                                   \
	"\"guest_features\": \"0x1\", \"launch_digest\": \"" H48 "\"}]}], \"not_covered\": []}"

/* An IGVM file in place of firmware, and what cannot be beside it. */
static const struct igvm_master {
	const char *name, *text;
	enum snp_code code;
	const char *pointer;
} igvm_masters[] = {
	{"an IGVM file", WITH_IGVM("3", IGVM, ""), SNP_OK, NULL},
	{"with memory", WITH_IGVM("3", IGVM, "\"memory_size\": \"0x40000000\", "), SNP_OK, NULL},
	{"in /2", WITH_IGVM("2", IGVM, ""), SNP_E_JSON_UNKNOWN_KEY, "/images/0/inputs/igvm"},
	{"in /1", WITH_IGVM("1", IGVM, ""), SNP_E_JSON_UNKNOWN_KEY, "/images/0/inputs/igvm"},
	{"with firmware",
	 WITH_IGVM("3",
		   IGVM ", \"firmware\": {\"name\": \"f\", \"size\": 1, \"sha256\": \"" H32
			"\", \"sha384\": \"" H48 "\"}",
		   ""),
	 SNP_E_JSON_VALUE, "/images/0"},
	{"with a kernel",
	 WITH_IGVM("3", IGVM ", " KERNEL ", \"cmdline\": {\"template\": \"{vcpu_count}\"}", ""),
	 SNP_E_JSON_VALUE, "/images/0"},
	{"with a kernel hash check",
	 WITH_IGVM("3", IGVM, "\"kernel_hash_check\": {\"static\": \"present\"}, "),
	 SNP_E_JSON_VALUE, "/images/0"},
	{"without SHA-384",
	 WITH_IGVM("3", "\"igvm\": {\"name\": \"g\", \"size\": 1, \"sha256\": \"" H32 "\"}", ""),
	 SNP_E_JSON_MISSING_KEY, "/images/0/inputs/igvm"},
	{"neither firmware nor IGVM file", WITH_IGVM("3", "", ""), SNP_E_JSON_MISSING_KEY,
	 "/images/0/inputs"},
	{"memory without IGVM file",
	 WITH_IGVM("3",
		   "\"firmware\": {\"name\": \"f\", \"size\": 1, \"sha256\": \"" H32
		   "\", \"sha384\": \"" H48 "\"}",
		   "\"memory_size\": \"0x40000000\", "),
	 SNP_E_JSON_VALUE, "/images/0/memory_size"},
};

/* What is read is written as it was. */
static void check_igvm_master(void **state)
{
	const struct igvm_master *row = *state;
	struct snp_reference *reference = NULL, *again = NULL;
	struct snp_error err = {0};
	char *text = NULL;
	int r = snp_reference_parse(
		"master", (struct snp_span){(const uint8_t *)row->text, strlen(row->text)},
		&reference, &err);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);

	assert_int_equal(r, -(int)row->code);
	if (row->pointer)
		assert_string_equal(err.pointer, row->pointer);
	if (r < 0)
		return;
	assert_true(reference->images[0].is_igvm);
	assert_int_equal(reference_print(reference, &text, NULL), 0);
	assert_int_equal(snp_reference_parse("again",
					     (struct snp_span){(const uint8_t *)text, strlen(text)},
					     &again, NULL),
			 0);
	assert_true(again->images[0].is_igvm);
	assert_int_equal(again->images[0].memory_size, reference->images[0].memory_size);
	assert_string_equal(again->images[0].firmware.name, "g.igvm");
	snp_reference_free(reference);
	snp_reference_free(again);
	free(text);
}

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	const char *at = strstr(master, row->old);
	struct snp_reference *reference = (struct snp_reference *)state;
	struct snp_error err = {0};
	char *text;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - master), master, row->new,
			     at + strlen(row->old)) > 0);
	assert_int_equal(parse(text, &reference, &err), -(int)row->code);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_ptr_equal(reference, state);
	assert_true(err.message[0] != '\0');
	assert_string_equal(err.pointer, row->pointer);
	assert_true(err.line > 0);
	free(text);
}

/* What 0.1.0 does not know is said in a document that it does not read; all else in one that it does. */
static void the_oldest_schema_that_can_say_it(void **state)
{
	static const struct {
		const char *member, *schema;
	} rows[] = {
		{"\"guest_svn\": 7", "\"snp-reference-values/1\""},
		{"\"kernel_hash_check\": {\"static\": \"present\"}", "\"snp-reference-values/2\""},
	};
	const char *svn = strstr(master, "\"guest_svn\": 7");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snp_reference *reference = NULL;
		struct snp_error err = {0};
		char *text, *printed = NULL;

		assert_true(asprintf(&text, "%.*s%s%s", (int)(svn - master), master, rows[i].member,
				     svn + strlen("\"guest_svn\": 7")) > 0);
		memcpy(strstr(text, "values/1"), "values/2", 8);
		assert_int_equal(parse(text, &reference, &err), 0);
		assert_int_equal(reference_print(reference, &printed, &err), 0);
		assert_non_null(strstr(printed, rows[i].schema));
		snp_reference_free(reference);
		free(printed);
		free(text);
	}
}

static void printed_and_read_again_it_is_the_same(void **state)
{
	struct snp_reference *reference, *again;
	char *first, *second;

	(void)state;
	assert_int_equal(parse(master, &reference, NULL), 0);
	assert_int_equal(reference->n_images, 2);
	assert_string_equal(reference->images[0].variants[0].vcpus.profile, "gce");
	assert_int_equal(reference->images[0].variants[1].vcpus.count, 2);
	assert_int_equal(reference_print(reference, &first, NULL), 0);
	assert_int_equal(parse(first, &again, NULL), 0);
	assert_int_equal(reference_print(again, &second, NULL), 0);
	assert_string_equal(first, second);
	free(first);
	free(second);
	snp_reference_free(reference);
	snp_reference_free(again);
}

/* Documents from before there were assumptions are printed as they were. */
static void an_older_document_is_read_and_printed_as_it_is(void **state)
{
	static const char assumptions[] = " \"assumptions\": [\"none\"],";
	const char *at = strstr(master, assumptions);
	struct snp_reference *reference;
	char *older, *printed;

	(void)state;
	assert_true(asprintf(&older, "%.*s%s", (int)(at - master), master,
			     at + strlen(assumptions)) > 0);
	assert_int_equal(parse(older, &reference, NULL), 0);
	assert_int_equal(reference_print(reference, &printed, NULL), 0);
	assert_null(strstr(printed, "assumptions"));
	free(printed);
	snp_reference_free(reference);
	assert_int_equal(parse(master, &reference, NULL), 0);
	assert_int_equal(reference_print(reference, &printed, NULL), 0);
	assert_non_null(strstr(printed, "\"assumptions\": ["));
	assert_non_null(strstr(printed, "for an image without a kernel"));
	free(printed);
	free(older);
	snp_reference_free(reference);
}

static const struct file_name {
	const char *name, *published;
} file_names[] = {
	{"OVMF.fd", "OVMF.fd"},
	{"a/OVMF.fd", "a/OVMF.fd"},
	{"./a/.//b/OVMF.fd", "a/b/OVMF.fd"},
	{"/srv/a/OVMF.fd", "OVMF.fd"},
	{"../a/OVMF.fd", "OVMF.fd"},
	{"a/b/../OVMF.fd", "OVMF.fd"},
	{"a/..b/...", "a/..b/..."},
};

static void check_file_name(void **state)
{
	const struct file_name *row = *state;
	char *name = file_name(row->name);

	assert_string_equal(name, row->published);
	assert_true(is_file_name(name));
	free(name);
}

static const struct query {
	const char *name;
	struct snp_reference_query query;
	int status;
	uint32_t vcpu_count;
} queries[] = {
	{"found", {sizeof(struct snp_reference_query), "web", {"qemu", 4, 0x800f12, 1, ""}}, 0, 4},
	{"any signature where VMSAs have none",
	 {sizeof(struct snp_reference_query), "web", {"gce", 2, 0xa00f11, 1, ""}},
	 0,
	 2},
	{"the only image is meant",
	 {sizeof(struct snp_reference_query), NULL, {"qemu", 4, 0x800f12, 1, ""}},
	 -SNP_E_NO_VARIANT,
	 0},
	{"other image",
	 {sizeof(struct snp_reference_query), "db", {"qemu", 4, 0x800f12, 1, ""}},
	 -SNP_E_NO_VARIANT,
	 0},
	{"other profile",
	 {sizeof(struct snp_reference_query), "web", {"ec2", 4, 0x800f12, 1, ""}},
	 -SNP_E_NO_VARIANT,
	 0},
	{"other signature",
	 {sizeof(struct snp_reference_query), "web", {"qemu", 4, 0xa00f11, 1, ""}},
	 -SNP_E_NO_VARIANT,
	 0},
	{"other features",
	 {sizeof(struct snp_reference_query), "web", {"qemu", 4, 0x800f12, 0x21, ""}},
	 -SNP_E_NO_VARIANT,
	 0},
	{"other count",
	 {sizeof(struct snp_reference_query), "web", {"qemu", 3, 0x800f12, 1, ""}},
	 -SNP_E_NO_VARIANT,
	 0},
};

static void check_query(void **state)
{
	const struct query *row = *state;
	const struct snp_reference_image *image = NULL;
	const struct snp_reference_variant *variant = NULL;
	struct snp_reference *reference;
	struct snp_error err = {0};

	assert_int_equal(parse(master, &reference, NULL), 0);
	assert_int_equal(snp_reference_find(reference, &row->query, &image, &variant, &err),
			 row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_int_equal(variant == NULL, row->status < 0);
	if (variant)
		assert_int_equal(variant->vcpus.count, row->vcpu_count);
	snp_reference_free(reference);
}

/* The shortest encoding of each (RFC 8949 section 4.2.1), as its appendix A has them. */
static const struct number {
	const char *name;
	int64_t value;
	size_t size;
	uint8_t bytes[9];
} numbers[] = {
	{"number 23", 23, 1, {0x17}},
	{"number 24", 24, 2, {0x18, 0x18}},
	{"number 255", 255, 2, {0x18, 0xff}},
	{"number 256", 256, 3, {0x19, 0x01, 0x00}},
	{"number of 16 bits", 65535, 3, {0x19, 0xff, 0xff}},
	{"number over 16 bits", 65536, 5, {0x1a, 0x00, 0x01, 0x00, 0x00}},
	{"number of 32 bits", UINT32_MAX, 5, {0x1a, 0xff, 0xff, 0xff, 0xff}},
	{"number over 32 bits", 1ll << 32, 9, {0x1b, 0, 0, 0, 1, 0, 0, 0, 0}},
	{"number of 63 bits", INT64_MAX, 9, {0x1b, 0x7f, 255, 255, 255, 255, 255, 255, 255}},
	{"number -1", -1, 1, {0x20}},
	{"number -257", -257, 3, {0x39, 0x01, 0x00}},
	{"number below -32 bits", -(1ll << 32) - 1, 9, {0x3b, 0, 0, 0, 1, 0, 0, 0, 0}},
	{"least number", INT64_MIN, 9, {0x3b, 0x7f, 255, 255, 255, 255, 255, 255, 255}},
};

static void check_number(void **state)
{
	const struct number *row = *state;
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;

	assert_int_equal(cbor_out_encode(cbor_out_int(row->value), &bytes, &size, NULL), 0);
	assert_int_equal(size, row->size);
	assert_memory_equal(bytes, row->bytes, size);
}

/* What each format writes of the master above; the contents are checked by programs that others wrote,
 * in tests/cli/publish.sh. */
static const struct emitted {
	const char *format;
	size_t n_files;
	const char *file;
} emitted[] = {
	{"reference-values", 1, "reference-values.json"},
	{"rvps", 1, "rvps.json"},
	{"intoto", 1, "intoto.json"},
	{"corim", 1, "corim.cbor"},
	{"go-sev-guest", 4, "go-sev-guest/web-qemu-EPYC-v4-0x1-4vcpu-Milan.json"},
	{"golden", 3, "golden/plain-qemu-0x00a00f11-0x1.pb"},
	{"maa-policy", 1, "maa-policy.txt"},
	{"tsv", 1, "launch-digests.tsv"},
};

static bool is_text(const struct folder_file *file)
{
	for (size_t i = 0; i < file->size; i++)
		if (file->data[i] >= 0x7f || (file->data[i] < ' ' && file->data[i] != '\n'))
			return false;
	return true;
}

/* Text as it is, and other bytes 32 to a line. */
static void tell_file(const struct folder_file *file)
{
	tell("%s: %zu bytes", file->name, file->size);
	for (size_t at = 0, n; at < file->size; at += n) {
		const uint8_t *from = file->data + at, *end;
		char hex[65];

		n = file->size - at < 32 ? file->size - at : 32;
		if (!is_text(file)) {
			hex_encode(from, n, hex);
			tell("  %s", hex);
			continue;
		}
		end = memchr(from, '\n', file->size - at);
		n = end ? (size_t)(end - from) + 1 : file->size - at;
		tell("  %.*s", (int)(end ? n - 1 : n), (const char *)from);
	}
}

static void check_emitted(void **state)
{
	const struct emitted *row = *state;
	struct folder first = {0}, second = {0};
	struct snp_reference *reference;
	size_t i = 0;

	while (strcmp(format_at(i)->name, row->format) != 0)
		assert_non_null(format_at(++i));
	assert_int_equal(parse(master, &reference, NULL), 0);
	assert_int_equal(format_at(i)->emit(reference, &first, NULL), 0);
	assert_int_equal(format_at(i)->emit(reference, &second, NULL), 0);
	assert_int_equal(first.n_files, row->n_files);
	assert_non_null(folder_find(&first, row->file));
	for (i = 0; i < first.n_files; i++) {
		assert_int_equal(first.files[i].size, second.files[i].size);
		assert_memory_equal(first.files[i].data, second.files[i].data, first.files[i].size);
		tell_file(&first.files[i]);
	}
	folder_done(&first);
	folder_done(&second);
	snp_reference_free(reference);
}

/* Read, printed and emitted in the format `arg`. */
static int emit_counted(const void *arg, struct snp_error *err)
{
	const struct format *format = arg;
	struct snp_reference *reference = NULL;
	struct folder folder = {0};
	char *text = NULL;
	int r;

	no_memory_begin();
	r = parse(master, &reference, err);
	if (r == 0)
		r = reference_print(reference, &text, err);
	if (r == 0) {
		struct snp_reference said = *reference;
		struct snp_reference_image image = said.images[0];

		if (format->says == SAYS_DIGEST) {
			said.images = &image;
			said.n_images = image.n_variants = 1;
		}
		r = format->emit(&said, &folder, err);
	}
	no_memory_end(r);
	free(text);
	folder_done(&folder);
	snp_reference_free(reference);
	return r;
}

static void whatever_memory_runs_out(void **state)
{
	(void)state;
	for (size_t i = 0; format_at(i); i++)
		check_without_memory(emit_counted, format_at(i), 0);
}

/* As many ID blocks as are signed at once are in a master that is read again. */
static void the_most_id_blocks_fit(void **state)
{
	struct snp_reference *reference = NULL;
	static uint8_t block[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
	char line[] = "console=ttyS0 nr_cpus={vcpu_count}", *text = NULL;
	struct snp_reference_image image;

	(void)state;
	assert_int_equal(parse(master, &reference, NULL), 0);
	image = reference->images[0];
	image.cmdline = line;
	image.cmdline_is_template = true;
	image.variants = calloc(SNP_MAX_BOUND_VARIANTS, sizeof(*image.variants));
	image.n_variants = SNP_MAX_BOUND_VARIANTS;
	assert_non_null(image.variants);
	for (size_t i = 0; i < image.n_variants; i++)
		image.variants[i] = (struct snp_reference_variant){
			.vcpus = {.profile = "igvm-cloud-hypervisor",
				  .count = 1 + (uint32_t)i % 512,
				  .model = "EPYC-Genoa-with-long-name-v1",
				  .signature = 0x00b00f21,
				  .features = 0x21},
			.id_block = block,
			.id_auth = auth};
	{
		struct snp_reference large = *reference;

		large.images = &image;
		large.n_images = 1;
		assert_int_equal(reference_print(&large, &text, NULL), 0);
	}
	assert_true(strlen(text) <= SNP_MAX_DOCUMENT);
	free(text);
	free(image.variants);
	snp_reference_free(reference);
}

static void what_a_format_cannot_say_is_refused(void **state)
{
	struct snp_reference *reference;
	struct snp_reference_image *images;
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(parse(master, &reference, NULL), 0);
	images = reference->images;
	/* A debug image never sets the policy that the others are measured by. */
	for (size_t debug = 0; debug < 2; debug++) {
		images[debug].policy = 0xb0000;
		images[!debug].policy = 0x30000;
		assert_int_equal(rvps_says(reference, &images[debug], &err), -SNP_E_FORMAT);
		assert_int_equal(rvps_says(reference, &images[!debug], &err), 0);
	}
	images[0].policy = images[1].policy;
	assert_int_equal(rvps_says(reference, &images[0], &err), 0);
	snp_reference_free(reference);
}

/* What Contrast's own check of its manifests takes (internal/manifest/referencevalues.go). */
static const struct contrast {
	const char *name;
	uint64_t policy;
	bool has_minimum_tcb; /* the second image, of Genoa */
	int status;
} contrasts[] = {
	{"contrast: bare metal", 0x30000, true, 0},
	{"contrast: AKS", 0x3001f, true, 0},
	{"contrast: page swap disabled", 0x2030000, true, 0},
	{"contrast: one image without a product", 0x30000, false, -SNP_E_FORMAT},
	{"contrast: SMT clear", 0x20000, true, -SNP_E_FORMAT},
	{"contrast: migration agent", 0x70000, true, -SNP_E_FORMAT},
	{"contrast: debug", 0xb0000, true, -SNP_E_FORMAT},
	{"contrast: single socket", 0x130000, true, -SNP_E_FORMAT},
	{"contrast: CXL", 0x230000, true, -SNP_E_FORMAT},
	{"contrast: AES-256-XTS", 0x430000, true, -SNP_E_FORMAT},
	{"contrast: RAPL disabled", 0x830000, true, -SNP_E_FORMAT},
	{"contrast: ciphertext hiding", 0x1030000, true, -SNP_E_FORMAT},
	{"contrast: ABI minor 1", 0x30001, true, -SNP_E_FORMAT},
	{"contrast: ABI major 1", 0x30100, true, -SNP_E_FORMAT},
};

static void check_contrast(void **state)
{
	const struct contrast *row = *state;
	struct snp_reference *reference;
	struct snp_error err = {0};

	assert_int_equal(parse(master, &reference, NULL), 0);
	reference->images[1].policy = row->policy;
	if (row->has_minimum_tcb) {
		reference->images[1].minimum_tcb = calloc(1, sizeof(struct snp_minimum_tcb));
		assert_non_null(reference->images[1].minimum_tcb);
		reference->images[1].minimum_tcb->product = SNP_PRODUCT_GENOA;
		reference->images[1].n_minimum_tcb = 1;
	}
	assert_int_equal(contrast_says(reference, &reference->images[1], &err), row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	snp_reference_free(reference);
}

static void as_told(void **state)
{
	(void)state;
	told("reference");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(the_oldest_schema_that_can_say_it),
		cmocka_unit_test(printed_and_read_again_it_is_the_same),
		cmocka_unit_test(an_older_document_is_read_and_printed_as_it_is),
		cmocka_unit_test(the_most_id_blocks_fit),
		cmocka_unit_test(what_a_format_cannot_say_is_refused),
		cmocka_unit_test(whatever_memory_runs_out),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_igvm_master, igvm_masters);
	ADD_ROWS(tests, n, check_file_name, file_names);
	ADD_ROWS(tests, n, check_query, queries);
	ADD_ROWS(tests, n, check_number, numbers);
	ADD_ROWS(tests, n, check_emitted, emitted);
	ADD_ROWS(tests, n, check_contrast, contrasts);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("reference", tests, n);
}
