// SPDX-License-Identifier: Apache-2.0
/*
 * Google's VMGoldenMeasurement (google/gce-tcb-verifier, proto/endorsement.proto): a map from vCPU count
 * to digest, for one firmware. It has no room for CPU models, guest features or profiles, so each
 * combination of those is a message of its own: golden.pb if there is one, golden/NAME.pb if there are
 * more. VMLaunchEndorsement is such a message with the certificate of the key that signs it, and the
 * signature over its bytes.
 */
#include "reference/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "golden.pb-c.h"
#include "reference/model.h"

static void endorsement_freep(Snp__GoldenEndorsement **p)
{
	if (*p)
		snp__golden_endorsement__free_unpacked(*p, NULL);
}

static void measurement_freep(Snp__GoldenMeasurement **p)
{
	if (*p)
		snp__golden_measurement__free_unpacked(*p, NULL);
}

/* protobuf-c wants pointers to mutable data and writes none of it. */
static ProtobufCBinaryData binary(struct snp_span span)
{
	return (ProtobufCBinaryData){.len = span.size, .data = (uint8_t *)(uintptr_t)span.data};
}

static struct snp_span span(ProtobufCBinaryData data)
{
	return (struct snp_span){data.data, data.len};
}

static bool equal(struct snp_span a, struct snp_span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int pack(const ProtobufCMessage *message, uint8_t **ret, size_t *ret_size,
		struct snp_error *err)
{
	uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message));

	if (!bytes)
		return out_of_memory(err);
	*ret_size = protobuf_c_message_pack(message, bytes);
	*ret = bytes;
	return 0;
}

/* Encode one as VMGoldenMeasurement; with a certificate (DER, or empty) in its field 4. */
static int pack_golden(const struct golden *map, struct snp_span certificate, uint8_t **ret,
		       size_t *ret_size, struct snp_error *err)
{
	const struct snp_reference_image *image = map->image;
	size_t n = map->n_variants;
	_cleanup_(freep) Snp__GoldenCount *counts = calloc(n, sizeof(*counts));
	_cleanup_(freep) Snp__GoldenCount **pointers = calloc(n, sizeof(*pointers));
	Snp__GoldenTimestamp timestamp = SNP__GOLDEN_TIMESTAMP__INIT;
	Snp__GoldenSevSnp sev_snp = SNP__GOLDEN_SEV_SNP__INIT;
	Snp__GoldenMeasurement golden = SNP__GOLDEN_MEASUREMENT__INIT;

	if (!counts || !pointers)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		const struct snp_reference_variant *v = &map->variants[i];

		snp__golden_count__init(&counts[i]);
		counts[i].key = v->vcpus.count;
		counts[i].value =
			binary((struct snp_span){v->launch_digest, sizeof(v->launch_digest)});
		pointers[i] = &counts[i];
	}
	sev_snp.svn = image->guest_svn;
	sev_snp.n_measurements = n;
	sev_snp.measurements = pointers;
	sev_snp.family_id = binary((struct snp_span){image->family_id, SNP_ID_SIZE});
	sev_snp.image_id = binary((struct snp_span){image->image_id, SNP_ID_SIZE});
	sev_snp.policy = image->policy;
	golden.cert = binary(certificate);
	golden.digest = binary((struct snp_span){image->firmware_sha384, SNP_SHA384_SIZE});
	golden.sev_snp = &sev_snp;
	timestamp.seconds = (int64_t)map->reference->timestamp;
	if (map->reference->has_timestamp)
		golden.timestamp = &timestamp;
	return pack(&golden.base, ret, ret_size, err);
}

static bool same_map(const struct snp_reference_variant *a, const struct snp_reference_variant *b)
{
	struct snp_reference_variant like = *b;

	like.vcpus.count = a->vcpus.count;
	return variant_compare(a, &like) == 0;
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

typedef int (*golden_visit)(void *arg, const struct golden *golden, struct snp_error *err);

/* Visit the golden measurements in their order; the first failure ends it. */
static int golden_each(const struct snp_reference *r, golden_visit visit, void *arg,
		       struct snp_error *err)
{
	bool single = r->n_images == 1 && map_size(&r->images[0], 0) == r->images[0].n_variants;

	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];
		size_t n;

		for (size_t k = 0; k < image->n_variants; k += n) {
			struct golden map = {r, image,	     &image->variants[k],
					     0, "golden.pb", "golden-endorsement.pb"};
			char name[VARIANT_NAME_SIZE];
			int status;

			map.n_variants = n = map_size(image, k);
			variant_name(image, map.variants, name);
			if (!single) {
				snprintf(map.file, sizeof(map.file), "golden/%s.pb", name);
				snprintf(map.endorsement, sizeof(map.endorsement),
					 "golden/%s.endorsement.pb", name);
			}
			status = visit(arg, &map, err);
			if (status < 0)
				return status;
		}
	}
	return 0;
}

static int add(void *arg, const struct golden *map, struct snp_error *err)
{
	uint8_t *bytes;
	size_t size;
	int status = pack_golden(map, (struct snp_span){0}, &bytes, &size, err);

	return status < 0 ? status : folder_add(arg, map->file, bytes, size, err);
}

int emit_golden(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return golden_each(r, add, f, err);
}

static int pack_endorsement(struct snp_span golden, struct snp_span signature, uint8_t **ret,
			    size_t *ret_size, struct snp_error *err)
{
	Snp__GoldenEndorsement message = SNP__GOLDEN_ENDORSEMENT__INIT;

	message.serialized_uefi_golden = binary(golden);
	message.signature = binary(signature);
	return pack(&message.base, ret, ret_size, err);
}

