/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_LAUNCH_ENDORSEMENT_H
#define ENDORSEMENT_LAUNCH_ENDORSEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/report.h>

#include "endorsement/signer.h"

/*
 * Google's endorsement of a firmware (VMLaunchEndorsement of google/gce-tcb-verifier, proto/endorsement.proto): a golden
 * measurement as bytes, and a signature over these bytes. The golden measurement has the signer's certificate, which
 * Google's root signed, and a launch digest for each number of vCPUs. `publish` writes the same.
 */
struct launch_endorsement;

/* One number of vCPUs, which is one of VMSAs: a guest with an SVSM is launched with 1. */
struct endorsed_launch {
	uint32_t vcpu_count;
	uint8_t launch_digest[SNP_MEASUREMENT_SIZE];
};

/* What it says; nothing of it is verified. */
struct launch_claims {
	struct endorsed_launch *launches; /* in its order, each number once */
	size_t n_launches;
	uint32_t svn;
	uint64_t policy; /* that the guest is launched with; 0: it says none */
	uint8_t firmware_sha384[48];
	bool has_time;
	uint64_t time; /* of its making, seconds since 1970 */
};

/* Read an endorsement, or hex or base64 of it. Refused: other fields than the two, a golden measurement without a certificate or without digests
 * of SEV-SNP, a number of vCPUs that is zero or there twice. Errors: SNP_E_ENDORSEMENT,
 * SNP_E_BAD_BASE64, SNP_E_NO_MEMORY. */
#define LAUNCH_MAX_ENDORSEMENT (1u << 20)
SNP_MUST_USE int launch_endorsement_read(struct snp_span bytes, struct launch_endorsement **ret,
					 struct snp_error *err);
void launch_endorsement_free(struct launch_endorsement *endorsement);
DEFINE_CLEANUP(struct launch_endorsement *, launch_endorsement_free);
const struct launch_claims *launch_claims(const struct launch_endorsement *endorsement);
const X509 *launch_signer(const struct launch_endorsement *endorsement);

/* True if these bytes may be an endorsement: what else is wrong with them is for launch_endorsement_read() to say. */
bool launch_endorsement_is(struct snp_span bytes);

/* Each of these is one question. The answer is no if it leaves text in `why`. */

/* Did the signer's key sign it? Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int launch_check_signature(const struct launch_endorsement *endorsement,
					char why[static ENDORSEMENT_WHY_SIZE],
					struct snp_error *err);

/* Did one of these roots (DER or PEM) certify the signer, and are both valid at the time `at`?
 * Errors: SNP_E_BAD_CERTIFICATE (of the roots), SNP_E_NO_MEMORY. */
SNP_MUST_USE int launch_check_signer(const struct launch_endorsement *endorsement,
				     struct snp_span roots, int64_t at,
				     char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err);

/* The number of vCPUs that this launch digest is endorsed for; 0: none. With `vcpu_count` it must be that one. */
uint32_t launch_vcpu_count(const struct launch_endorsement *endorsement,
			   const uint8_t digest[static SNP_MEASUREMENT_SIZE], uint32_t vcpu_count);

#endif
