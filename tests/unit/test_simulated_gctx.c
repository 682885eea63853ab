// SPDX-License-Identifier: Apache-2.0
/*
 * The simulated secure processor: its digest chain and save areas against launches that real hardware
 * reported (QEMU 10.0 on Milan, Dstack-TEE/dstack@312dc605; QEMU on Genoa, SecretVM), and its look at ID
 * blocks in the ABI's order.
 */
#include "rows.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "gctx.h"
#include "registers.h"

static const struct platform platform = {1, 55};

static void from_hex(const char *hex, uint8_t *ret)
{
	for (; *hex; hex += 2)
		*ret++ = (uint8_t)strtoul((const char[3]){hex[0], hex[1], '\0'}, NULL, 16);
}

struct launch {
	const char *name;
	const char *firmware_digest;
	unsigned int vcpus;
	const char *kernel, *initrd, *cmdline; /* SHA-256 */
	const char *launch_digest;
};

static const struct launch launches[] = {
	{"Milan, 2 vCPUs",
	 "ffb57e393469a497c0e3b07bd1c97d8611e555f464d14491837665893ac642b263a71f9507ff100a847897fe0c3f8c6f",
	 2, "dd9ea274ce9a07090b22e8284b0c841b65c021c2d15ca57d0f16731089dd226c",
	 "5f844c4a2ca5a3d0711b3db38293b21ba929bb8e0b3c5bc1a779a57f69221c19",
	 "02c866eb3b7308a4ca10156867bc67e43a9f074da6779a79d43831f3df1d4856",
	 "7f51e17f72a04d5422cb2c00998166536019a217376f3aa45a630e59c805a599847ff250dbffcd07e1ba639771d6f05d"},
	{"Genoa, 1 vCPU",
	 "c581d3eaebf2941beb1f757de97497279b953a6999921cab05f9ed5268f9c0505d741f4021b5a3995c9893851cde190e",
	 1, "98c41a86a1ba6a9a9d772ae0b028835091b4930f79ea509b595d2080d7df90c2",
	 "b30910955a1aa138a855f115deb5fbd0a4d3edbb43dc1729fed0d373c477e0a9",
	 "0635b22bb8d6aaa1db93596a870261500ba6bce9f0d8fbd78bba3666e8ec5e30",
	 "4f2f8168a6e12c416f24fc0dab99a3eac9403637640d497a781fac269e3e3dc8ac76d2fd2bd8b13b02ec77a7c6002c7b"},
};

/* The sections of both firmware images, in their order; the hash table lies at 0x810c00. */
static const struct {
	enum snp_page_type type;
	uint64_t gpa, size;
} sections[] = {
	{PAGE_TYPE_ZERO, 0x800000, 0x9000},    {PAGE_TYPE_ZERO, 0x80a000, 0x3000},
	{PAGE_TYPE_SECRETS, 0x80d000, 0x1000}, {PAGE_TYPE_CPUID, 0x80e000, 0x1000},
	{PAGE_TYPE_ZERO, 0x80f000, 0x1000},    {PAGE_TYPE_ZERO, 0x811000, 0xf000},
	{PAGE_TYPE_NORMAL, 0x810000, 0x1000},
};

/* QEMU 10.0 target/i386/sev.c, SevHashTable. */
static void put_hash_table(const struct launch *launch, uint8_t *ret)
{
	from_hex("06d63894224fc94cb479a793d411fd21a800", ret);
	from_hex("d82dd09720bd944caa78e7714d36ab2a3200", ret + 0x12);
	from_hex(launch->cmdline, ret + 0x24);
	from_hex("31f7ba442f3ad74b9af141e29169781d3200", ret + 0x44);
	from_hex(launch->initrd, ret + 0x56);
	from_hex("3794e74dd2ab7f42b835d5b172d2045b3200", ret + 0x76);
	from_hex(launch->kernel, ret + 0x88);
}

/* What QEMU sets before it finishes the launch: accessed segments, the signature of EPYC, the reset
 * vector of a further vCPU. */
static void set_as_qemu(struct vcpu_state *state, unsigned int index)
{
	struct kvm_segment *const data[] = {&state->sregs.ds, &state->sregs.es, &state->sregs.fs,
					    &state->sregs.gs, &state->sregs.ss};
	uint8_t xsave[XSAVE_IMAGE_SIZE] = {0};

	vcpu_state_reset(state, index);
	for (size_t i = 0; i < 5; i++)
		data[i]->type = 3;
	state->sregs.cs.type = 0xb;
	state->sregs.tr.type = 0xb;
	state->regs.rdx = 0x800f12;
	if (index > 0) {
		state->sregs.cs.base = 0x800000;
		state->regs.rip = 0xb004;
	}
	/* An image without components changes nothing. */
	assert_int_equal(vcpu_state_set_xsave(state, xsave), 0);
}

