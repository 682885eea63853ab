/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_REMOTE_MEASURE_H
#define LAUNCHER_GUEST_REMOTE_MEASURE_H

#include <snp/error.h>
#include <snp/span.h>

#include "guest/measurement.h"

/*
 * The files of a remote host, measured there by its own snp-measure, which ssh runs. The answer is that host's own
 * word: it says what a careless host would launch, and nothing about one that lies. What counts against that one is an
 * ID block that was signed elsewhere, and the report.
 */

/* Measure `spec`, whose files are on the host of `uri` (qemu+ssh://…). `ret_boot`, zeroed before, gets their sizes and
 * hashes, and is for boot_files_done(), also after a failure. ssh asks for nothing: it must log in by a key.
 * Errors: SNP_E_USAGE (a URI without ssh, an IGVM file, a firmware that is not named); SNP_E_REMOTE (ssh, another version
 * there, an answer that cannot be read); SNP_E_NOT_FOUND (no snp-measure there); what snp-measure there says. */
SNP_MUST_USE int remote_measure(const char *uri, const struct launch_spec *spec,
				struct boot_file ret_boot[static BOOT_PARTS],
				struct guest_measurement *ret, struct snp_error *err);

/* Read the answer of `snp-measure digest --json`, called `host` in messages; it must be about `spec`. Errors: as
 * above. */
SNP_MUST_USE int remote_answer_read(const char *host, struct snp_span text,
				    const struct launch_spec *spec,
				    struct boot_file ret_boot[static BOOT_PARTS],
				    struct guest_measurement *ret, struct snp_error *err);

#endif
