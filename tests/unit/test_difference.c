// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/difference.h>
#include <snp/policy.h>

/* An image of two variants, and the same image after one edit. Digests are not real: nothing here computes
 * them. */
static char name[] = "web", firmware[] = "OVMF.fd", kernel[] = "vmlinuz", cmdline[] = "ro quiet";
static char other_name[] = "db", other_file[] = "linux", words[] = "quiet nr_cpus=2 ro ro";
static char order[] = "quiet ro", issuer[] = "https://example.org";

struct release {
	struct snp_reference reference;
	struct snp_reference_image image;
	struct snp_reference_variant variants[3];
	struct snp_minimum_tcb tcb;
};

static void make(struct release *r)
{
	*r = (struct release){
		.reference = {.images = &r->image, .n_images = 1},
		.image =
			{
				.name = name,
				.firmware = {.name = firmware, .size = 8},
				.kernel = {.name = kernel, .size = 9},
				.kernel_hash_check = {true, SNP_HASH_VERIFIER_PRESENT, 0, "", ""},
				.cmdline = cmdline,
				.policy = SNP_POLICY_DEFAULT,
				.minimum_tcb = &r->tcb,
				.n_minimum_tcb = 1,
				.variants = r->variants,
				.n_variants = 2,
			},
		.tcb = {SNP_PRODUCT_MILAN, {.snp = 24}},
	};
	for (uint32_t i = 0; i < 3; i++) {
		memcpy(r->variants[i].vcpus.profile, "qemu", sizeof("qemu"));
		r->variants[i].vcpus.count = i + 1;
		r->variants[i].vcpus.features = 1;
		r->variants[i].launch_digest[0] = (uint8_t)i;
	}
}

static void all_digests(struct release *r)
{
	for (size_t i = 0; i < 3; i++)
		r->variants[i].launch_digest[1] = 1;
}

static void nothing(struct release *r)
{
	(void)r;
}

static void kernel_changes(struct release *r)
{
	r->image.kernel.sha256[31] = 1;
	all_digests(r);
}

static void kernel_goes(struct release *r)
{
	r->image.kernel = (struct snp_reference_file){0};
	r->image.cmdline = NULL;
	all_digests(r);
}

static void name_changes(struct release *r)
{
	r->image.kernel.name = other_file;
}

static void words_change(struct release *r)
{
	r->image.cmdline = words;
	all_digests(r);
}

static void order_changes(struct release *r)
{
	r->image.cmdline = order;
	all_digests(r);
}

static void policy_changes(struct release *r)
{
	r->image.policy = SNP_POLICY_RESERVED_MBO | SNP_POLICY_DEBUG | 0x137;
}

static void svn_and_ids(struct release *r)
{
	r->image.guest_svn = 4;
	r->image.family_id[15] = r->image.image_id[0] = 0xab;
}

static void tcb_changes(struct release *r)
{
	r->tcb.product = SNP_PRODUCT_GENOA;
}

static void check_changes(struct release *r)
{
	r->image.kernel_hash_check.in_image = SNP_HASH_VERIFIER_ABSENT;
}

static void boot_is_tried(struct release *r)
{
	r->image.kernel_hash_check.boot = SNP_BOOT_STARTS;
}

static void count_added(struct release *r)
{
	r->image.n_variants = 3;
}

static void counts_exchanged(struct release *r)
{
	r->variants[0].vcpus.count = 5;
	r->variants[1].vcpus.count = 6;
}

static void model_changes(struct release *r)
{
	memcpy(r->variants[0].vcpus.model, "EPYC-v4", sizeof("EPYC-v4"));
	r->variants[1].vcpus.signature = 0xa00f11;
}

static void one_digest(struct release *r)
{
	r->variants[1].launch_digest[47] = 1;
}

static void kernel_and_one_digest(struct release *r)
{
	r->image.kernel.size = 10;
	r->variants[1].launch_digest[47] = 1;
}

static void rules_change(struct release *r)
{
	all_digests(r);
}

static void digests_stay(struct release *r)
{
	r->image.firmware.size = 10;
}

static void issuer_named(struct release *r)
{
	r->image.maa_issuer = issuer;
}

#define H32 "0000000000000000000000000000000000000000000000000000000000000000"
#define H31 "00000000000000000000000000000000000000000000000000000000000000"

