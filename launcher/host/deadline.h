/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_DEADLINE_H
#define LAUNCHER_HOST_DEADLINE_H

#include <stdbool.h>

#include <snp/error.h>

/* libvirt's calls wait for its daemon for ever. Do `work` in a thread of its own, and give it up after `seconds`:
 * SNP_E_TIMEOUT with `*ret_given_up`, and then `arg`, which the thread may use until the process ends, must stay where
 * it is and be freed by nobody. In all other cases the thread is gone. `what` begins the message: "cannot list guests". */
typedef int deadline_work(void *arg, struct snp_error *err);
SNP_MUST_USE int within_seconds(unsigned int seconds, deadline_work *work, void *arg,
				const char *what, bool *ret_given_up, struct snp_error *err);

#endif
