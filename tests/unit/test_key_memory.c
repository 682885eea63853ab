// SPDX-License-Identifier: Apache-2.0
/* After a key was used and freed, neither its scalar nor its PEM is in the process's memory, nor its passphrase. */
#include "rows.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/key_guard.h>

#include "identity/key.h"
#include "test_keys.h"

/* The scalar of P384 (RFC 6979 A.2.6), every byte complemented, so that the search does not find its own
 * pattern. */
#define SCALAR_COMPLEMENT                                                  \
	"9462c252d1e473e3fa4e678a499a60b21dc3c499840d6845655b88bf878ec827" \
	"692a8db1b38f57da078d36159f2d120a"
#define NEEDLE_SIZE 48

static bool is_needle(const uint8_t *bytes, const uint8_t *complement)
{
	bool forward = true, backward = true;

	for (size_t i = 0; i < NEEDLE_SIZE && (forward || backward); i++) {
		forward = forward && (bytes[i] ^ complement[i]) == 0xff;
		backward = backward && (bytes[NEEDLE_SIZE - 1 - i] ^ complement[i]) == 0xff;
	}
	return forward || backward;
}

/* What is given back to the heap, by the library and by libcrypto through it, has none of these any more. What
 * is there later says less: the heap hands it out again. */
static uint8_t scalar[NEEDLE_SIZE], text[NEEDLE_SIZE];
static unsigned int freed_with_secret;

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
	const size_t size = p ? malloc_usable_size(p) : 0;
	const uint8_t *bytes = p;

	for (size_t i = 0; i + NEEDLE_SIZE <= size; i++)
		freed_with_secret += is_needle(bytes + i, scalar) || is_needle(bytes + i, text);
	__real_free(p);
}

static unsigned int count_in(int mem, uint64_t from, uint64_t to, const uint8_t *complement)
{
	static uint8_t piece[1 << 16];
	unsigned int n = 0;

	for (uint64_t at = from; at < to; at += sizeof(piece) - NEEDLE_SIZE) {
		uint64_t left = to - at;
		ssize_t size =
			pread(mem, piece, left < sizeof(piece) ? left : sizeof(piece), (off_t)at);

		for (ssize_t i = 0; i + NEEDLE_SIZE <= size; i++)
			if (is_needle(piece + i, complement)) {
				/* The piece itself is part of what is searched. */
				if (at + (uint64_t)i < (uintptr_t)piece ||
				    at + (uint64_t)i >= (uintptr_t)piece + sizeof(piece))
					n++;
			}
	}
	memset(piece, 0, sizeof(piece));
	return n;
}

static unsigned int count_needles(const uint8_t complement[static NEEDLE_SIZE])
{
	_cleanup_(fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	_cleanup_(closep) int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uint64_t from, to;
	unsigned int n = 0;
	char line[4096], mode[5];

	assert_true(maps && mem >= 0);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, mode) == 3 &&
		    strncmp(mode, "rw", 2) == 0 && to - from < (64u << 20))
			n += count_in(mem, from, to, complement);
	return n;
}

/* A key through a pipe, of which the pipe alone keeps a copy until it is read. */
static struct snp_key *load_der(const char *hex)
{
	uint8_t der[256];
	size_t size = strlen(hex) / 2;
	struct snp_key *key = NULL;
	char source[32];
	int ends[2];

	assert_true(size <= sizeof(der));
	assert_int_equal(hex_decode(hex, "key", der, size, NULL), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], der, size), (ssize_t)size);
	close(ends[1]);
	explicit_bzero(der, sizeof(der));
	snprintf(source, sizeof(source), "fd:%d", ends[0]);
	assert_int_equal(snp_key_read(source, NULL, NULL, &key, NULL), 0);
	close(ends[0]);
	return key;
}

static const struct form {
	const char *name, *text;
	bool is_der;
} forms[] = {
	{"PKCS#8", P384_PKCS8, false},
	{"SEC1", P384_SEC1, false},
	{"PKCS#8 in DER", P384_PKCS8_HEX, true},
	{"SEC1 in DER", P384_SEC1_HEX, true},
};

