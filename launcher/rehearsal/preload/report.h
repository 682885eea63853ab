/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_REPORT_H
#define REHEARSAL_PRELOAD_REPORT_H

#include "gctx.h"
#include "settings.h"

#define REPORT_SIZE	 1184
#define REPORT_DATA_SIZE 64

/* Answer report requests for the running guest on report.sock in its folder, a stream socket: 64 bytes
 * of report data in; report and certificate table out, as an extended report file; end of stream. A
 * guest whose VCEK is disabled gets only the end of stream (there is no VLEK). */
void report_service_start(const struct gctx *gctx);

#endif
