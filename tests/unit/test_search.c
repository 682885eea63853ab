// SPDX-License-Identifier: Apache-2.0
/* Launches that differ from the stated one are found again, and said to differ in just that. Their digests
 * come from snp_launch_digest(), which other tests hold against hardware; what is tested here is that the
 * search goes everywhere it says. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/search.h>
#include <snp/sha.h>
#include <snp/span.h>

#include "ovmf_image.h"

#define MAX_VCPUS 9
#define LINE	  "console=tty0  nr_cpus=4 ro"

struct fixture {
	struct snp_firmware *firmware;
	const struct snp_firmware *other;
	struct snp_kernel_hashes hashes;
	struct snp_launch stated;
	struct search search;
};

static const uint8_t other_kernel[SNP_SHA256_SIZE] = {7}, other_initrd[SNP_SHA256_SIZE] = {8};

static struct snp_firmware *firmware(uint8_t byte)
{
	struct snp_firmware *ret = NULL;
	uint8_t image[IMAGE_SIZE];

	image_build(image);
	image[100] = byte;
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &ret, NULL), 0);
	return ret;
}

static void hash_line(const char *text, size_t size, uint8_t ret[static SNP_SHA256_SIZE])
{
	assert_int_equal(sha256_of((struct snp_span){(const uint8_t *)text, size}, ret, NULL), 0);
}

static struct search begin(const struct snp_launch *stated, const char *cmdline, uint32_t max_vcpus)
{
	struct search search = {.max_vcpus = max_vcpus};

	assert_int_equal(search_begin(&search, stated, cmdline, NULL), 0);
	return search;
}

static void add_part(struct search *search, enum search_kind kind, struct snp_firmware *firmware,
		     const uint8_t *sha256, const char *text)
{
	struct search_part part = {.changes = 1, .firmware = firmware};

	if (sha256)
		memcpy(part.hash, sha256, SNP_SHA256_SIZE);
	snprintf(part.text, sizeof(part.text), "%s", text);
	assert_int_equal(search_add(search, kind, &part, NULL), 0);
}

static int setup(void **state)
{
	static struct fixture f;
	struct snp_firmware *other = firmware(2);

	f.firmware = firmware(1);
	f.other = other;
	f.hashes = (struct snp_kernel_hashes){.kernel = {1}, .initrd = {2}};
	hash_line(LINE, sizeof(LINE), f.hashes.cmdline);
	f.stated = (struct snp_launch){
		.size = sizeof(struct snp_launch),
		.mode = SNP_MODE_SNP,
		.firmware = f.firmware,
		.kernel_hashes = &f.hashes,
		.vcpus = {.profile = "qemu", .count = 4, .signature = 0x800f12, .features = 1}};
	f.search = begin(&f.stated, LINE, MAX_VCPUS);
	add_part(&f.search, SEARCH_FIRMWARE, other, NULL, "other firmware");
	add_part(&f.search, SEARCH_KERNEL, NULL, other_kernel, "other kernel");
	add_part(&f.search, SEARCH_INITRD, NULL, other_initrd, "other initrd");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	search_done(&f->search);
	snp_firmware_free(f->firmware);
	return 0;
}

/* What is booted, and how the answer calls it. */
#define SEEN(bytes) bytes, sizeof(bytes)
static const struct boot {
	bool firmware, off, kernel, initrd, no_initrd;
	const char *line; /* NULL: as stated; as it is hashed, with its closing NUL */
	size_t size;
	const char *text;
} boots[] = {
	{.text = ""},
	{.firmware = true, .text = "other firmware"},
	{.off = true, .text = "kernel hashes off"},
	{.kernel = true, .text = "other kernel"},
	{.initrd = true, .text = "other initrd"},
	{.no_initrd = true, .text = "no initrd"},
/* clang-format off */
#define READING(words, bytes)                                                         \
	{                                                                             \
		.line = bytes, .size = sizeof(bytes), .text = "a command line " words \
	}
	/* clang-format on */
	READING("with a line end", LINE "\n"),
	READING("with a DOS line end", LINE "\r\n"),
	READING("with a blank at its end", LINE " "),
	READING("with a blank and a line end", LINE " \n"),
	READING("with 2 blanks at its end", LINE "  "),
	READING("with 4 blanks at its end", LINE "    "),
	READING("with a blank at its beginning", " " LINE),
	READING("with quotes around it", "'" LINE "'"),
	READING("hashed with two NULs at its end", LINE "\0"),
	READING("with single blanks", "console=tty0 nr_cpus=4 ro"),
	READING("without ro", "console=tty0  nr_cpus=4"),
	READING("without console=tty0", "nr_cpus=4 ro"),
	READING("with quiet at its end", LINE " quiet"),
	READING("with another blank before ro", "console=tty0  nr_cpus=4  ro"),
	{.line = LINE,
	 .size = strlen(LINE),
	 .text = "a command line hashed without its closing NUL"},
	{.line = "", .size = 1, .text = "an empty command line"},
};

