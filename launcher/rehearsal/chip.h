/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_CHIP_H
#define LAUNCHER_REHEARSAL_CHIP_H

#include <snp/error.h>

#include "rehearsal/layout.h"

/*
 * The keys of the simulated chip, in AMD's form but under names of their own, so that nothing signed
 * with them verifies to a root of AMD's: ARK-Simulated (RSA-4096) -> SEV-Simulated (RSA-4096) ->
 * SEV-VCEK (P-384), signed by RSASSA-PSS with SHA-384. The two roots are kept in `cache` ("": nowhere),
 * since making them takes seconds; they prove nothing and protect nothing. The VCEK is the host's own.
 *
 * Writes chip/ark.der, ask.der, vcek.der, vcek.key (PEM) and certificates.bin, the certificate table of
 * an extended report. Errors: SNP_E_CRYPTO, SNP_E_WRITE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int chip_make(const struct host_layout *host, const char *cache,
			   struct snp_error *err);

#endif
