/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_THREADS_H
#define SNP_THREADS_H

#include <stddef.h>

/* How many threads can work at once: the cores that this process may use, 1 to 64. */
size_t threads_usable(void);

/* Call work(arg) in `n` threads, 1 to 64, at once. This thread is one of them, and the only one that surely
 * exists: `work` takes pieces of the work until none is left. */
void threads_run(size_t n, int (*work)(void *arg), void *arg);

#endif
