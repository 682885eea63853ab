// SPDX-License-Identifier: Apache-2.0
/*
 * Google's VMGoldenMeasurement (google/gce-tcb-verifier, proto/endorsement.proto): a map from vCPU count
 * to digest, for one firmware. It has no room for CPU models, guest features or profiles, so each
 * combination of those is a message of its own: golden.pb if there is one, golden/NAME.pb if there are
 * more.
 */
#include "reference/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "golden.pb-c.h"

static bool same_map(const struct snp_reference_variant *a, const struct snp_reference_variant *b)
{
	return strcmp(a->vcpus.profile, b->vcpus.profile) == 0 &&
	       a->vcpus.signature == b->vcpus.signature && a->vcpus.features == b->vcpus.features &&
	       strcmp(a->vcpus.model, b->vcpus.model) == 0;
}

/* Variants are sorted so that those of one map are neighbours. */
static size_t map_size(const struct snp_reference_image *image, size_t first)
{
	size_t n = 1;

	while (first + n < image->n_variants &&
	       same_map(&image->variants[first], &image->variants[first + n]))
		n++;
	return n;
}

static ProtobufCBinaryData binary(uint8_t *data, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = data};
}

/* protobuf-c wants pointers to mutable data and writes none of it. */
static uint8_t *mutable(const uint8_t *data)
{
	return (uint8_t *)(uintptr_t)data;
}

int golden_pack(const struct snp_reference *r, const struct golden *map,
		struct snp_span certificate, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	const struct snp_reference_image *image = map->image;
	const struct snp_reference_variant *variants = map->variants;
	size_t n = map->n_variants;
	_cleanup_(freep) Snp__GoldenCount *counts = calloc(n, sizeof(*counts));
	_cleanup_(freep) Snp__GoldenCount **pointers = calloc(n, sizeof(*pointers));
	Snp__GoldenTimestamp timestamp = SNP__GOLDEN_TIMESTAMP__INIT;
	Snp__GoldenSevSnp sev_snp = SNP__GOLDEN_SEV_SNP__INIT;
	Snp__GoldenMeasurement golden = SNP__GOLDEN_MEASUREMENT__INIT;
	uint8_t *bytes;

	if (!counts || !pointers)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		snp__golden_count__init(&counts[i]);
		counts[i].key = variants[i].vcpus.count;
		counts[i].value =
			binary(mutable(variants[i].launch_digest), SNP_LAUNCH_DIGEST_SIZE);
		pointers[i] = &counts[i];
	}
	sev_snp.svn = image->guest_svn;
	sev_snp.n_measurements = n;
	sev_snp.measurements = pointers;
	sev_snp.family_id = binary(mutable(image->family_id), SNP_ID_SIZE);
	sev_snp.image_id = binary(mutable(image->image_id), SNP_ID_SIZE);
	sev_snp.policy = image->policy;
	golden.cert = binary(mutable(certificate.data), certificate.size);
	golden.digest = binary(mutable(image->firmware_sha384), SNP_SHA384_SIZE);
	golden.sev_snp = &sev_snp;
	timestamp.seconds = (int64_t)r->timestamp;
	if (r->has_timestamp)
		golden.timestamp = &timestamp;
	bytes = malloc(snp__golden_measurement__get_packed_size(&golden));
	if (!bytes)
		return out_of_memory(err);
	*ret_size = snp__golden_measurement__pack(&golden, bytes);
	*ret = bytes;
	return 0;
}

static void name_files(bool single, const char *variant, struct golden *map)
{
	const char *folder = single ? "" : "golden/", *name = single ? "golden" : variant;

	snprintf(map->file, sizeof(map->file), "%s%s.pb", folder, name);
	snprintf(map->endorsement, sizeof(map->endorsement), "%s%s%cendorsement.pb", folder, name,
		 single ? '-' : '.');
}

int golden_each(const struct snp_reference *r, snp_golden_visit visit, void *arg,
		struct snp_error *err)
{
	bool single = r->n_images == 1 && map_size(&r->images[0], 0) == r->images[0].n_variants;

	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];
		size_t n;

		for (size_t k = 0; k < image->n_variants; k += n) {
			struct golden map = {.image = image, .variants = &image->variants[k]};
			char variant[SNP_VARIANT_NAME_SIZE];
			int status;

			map.n_variants = n = map_size(image, k);
			variant_name(image, &image->variants[k], variant);
			name_files(single, variant, &map);
			status = visit(arg, r, &map, err);
			if (status < 0)
				return status;
		}
	}
	return 0;
}

static int add(void *arg, const struct snp_reference *r, const struct golden *map,
	       struct snp_error *err)
{
	uint8_t *bytes;
	size_t size;
	int status = golden_pack(r, map, (struct snp_span){0}, &bytes, &size, err);

	return status < 0 ? status : folder_add(arg, map->file, bytes, size, err);
}

int emit_golden(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return golden_each(r, add, f, err);
}
