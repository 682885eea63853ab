/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_DEAD_LOOP_H
#define LAUNCHER_REHEARSAL_DEAD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A firmware that refuses a kernel says nothing and stands still in edk2's CpuDeadLoop(), a loop around a
 * PAUSE instruction. QEMU's monitor shows the processor's registers: where most of many samples have the
 * same ones, and the instruction is there, the firmware need not be waited for. A long delay may look
 * alike, so only a boot that is expected to be refused may be ended by it.
 */
#define DEAD_LOOP_SAMPLES 20
#define DEAD_LOOP_ALIKE	  16
#define DEAD_LOOP_TEXT	  512

struct dead_loop {
	int fd; /* QEMU's monitor; -1: not connected yet */
	unsigned int n;
	char registers[DEAD_LOOP_SAMPLES]
		      [DEAD_LOOP_TEXT]; /* those that stay the same in the loop */
	uint64_t rip[DEAD_LOOP_SAMPLES];
};

/* Take one sample; true once the processor is in such a loop. `folder` has QEMU's socket "qmp". */
bool dead_loop_seen(struct dead_loop *loop, const char *folder);
void dead_loop_done(struct dead_loop *loop);

#endif
