/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_REPORT_H
#define REHEARSAL_PRELOAD_REPORT_H

#include <openssl/evp.h>
#include <stdint.h>

#include "gctx.h"
#include "settings.h"

#define REPORT_SIZE	 1184
#define REPORT_DATA_SIZE 64

/* ATTESTATION_REPORT, version 3 (AMD SNP ABI 56860, table "ATTESTATION_REPORT Structure"), of a running
 * guest at VMPL 0, signed with the chip's `vcek`. All TCB versions of the platform are the same.
 * Returns 0 or -1 where libcrypto failed. */
int report_make(const struct gctx *gctx, const struct settings *host,
		const uint8_t report_data[static REPORT_DATA_SIZE], EVP_PKEY *vcek,
		uint8_t ret[static REPORT_SIZE]);

/* Answer report requests for the running guest on report.sock in its folder, a stream socket: 64 bytes
 * of report data in; report and certificate table out, as an extended report file; end of stream. A
 * guest whose VCEK is disabled gets only the end of stream (there is no VLEK). */
void report_service_start(const struct gctx *gctx);

#endif
