// SPDX-License-Identifier: Apache-2.0
/*
 * Google's VMLaunchEndorsement (google/gce-tcb-verifier, proto/endorsement.proto): a golden measurement
 * with the certificate of the key that signs it, and the signature over its bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

#include "golden.pb-c.h"
#include "reference/golden.h"

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

static struct snp_span span(ProtobufCBinaryData data)
{
	return (struct snp_span){data.data, data.len};
}

static bool equal(struct snp_span a, struct snp_span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int pack(ProtobufCBinaryData golden, ProtobufCBinaryData signature, uint8_t **ret,
		size_t *ret_size, struct snp_error *err)
{
	Snp__GoldenEndorsement message = SNP__GOLDEN_ENDORSEMENT__INIT;
	uint8_t *bytes;

	message.serialized_uefi_golden = golden;
	message.signature = signature;
	bytes = malloc(snp__golden_endorsement__get_packed_size(&message));
	if (!bytes)
		return out_of_memory(err);
	*ret_size = snp__golden_endorsement__pack(&message, bytes);
	*ret = bytes;
	return 0;
}

static int differs(struct snp_error *err, const char *what)
{
	return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET, "%s", what);
}

/* Check that `golden` is what this map packs to with the certificate that it holds, which must be
 * `certificate` unless that is empty; the one it holds is given to `ret`, for free(). */
static int check_golden(const struct snp_reference *r, const struct golden *map,
			struct snp_span golden, struct snp_span certificate, uint8_t **ret,
			size_t *ret_size, struct snp_error *err)
{
	_cleanup_(measurement_freep) Snp__GoldenMeasurement *found =
		snp__golden_measurement__unpack(NULL, golden.size, golden.data);
	_cleanup_(freep) uint8_t *bytes = NULL, *copy = NULL;
	size_t size;
	int status;

	if (!found || found->cert.len == 0)
		return differs(err, "no golden measurement with a certificate");
	if (certificate.size > 0 && !equal(span(found->cert), certificate))
		return differs(err, "endorsed with another certificate");
	status = golden_pack(r, map, span(found->cert), &bytes, &size, err);
	if (status < 0)
		return status;
	if (!equal(golden, (struct snp_span){bytes, size}))
		return differs(err, "endorses something else than the master says");
	copy = malloc(found->cert.len);
	if (!copy)
		return out_of_memory(err);
	memcpy(copy, found->cert.data, found->cert.len);
	*ret = TAKE_PTR(copy);
	*ret_size = found->cert.len;
	return 0;
}

/* Check one endorsement to the last byte. */
static int check(const struct snp_reference *r, const struct golden *map, struct snp_span file,
		 struct snp_span certificate, struct snp_error *err)
{
	_cleanup_(endorsement_freep) Snp__GoldenEndorsement *message =
		snp__golden_endorsement__unpack(NULL, file.size, file.data);
	_cleanup_(freep) uint8_t *bytes = NULL, *der = NULL;
	size_t size, der_size;
	int status;

	if (!message)
		return differs(err, "no VMLaunchEndorsement");
	status = pack(message->serialized_uefi_golden, message->signature, &bytes, &size, err);
	if (status < 0)
		return status;
	if (!equal(file, (struct snp_span){bytes, size}))
		return differs(err, "more than the two fields of a VMLaunchEndorsement");
	status = check_golden(r, map, span(message->serialized_uefi_golden), certificate, &der,
			      &der_size, err);
	return status < 0 ? status
			  : endorsement_verify((struct snp_span){der, der_size},
					       span(message->serialized_uefi_golden),
					       span(message->signature), err);
}

struct endorsing {
	const struct endorser *endorser;
	const char *before;
	struct folder *folder;
};

static int make(const struct endorser *endorser, const struct snp_reference *r,
		const struct golden *map, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *golden = NULL, *signature = NULL;
	size_t golden_size, size;
	int status =
		golden_pack(r, map, endorser_certificate(endorser), &golden, &golden_size, err);

	if (status == 0)
		status = endorser_sign(endorser, (struct snp_span){golden, golden_size}, &signature,
				       &size, err);
	return status < 0 ? status
			  : pack((ProtobufCBinaryData){.len = golden_size, .data = golden},
				 (ProtobufCBinaryData){.len = size, .data = signature}, ret,
				 ret_size, err);
}

static int endorse(void *arg, const struct snp_reference *r, const struct golden *map,
		   struct snp_error *err)
{
	const struct endorsing *e = arg;
	_cleanup_(freep) uint8_t *kept = NULL;
	uint8_t *made;
	size_t size;
	int status;

	if (folder_read(e->before, map->endorsement, &kept, &size, NULL) == 0 &&
	    check(r, map, (struct snp_span){kept, size}, endorser_certificate(e->endorser), NULL) ==
		    0)
		return folder_add(e->folder, map->endorsement, TAKE_PTR(kept), size, err);
	status = make(e->endorser, r, map, &made, &size, err);
	return status < 0 ? status : folder_add(e->folder, map->endorsement, made, size, err);
}

int golden_endorse(const struct snp_reference *reference, const struct endorser *endorser,
		   const char *before, struct folder *folder, struct snp_error *err)
{
	struct endorsing e = {endorser, before, folder};

	return golden_each(reference, endorse, &e, err);
}

struct verifying {
	const char *folder;
	struct snp_span certificate;
	snp_golden_verified verified;
	void *arg;
};

static int verify(void *arg, const struct snp_reference *r, const struct golden *map,
		  struct snp_error *err)
{
	const struct verifying *v = arg;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_error why = {0};
	size_t size;
	int status;

	if (v->certificate.size == 0 && folder_lacks(v->folder, map->endorsement))
		return 0;
	status = folder_read(v->folder, map->endorsement, &bytes, &size, &why);

	if (status == 0)
		status = check(r, map, (struct snp_span){bytes, size}, v->certificate, &why);
	if (status == -SNP_E_NO_MEMORY) {
		if (err)
			*err = why;
		return status;
	}
	v->verified(v->arg, map->endorsement, status < 0 ? &why : NULL);
	return 0;
}

int golden_verify(const struct snp_reference *reference, const char *folder,
		  struct snp_span certificate, snp_golden_verified verified, void *arg,
		  struct snp_error *err)
{
	struct verifying v = {folder, certificate, verified, arg};

	return golden_each(reference, verify, &v, err);
}