/* The CPU, and how the answer calls it. */
static const struct cpu {
	struct snp_vcpus vcpus;
	const char *text;
} cpus[] = {
	{{"qemu", 4, 0x800f12, 1, ""}, ""},
	{{"qemu", 1, 0xa00f11, 1, ""}, "1 vCPUs and 0x00a00f11 (EPYC-Milan)"},
	{{"qemu", 9, 0xa10f12, 0x21, ""}, "9 vCPUs and 0x00a10f12 (no QEMU model) and 0x21"},
	{{"qemu", 5, 0x800f12, 0x29, ""}, "5 vCPUs and features 0x29"},
	{{"ec2", 3, 0x800f12, 0x21, ""}, "profile ec2 and 3 vCPUs and features 0x21"},
};

static void launch_of(const struct fixture *f, const struct boot *boot, const struct cpu *cpu,
		      struct snp_kernel_hashes *hashes, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE])
{
	struct snp_launch launch = f->stated;
	size_t size;

	*hashes = f->hashes;
	launch.kernel_hashes = boot->off ? NULL : hashes;
	launch.vcpus = cpu->vcpus;
	if (boot->firmware)
		launch.firmware = f->other;
	if (boot->kernel)
		memcpy(hashes->kernel, other_kernel, SNP_SHA256_SIZE);
	if (boot->initrd)
		memcpy(hashes->initrd, other_initrd, SNP_SHA256_SIZE);
	if (boot->no_initrd)
		memcpy(hashes->initrd, sha256_of_nothing, SNP_SHA256_SIZE);
	if (boot->line)
		hash_line(boot->line, boot->size, hashes->cmdline);
	assert_int_equal(snp_launch_digest(&launch, ret, &size, NULL), 0);
}

/* Whether every "and" part of `text` is part of one of the answer's, and there are no more. */
static void check_texts(const struct search_answer *answer, const char *boot, const char *cpu)
{
	char parts[SEARCH_TEXT_SIZE];
	char *rest = parts, *part;
	size_t n = 0;

	if (boot[0])
		assert_string_equal(answer->texts[n++], boot);
	snprintf(parts, sizeof(parts), "%s", cpu);
	while (cpu[0] && (part = rest)) {
		rest = strstr(rest, " and ");
		if (rest) {
			*rest = '\0';
			rest += 5;
		}
		assert_true(n < answer->n);
		assert_non_null(strstr(answer->texts[n++], part));
	}
	assert_int_equal(answer->n, n);
}

static void every_boot_is_found_with_every_cpu(void **state)
{
	struct fixture *f = *state;

	for (size_t b = 0; b < sizeof(boots) / sizeof(boots[0]); b++) {
		for (size_t c = 0; c < sizeof(cpus) / sizeof(cpus[0]); c++) {
			uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
			struct snp_kernel_hashes hashes;
			struct search_answer answer;

			print_message("%s, %s\n", boots[b].text, cpus[c].text);
			launch_of(f, &boots[b], &cpus[c], &hashes, digest);
			assert_int_equal(search_run(&f->search, digest, &answer, NULL), 0);
			assert_true(answer.found);
			assert_true(answer.tried > 0);
			check_texts(&answer, boots[b].text, cpus[c].text);
		}
	}
}

