/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_GUEST_NAME_H
#define REHEARSAL_PRELOAD_GUEST_NAME_H

#include <stddef.h>

/* Find the guest's name in QEMU's arguments, `size` bytes of NUL-ended strings as /proc/self/cmdline has
 * them: the first that follows "-name", "guest=NAME,…" or "NAME,…", where QEMU's option syntax doubles the
 * commas of a name. `ret`, of `ret_size` bytes (at least 1), gets it cut to its size; "" where there is
 * none. */
void guest_name_find(const char *args, size_t size, char *ret, size_t ret_size);

#endif
