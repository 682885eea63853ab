// SPDX-License-Identifier: Apache-2.0
/* A launch in which call k of libcrypto or of the allocator fails, for every k until none is left: each
 * failure is explained by its own code and leaves the digest alone. */
#include "rows.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include <snp/launch.h>

#include "ovmf_image.h"

static unsigned int fail_at, calls; /* 1-based; 0: never */

static bool fails(void)
{
	return ++calls == fail_at;
}

int __real_EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size);
int __wrap_EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size);
int __wrap_EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size)
{
	return fails() ? 0 : __real_EVP_DigestUpdate(context, data, size);
}

int __real_EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned int *size);
int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned int *size);
int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned int *size)
{
	return fails() ? 0 : __real_EVP_DigestFinal_ex(context, digest, size);
}

int __real_EVP_Digest(const void *data, size_t count, unsigned char *digest, unsigned int *size,
		      const EVP_MD *type, ENGINE *engine);
int __wrap_EVP_Digest(const void *data, size_t count, unsigned char *digest, unsigned int *size,
		      const EVP_MD *type, ENGINE *engine);
int __wrap_EVP_Digest(const void *data, size_t count, unsigned char *digest, unsigned int *size,
		      const EVP_MD *type, ENGINE *engine)
{
	return fails() ? 0 : __real_EVP_Digest(data, count, digest, size, type, engine);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static int launch(enum snp_mode mode, const uint8_t *image, uint8_t *ret, struct snp_error *err)
{
	static const struct snp_kernel_hashes hashes = {{1}, {2}, {3}};
	struct snp_launch l = {.size = sizeof(struct snp_launch),
			       .mode = mode,
			       .kernel_hashes = &hashes,
			       .vcpus.count = 2,
			       .vcpus.features = snp_mode_default_features(mode)};
	struct snp_firmware *firmware = NULL;
	size_t size;
	int r;

	assert_int_equal(snp_profile_current(SNP_VMM_QEMU, mode, l.vcpus.profile, NULL), 0);
	r = snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, err);
	l.firmware = firmware;
	if (r == 0)
		r = snp_launch_digest(&l, ret, &size, err);
	snp_firmware_free(firmware);
	return r;
}

static const struct row {
	const char *name;
	enum snp_mode mode;
} rows[] = {
	{"SEV-SNP", SNP_MODE_SNP},
	{"SEV-ES", SNP_MODE_SEV_ES},
	{"SEV", SNP_MODE_SEV},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE], again[SNP_LAUNCH_DIGEST_SIZE], image[IMAGE_SIZE];
	unsigned int in_all;

	image_build(image);
	fail_at = calls = 0;
	assert_int_equal(launch(row->mode, image, digest, NULL), 0);
	in_all = calls;
	assert_true(in_all > 8);
	for (unsigned int k = 1; k <= in_all; k++) {
		struct snp_error err = {0};
		int r;

		memset(again, 0x55, sizeof(again));
		fail_at = k;
		calls = 0;
		r = launch(row->mode, image, again, &err);
		fail_at = 0;
		assert_true(r == -SNP_E_CRYPTO || r == -SNP_E_NO_MEMORY);
		assert_int_equal(r, -(int)err.code);
		assert_string_not_equal(err.message, "");
		for (size_t i = 0; i < sizeof(again); i++)
			assert_int_equal(again[i], 0x55);
	}
	assert_int_equal(launch(row->mode, image, again, NULL), 0);
	assert_memory_equal(again, digest, row->mode == SNP_MODE_SNP ? 48 : 32);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("launch-faults", tests, n);
}
