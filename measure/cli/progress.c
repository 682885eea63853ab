// SPDX-License-Identifier: Apache-2.0
#include <snp/progress.h>

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40

void cli_progress_begin(struct cli_progress *bar, const char *what)
{
	*bar = (struct cli_progress){.what = what, .terminal = isatty(STDERR_FILENO), .shown = -1};
	clock_gettime(CLOCK_MONOTONIC, &bar->start);
}

static bool is_long(const struct cli_progress *bar)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - bar->start.tv_sec > 1 ||
	       (now.tv_sec - bar->start.tv_sec) * 1000000000 + now.tv_nsec - bar->start.tv_nsec >
		       500000000;
}

void cli_progress_move(void *arg, uint64_t done, uint64_t total)
{
	static const char full[WIDTH + 1] = "########################################";
	struct cli_progress *bar = arg;
	int percent;

	if (!bar->terminal || total == 0 || (bar->shown < 0 && !is_long(bar)))
		return;
	percent = (int)(done / (total / 100 + 1));
	if (percent == bar->shown)
		return;
	bar->shown = percent;
	fprintf(stderr, "\r%s [%-*.*s] %3d %%", bar->what, WIDTH, percent * WIDTH / 100, full,
		percent);
}

void cli_progress_end(struct cli_progress *bar)
{
	if (bar->shown >= 0)
		fputs("\r\033[K", stderr);
	bar->shown = -1;
}
