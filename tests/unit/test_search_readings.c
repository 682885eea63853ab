// SPDX-License-Identifier: Apache-2.0
/* The ways to read a command line that are tried for a digest: all of them, and the hashes that they lead to. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/search.h>
#include <snp/sha.h>
#include <snp/span.h>

#include "told.h"

static const struct line {
	const char *name;
	uint32_t vcpus, most;
} lines[] = {
	{"console=ttyS0 root=/dev/vda quiet", 2, 8},
	{"", 1, 4},
	{" ", 1, 4},
	{"a", 1, 4},
	{"\"", 1, 4},
	{"\"quoted words\"", 2, 4},
	{"'quoted words'", 2, 4},
	{"'other quotes\"", 2, 4},
	{"  blanks  everywhere \t here  ", 2, 4},
	{"ends with a line\n", 2, 4},
	{"nr_cpus=4 maxcpus=4 nr_cpus=40 x=4y =4", 4, 6},
	{"a=2 b=2 c=2 d=2 e=2 f=2 g=2 h=2 i=2 j=2", 2, 3},
	{"nr_cpus={vcpu_count} ro", 3, 5},
	{"nr_cpus={vcpu_count} max={vcpu_count}", 3, 5},
	{"nr_cpus=12 x", 12, 2},
	{"a b c d e f g h i j k l m n o p q r s t u v w x y z", 1, 1},
};

/* Those of two changes and more are many: unless `all` are told, together in one hash. */
static void tell_parts(const struct search *search, bool all)
{
	static char rest[1 << 20];
	uint8_t sha256[SNP_SHA256_SIZE];
	size_t n = 0, n_rest = 0;
	char hex[17];

	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		for (size_t i = 0; i < search->parts[kind].n; i++) {
			const struct search_part *part = &search->parts[kind].list[i];
			char line[SEARCH_TEXT_SIZE + 128];

			hex_encode(part->hash, 8, hex);
			snprintf(line, sizeof(line), "  %zu: %s %u change%s, %u vCPUs%s%s", kind,
				 hex, part->changes, part->changes == 1 ? "" : "s",
				 part->vcpu_count, part->is_off ? ", off, " : ", ", part->text);
			if (all || part->changes < 2) {
				tell("%s", line);
				continue;
			}
			n_rest++;
			assert_true(n + sizeof(line) < sizeof(rest));
			n += (size_t)snprintf(rest + n, sizeof(line), "%s\n", line);
		}
	if (all)
		return;
	assert_int_equal(sha256_of((struct snp_span){(const uint8_t *)rest, n}, sha256, NULL), 0);
	hex_encode(sha256, 8, hex);
	tell("  and %zu of more changes: %s", n_rest, hex);
}

static void check_line(void **state)
{
	const struct line *row = *state;
	struct snp_kernel_hashes hashes = {.kernel = {1}, .initrd = {2}};
	const struct snp_launch stated = {.size = sizeof(stated),
					  .mode = SNP_MODE_SNP,
					  .kernel_hashes = &hashes,
					  .vcpus.count = row->vcpus};
	struct search search = {.max_vcpus = row->most};

	assert_int_equal(
		sha256_of((struct snp_span){(const uint8_t *)row->name, strlen(row->name) + 1},
			  hashes.cmdline, NULL),
		0);
	assert_int_equal(search_begin(&search, &stated, row->name, NULL), 0);
	tell("'%s', %u of %u vCPUs:", row->name, row->vcpus, row->most);
	tell_parts(&search, row == lines);
	search_done(&search);
}

/* Without a kernel or a command line there is less to try; and other modes are not searched. */
static void what_is_stated(void **state)
{
	static const uint8_t digest[SNP_SHA384_SIZE] = {0xd1};
	static const struct snp_kernel_hashes hashes = {
		.kernel = {1}, .initrd = {2}, .cmdline = {3}};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const struct snp_launch stated = {.size = sizeof(stated),
						  .mode = SNP_MODE_SNP,
						  .firmware_digest = i & 1 ? digest : NULL,
						  .kernel_hashes = i & 2 ? &hashes : NULL,
						  .vcpus.count = 1};
		struct search search = {.max_vcpus = 2};

		assert_int_equal(search_begin(&search, &stated, NULL, NULL), 0);
		tell("firmware digest %u, kernel %u:", i & 1, i >> 1);
		tell_parts(&search, true);
		search_done(&search);
	}
	for (unsigned int mode = SNP_MODE_SNP; mode <= SNP_MODE_SNP_IGVM; mode++) {
		const struct snp_launch stated = {.size = sizeof(stated), .mode = mode};
		struct search search = {.max_vcpus = 1};
		struct snp_error err = {0};

		tell_result(snp_mode_name(mode), search_begin(&search, &stated, "x", &err), &err);
		search_done(&search);
	}
}

/* Equal hashes are one part, which the fewest changes lead to; and there is a limit. */
static void parts_are_added_once(void **state)
{
	const struct snp_launch stated = {
		.size = sizeof(stated), .mode = SNP_MODE_SNP, .vcpus.count = 1};
	struct search search = {.max_vcpus = 1};
	struct search_part part = {.text = "three changes", .changes = 3, .hash = {5}};
	struct snp_error err = {0};
	uint32_t n = 0;
	int r;

	(void)state;
	assert_int_equal(search_begin(&search, &stated, NULL, NULL), 0);
	assert_int_equal(search_add(&search, SEARCH_CMDLINE, &part, NULL), 0);
	snprintf(part.text, sizeof(part.text), "two changes");
	part.changes = 2;
	assert_int_equal(search_add(&search, SEARCH_CMDLINE, &part, NULL), 0);
	snprintf(part.text, sizeof(part.text), "two others");
	assert_int_equal(search_add(&search, SEARCH_CMDLINE, &part, NULL), 0);
	tell("added:");
	tell_parts(&search, true);
	do {
		part.hash[1] = (uint8_t)++n;
		part.hash[2] = (uint8_t)(n >> 8);
		part.hash[3] = (uint8_t)(n >> 16);
		r = search_add(&search, SEARCH_CMDLINE, &part, &err);
	} while (r == 0);
	tell_result("too many", r, &err);
	tell("%u more", n);
	search_done(&search);
}

static void as_told(void **state)
{
	(void)state;
	told("search_readings");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_line, lines);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_stated);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(parts_are_added_once);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("search_readings", tests, n);
}