static const struct row {
	const char *name;
	void (*edit)(struct release *r);
	/* Each change as "what: detail" or "what: before -> after", "*" after what is measured; then same, other,
	 * added and removed variants, and the verdict. */
	const char *expected;
} rows[] = {
	{"nothing", nothing, "2 0 0 0 no launch digest changed"},
	{"kernel", kernel_changes,
	 "kernel*: vmlinuz, 9 bytes, SHA-256 " H32 " -> vmlinuz, 9 bytes, SHA-256 " H31 "01\n"
	 "0 2 0 0 every launch digest changed because the kernel changed"},
	{"a kernel less", kernel_goes,
	 "kernel*: vmlinuz, 9 bytes, SHA-256 " H32 " -> none\n"
	 "command line*: removes 'ro', 'quiet'\n"
	 "0 2 0 0 every launch digest changed because the kernel and the command line changed"},
	{"the name of a file", name_changes,
	 "kernel: vmlinuz, 9 bytes, SHA-256 " H32 " -> linux, 9 bytes, SHA-256 " H32 "\n"
	 "2 0 0 0 no launch digest changed"},
	{"words", words_change,
	 "command line*: adds 'nr_cpus=2'\n"
	 "0 2 0 0 every launch digest changed because the command line changed"},
	{"order of words", order_changes,
	 "command line*: the same words in another order, number or spacing\n"
	 "0 2 0 0 every launch digest changed because the command line changed"},
	{"policy", policy_changes,
	 "policy: removes smt, ABI >= 0.0; adds debug, ABI >= 1.55\n"
	 "2 0 0 0 no launch digest changed"},
	{"SVN and ids", svn_and_ids,
	 "guest SVN: 0 -> 4\n"
	 "family ID: 00000000000000000000000000000000 -> 000000000000000000000000000000ab\n"
	 "image ID: 00000000000000000000000000000000 -> ab000000000000000000000000000000\n"
	 "2 0 0 0 no launch digest changed"},
	{"minimum TCB", tcb_changes,
	 "minimum TCB: removes Milan bl=0,tee=0,snp=24,ucode=0; adds Genoa bl=0,tee=0,snp=24,ucode=0\n"
	 "2 0 0 0 no launch digest changed"},
	{"hash check", check_changes,
	 "kernel hash check: present -> absent\n2 0 0 0 no launch digest changed"},
	{"boot", boot_is_tried,
	 "kernel hash check: present -> a boot starts a changed kernel\n"
	 "2 0 0 0 no launch digest changed"},
	{"a vCPU count more", count_added, "vCPU counts: adds 3\n2 0 1 0 no launch digest changed"},
	{"other vCPU counts", counts_exchanged,
	 "vCPU counts: removes 1-2; adds 5-6\n"
	 "0 0 2 2 no way to launch it is in both releases"},
	{"models", model_changes,
	 "CPU models: removes any; adds EPYC-v4, signature 0x00a00f11\n"
	 "0 0 2 2 no way to launch it is in both releases"},
	{"one digest", one_digest,
	 "1 1 0 0 1 of 2 launch digests changed although nothing that is measured did: the "
	 "releases were computed by different rules"},
	{"kernel, and one digest", kernel_and_one_digest,
	 "kernel*: vmlinuz, 9 bytes, SHA-256 " H32 " -> vmlinuz, 10 bytes, SHA-256 " H32 "\n"
	 "1 1 0 0 1 of 2 launch digests changed because the kernel changed"},
	{"the rules", rules_change,
	 "0 2 0 0 every launch digest changed although nothing that is measured did: the "
	 "releases were computed by different rules"},
	{"firmware, and no digest", digests_stay,
	 "firmware*: OVMF.fd, 8 bytes, SHA-256 " H32 " -> OVMF.fd, 10 bytes, SHA-256 " H32 "\n"
	 "2 0 0 0 no launch digest changed although the firmware changed"},
	{"issuer", issuer_named,
	 "issuer of tokens: none -> https://example.org\n2 0 0 0 no launch digest changed"},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(release_difference_done) struct release_difference difference = {0};
	const struct image_difference *d;
	struct release before, after;
	char text[2048], *at = text, *end = text + sizeof(text);

	make(&before);
	make(&after);
	row->edit(&after);
	assert_int_equal(releases_compare(&before.reference, &after.reference, &difference, NULL),
			 0);
	assert_int_equal(difference.n_images, 1);
	d = difference.images;
	for (size_t i = 0; i < d->n_changes; i++) {
		const struct change *c = &d->changes[i];

		at += snprintf(at, (size_t)(end - at), "%s%s: %s%s%s\n", c->what,
			       c->measured ? "*" : "", c->detail[0] ? c->detail : c->before,
			       c->detail[0] ? "" : " -> ", c->detail[0] ? "" : c->after);
	}
	snprintf(at, (size_t)(end - at), "%zu %zu %zu %zu %s", d->same, d->other, d->added,
		 d->removed, d->verdict);
	assert_string_equal(text, row->expected);
	assert_int_equal(image_differs(d), row->edit != nothing);
}

static void images_come_and_go(void **state)
{
	_cleanup_(release_difference_done) struct release_difference difference = {0};
	struct release before, after;

	(void)state;
	make(&before);
	make(&after);
	after.image.name = other_name;
	assert_int_equal(releases_compare(&before.reference, &after.reference, &difference, NULL),
			 0);
	assert_int_equal(difference.n_images, 2);
	assert_ptr_equal(difference.images[0].after, &after.image);
	assert_null(difference.images[0].before);
	assert_int_equal(difference.images[0].added, 2);
	assert_ptr_equal(difference.images[1].before, &before.image);
	assert_null(difference.images[1].after);
	assert_int_equal(difference.images[1].removed, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(image_differs(&difference.images[i]));
}

static void container_groups(void **state)
{
	_cleanup_(release_difference_done) struct release_difference difference = {0};
	struct release before, after;

	(void)state;
	make(&before);
	make(&after);
	before.image.is_container_group = after.image.is_container_group = true;
	before.image.n_variants = after.image.n_variants = 0;
	before.image.security_policy.name = after.image.security_policy.name = other_file;
	after.image.security_policy.sha256[0] = after.image.host_data[0] = 1;
	assert_int_equal(releases_compare(&before.reference, &after.reference, &difference, NULL),
			 0);
	assert_string_equal(difference.images[0].verdict,
			    "HOST_DATA changed because the security policy changed");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(images_come_and_go),
		cmocka_unit_test(container_groups),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("difference", tests, n);
}
