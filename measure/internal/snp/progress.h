/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_PROGRESS_H
#define SNP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * A bar on stderr for work that takes longer than half a second, on a terminal; nothing otherwise. One
 * bar at a time; it belongs to the thread that moves it.
 */
struct cli_progress {
	const char *what; /* "initrd" */
	struct timespec start;
	bool terminal;
	int shown; /* per cent on the screen, or -1 */
};

void cli_progress_begin(struct cli_progress *bar, const char *what);

/* An snp_progress: `arg` is the bar. */
void cli_progress_move(void *arg, uint64_t done, uint64_t total);

/* Take the bar off the screen. */
void cli_progress_end(struct cli_progress *bar);

#endif