/* Several changes of what is booted, with the CPU as stated but for the count. */
static void several_changes_are_found(void **state)
{
	static const struct boot several[] = {
		{.firmware = true, .kernel = true, .text = "other firmware and other kernel"},
		{.firmware = true,
		 .kernel = true,
		 .initrd = true,
		 .text = "other firmware and other "
			 "kernel and other initrd"},
		{.no_initrd = true,
		 .line = LINE "\n",
		 .size = sizeof(LINE "\n"),
		 .text = "no initrd and a command line with a line end"},
		{.line = "console=tty0  nr_cpus=7 ro",
		 .size = sizeof(LINE),
		 .text = "a command line with nr_cpus=7"},
	};
	static const struct cpu seven = {{"qemu", 7, 0x800f12, 1, ""}, "7 vCPUs"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(several) / sizeof(several[0]); i++) {
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		struct snp_kernel_hashes hashes;
		struct search_answer answer;
		char text[SEARCH_TEXT_SIZE];

		launch_of(f, &several[i], &seven, &hashes, digest);
		assert_int_equal(search_run(&f->search, digest, &answer, NULL), 0);
		assert_true(answer.found);
		snprintf(text, sizeof(text), "%s and 7 vCPUs", several[i].text);
		check_texts(&answer, "", text);
	}
}

/* A number that follows the vCPU count is one change: it is found with another model, with another profile
 * and with one more change of what is booted. */
static void a_number_that_follows_the_count_is_one_change(void **state)
{
#define SEVEN .line = "console=tty0  nr_cpus=7 ro", .size = sizeof(LINE)
	static const struct {
		struct boot boot;
		struct cpu cpu;
		const char *text; /* NULL: not found */
	} rows[] = {
		{{SEVEN},
		 {.vcpus = {"qemu", 7, 0xa00f11, 1, ""}},
		 "a command line with nr_cpus=7 and 7 vCPUs and 0x00a00f11 (EPYC-Milan)"},
		{{SEVEN},
		 {.vcpus = {"ec2", 7, 0x800f12, 1, ""}},
		 "a command line with nr_cpus=7 and profile ec2 and 7 vCPUs"},
		{{SEVEN, .no_initrd = true},
		 {.vcpus = {"qemu", 7, 0x800f12, 1, ""}},
		 "no initrd and a command line with nr_cpus=7 and 7 vCPUs"},
		/* With the stated CPU another count is found as well, with another one it is not. */
		{{SEVEN},
		 {.vcpus = {"qemu", 5, 0x800f12, 1, ""}},
		 "a command line with nr_cpus=7 and 5 vCPUs"},
		{{SEVEN}, {.vcpus = {"qemu", 5, 0xa00f11, 1, ""}}, NULL},
		{{SEVEN}, {.vcpus = {"ec2", 7, 0x800f12, 0x21, ""}}, NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		struct snp_kernel_hashes hashes;
		struct search_answer answer;

		print_message("%s\n", rows[i].text ? rows[i].text : "not found");
		launch_of(f, &rows[i].boot, &rows[i].cpu, &hashes, digest);
		assert_int_equal(search_run(&f->search, digest, &answer, NULL), 0);
		assert_int_equal(answer.found, rows[i].text != NULL);
		if (rows[i].text)
			check_texts(&answer, "", rows[i].text);
	}
}

static void two_changes_of_the_command_line_are_found(void **state)
{
	static const struct boot lines[] = {
		READING("without ro and with a line end", "console=tty0  nr_cpus=4\n"),
		READING("with quotes around it and with a line end", "'" LINE "'\n"),
		READING("with quiet at its end and with splash at its end", LINE " quiet splash"),
	};
	static const struct cpu seven = {{"qemu", 7, 0x800f12, 1, ""}, "7 vCPUs"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		struct snp_kernel_hashes hashes;
		struct search_answer answer;

		launch_of(f, &lines[i], &seven, &hashes, digest);
		assert_int_equal(search_run(&f->search, digest, &answer, NULL), 0);
		assert_true(answer.found);
		check_texts(&answer, lines[i].text, seven.text);
	}
}

/* Every feature that has a name (APM vol. 2, table B-4), alone and with DebugSwap; every processor that has SEV-SNP. */
static void every_feature_and_processor_is_found(void **state)
{
	static const unsigned int bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15};
	static const uint32_t silicon[] = {0xa00f10, 0xa10f10, 0xaa0f00, 0xb00f20, 0xb10f10};
	struct fixture *f = *state;
	struct snp_launch launch = f->stated;
	struct search search = begin(&f->stated, NULL, 2);
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_answer answer;
	char text[64];
	size_t size;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(bits); i++) {
		launch.vcpus.features = 1 | 1u << bits[i / 2] | (i % 2 ? 0x20 : 0);
		assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
		assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
		assert_true(answer.found);
		snprintf(text, sizeof(text), "guest features 0x%x instead of 0x1",
			 (unsigned int)launch.vcpus.features);
		assert_int_equal(answer.n, 1);
		assert_string_equal(answer.texts[0], text);
	}
	launch = f->stated;
	for (uint32_t i = 0; i < 4 * ARRAY_SIZE(silicon); i++) {
		launch.vcpus.signature = silicon[i / 4] + i % 4;
		assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
		assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
		assert_true(answer.found);
		snprintf(text, sizeof(text), "CPU signature 0x%08x", launch.vcpus.signature);
		assert_int_equal(answer.n, 1);
		assert_non_null(strstr(answer.texts[0], text));
	}
	search_done(&search);
}

