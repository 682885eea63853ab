/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_BINDING_H
#define LAUNCHER_GUEST_BINDING_H

#include <snp/error.h>

#include "config/vm_config.h"
#include "guest/measurement.h"
#include "guest/record.h"

/*
 * What binds a guest to its digest: an ID block, which the secure processor compares with what was launched
 * before the guest runs. One from a published document or from files was signed elsewhere; one made here
 * with a key of this host's guards against mistakes and swapped files, not against the host, and a verifier
 * must demand ID_KEY_DIGEST in either case.
 */

struct measured_guest {
	const struct vm_config *config;
	const struct guest_measurement *measured;
	const struct boot_file *boot; /* BOOT_PARTS of them, as measured */
	const struct guest_record
		*archived; /* of the host that the guest comes from; NULL: it does not */
};

/* The binding that the configuration asks for: source ID_NONE where it asks for none. A guest out of an archive keeps
 * the block that it has. Every block, wherever
 * it comes from, is verified against its auth, and compared with the measurement and the policy.
 * Errors: SNP_E_DIGEST_DIFFERS (saying which input differs, as far as the document tells or a search
 * finds out), SNP_E_POLICY_DIFFERS, SNP_E_NOT_BOUND (the document has no ID block for this guest),
 * SNP_E_SIGNATURE, SNP_E_BAD_ID_BLOCK, those of snp_reference_read(), snp_reference_find() and
 * snp_key_read(), SNP_E_BAD_KEY also where the author key is the ID key. */
SNP_MUST_USE int guest_bind(const struct measured_guest *guest, struct guest_binding *ret,
			    struct snp_error *err);

/* Compare with snp.measurement (not with a file that it names where the guest comes out of an archive) and --expect
 * (NULL: none). Errors: SNP_E_DIGEST_DIFFERS, likewise; those
 * of reading a file. */
SNP_MUST_USE int guest_expect(const struct measured_guest *guest, const uint8_t *expected,
			      struct snp_error *err);

#endif
