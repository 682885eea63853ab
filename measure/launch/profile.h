/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_PROFILE_H
#define LAUNCH_PROFILE_H

#include <snp/gctx.h>
#include <snp/launch.h>
#include <snp/profile.h>

/* How the segment registers begin. */
enum segments {
	SEGMENTS_RESET, /* real mode: APM vol. 2, "Processor Initialization State" */
	SEGMENTS_FLAT,	/* 32-bit protected mode, 4 GiB, as an SVSM binary wants to be entered */
};

struct snp_profile {
	const char *name;
	const char *summary;
	enum snp_vmm vmm;
	unsigned int modes; /* 1 << enum snp_mode */

	/* VMSA */
	enum segments segments;
	uint16_t cs_attrib_bsp, cs_attrib_ap, ss_attrib, tr_attrib;
	uint64_t cr0;
	bool rdx_is_signature;
	uint64_t rdx; /* if not */
	uint64_t g_pat;
	uint32_t mxcsr;
	uint16_t x87_fcw;
	bool aps_are_bsp; /* all vCPUs begin alike */

	/* SEV metadata */
	enum snp_page_type sec_mem_type; /* of SNP_SEC_MEM */
	bool cpuid_last;		 /* CPUID sections follow all others */
};

/* The profile of a launch that snp_launch_check() accepts. */
const struct snp_profile *launch_profile(const struct snp_launch *launch);

#endif
