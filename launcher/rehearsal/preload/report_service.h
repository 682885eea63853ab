/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_REPORT_SERVICE_H
#define REHEARSAL_PRELOAD_REPORT_SERVICE_H

#include "gctx.h"

/* Answer report requests for the running guest on report.sock in its folder (guest_folder.h), a stream
 * socket: 64 bytes of report data in; report and certificate table out, as an extended report file; end of
 * stream. A guest whose VCEK is disabled gets the end of the stream alone (there is no VLEK). */
void report_service_start(const struct gctx *gctx);

#endif