static void check_launch(void **state)
{
	const struct launch *launch = *state;
	struct gctx gctx = {0};
	struct launch_finish finish = {0};
	uint8_t page[GUEST_PAGE_SIZE] = {0}, contents[LD_SIZE], expected[LD_SIZE];

	assert_int_equal(gctx_launch_start(&gctx, &platform, 0x30000), FIRMWARE_SUCCESS);
	from_hex(launch->firmware_digest, gctx.ld);
	put_hash_table(launch, page + 0xc00);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		for (uint64_t at = 0; at < sections[i].size; at += GUEST_PAGE_SIZE)
			assert_int_equal(gctx_launch_update(&gctx, sections[i].type,
							    sections[i].gpa + at, page, contents),
					 FIRMWARE_SUCCESS);
	for (unsigned int i = 0; i < launch->vcpus; i++) {
		struct vcpu_state vcpu;

		set_as_qemu(&vcpu, i);
		assert_int_equal(vmsa_build(&vcpu, SEV_FEATURE_SNP_ACTIVE, true, page), 0);
		gctx_launch_update(&gctx, PAGE_TYPE_VMSA, VMSA_GPA, page, contents);
	}
	assert_int_equal(gctx_launch_finish(&gctx, &finish), FIRMWARE_SUCCESS);
	from_hex(launch->launch_digest, expected);
	assert_memory_equal(gctx.ld, expected, LD_SIZE);
}

static void check_fpu_of_legacy_type(void **unused)
{
	uint8_t with[VMSA_SIZE], without[VMSA_SIZE];
	struct vcpu_state vcpu;

	(void)unused;
	set_as_qemu(&vcpu, 0);
	assert_int_equal(vmsa_build(&vcpu, 0, true, with), 0);
	assert_int_equal(vmsa_build(&vcpu, 0, false, without), 0);
	/* MXCSR and FCW, and nothing else (Linux 6.12 sev_es_sync_vmsa). */
	assert_int_equal(get_le32(with + 0x408), 0x1f80);
	assert_int_equal(get_le16(with + 0x410), 0x37f);
	memset(with + 0x400, 0, 0x14);
	assert_memory_equal(with, without, VMSA_SIZE);
}

struct policy_row {
	const char *name;
	uint64_t policy;
	enum firmware_status status;
};

static const struct policy_row policies[] = {
	{"plain", 0x30000, FIRMWARE_SUCCESS},
	{"ABI as the firmware's", 0x30137, FIRMWARE_SUCCESS},
	{"ABI minor above", 0x30138, FIRMWARE_POLICY_FAILURE},
	{"ABI major above", 0x30200, FIRMWARE_POLICY_FAILURE},
	{"ABI minor of an older major", 0x300ff, FIRMWARE_SUCCESS},
	{"without SMT", 0x20000, FIRMWARE_POLICY_FAILURE},
	{"bit 17 clear", 0x10000, FIRMWARE_INVALID_PARAM},
	{"debug", 0xb0000, FIRMWARE_SUCCESS},
	{"AES-256-XTS", 0x430000, FIRMWARE_POLICY_FAILURE},
	{"RAPL off", 0x830000, FIRMWARE_POLICY_FAILURE},
	{"ciphertext hiding", 0x1030000, FIRMWARE_POLICY_FAILURE},
};

static void check_policy(void **state)
{
	const struct policy_row *row = *state;
	struct gctx gctx = {0};

	assert_int_equal(gctx_launch_start(&gctx, &platform, row->policy), row->status);
	assert_int_equal(gctx.state, row->status == FIRMWARE_SUCCESS ? GCTX_LAUNCH : GCTX_INIT);
}

/* ID blocks: a right one, with one thing changed. */
static uint8_t good_block[ID_BLOCK_SIZE], good_auth[ID_AUTH_SIZE];

static void put_key(EVP_PKEY *key, uint8_t *at)
{
	BIGNUM *x = NULL, *y = NULL;

	put_le32(at, 2);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y), 1);
	assert_int_equal(BN_bn2lebinpad(x, at + 4, 72), 72);
	assert_int_equal(BN_bn2lebinpad(y, at + 4 + 72, 72), 72);
	BN_free(x);
	BN_free(y);
}

static void put_signature(EVP_PKEY *key, const uint8_t *bytes, size_t size, uint8_t *at)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[256];
	const uint8_t *p = der;
	size_t der_size = sizeof(der);
	ECDSA_SIG *sig;

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &der_size, bytes, size), 1);
	sig = d2i_ECDSA_SIG(NULL, &p, (long)der_size);
	assert_non_null(sig);
	assert_int_equal(BN_bn2lebinpad(ECDSA_SIG_get0_r(sig), at, 72), 72);
	assert_int_equal(BN_bn2lebinpad(ECDSA_SIG_get0_s(sig), at + 72, 72), 72);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}

/* The digest of a guest with one zero page. */
static void launch_one_page(struct gctx *gctx)
{
	uint8_t contents[LD_SIZE];

	gctx_launch_start(gctx, &platform, 0x30000);
	gctx_launch_update(gctx, PAGE_TYPE_ZERO, 0, NULL, contents);
}

