// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "archive/disk_image.h"
#include "archive/guest_archive.h"

/* A tar file that anybody may have made. Its members come in order and whole, or it is refused; a disk image is refused
 * or is not one that names another file. */

struct input {
	const uint8_t *data;
	size_t size;
};

static ssize_t next(void *arg, uint8_t *buffer, size_t size, struct snp_error *err)
{
	struct input *input = arg;
	size_t n = input->size < size ? input->size : size;

	(void)err;
	if (n > 0)
		memcpy(buffer, input->data, n);
	input->data += n;
	input->size -= n;
	return (ssize_t)n;
}

struct seen {
	unsigned int members;
	uint64_t left;
	bool open;
};

static int begin(void *arg, const char *name, uint64_t size, struct snp_error *err)
{
	struct seen *seen = arg;

	(void)err;
	if (seen->open || size == 0 || name[0] == '/' || strstr(name, ".."))
		abort();
	if (seen->members == 0 && strcmp(name, "record.json") != 0)
		abort();
	seen->members++;
	seen->open = true;
	seen->left = size;
	return 0;
}

static int piece(void *arg, struct snp_span bytes, struct snp_error *err)
{
	struct seen *seen = arg;

	(void)err;
	if (!seen->open || bytes.size > seen->left)
		abort();
	seen->left -= bytes.size;
	return 0;
}

static int end(void *arg, const uint8_t sha256[static SNP_SHA256_SIZE], struct snp_error *err)
{
	struct seen *seen = arg;

	(void)sha256;
	(void)err;
	if (!seen->open || seen->left > 0)
		abort();
	seen->open = false;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct seen seen = {0};
	const struct archive_sink sink = {begin, piece, end, &seen};
	struct snp_error err = {0};
	int r = guest_archive_read(next, &input, &sink, &err);

	fuzz_check(r, &err, size);
	if (r == 0 && (seen.open || seen.members < 3))
		abort();
	err = (struct snp_error){0};
	r = disk_image_check((struct snp_span){data, size}, &err);
	fuzz_check(r, &err, size);
	if (r == 0 && memcmp(data + 8, "\0\0\0\0\0\0\0", 8) != 0)
		abort();
	return 0;
}