/* A stated count above those that are tried is tried all the same, and nothing between. */
static void a_high_stated_count_is_tried(void **state)
{
	struct fixture *f = *state;
	struct snp_launch stated = f->stated, launch;
	struct search search;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_answer answer;
	size_t size;

	stated.vcpus.count = 40;
	search = begin(&stated, NULL, 2);
	assert_int_equal(snp_launch_digest(&stated, digest, &size, NULL), 0);
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_true(answer.found);
	assert_int_equal(answer.n, 0);
	launch = stated;
	launch.vcpus.count = 3;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_false(answer.found);
	search_done(&search);
}

static void an_unrelated_digest_is_not_found(void **state)
{
	struct fixture *f = *state;
	const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {1, 2, 3};
	struct search_answer answer;

	assert_int_equal(search_run(&f->search, digest, &answer, NULL), 0);
	assert_false(answer.found);
	assert_false(answer.is_cut);
	assert_int_equal(answer.n, 0);
	/* At least 6 models of QEMU and 14 values of the features with every count, in every boot with one
	 * change the models. */
	assert_true(answer.tried >= (6 * 14 + 20 * 6) * MAX_VCPUS);
}

static int add_hash(struct search *search, enum search_kind kind, unsigned int changes,
		    const uint8_t sha256[static SNP_SHA256_SIZE])
{
	struct search_part part = {.changes = changes, .text = "other"};

	memcpy(part.hash, sha256, SNP_SHA256_SIZE);
	return search_add(search, kind, &part, NULL);
}

/* What a section costs for every item counts, so that no image keeps the search busy. */
static void large_sections_end_it(void **state)
{
	struct fixture *f = *state;
	const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {1, 2, 3};
	struct snp_launch stated = f->stated;
	struct search search;
	struct search_answer answer;
	uint8_t image[IMAGE_SIZE];
	struct snp_firmware *large = NULL;

	image_build(image);
	snp_put_le32(image + IMAGE_SECTION + 12 * 5 + 4, 120u << 20);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &large, NULL), 0);
	stated.firmware = large;
	search = begin(&stated, LINE, 1);
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_false(answer.found);
	assert_true(answer.is_cut);
	search_done(&search);
	snp_firmware_free(large);
}

