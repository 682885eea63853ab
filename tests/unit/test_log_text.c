// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

#include "host/log_text.h"

/* 2026-11-30 21:32:25 UTC, which is the local time here. */
#define NOW 1796074345

static const struct since {
	const char *name, *text;
	int status;
	int64_t seconds; /* from NOW */
} times[] = {
	{"date and time", "2026-11-30 21:30:05", 0, -140},
	{"with T and Z", "2026-11-30T21:30:05Z", 0, -140},
	{"without seconds", "2026-11-30 21:31", 0, -85},
	{"a day", "2026-11-29", 0, -163945},
	{"a leap day", "2024-02-29 00:00", 0, -86909545},
	{"time of day", "21:32", 0, -25},
	{"time of day with seconds", "21:32:24", 0, -1},
	{"today", "today", 0, -77545},
	{"yesterday", "yesterday", 0, -163945},
	{"seconds since 1970", "@1796074340", 0, -5},
	{"seconds", "30s", 0, -30},
	{"minutes", "-10min", 0, -600},
	{"several units", "1h30m", 0, -5400},
	{"words", "2 days ago", 0, -172800},
	{"words in several units", "1 hour 5 minutes ago", 0, -3900},
	{"a week", "1w", 0, -604800},
	{"before 1970", "99999w", 0, -NOW},
	{"nothing", "", -SNP_E_USAGE, 0},
	{"a minus alone", "-", 0, 0},
	{"a number alone", "30", -SNP_E_USAGE, 0},
	{"another unit", "30y", -SNP_E_USAGE, 0},
	{"ago alone", "ago", -SNP_E_USAGE, 0},
	{"more than ago", "1h ago then", -SNP_E_USAGE, 0},
	{"no month", "2026-13-01", -SNP_E_USAGE, 0},
	{"no day", "2026-02-30", -SNP_E_USAGE, 0},
	{"day 0", "2026-02-00", -SNP_E_USAGE, 0},
	{"no hour", "24:00", -SNP_E_USAGE, 0},
	{"no minute", "2026-11-30 21:60", -SNP_E_USAGE, 0},
	{"a short year", "26-11-30", -SNP_E_USAGE, 0},
	{"half a date", "2026-11", -SNP_E_USAGE, 0},
	{"behind it", "2026-11-30 21:30:05 CET", -SNP_E_USAGE, 0},
	{"too long a number", "9999999999999s", -SNP_E_USAGE, 0},
	{"an at sign alone", "@", -SNP_E_USAGE, 0},
	{"control characters", "\033[2J", -SNP_E_USAGE, 0},
};

static void check_since(void **state)
{
	const struct since *row = *state;
	struct snp_error err = {0};
	time_t found = NOW;

	assert_int_equal(since_parse(row->text, NOW, &found, &err), row->status);
	assert_int_equal(found - NOW, row->seconds);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_null(strchr(err.message, '\033'));
}

static const struct line {
	const char *name, *line;
	enum line_time kind;
	double seconds;
	bool begins_run;
} lines[] = {
	{"the kernel's", "[   12.345678] Linux version", TIME_STAMP, 12.345678, false},
	{"behind a carriage return", "\r[    0.000000] x", TIME_STAMP, 0, false},
	{"with a thread", "[   12.345678][    T1] x", TIME_STAMP, 12.345678, false},
	{"libvirt's", "2026-11-30 21:32:25.123+0000: shutting down, reason=crashed", TIME_ABSOLUTE,
	 NOW, false},
	{"the first of a run", "2026-11-30 21:32:25.123+0000: starting up libvirt version: 11.3.0",
	 TIME_ABSOLUTE, NOW, true},
	{"QEMU's", "2026-11-30T21:32:25.123456Z qemu-system-x86_64: x", TIME_ABSOLUTE, NOW, false},
	{"no time", "Debian GNU/Linux 12 web1 ttyS0", TIME_NONE, 0, false},
	{"a bracket alone", "[", TIME_NONE, 0, false},
	{"systemd's", "[  OK  ] Started x", TIME_NONE, 0, false},
	{"dots alone", "[...] x", TIME_NONE, 0, false},
	{"two dots", "[1.2.3] x", TIME_NONE, 0, false},
	{"no day", "2026-02-30 21:32:25.123+0000: x", TIME_NONE, 0, false},
	{"another zone", "2026-11-30 21:32:25.123+0100: x", TIME_NONE, 0, false},
	{"nothing", "", TIME_NONE, 0, false},
};

static void check_line(void **state)
{
	const struct line *row = *state;
	const size_t size = strlen(row->line);
	char *line = malloc(size ? size : 1);
	double seconds = 0;

	assert_non_null(line);
	memcpy(line, row->line, size);
	assert_int_equal(line_time_read(line, size, &seconds), row->kind);
	if (row->kind != TIME_NONE)
		assert_true(seconds > row->seconds - 1e-6 && seconds < row->seconds + 1e-6);
	assert_int_equal(line_begins_run(line, size), row->begins_run);
	free(line);
}

#define EARLY "[    1.000000] a\n"
#define LATE  "[  100.000000] b\n"

/* Every log was last written at 1000. */
static const struct log {
	const char *name, *text;
	bool limited;
	time_t since;
	const char *rest;
	uint64_t lines;
} logs[] = {
	{"all", EARLY LATE, false, 0, EARLY LATE, 2},
	{"the second", EARLY LATE, true, 950, LATE, 1},
	{"both", EARLY LATE, true, 900, EARLY LATE, 2},
	{"what has no time may be newer", EARLY "x\n" LATE "y\n", true, 950, "x\n" LATE "y\n", 3},
	{"no times at all", "x\ny\n", true, 950, "x\ny\n", 2},
	{"an earlier boot in it", EARLY LATE EARLY LATE, true, 950, LATE, 1},
	{"the end of an earlier boot", EARLY LATE EARLY, true, 1000, EARLY, 1},
	{"and not older than its beginning", EARLY LATE EARLY, true, 999, EARLY LATE EARLY, 3},
	{"processors that change places", "[  100.000002] a\n[  100.000001] b\n", true, 1000,
	 "[  100.000002] a\n[  100.000001] b\n", 2},
	{"QEMU's, all older", "1970-01-01 00:00:01.0+0000: x\n", true, 950, "", 0},
	{"no end of line", EARLY "[  100.0] b", true, 950, "[  100.0] b", 1},
	{"empty", "", true, 950, "", 0},
};

static void check_log(void **state)
{
	const struct log *row = *state;
	struct log_end end = {.written = 1000};
	struct log_since since = {.end = &end, .limited = row->limited, .since = row->since};
	struct line_reader first = {.line = log_end_line, .arg = &end},
			   second = {.line = log_since_line, .arg = &since};
	const size_t size = strlen(row->text);

	/* In pieces of one byte. */
	for (size_t i = 0; i < size; i++)
		lines_feed(&first, row->text + i, 1);
	lines_end(&first);
	lines_feed(&second, row->text, size);
	lines_end(&second);
	log_since_end(&since, size);
	assert_string_equal(row->text + since.begin, row->rest);
	assert_int_equal(since.lines, row->lines);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	setenv("TZ", "UTC0", 1);
	ADD_ROWS(tests, n, check_since, times);
	ADD_ROWS(tests, n, check_line, lines);
	ADD_ROWS(tests, n, check_log, logs);
	return RUN_TESTS("log_text", tests, n);
}
