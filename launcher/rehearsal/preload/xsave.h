/* SPDX-License-Identifier: Apache-2.0 */
/* The XSAVE image (APM vol. 2, 11.5.2, and the legacy area of FXSAVE64 in it). */
#ifndef REHEARSAL_PRELOAD_XSAVE_H
#define REHEARSAL_PRELOAD_XSAVE_H

enum {
	XSAVE_FCW = 0x00,
	XSAVE_FSW = 0x02,
	XSAVE_FTW = 0x04,
	XSAVE_FOP = 0x06,
	XSAVE_RIP = 0x08,
	XSAVE_RDP = 0x10,
	XSAVE_MXCSR = 0x18,
	XSAVE_MXCSR_MASK = 0x1c,
	XSAVE_ST = 0x20, /* eight registers in 16 bytes each */
	XSAVE_XMM = 0xa0,
	XSAVE_XMM_SIZE = 256,
	XSAVE_XSTATE_BV = 0x200,
	XSAVE_XCOMP_BV = 0x208,
	XSAVE_EXTENDED = 0x240,
	XSAVE_YMM_HI = 0x240, /* component 2 */
	XSAVE_YMM_HI_SIZE = 256,
};

/* Components, in XSTATE_BV. */
#define XSAVE_X87 (1ULL << 0)
#define XSAVE_SSE (1ULL << 1)
#define XSAVE_YMM (1ULL << 2)

/* Initial values (Linux 6.12 fpu/core.c, fpstate_init_fxstate) and the bits that MXCSR has. */
#define XSAVE_INITIAL_FCW   0x37fU
#define XSAVE_INITIAL_MXCSR 0x1f80U
#define XSAVE_MXCSR_VALID   0x2ffffU

#endif
