// SPDX-License-Identifier: Apache-2.0
#include "host/log_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#define DAY 86400

static const struct {
	const char *name;
	unsigned int seconds;
} units[] = {
	{"s", 1},	   {"sec", 1},	       {"second", 1},	{"seconds", 1}, {"m", 60},
	{"min", 60},	   {"minute", 60},     {"minutes", 60}, {"h", 3600},	{"hour", 3600},
	{"hours", 3600},   {"d", DAY},	       {"day", DAY},	{"days", DAY},	{"w", 7 * DAY},
	{"week", 7 * DAY}, {"weeks", 7 * DAY},
};

static bool unit_of(const char *word, size_t n, uint64_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == n && strncmp(units[i].name, word, n) == 0) {
			*ret = units[i].seconds;
			return true;
		}
	return false;
}

static bool number_of(const char **text, uint64_t *ret)
{
	const size_t n = strspn(*text, "0123456789");

	if (n == 0 || n > 12)
		return false;
	*ret = strtoull(*text, NULL, 10);
	*text += n;
	return true;
}

/* "1h30m", "-10min", "2 days ago" */
static bool parse_age(const char *text, uint64_t *ret)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	uint64_t sum = 0, number, unit, part;
	bool ago = false;

	text += *text == '-';
	while (*text && !ago) {
		if (!number_of(&text, &number))
			return false;
		text += strspn(text, " ");
		if (!unit_of(text, strspn(text, letters), &unit))
			return false;
		text += strspn(text, letters);
		if (__builtin_mul_overflow(number, unit, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
		text += strspn(text, " ");
		ago = strcmp(text, "ago") == 0;
		text += ago ? 3 : 0;
	}
	*ret = sum;
	return !*text;
}

static bool digits(const char **text, size_t n, int *ret)
{
	if (strspn(*text, "0123456789") < n)
		return false;
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		*ret = *ret * 10 + (*(*text)++ - '0');
	return true;
}

static bool separator(const char **text, char c)
{
	return **text == c ? (void)(*text)++, true : false;
}

static bool parse_clock(const char **text, struct tm *tm)
{
	if (!digits(text, 2, &tm->tm_hour) || !separator(text, ':') ||
	    !digits(text, 2, &tm->tm_min))
		return false;
	return !separator(text, ':') || digits(text, 2, &tm->tm_sec);
}

static bool parse_date(const char **text, struct tm *tm)
{
	if (!digits(text, 4, &tm->tm_year) || !separator(text, '-') ||
	    !digits(text, 2, &tm->tm_mon) || !separator(text, '-') ||
	    !digits(text, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

/* mktime() takes the 31st of February for a day in March. */
static bool is_possible(const struct tm *tm)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       tm->tm_mday <= days[tm->tm_mon] && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec <= 60;
}

static bool parse_calendar(const char *text, time_t now, time_t *ret)
{
	struct tm tm = {.tm_isdst = -1}, today;
	bool utc = false;
	int days_ago = 0;

	if (!localtime_r(&now, &today))
		return false;
	if (parse_date(&text, &tm)) {
		if ((separator(&text, 'T') || separator(&text, ' ')) && !parse_clock(&text, &tm))
			return false;
		utc = separator(&text, 'Z');
	} else {
		tm = (struct tm){.tm_isdst = -1};
		tm.tm_year = today.tm_year;
		tm.tm_mon = today.tm_mon;
		tm.tm_mday = today.tm_mday;
		if (strcmp(text, "today") == 0)
			text += 5;
		else if (strcmp(text, "yesterday") == 0)
			text += strlen("yesterday"), days_ago = 1;
		else if (!parse_clock(&text, &tm))
			return false;
	}
	if (*text || !is_possible(&tm))
		return false;
	tm.tm_mday -= days_ago;
	*ret = utc ? timegm(&tm) : mktime(&tm);
	return true;
}

int since_parse(const char *text, time_t now, time_t *ret, struct snp_error *err)
{
	const char *at = text + 1;
	uint64_t seconds;

	if (text[0] == '@' && number_of(&at, &seconds) && !*at)
		*ret = (time_t)seconds;
	else if (text[0] && parse_age(text, &seconds))
		*ret = seconds < (uint64_t)now ? now - (time_t)seconds : 0;
	else if (!parse_calendar(text, now, ret))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--since: invalid time '%.60s'; give \"2026-11-30 21:32\", 21:32, "
				 "today, \"2 hours ago\" or 30min",
				 text);
	return 0;
}

static void end_line(struct line_reader *reader)
{
	reader->line(reader->arg, reader->line_at, reader->head, reader->n);
	reader->line_at = reader->at;
	reader->n = 0;
}

void lines_feed(struct line_reader *reader, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (reader->n < sizeof(reader->head) && bytes[i] != '\n')
			reader->head[reader->n++] = bytes[i];
		reader->at++;
		if (bytes[i] == '\n')
			end_line(reader);
	}
}

void lines_end(struct line_reader *reader)
{
	if (reader->at > reader->line_at)
		end_line(reader);
}

/* A text that ends in NUL, for functions that need one. */
static const char *copy_head(const char *head, size_t size, char ret[static 65])
{
	const size_t n = size < 64 ? size : 64;

	memcpy(ret, head, n);
	ret[n] = '\0';
	return ret;
}

/* "2026-11-30 21:32:25.123+0000: " of libvirt, "2026-11-30T21:32:25.123456Z " of QEMU. */
static bool read_absolute(const char *line, double *ret)
{
	struct tm tm = {0};

	if (!parse_date(&line, &tm) || (!separator(&line, ' ') && !separator(&line, 'T')) ||
	    !parse_clock(&line, &tm) || *line != '.' || !is_possible(&tm))
		return false;
	line += 1 + strspn(line + 1, "0123456789");
	if (strncmp(line, "+0000: ", 7) != 0 && strncmp(line, "Z ", 2) != 0)
		return false;
	*ret = (double)timegm(&tm);
	return true;
}

/* "[   12.345678] ", perhaps behind carriage returns. */
static bool read_stamp(const char *line, double *ret)
{
	char *end;
	size_t n;

	line += strspn(line, "\r");
	if (*line != '[')
		return false;
	line += 1 + strspn(line + 1, " ");
	n = strspn(line, "0123456789.");
	if (n < 3 || n > 20 || *line == '.' || line[n] != ']')
		return false;
	*ret = strtod(line, &end);
	return end == line + n && isfinite(*ret);
}

enum line_time line_time_read(const char *head, size_t size, double *ret)
{
	char line[65];

	copy_head(head, size, line);
	if (read_absolute(line, ret))
		return TIME_ABSOLUTE;
	return read_stamp(line, ret) ? TIME_STAMP : TIME_NONE;
}

bool line_begins_run(const char *head, size_t size)
{
	char line[65];
	double seconds;

	return line_time_read(head, size, &seconds) == TIME_ABSOLUTE &&
	       strstr(copy_head(head, size, line), ": starting up libvirt version");
}

void log_end_line(void *arg, uint64_t at, const char *head, size_t size)
{
	struct log_end *end = arg;
	double seconds;

	if (line_time_read(head, size, &seconds) != TIME_STAMP)
		return;
	/* Lines of several processors may change places. */
	if (end->has_stamp && seconds + 1 < end->stamp)
		end->boot_at = at;
	end->has_stamp = true;
	end->stamp = seconds;
}

/* The last stamp cannot be newer than the last write. */
static bool is_older(const struct log_since *since, uint64_t at, const char *head, size_t size)
{
	const struct log_end *end = since->end;
	double seconds, latest;

	switch (line_time_read(head, size, &seconds)) {
	case TIME_ABSOLUTE:
		return seconds < (double)since->since;
	case TIME_STAMP:
		latest = (double)end->written - end->stamp;
		if (at >= end->boot_at)
			latest += seconds;
		return latest < (double)since->since;
	case TIME_NONE:
		break;
	}
	return false;
}

void log_since_line(void *arg, uint64_t at, const char *head, size_t size)
{
	struct log_since *since = arg;

	if (since->is_older) {
		since->begin = at;
		since->lines = 0;
	}
	since->lines++;
	since->is_older = since->limited && is_older(since, at, head, size);
}

void log_since_end(struct log_since *since, uint64_t size)
{
	if (!since->is_older)
		return;
	since->begin = size;
	since->lines = 0;
}
