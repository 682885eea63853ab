// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/id_block.h>

#include "test_keys.h"
#include "told.h"

static const struct snp_id_block fields = {
	.launch_digest = {0x19, 0x35, 0x8b, 0xa9},
	.family_id = "family",
	.image_id = "image",
	.guest_svn = 0x01020304,
	.policy = 0x30000,
};

/* A signed pair that tests then spoil; signed once, ECDSA being slow under sanitizers. */
static uint8_t block[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];

static int sign_pair(void **state)
{
	struct snp_key *id = load_test_key(P384_PKCS8), *author = load_test_key(P384_OTHER);
	int r;

	(void)state;
	snp_id_block_encode(&fields, block);
	r = snp_id_auth_sign(block, id, author, auth, NULL);
	snp_key_free(id);
	snp_key_free(author);
	return r;
}

static void block_has_the_abi_layout(void **state)
{
	static const char hex[] = "19358ba900000000000000000000000000000000000000000000000000000000"
				  "00000000000000000000000000000000"
				  "66616d696c7900000000000000000000"
				  "696d6167650000000000000000000000"
				  "01000000"
				  "04030201"
				  "0000030000000000";
	char text[2 * SNP_ID_BLOCK_SIZE + 1];
	uint8_t again[SNP_ID_BLOCK_SIZE];
	struct snp_id_block decoded;

	(void)state;
	hex_encode(block, sizeof(block), text);
	assert_string_equal(text, hex);
	assert_int_equal(snp_id_block_decode(block, &decoded, NULL), 0);
	assert_int_equal(decoded.guest_svn, fields.guest_svn);
	assert_true(decoded.policy == fields.policy);
	snp_id_block_encode(&decoded, again);
	assert_memory_equal(again, block, sizeof(again));
}

static void sound_pair_verifies(void **state)
{
	struct snp_id_auth_info info, decoded;
	struct snp_error err = {0};
	uint8_t key[SNP_KEY_SIZE], digest[SNP_KEY_DIGEST_SIZE];
	struct snp_key *id = load_test_key(P384_SEC1);

	(void)state;
	assert_int_equal(snp_id_auth_verify(block, auth, &info, &err), 0);
	assert_int_equal(snp_id_auth_verify(block, auth, NULL, NULL), 0);
	assert_int_equal(snp_id_auth_decode(auth, &decoded, &err), 0);
	assert_memory_equal(&info, &decoded, sizeof(info));
	assert_true(info.has_author);
	assert_int_equal(snp_id_key_public(id, key, &err), 0);
	assert_memory_equal(auth + 0x240, key, SNP_KEY_SIZE);
	assert_int_equal(snp_id_key_digest(key, digest, &err), 0);
	assert_memory_equal(info.id_key_digest, digest, sizeof(digest));
	assert_int_equal(err.code, SNP_OK);
	snp_key_free(id);
}

static void author_is_optional(void **state)
{
	static const uint8_t zeros[SNP_ID_AUTH_SIZE];
	struct snp_key *id = load_test_key(P384_PKCS8);
	struct snp_id_auth_info info;
	uint8_t alone[SNP_ID_AUTH_SIZE];

	(void)state;
	assert_int_equal(snp_id_auth_sign(block, id, NULL, alone, NULL), 0);
	assert_int_equal(snp_id_auth_verify(block, alone, &info, NULL), 0);
	assert_false(info.has_author);
	assert_memory_equal(info.author_key_digest, zeros, SNP_KEY_DIGEST_SIZE);
	assert_memory_equal(alone + 4, zeros, 0x3c);
	assert_memory_equal(alone + 0x680, zeros, SNP_ID_AUTH_SIZE - 0x680);
	snp_key_free(id);
}

