// SPDX-License-Identifier: Apache-2.0
#include "endorsement/launch_endorsement.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include <snp/certificate.h>
#include <snp/fail.h>
#include <snp/hex.h>

#include "golden.pb-c.h"
#include "identity/endorser.h"

struct launch_endorsement {
	Snp__GoldenEndorsement *message;
	Snp__GoldenMeasurement *golden;
	struct launch_claims claims;
	X509 *signer;
};

void launch_endorsement_free(struct launch_endorsement *endorsement)
{
	if (!endorsement)
		return;
	snp__golden_endorsement__free_unpacked(endorsement->message, NULL);
	snp__golden_measurement__free_unpacked(endorsement->golden, NULL);
	X509_free(endorsement->signer);
	free(endorsement->claims.launches);
	free(endorsement);
}

const struct launch_claims *launch_claims(const struct launch_endorsement *endorsement)
{
	return &endorsement->claims;
}

const X509 *launch_signer(const struct launch_endorsement *endorsement)
{
	return endorsement->signer;
}

static struct snp_span span(ProtobufCBinaryData data)
{
	return (struct snp_span){data.data, data.len};
}

static int bad(struct snp_error *err, const char *what)
{
	return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET, "%s", what);
}

bool launch_endorsement_is(struct snp_span bytes)
{
	Snp__GoldenEndorsement *message;
	bool both;

	if (bytes.size == 0 || bytes.size > LAUNCH_MAX_ENDORSEMENT || bytes.data[0] != 0x0a)
		return false;
	message = snp__golden_endorsement__unpack(NULL, bytes.size, bytes.data);
	both = message && message->serialized_uefi_golden.len > 0 && message->signature.len > 0;
	snp__golden_endorsement__free_unpacked(message, NULL);
	return both;
}

/* The two fields once each, and nothing else: in protobuf a later field replaces an earlier one. */
static bool is_all(const Snp__GoldenEndorsement *message, size_t size)
{
	return message->base.n_unknown_fields == 0 &&
	       protobuf_c_message_get_packed_size(&message->base) == size;
}

static int read_launches(const Snp__GoldenSevSnp *sev_snp, struct launch_claims *claims,
			 struct snp_error *err)
{
	size_t n = sev_snp->n_measurements;

	claims->launches = calloc(n, sizeof(*claims->launches));
	if (!claims->launches)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		const Snp__GoldenCount *count = sev_snp->measurements[i];
		struct endorsed_launch *launch = &claims->launches[i];

		if (count->key == 0 || count->value.len != sizeof(launch->launch_digest))
			return bad(err, "a launch digest is not of 48 bytes, or is for 0 vCPUs");
		for (size_t k = 0; k < i; k++)
			if (claims->launches[k].vcpu_count == count->key)
				return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET,
						 "it has two launch digests for %u vCPUs",
						 (unsigned int)count->key);
		launch->vcpu_count = count->key;
		memcpy(launch->launch_digest, count->value.data, sizeof(launch->launch_digest));
	}
	claims->n_launches = n;
	return 0;
}

/* As many as QEMU or a cloud has processors, and each is compared with those before it. */
#define MAX_LAUNCHES 4096

static int read_claims(const Snp__GoldenMeasurement *golden, struct launch_claims *claims,
		       struct snp_error *err)
{
	const Snp__GoldenSevSnp *sev_snp = golden->sev_snp;

	if (!sev_snp || sev_snp->n_measurements == 0)
		return bad(err, "its golden measurement has no launch digest of SEV-SNP");
	if (sev_snp->n_measurements > MAX_LAUNCHES)
		return bad(err, "its golden measurement has more than 4096 launch digests");
	if (golden->digest.len != sizeof(claims->firmware_sha384))
		return bad(err, "its golden measurement has no SHA-384 of the firmware");
	memcpy(claims->firmware_sha384, golden->digest.data, sizeof(claims->firmware_sha384));
	claims->svn = sev_snp->svn;
	claims->policy = sev_snp->policy;
	claims->has_time = golden->timestamp && golden->timestamp->seconds >= 0;
	claims->time = claims->has_time ? (uint64_t)golden->timestamp->seconds : 0;
	return read_launches(sev_snp, claims, err);
}

static int read_signer(const Snp__GoldenMeasurement *golden, X509 **ret, struct snp_error *err)
{
	struct snp_span der = span(golden->cert);
	const unsigned char *at = der.data;

	if (der.size == 0)
		return bad(err, "its golden measurement has no certificate");
	if (der.size <= SNP_MAX_CERTIFICATE_SIZE)
		*ret = d2i_X509(NULL, &at, (long)der.size);
	ERR_clear_error();
	return *ret && at == der.data + der.size
		       ? 0
		       : bad(err, "the certificate of its golden measurement is not X.509 in DER");
}

int launch_endorsement_read(struct snp_span bytes, struct launch_endorsement **ret,
			    struct snp_error *err)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = calloc(1, sizeof(*e));
	_cleanup_(freep) uint8_t *decoded = NULL;
	struct snp_span golden;
	bool is_hex;
	int r = 0;

	if (!e)
		return out_of_memory(err);
	if (bytes.size > LAUNCH_MAX_ENDORSEMENT)
		return bad(err, "not an endorsement: it is larger than 1 MiB");
	if (text_is_encoded(bytes)) {
		r = text_decode(bytes, "the endorsement", &is_hex, &decoded, &bytes.size, err);
		bytes.data = decoded;
	}
	if (r < 0)
		return r;
	e->message = snp__golden_endorsement__unpack(NULL, bytes.size, bytes.data);
	if (!e->message || e->message->serialized_uefi_golden.len == 0 ||
	    e->message->signature.len == 0)
		return bad(err, "not a VMLaunchEndorsement");
	if (!is_all(e->message, bytes.size))
		return bad(err, "it has more than the two fields of a VMLaunchEndorsement");
	golden = span(e->message->serialized_uefi_golden);
	e->golden = snp__golden_measurement__unpack(NULL, golden.size, golden.data);
	if (!e->golden)
		return bad(err, "what it signs is not a VMGoldenMeasurement");
	r = read_signer(e->golden, &e->signer, err);
	if (r < 0)
		return r;
	r = read_claims(e->golden, &e->claims, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(e);
	return 0;
}

int launch_check_signature(const struct launch_endorsement *e,
			   char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	struct snp_error cause = {0};
	int r = endorsement_verify(span(e->golden->cert), span(e->message->serialized_uefi_golden),
				   span(e->message->signature), &cause);

	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (r < 0)
		snprintf(why, ENDORSEMENT_WHY_SIZE, "%.200s", cause.message);
	return 0;
}

int launch_check_signer(const struct launch_endorsement *e, struct snp_span roots, int64_t at,
			char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	_cleanup_(signer_certificates_freep) STACK_OF(X509) *trusted = NULL;
	int r = signer_read_roots(roots, &trusted, err);

	return r < 0 ? r : signer_check_chain(e->signer, NULL, trusted, at, why, err);
}

uint32_t launch_vcpu_count(const struct launch_endorsement *e,
			   const uint8_t digest[static SNP_MEASUREMENT_SIZE], uint32_t vcpu_count)
{
	for (size_t i = 0; i < e->claims.n_launches; i++) {
		const struct endorsed_launch *launch = &e->claims.launches[i];

		if ((vcpu_count == 0 || launch->vcpu_count == vcpu_count) &&
		    memcmp(launch->launch_digest, digest, SNP_MEASUREMENT_SIZE) == 0)
			return launch->vcpu_count;
	}
	return 0;
}
