// SPDX-License-Identifier: Apache-2.0
/* After a key was used and freed, its scalar is nowhere in the process's memory. */
#include "rows.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/key_guard.h>

#include "test_keys.h"

/* The scalar of P384 (RFC 6979 A.2.6), every byte complemented, so that the search does not find its own
 * pattern. */
#define SCALAR_COMPLEMENT                                                  \
	"9462c252d1e473e3fa4e678a499a60b21dc3c499840d6845655b88bf878ec827" \
	"692a8db1b38f57da078d36159f2d120a"
#define SCALAR_SIZE 48

static bool is_scalar(const uint8_t *bytes, const uint8_t *complement)
{
	bool forward = true, backward = true;

	for (size_t i = 0; i < SCALAR_SIZE && (forward || backward); i++) {
		forward = forward && (bytes[i] ^ complement[i]) == 0xff;
		backward = backward && (bytes[SCALAR_SIZE - 1 - i] ^ complement[i]) == 0xff;
	}
	return forward || backward;
}

static unsigned int count_in(int mem, uint64_t from, uint64_t to, const uint8_t *complement)
{
	static uint8_t piece[1 << 16];
	unsigned int n = 0;

	for (uint64_t at = from; at < to; at += sizeof(piece) - SCALAR_SIZE) {
		uint64_t left = to - at;
		ssize_t size =
			pread(mem, piece, left < sizeof(piece) ? left : sizeof(piece), (off_t)at);

		for (ssize_t i = 0; i + SCALAR_SIZE <= size; i++)
			if (is_scalar(piece + i, complement)) {
				/* The piece itself is part of what is searched. */
				if (at + (uint64_t)i < (uintptr_t)piece ||
				    at + (uint64_t)i >= (uintptr_t)piece + sizeof(piece))
					n++;
			}
	}
	memset(piece, 0, sizeof(piece));
	return n;
}

static unsigned int count_scalars(void)
{
	_cleanup_(fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	_cleanup_(closep) int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uint8_t complement[SCALAR_SIZE];
	uint64_t from, to;
	unsigned int n = 0;
	char line[4096], mode[5];

	assert_true(maps && mem >= 0);
	assert_int_equal(hex_decode(SCALAR_COMPLEMENT, "scalar", complement, SCALAR_SIZE, NULL), 0);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, mode) == 3 &&
		    strncmp(mode, "rw", 2) == 0 && to - from < (64u << 20))
			n += count_in(mem, from, to, complement);
	return n;
}

static const struct form {
	const char *name, *pem;
} forms[] = {
	{"PKCS#8", P384_PKCS8},
	{"SEC1", P384_SEC1},
};

static void check_form(void **state)
{
	const struct form *row = *state;
	struct snp_key *key = load_test_key(row->pem);
	uint8_t signature[SNP_SIGNATURE_MAX];
	size_t size;

	assert_int_equal(snp_key_sign(key, (struct snp_span){(const uint8_t *)"x", 1},
				      SNP_SIGNATURE_DER, signature, &size, NULL),
			 0);
	assert_true(count_scalars() > 0);
	snp_key_free(key);
	assert_int_equal(count_scalars(), 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	if (!key_clear_freed())
		return 1;
	ADD_ROWS(tests, n, check_form, forms);
	return RUN_TESTS("key_memory", tests, n);
}
