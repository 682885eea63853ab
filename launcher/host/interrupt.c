// SPDX-License-Identifier: Apache-2.0
#include "host/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include <snp/cleanup.h>
#include <snp/file.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[ARRAY_SIZE(signals)];
static volatile sig_atomic_t came;
static unsigned int depth;

static void note(int signal)
{
	came = signal;
}

static void catch_signals(void)
{
	/* SA_RESETHAND: the second one acts as if there were no handler. */
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND};

	came = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], NULL, &before[i]);
		/* One that the caller ignores (nohup) stays ignored. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

void interrupt_defer(void)
{
	if (depth++ == 0)
		catch_signals();
}

static void release_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &before[i], NULL);
}

void interrupt_restore(void)
{
	if (--depth == 0)
		release_signals();
}

void interrupt_forget(void)
{
	release_signals();
	catch_signals();
}

int interrupt_check(struct snp_error *err)
{
	return came ? interrupted_by(came, err) : 0;
}
