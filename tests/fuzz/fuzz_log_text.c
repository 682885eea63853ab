// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "host/log_text.h"

/* A log, and its first line as a time of --since. Where to begin is in the log, and the number of lines from there is
 * right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_end end = {.written = 1000};
	struct log_since since = {.end = &end, .limited = true, .since = 950};
	struct line_reader first = {.line = log_end_line, .arg = &end},
			   second = {.line = log_since_line, .arg = &since};
	const char *text = (const char *)data;
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	const size_t n = newline ? (size_t)(newline - data) : size;
	struct snp_error err = {0};
	char *word = malloc(n + 1);
	uint64_t lines = 0;
	time_t time;

	if (!word)
		return 0;
	memcpy(word, data, n);
	word[n] = '\0';
	fuzz_check(since_parse(word, 1796074345, &time, &err), &err, size);
	free(word);

	lines_feed(&first, text, size);
	lines_end(&first);
	lines_feed(&second, text, size);
	lines_end(&second);
	log_since_end(&since, size);
	if (since.begin > size ||
	    (since.begin > 0 && since.begin < size && data[since.begin - 1] != '\n'))
		abort();
	for (size_t i = since.begin; i < size; i++)
		lines += data[i] == '\n' || i + 1 == size;
	if (lines != since.lines)
		abort();
	return 0;
}
