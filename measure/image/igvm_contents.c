// SPDX-License-Identifier: Apache-2.0
#include "image/igvm.h"

#include <stdlib.h>
#include <string.h>

#include "image/page_contents.h"

#include <snp/cleanup.h>
#include <snp/fail.h>

int igvm_read_piece(const struct snp_igvm *igvm, uint64_t offset, uint8_t *ret, size_t size,
		    struct snp_error *err)
{
	struct snp_span piece;

	if (igvm->file.fd >= 0)
		return in_file(err, file_read_piece(&igvm->file, offset, ret, size, err),
			       igvm->path);
	if (!snp_span_sub(igvm->bytes, offset, size, &piece))
		return fail_with(err, SNP_E_READ, offset, "the file ends before");
	memcpy(ret, piece.data, size);
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t find_offset(const struct snp_igvm *igvm, uint32_t offset)
{
	const uint32_t *found =
		bsearch(&offset, igvm->offsets, igvm->n_offsets, sizeof(offset), compare_offsets);

	return found ? (size_t)(found - igvm->offsets) : igvm->n_offsets;
}

static int read_page(const void *arg, size_t i, uint8_t buffer[static SNP_PAGE_SIZE],
		     const uint8_t **ret, struct snp_error *err)
{
	const struct snp_igvm *igvm = arg;

	*ret = buffer;
	return igvm_read_piece(igvm, igvm->offsets[i], buffer, SNP_PAGE_SIZE, err);
}

/* libigvm writes equal contents once, and many headers name them. */
static int list_offsets(struct snp_igvm *igvm, struct snp_error *err)
{
	size_t n = 0;

	igvm->offsets = calloc(igvm->info.n_headers + 1, sizeof(*igvm->offsets));
	if (!igvm->offsets)
		return out_of_memory(err);
	for (size_t i = 0; i < igvm->info.n_headers; i++) {
		const struct snp_igvm_header *h = &igvm->headers[i];

		if (h->data != 0 &&
		    (h->type == SNP_IGVM_PAGE_DATA ||
		     (h->type == SNP_IGVM_VP_CONTEXT && h->platform != SNP_IGVM_VSM)))
			igvm->offsets[n++] = h->data;
	}
	qsort(igvm->offsets, n, sizeof(*igvm->offsets), compare_offsets);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || igvm->offsets[i] != igvm->offsets[i - 1])
			igvm->offsets[igvm->n_offsets++] = igvm->offsets[i];
	return 0;
}

static int hash_all(struct snp_igvm *igvm, struct snp_error *err)
{
	uint8_t(*digests)[SNP_SHA384_SIZE];
	int r = igvm->offsets ? 0 : list_offsets(igvm, err);

	if (r < 0)
		return r;
	digests = calloc(igvm->n_offsets + 1, sizeof(*digests));
	if (!digests)
		return out_of_memory(err);
	r = pages_hash(read_page, igvm, igvm->n_offsets, digests, err);
	if (r == 0 && igvm->file.fd >= 0)
		r = in_file(err, file_unchanged(&igvm->file, err), igvm->path);
	if (r == 0)
		igvm->digests = digests;
	else
		free(digests);
	return r;
}

int igvm_page_digest(const struct snp_igvm *igvm, uint32_t offset,
		     uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err)
{
	/* What is computed late belongs to the file as what was read early does. */
	struct snp_igvm *own = (struct snp_igvm *)(uintptr_t)igvm;
	int r = 0;

	mtx_lock(&own->lock);
	if (!own->digests)
		r = hash_all(own, err);
	if (r == 0)
		memcpy(ret, own->digests[find_offset(own, offset)], SNP_SHA384_SIZE);
	mtx_unlock(&own->lock);
	return r;
}
