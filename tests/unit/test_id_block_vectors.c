// SPDX-License-Identifier: Apache-2.0
/* ID blocks and ID auths of virtee's sev-snp-measure (snp-create-id-block), byte by byte, but for R and
 * S, which are random there: tests/vectors/idblock.csv. */
#include "rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/id_block.h>
#include <snp/sha.h>

#define VECTORS SNP_SOURCE "/tests/vectors/"

enum column {
	DIGEST,
	ID_KEY,
	AUTHOR_KEY,
	BLOCK,
	BLOCK_SHA256,
	AUTH_SHA256,
	ID_KEY_DIGEST,
	AUTHOR_KEY_DIGEST,
	N_COLUMNS
};

struct vector {
	const char *name;
	char *cells[N_COLUMNS];
};

#define MAX_VECTORS 64
static struct vector vectors[MAX_VECTORS];

/* A key file that others can read is refused; through a pipe it is the caller's affair. */
static struct snp_key *load(const char *name)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_key *key = NULL;
	char path[4096], source[32];
	size_t size;
	int ends[2];

	snprintf(path, sizeof(path), VECTORS "%s", name);
	assert_int_equal(file_read(path, SNP_MAX_SMALL, &bytes, &size, NULL), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, size), (ssize_t)size);
	close(ends[1]);
	snprintf(source, sizeof(source), "fd:%d", ends[0]);
	assert_int_equal(snp_key_read(source, NULL, NULL, &key, NULL), 0);
	close(ends[0]);
	return key;
}

static void assert_sha256(const uint8_t *bytes, size_t size, const char *hex)
{
	uint8_t digest[SNP_SHA256_SIZE], expected[SNP_SHA256_SIZE];

	assert_int_equal(sha256_of((struct snp_span){bytes, size}, digest, NULL), 0);
	assert_int_equal(hex_decode(hex, "vector", expected, sizeof(expected), NULL), 0);
	assert_memory_equal(digest, expected, sizeof(expected));
}

static void assert_base64(const uint8_t *bytes, size_t size, const char *expected)
{
	_cleanup_(freep) char *text = base64_encode(bytes, size);

	assert_string_equal(text, expected);
}

/* One row gives 49 bytes, of which the peer silently takes 48: refusing them is right. */
static void assert_digest(const char *hex, const uint8_t found[static SNP_LAUNCH_DIGEST_SIZE])
{
	bool too_long = strlen(hex) == 2 * (SNP_LAUNCH_DIGEST_SIZE + 1);
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];

	assert_int_equal(hex_decode(hex, "vector", digest, sizeof(digest), NULL),
			 too_long ? -SNP_E_BAD_HEX : 0);
	if (!too_long)
		assert_memory_equal(found, digest, sizeof(digest));
}

static void check_vector(void **state)
{
	const struct vector *row = *state;
	struct snp_key *id = load(row->cells[ID_KEY]);
	struct snp_key *author = load(row->cells[AUTHOR_KEY]);
	uint8_t block[SNP_ID_BLOCK_SIZE], again[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
	struct snp_id_auth_info info;
	struct snp_id_block fields;

	assert_int_equal(base64_decode(row->cells[BLOCK], "vector", block, sizeof(block), NULL), 0);
	assert_int_equal(snp_id_block_decode(block, &fields, NULL), 0);
	snp_id_block_encode(&fields, again);
	assert_memory_equal(block, again, sizeof(block));
	assert_sha256(again, sizeof(again), row->cells[BLOCK_SHA256]);
	assert_digest(row->cells[DIGEST], fields.launch_digest);

	assert_int_equal(snp_id_auth_sign(block, id, author, auth, NULL), 0);
	assert_int_equal(snp_id_auth_verify(block, auth, &info, NULL), 0);
	assert_base64(info.id_key_digest, SNP_KEY_DIGEST_SIZE, row->cells[ID_KEY_DIGEST]);
	assert_base64(info.author_key_digest, SNP_KEY_DIGEST_SIZE, row->cells[AUTHOR_KEY_DIGEST]);
	memset(auth + 0x040, 0, 2 * 72);
	memset(auth + 0x680, 0, 2 * 72);
	assert_sha256(auth, sizeof(auth), row->cells[AUTH_SHA256]);
	snp_key_free(id);
	snp_key_free(author);
}

/* The rows of the file, after the line of column names. */
static size_t read_vectors(char *text)
{
	char *line = strchr(text, '\n');
	size_t n = 0;

	for (line = line ? line + 1 : NULL; line && *line && n < MAX_VECTORS; n++) {
		char *end = strchr(line, '\n');

		if (end)
			end[end > line && end[-1] == '\r' ? -1 : 0] = '\0';
		for (size_t i = 0; i < N_COLUMNS; i++) {
			vectors[n].cells[i] = strsep(&line, ",");
			if (!vectors[n].cells[i])
				return 0;
		}
		vectors[n].name = vectors[n].cells[BLOCK_SHA256];
		line = end ? end + 1 : NULL;
	}
	return n;
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {0};
	_cleanup_(freep) uint8_t *text = NULL;
	size_t size, n;

	if (file_read(VECTORS "idblock.csv", SNP_MAX_DOCUMENT, &text, &size, NULL) < 0)
		return 1;
	n = read_vectors((char *)text);
	if (n == 0)
		return 1;
	n = add_rows(tests, 0, check_vector, vectors, n, sizeof(vectors[0]));
	return RUN_TESTS("id_block_vectors", tests, n);
}
