// SPDX-License-Identifier: Apache-2.0
#include "guest/log_source.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/fail.h>

#include "host/log_text.h"

void log_sources_close(struct log_sources *sources)
{
	while (sources->n > 0)
		log_parts_close(&sources->source[--sources->n].parts);
}

/* Hand over the bytes of [from, to) and return where they ended: the log may be shorter. */
int log_each_piece(const struct log_parts *parts, uint64_t from, uint64_t to, log_taker *take,
		   void *log_taker_arg, uint64_t *ret_end, struct snp_error *err)
{
	char bytes[16384];
	uint64_t start = 0; /* of the part */
	int r = 0;

	for (size_t i = 0; i < parts->n; i++) {
		uint64_t at = from > start ? from - start : 0;
		struct stat st;
		ssize_t n = 0;

		if (fstat(parts->fd[i], &st) < 0)
			return fail_errno(err, SNP_E_READ, errno, "cannot read the log");
		while (r == 0 && start + at < to &&
		       (n = pread(parts->fd[i], bytes, sizeof(bytes), (off_t)at)) > 0) {
			if ((uint64_t)n > to - start - at)
				n = (ssize_t)(to - start - at);
			r = take(log_taker_arg, bytes, (size_t)n, err);
			at += (uint64_t)n;
		}
		if (n < 0)
			return fail_errno(err, SNP_E_READ, errno, "cannot read the log");
		if (r < 0)
			return r;
		/* The last part may grow meanwhile; the others are whole. */
		start += i + 1 < parts->n ? (uint64_t)st.st_size : at;
	}
	*ret_end = start < to ? start : to;
	return 0;
}

static int take_lines(void *reader, const char *bytes, size_t size, struct snp_error *err)
{
	(void)err;
	lines_feed(reader, bytes, size);
	return 0;
}

static int each_line(const struct log_parts *parts, uint64_t from, uint64_t to,
		     void (*line)(void *arg, uint64_t at, const char *head, size_t size),
		     void *line_arg, uint64_t *ret_end, struct snp_error *err)
{
	struct line_reader reader = {.line = line, .arg = line_arg, .at = from, .line_at = from};
	int r = log_each_piece(parts, from, to, take_lines, &reader, ret_end, err);

	if (r < 0)
		return r;
	lines_end(&reader);
	return 0;
}

time_t log_last_write(const struct log_parts *parts)
{
	struct stat st;

	return fstat(parts->fd[parts->n - 1], &st) == 0 ? st.st_mtime : 0;
}

/* From the first line that may be as new as `since`. */
int log_source_since(struct log_source *source, bool limited, time_t since, struct snp_error *err)
{
	struct log_end end = {.written = log_last_write(&source->parts)};
	struct log_since found = {.end = &end, .limited = limited, .since = since};
	uint64_t size = source->to;
	int r = 0;

	found.begin = source->from;
	if (limited)
		r = each_line(&source->parts, source->from, source->to, log_end_line, &end, &size,
			      err);
	if (r == 0)
		r = each_line(&source->parts, source->from, source->to, log_since_line, &found,
			      &size, err);
	if (r < 0)
		return r;
	/* Nothing is newer than the last write. */
	found.is_older |= limited && end.written < since;
	log_since_end(&found, size);
	source->from = found.begin;
	source->lines = found.lines;
	/* Followed, it has no end. */
	if (source->to != UINT64_MAX)
		source->to = size;
	return 0;
}

/* The beginning of the line after `skip` others. */
struct skipping {
	uint64_t skip, at;
};

static void skip_line(void *skipping, uint64_t at, const char *head, size_t size)
{
	struct skipping *s = skipping;

	(void)head;
	(void)size;
	if (s->skip == 0)
		s->at = at;
	s->skip--;
}

int log_sources_last(struct log_sources *sources, uint64_t lines, struct snp_error *err)
{
	uint64_t all = 0, end;
	int r = 0;

	for (size_t i = 0; i < sources->n; i++)
		all += sources->source[i].lines;
	for (size_t i = 0; r == 0 && i < sources->n && all > lines; i++) {
		struct log_source *source = &sources->source[i];
		struct skipping s = {.skip = all - lines};

		all -= source->lines;
		if (s.skip >= source->lines) {
			r = log_each_piece(&source->parts, UINT64_MAX, UINT64_MAX, take_lines, NULL,
					   &source->from, err);
			continue;
		}
		r = each_line(&source->parts, source->from, source->to, skip_line, &s, &end, err);
		source->from = s.at;
		break;
	}
	return r;
}

/* Where the last runs of QEMU begin in its log. */
#define RUNS_MAX 64
struct runs {
	size_t n;
	uint64_t at[RUNS_MAX];
};

static void add_run(void *arg_runs, uint64_t at, const char *head, size_t size)
{
	struct runs *runs = arg_runs;

	if (line_begins_run(head, size))
		runs->at[runs->n++ % RUNS_MAX] = at;
}

int log_source_run(struct log_source *source, unsigned int boots_ago, struct snp_error *err)
{
	struct runs runs = {0};
	uint64_t size;
	int r = each_line(&source->parts, 0, UINT64_MAX, add_run, &runs, &size, err);

	if (r < 0)
		return r;
	if (boots_ago >= runs.n || boots_ago >= RUNS_MAX)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "no log is kept of %u boots ago", boots_ago);
	source->from = runs.at[(runs.n - 1 - boots_ago) % RUNS_MAX];
	if (boots_ago > 0)
		source->to = runs.at[(runs.n - boots_ago) % RUNS_MAX];
	return 0;
}
