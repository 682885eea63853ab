/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_LOG_SOURCE_H
#define LAUNCHER_GUEST_LOG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <snp/error.h>

#include "guest/console_log.h"

/* Which bytes of a guest's logs are printed. */

/* The parts of one log, and what of them is printed. */
struct log_source {
	struct log_parts parts;
	uint64_t from, to;
	uint64_t lines; /* in between */
};

/* All that are printed, in this order. */
#define LOG_SOURCES_MAX (CONSOLE_LOG_BOOTS + 1)
struct log_sources {
	size_t n;
	struct log_source source[LOG_SOURCES_MAX];
};

void log_sources_close(struct log_sources *sources);

/* Hand over the bytes of [from, to), and say where they ended: the log may be shorter. Errors: SNP_E_READ, those of
 * `take`. */
typedef int log_taker(void *arg, const char *bytes, size_t size, struct snp_error *err);
SNP_MUST_USE int log_each_piece(const struct log_parts *parts, uint64_t from, uint64_t to,
				log_taker *take, void *taker_arg, uint64_t *ret_end,
				struct snp_error *err);

/* The time of the last write; 0 if it is not known. */
time_t log_last_write(const struct log_parts *parts);

/* One run of QEMU alone, of the log with all of them. Errors: SNP_E_NOT_FOUND, SNP_E_READ. */
SNP_MUST_USE int log_source_run(struct log_source *source, unsigned int boots_ago,
				struct snp_error *err);

/* From the first line that may be as new as `since`, if `limited`; its lines are counted. Errors: SNP_E_READ. */
SNP_MUST_USE int log_source_since(struct log_source *source, bool limited, time_t since,
				  struct snp_error *err);

/* Then: only the last so many lines of all. Errors: SNP_E_READ. */
SNP_MUST_USE int log_sources_last(struct log_sources *sources, uint64_t lines,
				  struct snp_error *err);

#endif