/* A list has a limit, and so has the number of combinations: the answer says that there were more. */
static void lists_and_combinations_are_limited(void **state)
{
	struct fixture *f = *state;
	struct search search = begin(&f->stated, NULL, 1);
	uint8_t sha256[SNP_SHA256_SIZE] = {9}, digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_answer answer;
	size_t size;

	assert_int_equal(snp_launch_digest(&f->stated, digest, &size, NULL), 0);
	for (size_t i = 1; i < SEARCH_MAX_PARTS; i++) {
		snp_put_le32(sha256 + 4, (uint32_t)i);
		assert_int_equal(add_hash(&search, SEARCH_KERNEL, 1, sha256), 0);
	}
	assert_int_equal(add_hash(&search, SEARCH_KERNEL, 1, sha256), 0);
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_true(answer.found);
	assert_false(answer.is_cut);
	snp_put_le32(sha256 + 4, SEARCH_MAX_PARTS);
	assert_int_equal(add_hash(&search, SEARCH_KERNEL, 1, sha256), -SNP_E_TOO_LARGE);
	/* 2048 * 5 combinations are more than 8192. */
	for (uint8_t i = 0; i < 3; i++) {
		sha256[0] = i;
		assert_int_equal(add_hash(&search, SEARCH_INITRD, 1, sha256), 0);
	}
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_true(answer.found);
	assert_true(answer.is_cut);
	search_done(&search);
}

/* As many combinations as there may be are all tried; with one more, the answer says that there are more. What counts
 * as three changes goes with nothing else. */
static void the_last_combination_is_tried(void **state)
{
	const unsigned int others = 3; /* as stated, kernel hashes off, no initrd */
	const uint32_t each = SEARCH_MAX_PARTS - 1;
	struct fixture *f = *state;
	struct search search = begin(&f->stated, NULL, 1);
	uint8_t sha256[SNP_SHA256_SIZE] = {9}, digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_answer answer;
	size_t size;

	assert_int_equal(snp_launch_digest(&f->stated, digest, &size, NULL), 0);
	for (uint32_t i = 0; i + others <= 8192; i++) {
		enum search_kind kind = i < 4 * each ? (enum search_kind)(i % 4)
					: i % 2	     ? SEARCH_CMDLINE
						     : SEARCH_FIRMWARE;

		snp_put_le32(sha256 + 4, i);
		assert_int_equal(add_hash(&search, kind, 3, sha256), 0);
		if (i + 1 + others < 8192)
			continue;
		assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
		assert_true(answer.found);
		assert_int_equal(answer.is_cut, i + 1 + others > 8192);
	}
	search_done(&search);
}

/* A launch of which only the digest after the firmware's pages is known. */
static void a_firmware_digest_is_enough(void **state)
{
	struct fixture *f = *state;
	struct snp_launch stated = f->stated, launch = f->stated;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE], after[SNP_SHA384_SIZE];
	struct snp_firmware *other = firmware(3);
	struct search_answer answer;
	struct search search;
	size_t size;

	assert_int_equal(snp_launch_firmware_digest(f->firmware, after, NULL), 0);
	stated.firmware_digest = after;
	/* The sections are the same, the pages another firmware's. */
	stated.firmware = other;
	launch.vcpus.count = 7;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	search = begin(&stated, NULL, MAX_VCPUS);
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_true(answer.found);
	check_texts(&answer, "", "7 vCPUs");
	/* Another firmware is launched by its own pages. */
	launch.firmware = other;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
	add_part(&search, SEARCH_FIRMWARE, other, NULL, "another firmware");
	assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
	assert_true(answer.found);
	check_texts(&answer, "another firmware", "7 vCPUs");
	search_done(&search);
}

