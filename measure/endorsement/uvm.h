/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_UVM_H
#define ENDORSEMENT_UVM_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/report.h>

#include "endorsement/signer.h"

/*
 * Microsoft's endorsement of the utility VM of Azure's container groups (reference-info-base64): a COSE_Sign1 message
 * whose payload names a launch measurement and an SVN. Who signed it is said by a did:x509 issuer: the SHA-256 of a CA
 * certificate in its chain, and the extended key usage that the signer's certificate must have.
 *
 * Signers' certificates live a year, and endorsements longer. So dates are not held against the present: the
 * certificates must be valid at the time of the RFC 3161 timestamp where that is verified, and else at the time that the
 * signer states. Who steals a signer's key can state any time; the timestamp alone stops that after the key expires.
 */
struct uvm_endorsement;

/* What it says; nothing of it is verified. */
struct uvm_claims {
	char issuer[ENDORSEMENT_TEXT_SIZE], feed[ENDORSEMENT_TEXT_SIZE];
	uint64_t svn;
	uint8_t measurement[SNP_MEASUREMENT_SIZE];
	bool has_signing_time, has_timestamp;
	uint64_t signing_time; /* seconds since 1970 */
	const char *algorithm; /* "PS384" */
	size_t n_certificates;
};

/* Read an endorsement: COSE, or base64 of it in one line. Errors: SNP_E_ENDORSEMENT, SNP_E_NO_MEMORY. */
#define UVM_MAX_ENDORSEMENT (256u << 10)
SNP_MUST_USE int uvm_read(struct snp_span bytes, struct uvm_endorsement **ret,
			  struct snp_error *err);
void uvm_free(struct uvm_endorsement *endorsement);
DEFINE_CLEANUP(struct uvm_endorsement *, uvm_free);
const struct uvm_claims *uvm_claims(const struct uvm_endorsement *endorsement);

/* The common name of the i-th certificate, the signer's first, escaped; "" if it has none. */
void uvm_certificate_name(const struct uvm_endorsement *endorsement, size_t i,
			  char ret[static ENDORSEMENT_TEXT_SIZE]);

/* Each of these is one question. The answer is no if it leaves text in `why`. Errors: SNP_E_NO_MEMORY. */

/* Did the signer's key sign it? */
SNP_MUST_USE int uvm_check_signature(const struct uvm_endorsement *endorsement,
				     char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err);

/* Do its certificates lead to the CA that the issuer names, at the time `at`, and has the signer's the usage that the
 * issuer names? */
SNP_MUST_USE int uvm_check_issuer(const struct uvm_endorsement *endorsement, const char *issuer,
				  int64_t at, char why[static ENDORSEMENT_WHY_SIZE],
				  struct snp_error *err);

/* Is its timestamp, over its signature, by an authority below one of these roots (DER or PEM)? Then `ret_time` is when.
 * Without roots: does it hold together, down to the CA certificates in it? It may then be anybody's, and `ret_time` is left. */
SNP_MUST_USE int uvm_check_timestamp(const struct uvm_endorsement *endorsement,
				     struct snp_span roots, int64_t *ret_time,
				     char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err);

/* Microsoft's known roots of trust, by feed. */
struct uvm_root {
	const char *feed, *issuer;
	uint64_t minimum_svn;
};

/* The one of this feed, or NULL. */
const struct uvm_root *uvm_root_of(const char *feed);

#endif