static int different(const char *what, struct snp_error *err)
{
	return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET, "%s", what);
}

/* Check that `bytes` are the golden measurement of `map` with the certificate that is in them, which must be
 * `certificate` unless that is empty, and that `signature` is by its key. */
static int check_golden(const struct golden *map, struct snp_span bytes, struct snp_span signature,
			struct snp_span certificate, struct snp_error *err)
{
	_cleanup_(measurement_freep) Snp__GoldenMeasurement *found =
		snp__golden_measurement__unpack(NULL, bytes.size, bytes.data);
	_cleanup_(freep) uint8_t *expected = NULL;
	size_t size;
	int status;

	if (!found || found->cert.len == 0)
		return different("not a golden measurement with a certificate", err);
	if (certificate.size > 0 && !equal(span(found->cert), certificate))
		return different("endorsed with another certificate", err);
	status = pack_golden(map, span(found->cert), &expected, &size, err);
	if (status < 0)
		return status;
	if (!equal(bytes, (struct snp_span){expected, size}))
		return different("endorses something other than the master", err);
	return endorsement_verify(span(found->cert), bytes, signature, err);
}

/* Check one endorsement to the last byte. */
static int check_endorsement(const struct golden *map, struct snp_span file,
			     struct snp_span certificate, struct snp_error *err)
{
	_cleanup_(endorsement_freep) Snp__GoldenEndorsement *message =
		snp__golden_endorsement__unpack(NULL, file.size, file.data);
	_cleanup_(freep) uint8_t *expected = NULL;
	struct snp_span golden, signature;
	size_t size;
	int status;

	if (!message)
		return different("not a VMLaunchEndorsement", err);
	golden = span(message->serialized_uefi_golden);
	signature = span(message->signature);
	status = pack_endorsement(golden, signature, &expected, &size, err);
	if (status < 0)
		return status;
	if (!equal(file, (struct snp_span){expected, size}))
		return different("more than the two fields of a VMLaunchEndorsement", err);
	return check_golden(map, golden, signature, certificate, err);
}

struct endorsing {
	const struct endorser *endorser;
	const char *before;
	struct folder *folder;
};

static int make_endorsement(const struct endorser *endorser, const struct golden *map,
			    uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *golden = NULL, *signature = NULL;
	struct snp_span bytes;
	size_t size;
	int status = pack_golden(map, endorser_certificate(endorser), &golden, &bytes.size, err);

	bytes.data = golden;
	if (status == 0)
		status = endorser_sign(endorser, bytes, &signature, &size, err);
	return status < 0 ? status
			  : pack_endorsement(bytes, (struct snp_span){signature, size}, ret,
					     ret_size, err);
}

static int endorse(void *arg, const struct golden *map, struct snp_error *err)
{
	const struct endorsing *e = arg;
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int status = 0;

	if (folder_read(e->before, map->endorsement, &bytes, &size, NULL) < 0 ||
	    check_endorsement(map, (struct snp_span){bytes, size},
			      endorser_certificate(e->endorser), NULL) < 0) {
		free(TAKE_PTR(bytes));
		status = make_endorsement(e->endorser, map, &bytes, &size, err);
	}
	return status < 0 ? status
			  : folder_add(e->folder, map->endorsement, TAKE_PTR(bytes), size, err);
}

int golden_endorse(const struct snp_reference *reference, const struct endorser *endorser,
		   const char *before, struct folder *folder, struct snp_error *err)
{
	struct endorsing e = {endorser, before, folder};

	return golden_each(reference, endorse, &e, err);
}

static int add_name(void *arg, const struct golden *map, struct snp_error *err)
{
	return folder_add(arg, map->endorsement, NULL, 0, err);
}

int golden_names(const struct snp_reference *reference, struct folder *folder,
		 struct snp_error *err)
{
	return golden_each(reference, add_name, folder, err);
}

struct search {
	const char *path;
	bool found;
};

static int find_endorsement(void *arg, const struct golden *map, struct snp_error *err)
{
	struct search *search = arg;

	(void)err;
	search->found = search->found || !folder_lacks(search->path, map->endorsement);
	return 0;
}

bool is_endorsed(const struct snp_reference *reference, const char *path)
{
	struct search search = {.path = path};

	return golden_each(reference, find_endorsement, &search, NULL) == 0 && search.found;
}

struct verifying {
	const char *folder;
	struct snp_span certificate;
	signature_verified verified;
	void *arg;
};

static int verify(void *arg, const struct golden *map, struct snp_error *err)
{
	const struct verifying *v = arg;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_error why = {0};
	size_t size;
	int status;

	status = folder_read(v->folder, map->endorsement, &bytes, &size, &why);
	if (status == 0)
		status = check_endorsement(map, (struct snp_span){bytes, size}, v->certificate,
					   &why);
	if (status == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	v->verified(v->arg, map->endorsement, status < 0 ? &why : NULL);
	return 0;
}

int golden_verify(const struct snp_reference *reference, const char *folder,
		  struct snp_span certificate, signature_verified verified, void *arg,
		  struct snp_error *err)
{
	struct verifying v = {folder, certificate, verified, arg};

	return certificate.size > 0 || is_endorsed(reference, folder)
		       ? golden_each(reference, verify, &v, err)
		       : 0;
}