static void check_form(void **state)
{
	const struct form *row = *state;
	struct snp_key *key;
	/* The second line of base64 has most of the scalar; of DER, what base64 would have there. */
	const char *pem = row->is_der ? P384_PKCS8 : row->text;
	const char *base64 = strchr(strchr(pem, '\n') + 1, '\n') + 1;
	uint8_t signature[SNP_SIGNATURE_MAX];
	size_t size;

	assert_int_equal(hex_decode(SCALAR_COMPLEMENT, "scalar", scalar, sizeof(scalar), NULL), 0);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)~base64[i];
	freed_with_secret = 0;
	key = row->is_der ? load_der(row->text) : load_test_key(row->text);
	assert_int_equal(snp_key_sign(key, (struct snp_span){(const uint8_t *)"x", 1},
				      SNP_SIGNATURE_DER, signature, &size, NULL),
			 0);
	assert_true(count_needles(scalar) > 0);
	assert_int_equal(count_needles(text), 0);
	snp_key_free(key);
	assert_int_equal(count_needles(scalar), 0);
	assert_int_equal(freed_with_secret, 0);
}

/* A passphrase that is not the key's, so that no file has it; what is done with it is the same. */
static uint8_t passphrase[NEEDLE_SIZE];

static int answer(void *arg, const char *what, char *ret, size_t size, struct snp_error *err)
{
	(void)arg;
	(void)what;
	(void)err;
	assert_true(size >= NEEDLE_SIZE);
	for (size_t i = 0; i < NEEDLE_SIZE; i++)
		ret[i] = (char)~passphrase[i];
	assert_true(count_needles(passphrase) > 0);
	return NEEDLE_SIZE;
}

static void passphrases_are_wiped(void **state)
{
	struct snp_key *key = NULL;
	char source[32];
	int ends[2];

	(void)state;
	for (size_t i = 0; i < NEEDLE_SIZE; i++)
		passphrase[i] = (uint8_t) ~('a' + 7 * i % 26);
	memcpy(text, passphrase, sizeof(text));
	freed_with_secret = 0;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], P384_ENCRYPTED, strlen(P384_ENCRYPTED)),
			 (ssize_t)strlen(P384_ENCRYPTED));
	close(ends[1]);
	snprintf(source, sizeof(source), "fd:%d", ends[0]);
	assert_int_equal(snp_key_read(source, answer, NULL, &key, NULL), -SNP_E_PASSPHRASE);
	close(ends[0]);
	assert_int_equal(count_needles(passphrase), 0);
	assert_int_equal(freed_with_secret, 0);
}

/* What the library reads of keys and passphrases it wipes by itself: a program that uses it may free by libcrypto's own
 * free(). */
static void secrets_are_wiped_by_the_library(void **state)
{
	static const char padding[64];
	struct secret secret;
	char source[32];
	int ends[2];

	(void)state;
	for (size_t i = 0; i < NEEDLE_SIZE; i++)
		text[i] = (uint8_t) ~('a' + 5 * i % 26);
	assert_int_equal(pipe(ends), 0);
	/* free() writes over the first bytes. */
	assert_int_equal(write(ends[1], padding, sizeof(padding)), sizeof(padding));
	for (size_t i = 0; i < NEEDLE_SIZE; i++) {
		const char c = (char)~text[i];

		assert_int_equal(write(ends[1], &c, 1), 1);
	}
	close(ends[1]);
	snprintf(source, sizeof(source), "fd:%d", ends[0]);
	freed_with_secret = 0;
	assert_int_equal(secret_read(source, &secret, NULL), 0);
	close(ends[0]);
	assert_true(count_needles(text) > 0);
	secret_free(&secret);
	assert_int_equal(freed_with_secret, 0);
	assert_int_equal(count_needles(text), 0);
}

/* In a process of its own, as libcrypto takes another free() only before its first. */
static int check_library(void)
{
	struct CMUnitTest tests[] = {cmocka_unit_test(secrets_are_wiped_by_the_library)};
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(RUN_TESTS("key_memory, of the library", tests, ARRAY_SIZE(tests)));
	return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {cmocka_unit_test(passphrases_are_wiped)};
	size_t n = 1;

	if (check_library() != 0 || !key_clear_freed())
		return 1;
	ADD_ROWS(tests, n, check_form, forms);
	return RUN_TESTS("key_memory", tests, n);
}