static int make_good_block(void **state)
{
	EVP_PKEY *id = EVP_EC_gen("P-384"), *author = EVP_EC_gen("P-384");
	struct gctx gctx = {0};

	(void)state;
	launch_one_page(&gctx);
	memcpy(good_block, gctx.ld, LD_SIZE);
	memset(good_block + 0x30, 'f', 16);
	memset(good_block + 0x40, 'i', 16);
	put_le32(good_block + 0x50, 1);
	put_le32(good_block + 0x54, 7);
	put_le64(good_block + 0x58, 0x30000);
	put_le32(good_auth, 1);
	put_le32(good_auth + 4, 1);
	put_key(id, good_auth + 0x240);
	put_key(author, good_auth + 0x880);
	put_signature(id, good_block, sizeof(good_block), good_auth + 0x40);
	put_signature(author, good_auth + 0x240, 0x404, good_auth + 0x680);
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
	return 0;
}

struct mangle {
	const char *name;
	bool in_auth;
	unsigned int at;
	uint8_t flip;
	bool author;
	enum firmware_status status;
};

static const struct mangle mangles[] = {
	{"right, with author key", false, 0, 0, true, FIRMWARE_SUCCESS},
	{"right, author key not asked for", false, 0, 0, false, FIRMWARE_SUCCESS},
	{"launch digest", false, 47, 1, true, FIRMWARE_BAD_MEASUREMENT},
	{"family id", false, 0x30, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"guest SVN", false, 0x54, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"version", false, 0x50, 3, true, FIRMWARE_BAD_SIGNATURE},
	{"policy", false, 0x5a, 8, true, FIRMWARE_POLICY_FAILURE},
	{"block's signature, R", true, 0x40, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"block's signature, beyond 48 bytes", true, 0x40 + 71, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"block's signature, S", true, 0x40 + 72, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"ID key not on the curve", true, 0x244, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"ID key, beyond 48 bytes of a coordinate", true, 0x244 + 71, 1, true,
	 FIRMWARE_BAD_SIGNATURE},
	{"ID key's signature", true, 0x680, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"ID key's signature, not asked for", true, 0x680, 1, false, FIRMWARE_SUCCESS},
	{"author key", true, 0x884, 1, true, FIRMWARE_BAD_SIGNATURE},
	{"ID key's algorithm", true, 0, 3, true, FIRMWARE_INVALID_PARAM},
	{"ID key's curve", true, 0x240, 3, true, FIRMWARE_INVALID_PARAM},
	{"author key's algorithm", true, 4, 3, true, FIRMWARE_INVALID_PARAM},
	{"author key's algorithm, not asked for", true, 4, 3, false, FIRMWARE_SUCCESS},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	uint8_t block[ID_BLOCK_SIZE], auth[ID_AUTH_SIZE];
	struct launch_finish finish = {
		.id_block = block, .id_auth = auth, .author_key_en = row->author};
	struct gctx gctx = {0}, before;

	memcpy(block, good_block, sizeof(block));
	memcpy(auth, good_auth, sizeof(auth));
	(row->in_auth ? auth : block)[row->at] ^= row->flip;
	launch_one_page(&gctx);
	before = gctx;
	assert_int_equal(gctx_launch_finish(&gctx, &finish), row->status);
	if (row->status != FIRMWARE_SUCCESS) {
		assert_memory_equal(&gctx, &before, sizeof(gctx));
		return;
	}
	assert_int_equal(gctx.state, GCTX_RUNNING);
	assert_int_equal(gctx.guest_svn, 7);
	assert_int_equal(gctx.family_id[0], 'f');
	assert_int_equal(gctx.image_id[15], 'i');
	assert_true(gctx.id_block_en);
	assert_int_equal(gctx.author_key_en, row->author);
}

/* What comes out of order is refused, as the firmware's guest states demand. */
static void check_states(void **unused)
{
	struct gctx gctx = {0};
	struct launch_finish finish = {0};
	uint8_t contents[LD_SIZE];

	(void)unused;
	assert_int_equal(gctx_launch_update(&gctx, PAGE_TYPE_ZERO, 0, NULL, contents),
			 FIRMWARE_INVALID_GUEST_STATE);
	assert_int_equal(gctx_launch_finish(&gctx, &finish), FIRMWARE_INVALID_GUEST_STATE);
	launch_one_page(&gctx);
	assert_int_equal(gctx_launch_start(&gctx, &platform, 0x30000),
			 FIRMWARE_INVALID_GUEST_STATE);
	assert_int_equal(gctx_launch_update(&gctx, 7, 0, NULL, contents), FIRMWARE_INVALID_PARAM);
	assert_int_equal(gctx_launch_finish(&gctx, &finish), FIRMWARE_SUCCESS);
	assert_int_equal(gctx_launch_update(&gctx, PAGE_TYPE_ZERO, 0, NULL, contents),
			 FIRMWARE_INVALID_GUEST_STATE);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_launch, launches);
	ADD_ROWS(tests, n, check_policy, policies);
	ADD_ROWS(tests, n, check_mangle, mangles);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_fpu_of_legacy_type);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_states);
	return _cmocka_run_group_tests("simulated gctx", tests, n, make_good_block, NULL);
}
