// SPDX-License-Identifier: Apache-2.0
/* An IGVM file: read, and launched by every profile. The checksum is made to fit before the file is read, or
 * no change would get past it. */
#include "fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <snp/launch.h>

#include "../unit/igvm_image.h"
#include "image/igvm_write.h"
#include "launch/igvm.h"

#define FILE_MAX  (64u << 10)
#define PAGES_MAX 2048u
#define DIGEST_OF \
	64 /* a digest costs more than all the rest: one file of so many has it computed */

/* Everything that a header names lies in the file. */
static void check_info(const struct snp_igvm_info *info)
{
	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		/* Contents of no bytes may begin at the end. */
		const uint64_t least = h->type == SNP_IGVM_PARAMETER_AREA ? h->size
				       : h->platform == SNP_IGVM_VSM	  ? 4
									  : SNP_PAGE_SIZE;

		if (h->offset + 8ull > info->data_offset)
			abort();
		if (h->data != 0 && (h->data < info->data_offset || h->data > info->size ||
				     least > info->size - h->data))
			abort();
	}
}

/* Lay the file out as the profile does. True if it can be launched. */
static bool lay_out(struct snp_launch *launch, const char *profile, uint64_t memory,
		    struct igvm_layout *ret)
{
	struct snp_error err = {0};
	int r;

	launch->memory_size = memory;
	snprintf(launch->vcpus.profile, sizeof(launch->vcpus.profile), "%s", profile);
	r = igvm_layout_make(launch, ret, &err);
	fuzz_check(r, &err, snp_igvm_info(launch->igvm)->size);
	return r == 0;
}

static void check_digest(struct snp_launch *launch, const struct igvm_layout *layout)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct snp_error err = {0};
	size_t size;
	int r;

	launch->vcpus.features = layout->features;
	r = snp_launch_digest(launch, digest, &size, &err);
	fuzz_check(r, &err, snp_igvm_info(launch->igvm)->size);
	/* What can be laid out has a digest, but for an ID block that is for another. */
	if (r < 0 && r != -(int)SNP_E_ID_BLOCK_DIFFERS)
		abort();
}

static bool same(const struct igvm_layout *a, const struct igvm_layout *b)
{
	if (a->n_pieces != b->n_pieces || a->pages != b->pages || a->features != b->features ||
	    a->n_contexts != b->n_contexts || a->policy != b->policy || a->id_block != b->id_block)
		return false;
	for (size_t i = 0; i < a->n_pieces; i++) {
		const struct igvm_piece *x = &a->pieces[i], *y = &b->pieces[i];

		if (x->type != y->type || x->pages != y->pages || x->gpa != y->gpa ||
		    x->file_gpa != y->file_gpa || x->header != y->header || x->data != y->data)
			return false;
	}
	return true;
}

static void launch_all(const struct snp_igvm *igvm, bool with_digest)
{
	static const uint64_t memory = 512u << 20;
	struct snp_launch launch = {.size = sizeof(launch),
				    .mode = SNP_MODE_SNP_IGVM,
				    .igvm = igvm,
				    .policy = 0x30000,
				    .vcpus.count = 2,
				    .vcpus.signature = 0xa00f11};
	struct igvm_layout layout, other;
	const char *name;

	for (size_t i = 0; (name = snp_profile_at(i)); i++) {
		if (snp_profile_check(name, SNP_MODE_SNP_IGVM, NULL) < 0)
			continue;
		if (!lay_out(&launch, name, memory, &layout))
			continue;
		/* More pages take only longer. */
		if (with_digest && layout.pages <= PAGES_MAX)
			check_digest(&launch, &layout);
		igvm_layout_done(&layout);
	}
	/* What needs no size of memory is the same with one. */
	if (!lay_out(&launch, "igvm-qemu-10", 0, &layout))
		return;
	if (!lay_out(&launch, "igvm-qemu-10", memory, &other) || !same(&layout, &other))
		abort();
	igvm_layout_done(&other);
	igvm_layout_done(&layout);
}

/* An ID block, of no platform, that is put in and taken out again leaves the file as it was. */
static void append_and_remove(const struct snp_igvm *igvm, struct snp_span file)
{
	uint8_t payload[IGVM_ID_BLOCK] = {0}, *longer = NULL, *again = NULL;
	struct snp_igvm *longer_igvm = NULL;
	size_t size, again_size, n;

	/* Headers may lie in the fixed header. */
	if (igvm_append(igvm, SNP_IGVM_SNP_ID_BLOCK, (struct snp_span){payload, sizeof(payload)},
			&longer, &size, NULL) < 0)
		return;
	if (igvm_parse("longer", (struct snp_span){longer, size}, &longer_igvm, NULL) < 0 ||
	    snp_igvm_info(longer_igvm)->n_headers != snp_igvm_info(igvm)->n_headers ||
	    igvm_remove(longer_igvm, SNP_IGVM_SNP_ID_BLOCK, &again, &again_size, &n, NULL) < 0 ||
	    n == 0 ||
	    (n == 1 && (again_size != file.size || memcmp(again, file.data, file.size) != 0)))
		abort();
	snp_igvm_free(longer_igvm);
	free(longer);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	uint8_t *file;
	int r;

	if (size == 0 || size > FILE_MAX)
		return 0;
	file = malloc(size);
	if (!file)
		abort();
	memcpy(file, data, size);
	igvm_repair(file, size);
	r = igvm_parse("file", (struct snp_span){file, size}, &igvm, &err);
	fuzz_check(r, &err, size);
	if (r == 0) {
		check_info(snp_igvm_info(igvm));
		append_and_remove(igvm, (struct snp_span){file, size});
		launch_all(igvm, data[size - 1] % DIGEST_OF == 0);
	}
	snp_igvm_free(igvm);
	free(file);
	return 0;
}