/* Whether a command line is tried that the answer would call so, with so many vCPUs (0: with any number). */
static bool tries(const struct search *search, const char *words, uint32_t vcpu_count)
{
	const struct search_parts *parts = &search->parts[SEARCH_CMDLINE];
	char text[SEARCH_TEXT_SIZE];

	snprintf(text, sizeof(text), "a command line %s", words);
	for (size_t i = 0; i < parts->n; i++)
		if (strcmp(parts->list[i].text, text) == 0 &&
		    parts->list[i].vcpu_count == vcpu_count)
			return true;
	return false;
}

/* Of a long command line, the first words are looked at, and the first that have the number of vCPUs. */
static void words_and_numbers_are_limited(void **state)
{
	static const char words[] =
		"w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 "
		"w19 w20 w21 w22 w23 w24 w25 w26";
	struct fixture *f = *state;
	struct search search = begin(&f->stated, words, 600);

	assert_true(tries(&search, "without w1", 0));
	assert_true(tries(&search, "without w24", 0));
	assert_true(tries(&search, "with another blank before w24", 0));
	assert_false(tries(&search, "without w25", 0));
	assert_false(tries(&search, "with another blank before w25", 0));
	search_done(&search);

	search = begin(&f->stated, "a=4 b=14 c=4 d=4 4", 600);
	assert_true(tries(&search, "with a=1", 1));
	assert_true(tries(&search, "with a=512", 512));
	assert_false(tries(&search, "with a=513", 513));
	assert_true(tries(&search, "with c=7", 7));
	assert_false(tries(&search, "with b=7", 7) || tries(&search, "with d=7", 7));
	search_done(&search);
}

/* Three changes of what is booted are tried, four are not. */
static void three_changes_at_most(void **state)
{
	struct fixture *f = *state;

	for (unsigned int changes = 1; changes <= 2; changes++) {
		const uint8_t kernel[SNP_SHA256_SIZE] = {21}, initrd[SNP_SHA256_SIZE] = {22};
		struct search search = begin(&f->stated, NULL, 4);
		struct snp_kernel_hashes hashes = f->hashes;
		struct snp_launch launch = f->stated;
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
		struct search_answer answer;
		size_t size;

		memcpy(hashes.kernel, kernel, sizeof(kernel));
		memcpy(hashes.initrd, initrd, sizeof(initrd));
		launch.kernel_hashes = &hashes;
		assert_int_equal(snp_launch_digest(&launch, digest, &size, NULL), 0);
		assert_int_equal(add_hash(&search, SEARCH_KERNEL, 2, kernel), 0);
		assert_int_equal(add_hash(&search, SEARCH_INITRD, changes, initrd), 0);
		assert_int_equal(search_run(&search, digest, &answer, NULL), 0);
		assert_int_equal(answer.found, changes == 1);
		search_done(&search);
	}
}

static void other_modes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct snp_launch sev = f->stated;
	struct search search = {.max_vcpus = 1};

	sev.mode = SNP_MODE_SEV_ES;
	assert_int_equal(search_begin(&search, &sev, NULL, NULL), -SNP_E_NO_DIGEST);
	search_done(&search);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(every_boot_is_found_with_every_cpu),
		cmocka_unit_test(several_changes_are_found),
		cmocka_unit_test(a_number_that_follows_the_count_is_one_change),
		cmocka_unit_test(two_changes_of_the_command_line_are_found),
		cmocka_unit_test(every_feature_and_processor_is_found),
		cmocka_unit_test(a_high_stated_count_is_tried),
		cmocka_unit_test(an_unrelated_digest_is_not_found),
		cmocka_unit_test(large_sections_end_it),
		cmocka_unit_test(lists_and_combinations_are_limited),
		cmocka_unit_test(the_last_combination_is_tried),
		cmocka_unit_test(a_firmware_digest_is_enough),
		cmocka_unit_test(words_and_numbers_are_limited),
		cmocka_unit_test(three_changes_at_most),
		cmocka_unit_test(other_modes_are_refused),
	};

	return _cmocka_run_group_tests("search", tests, sizeof(tests) / sizeof(tests[0]), setup,
				       teardown);
}
