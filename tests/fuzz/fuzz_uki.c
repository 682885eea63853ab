// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/sha.h>
#include <snp/uki.h>

/* Every section's hash is that of its bytes, and no byte is hashed for two. */
static void check_sections(const struct uki *uki, const uint8_t *data, size_t size)
{
	uint64_t total = 0;

	for (size_t i = 0; i < uki->n_sections; i++) {
		const struct uki_section *s = &uki->sections[i];
		uint8_t sha256[SNP_SHA256_SIZE];
		struct snp_span bytes = {data, 0};

		total += s->size;
		if ((s->size > 0 &&
		     !snp_span_sub((struct snp_span){data, size}, s->offset, s->size, &bytes)) ||
		    sha256_of(bytes, sha256, NULL) < 0 ||
		    memcmp(sha256, s->sha256, sizeof(sha256)) != 0 ||
		    (s->text && bytes.size > 0 && memcmp(s->text, bytes.data, bytes.size) != 0))
			abort();
	}
	if (total > size)
		abort();
}

/* The file in pieces of `step` bytes. */
static void scan(const uint8_t *data, size_t size, size_t step)
{
	struct snp_span all = {data, size}, head = all, piece;
	struct uki_scan *scan = NULL;
	struct snp_error err = {0};
	struct uki uki;
	int r;

	(void)snp_span_sub(all, 0, UKI_HEAD, &head);
	r = uki_begin(head, size, &uki, &scan, &err);
	for (size_t at = 0; r == 0 && scan && at < size; at += step)
		r = snp_span_sub(all, at, step < size - at ? step : size - at, &piece)
			    ? uki_take(scan, piece, &err)
			    : -1;
	if (r == 0 && scan)
		r = uki_end(scan, &err);
	fuzz_check(r, &err, size);
	if (r == 0 && scan)
		check_sections(&uki, data, size);
	if (!uki.is_pe && (scan || uki.sections))
		abort();
	uki_scan_free(scan);
	uki_done(&uki);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = calloc(1, size + 1), *name, *value;

	scan(data, size, size + 1);
	scan(data, size, 777);
	if (!line)
		return 0;
	memcpy(line, data, size);
	if (os_release_field(line, &name, &value) && (strlen(name) == 0 || strlen(value) > size))
		abort();
	free(line);
	return 0;
}