/* One place of the block (b) or the auth (a) overwritten. */
static const struct mangle {
	const char *name;
	char where;
	size_t at;
	const char *bytes;
	size_t n;
	enum snp_code code;
	uint64_t offset;
} mangles[] = {
	{"version 0", 'b', 0x50, "\x00", 1, SNP_E_BAD_ID_BLOCK, 0x50},
	{"version 2", 'b', 0x50, "\x02", 1, SNP_E_BAD_ID_BLOCK, 0x50},
	{"policy without bit 17", 'b', 0x5a, "\x01", 1, SNP_E_BAD_POLICY, SNP_NO_OFFSET},
	{"policy with bit 26", 'b', 0x5b, "\x04", 1, SNP_E_BAD_POLICY, SNP_NO_OFFSET},
	{"another policy", 'b', 0x5a, "\x0b", 1, SNP_E_SIGNATURE, SNP_NO_OFFSET},
	{"another digest", 'b', 0x00, "\x18", 1, SNP_E_SIGNATURE, SNP_NO_OFFSET},
	{"another guest SVN", 'b', 0x54, "\x05", 1, SNP_E_SIGNATURE, SNP_NO_OFFSET},
	{"ID_KEY_ALGO 0", 'a', 0x000, "\x00", 1, SNP_E_BAD_ID_BLOCK, 0x000},
	{"ID_KEY_ALGO 2", 'a', 0x000, "\x02", 1, SNP_E_BAD_ID_BLOCK, 0x000},
	{"ID_KEY_ALGO in its last byte", 'a', 0x003, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x000},
	{"AUTH_KEY_ALGO 2", 'a', 0x004, "\x02", 1, SNP_E_BAD_ID_BLOCK, 0x004},
	{"AUTH_KEY_ALGO 0 with an author", 'a', 0x004, "\x00", 1, SNP_E_BAD_ID_BLOCK, 0x680},
	{"first reserved byte", 'a', 0x008, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x008},
	{"reserved before the signature", 'a', 0x03f, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x03f},
	{"after S", 'a', 0x0d0, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x0d0},
	{"end of the signature", 'a', 0x23f, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x23f},
	{"after the ID key", 'a', 0x644, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x644},
	{"before the author's signature", 'a', 0x67f, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x67f},
	{"after the author's S", 'a', 0x710, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0x710},
	{"after the author key", 'a', 0xc84, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0xc84},
	{"last byte", 'a', 0xfff, "\x01", 1, SNP_E_BAD_ID_BLOCK, 0xfff},
	{"P-256", 'a', 0x240, "\x01", 1, SNP_E_BAD_KEY, 0x240},
	{"no curve", 'a', 0x240, "\x00", 1, SNP_E_BAD_KEY, 0x240},
	{"point off the curve", 'a', 0x244, "\x00\x00", 2, SNP_E_BAD_KEY, 0x244},
	{"QX over 48 bytes", 'a', 0x274, "\x01", 1, SNP_E_BAD_KEY, 0x244},
	{"QY over 48 bytes", 'a', 0x2d3, "\x01", 1, SNP_E_BAD_KEY, 0x244},
	{"after QY", 'a', 0x2d4, "\x01", 1, SNP_E_BAD_KEY, 0x2d4},
	{"author's key on P-256", 'a', 0x880, "\x01", 1, SNP_E_BAD_KEY, 0x880},
	{"author's point off the curve", 'a', 0x884, "\x00\x00", 2, SNP_E_BAD_KEY, 0x884},
	{"R over 48 bytes", 'a', 0x070, "\x01", 1, SNP_E_SIGNATURE, SNP_NO_OFFSET},
	{"S over 48 bytes", 'a', 0x0cf, "\x01", 1, SNP_E_SIGNATURE, SNP_NO_OFFSET},
	{"author's R over 48 bytes", 'a', 0x6b0, "\x01", 1, SNP_E_SIGNATURE, SNP_NO_OFFSET},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	uint8_t bad_block[SNP_ID_BLOCK_SIZE], *bad_auth = malloc(SNP_ID_AUTH_SIZE);
	struct snp_id_auth_info info = {.has_author = true};
	struct snp_error err = {0};

	assert_non_null(bad_auth);
	memcpy(bad_block, block, sizeof(block));
	memcpy(bad_auth, auth, sizeof(auth));
	memcpy((row->where == 'b' ? bad_block : bad_auth) + row->at, row->bytes, row->n);
	assert_int_equal(snp_id_auth_verify(bad_block, bad_auth, &info, &err), -(int)row->code);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_true(err.message[0] != '\0');
	assert_true(err.offset == row->offset);
	assert_true(info.has_author && info.id_key_digest[0] == 0);
	free(bad_auth);
}

/* R and S: zero, swapped, the order of the curve, big-endian. */
static void numbers_of_signatures_matter(void **state)
{
	static const size_t places[] = {0x040, 0x680};
	uint8_t bad[SNP_ID_AUTH_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t r = places[i], s = r + 72;

		memcpy(bad, auth, sizeof(bad));
		memset(bad + r, 0, 72);
		assert_int_equal(snp_id_auth_verify(block, bad, NULL, NULL), -SNP_E_SIGNATURE);
		memset(bad + s, 0, 72);
		assert_int_equal(snp_id_auth_verify(block, bad, NULL, NULL), -SNP_E_SIGNATURE);
		memcpy(bad + r, auth + s, 72);
		memcpy(bad + s, auth + r, 72);
		assert_int_equal(snp_id_auth_verify(block, bad, NULL, NULL), -SNP_E_SIGNATURE);
		memset(bad + r, 0xff, 48);
		memcpy(bad + s, auth + s, 72);
		assert_int_equal(snp_id_auth_verify(block, bad, NULL, NULL), -SNP_E_SIGNATURE);
		for (size_t k = 0; k < 48; k++) {
			bad[r + k] = auth[r + 47 - k];
			bad[s + k] = auth[s + 47 - k];
		}
		assert_int_equal(snp_id_auth_verify(block, bad, NULL, NULL), -SNP_E_SIGNATURE);
	}
}

