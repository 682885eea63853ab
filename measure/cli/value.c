// SPDX-License-Identifier: Apache-2.0
#include "value.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/tool.h>

int cli_value(const char *value, const char *option, uint8_t *ret, size_t size,
	      struct snp_error *err)
{
	if (value[0] == '@')
		return file_value(value + 1, option, ret, size, err);
	return bytes_decode(value, option, ret, size, err);
}

/* strptime() skips blanks and takes one digit for two. */
static bool has_shape(const char *text, const char *shape)
{
	size_t i;

	for (i = 0; shape[i] && text[i]; i++)
		if (shape[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	return shape[i] == text[i];
}

/* timegm() makes another date of one that does not exist. */
static bool same_time(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
	       a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* The last second that the forms below can write: the end of the year 9999. */
#define LAST_SECOND 253402300799

int cli_time(const char *text, const char *what, int64_t *ret, struct snp_error *err)
{
	static const struct {
		const char *format, *shape;
	} forms[] = {
		{"%Y-%m-%d", "0000-00-00"},
		{"%Y-%m-%dT%H:%M:%SZ", "0000-00-00T00:00:00Z"},
	};
	uint64_t seconds;

	if (text[0] == '@') {
		int r = cli_parse_number(text + 1, what, &seconds, err);

		if (r < 0)
			return r;
		if (seconds <= LAST_SECOND) {
			*ret = (int64_t)seconds;
			return 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm = {0}, given;
		const char *end = strptime(text, forms[i].format, &tm);
		time_t time;

		if (!end || *end != '\0' || !has_shape(text, forms[i].shape))
			continue;
		given = tm;
		time = timegm(&tm);
		if (same_time(&given, &tm)) {
			*ret = time;
			return 0;
		}
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "%s: '%s' is not a time up to the year 9999; write it as 2026-01-31, "
			 "2026-01-31T12:00:00Z or @SECONDS",
			 what, text);
}
