// SPDX-License-Identifier: Apache-2.0
#include <snp/threads.h>

#include <sched.h>
#include <threads.h>

#define MOST 64

size_t threads_usable(void)
{
	cpu_set_t cores;
	size_t n = sched_getaffinity(0, sizeof(cores), &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;

	return n > MOST ? MOST : n;
}

void threads_run(size_t n, int (*work)(void *arg), void *arg)
{
	thrd_t threads[MOST];
	size_t started = 0;

	while (started + 1 < n && started < MOST &&
	       thrd_create(&threads[started], work, arg) == thrd_success)
		started++;
	work(arg);
	while (started > 0)
		thrd_join(threads[--started], NULL);
}
