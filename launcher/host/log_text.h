/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_LOG_TEXT_H
#define LAUNCHER_HOST_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <snp/error.h>

/* Where in a log to begin. Logs are of guests and of QEMU: what they say of the time is not evidence, and a line that
 * may be newer than the time asked for is never left out. */

/* A time as journalctl takes it: "2026-11-30 21:32:25", also with "T" in between and "Z" (UTC) at the end, without
 * seconds or time of day; "21:32"; "today", "yesterday"; "@SECONDS"; "1h30m", "-10min", "2 days ago". Errors:
 * SNP_E_USAGE. */
SNP_MUST_USE int since_parse(const char *text, time_t now, time_t *ret, struct snp_error *err);

/* Lines of a text that comes in pieces: `line` is called with where each begins and its first bytes. */
struct line_reader {
	void (*line)(void *arg, uint64_t at, const char *head, size_t size);
	void *arg;
	uint64_t at, line_at;
	char head[64];
	size_t n;
};
void lines_feed(struct line_reader *reader, const char *bytes, size_t size);
void lines_end(struct line_reader *reader);

/* Whether libvirt's line begins a new run of QEMU. */
bool line_begins_run(const char *head, size_t size);

/* What a line says of its time: since 1970 (libvirt and QEMU, UTC), or since the kernel started, "[   12.345678] ". */
enum line_time {
	TIME_NONE,
	TIME_ABSOLUTE,
	TIME_STAMP
};
enum line_time line_time_read(const char *head, size_t size, double *ret);

/* Of a whole log: the stamp of the last line that has one, and where the boot begins that it is of. An earlier boot, by
 * virsh, is before it in the same log: stamps begin anew. */
struct log_end {
	time_t written; /* set by the caller: the last write to the log */
	bool has_stamp;
	double stamp;
	uint64_t boot_at;
};
void log_end_line(void *arg, uint64_t at, const char *head, size_t size);

/* After that: where the lines begin that may be as new as `since`, and how many there are. */
struct log_since {
	const struct log_end *end;
	bool limited; /* by `since` */
	time_t since;
	bool is_older; /* the last line was */
	uint64_t begin, lines;
};
void log_since_line(void *arg, uint64_t at, const char *head, size_t size);
void log_since_end(struct log_since *since, uint64_t size);

#endif
