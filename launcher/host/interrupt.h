/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_INTERRUPT_H
#define LAUNCHER_HOST_INTERRUPT_H

#include <snp/error.h>

/*
 * Ctrl-C while a guest is made must not leave half of one: from interrupt_defer() to interrupt_restore()
 * SIGINT, SIGTERM and SIGHUP only set a flag, which the work looks at between its steps; its failure then
 * undoes what was done. A second signal ends the process at once; list shows what it leaves behind. The two may be
 * nested: only the outermost count.
 */
void interrupt_defer(void);
void interrupt_restore(void);

/* What came until now no longer counts: what follows is not to be interrupted by it. */
void interrupt_forget(void);

/* SNP_E_INTERRUPTED if one of them came since. */
SNP_MUST_USE int interrupt_check(struct snp_error *err);

#endif