static void any_byte_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(block) + sizeof(auth); i++) {
		uint8_t *byte = i < sizeof(block) ? &block[i] : &auth[i - sizeof(block)];
		struct snp_error err = {0};

		*byte ^= (uint8_t)(1u << i % 8);
		assert_true(snp_id_auth_verify(block, auth, NULL, &err) < 0);
		assert_true(err.message[0] != '\0');
		*byte ^= (uint8_t)(1u << i % 8);
	}
}

static void only_p384_signs(void **state)
{
	struct snp_key *p384 = load_test_key(P384_PKCS8), *p256 = load_test_key(P256_PKCS8);
	struct snp_key *ed25519 = load_test_key(ED25519_PKCS8);
	uint8_t bytes[SNP_ID_AUTH_SIZE] = {0x77}, key[SNP_KEY_SIZE];
	struct snp_error err;

	(void)state;
	assert_int_equal(snp_id_key_public(p256, key, &err), -SNP_E_BAD_KEY);
	assert_non_null(strstr(err.message, "P-256"));
	assert_int_equal(snp_id_auth_sign(block, p256, NULL, bytes, &err), -SNP_E_BAD_KEY);
	assert_int_equal(snp_id_auth_sign(block, ed25519, NULL, bytes, &err), -SNP_E_BAD_KEY);
	assert_int_equal(snp_id_auth_sign(block, p384, p256, bytes, &err), -SNP_E_BAD_KEY);
	assert_int_equal(bytes[0], 0x77);
	snp_key_free(p384);
	snp_key_free(p256);
	snp_key_free(ed25519);
}

/* Signatures from elsewhere: what is signed, by which key, in which form. */
static const struct attach {
	const char *name;
	const char *id_signer, *author_signer;
	bool id_raw, author_raw;
	size_t cut; /* bytes left out of the ID signature's end */
	enum snp_code code;
} attaches[] = {
	{"DER", P384_PKCS8, P384_OTHER, false, false, 0, SNP_OK},
	{"raw", P384_PKCS8, P384_OTHER, true, true, 0, SNP_OK},
	{"ID alone", P384_PKCS8, NULL, false, false, 0, SNP_OK},
	{"ID block signed by a stranger", P384_OTHER, P384_OTHER, false, false, 0, SNP_E_SIGNATURE},
	{"ID key signed by a stranger", P384_PKCS8, P384_PKCS8, true, true, 0, SNP_E_SIGNATURE},
	{"DER cut short", P384_PKCS8, NULL, false, false, 1, SNP_E_BAD_ID_BLOCK},
	{"raw cut short", P384_PKCS8, NULL, true, false, 1, SNP_E_BAD_ID_BLOCK},
	{"nothing", P384_PKCS8, NULL, true, false, 96, SNP_E_BAD_ID_BLOCK},
};

static struct snp_span sign_elsewhere(const char *pem, struct snp_span bytes, bool raw,
				      uint8_t *room)
{
	struct snp_key *key = load_test_key(pem);
	size_t size;

	assert_int_equal(snp_key_sign(key, bytes, raw ? SNP_SIGNATURE_RAW : SNP_SIGNATURE_DER, room,
				      &size, NULL),
			 0);
	snp_key_free(key);
	return (struct snp_span){room, size};
}

static void check_attach(void **state)
{
	const struct attach *row = *state;
	struct snp_id_signature id = {.key = load_test_key(P384_PKCS8)};
	struct snp_id_signature author = {.key = load_test_key(P384_OTHER)};
	uint8_t rooms[2][SNP_SIGNATURE_MAX], made[SNP_ID_AUTH_SIZE] = {0x77}, key[SNP_KEY_SIZE];
	struct snp_error err = {0};

	assert_int_equal(snp_id_key_public(id.key, key, NULL), 0);
	id.signature = sign_elsewhere(row->id_signer, (struct snp_span){block, sizeof(block)},
				      row->id_raw, rooms[0]);
	id.signature.size -= row->cut;
	if (row->author_signer)
		author.signature =
			sign_elsewhere(row->author_signer, (struct snp_span){key, sizeof(key)},
				       row->author_raw, rooms[1]);
	assert_int_equal(
		snp_id_auth_attach(block, &id, row->author_signer ? &author : NULL, made, &err),
		-(int)row->code);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	if (row->code == SNP_OK)
		assert_int_equal(snp_id_auth_verify(block, made, NULL, NULL), 0);
	else
		assert_int_equal(made[0], 0x77);
	snp_key_free((struct snp_key *)(uintptr_t)id.key);
	snp_key_free((struct snp_key *)(uintptr_t)author.key);
}

static void as_told(void **state)
{
	(void)state;
	told("id_block");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(block_has_the_abi_layout),
		cmocka_unit_test(sound_pair_verifies),
		cmocka_unit_test(author_is_optional),
		cmocka_unit_test(numbers_of_signatures_matter),
		cmocka_unit_test(any_byte_counts),
		cmocka_unit_test(only_p384_signs),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_attach, attaches);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return _cmocka_run_group_tests("id_block", tests, n, sign_pair, NULL);
}
