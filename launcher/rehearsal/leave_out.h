/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_LEAVE_OUT_H
#define LAUNCHER_REHEARSAL_LEAVE_OUT_H

#include <stddef.h>

#include "config/vm_config.h"

/* What a rehearsal leaves out of a configuration: things that the launch digest does not depend on, and
 * that a simulated host cannot give or should not touch. Everything else is launched as written. */

/* Called with each thing left out: its JSON pointer in vm.json, and why. */
typedef void (*rehearsal_left_out)(void *arg, const char *pointer, const char *why);

/* Take them out of `config`. */
void rehearsal_leave_out(struct vm_config *config, rehearsal_left_out left_out, void *arg);

#endif
