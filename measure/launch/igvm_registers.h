/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_IGVM_REGISTERS_H
#define LAUNCH_IGVM_REGISTERS_H

#include "launch/vmsa.h"

/* Control registers: APM vol. 2, 3.1.1 to 3.1.3 and 3.1.7. */
#define CR0_PE	   (1ull << 0)
#define CR0_ET	   (1ull << 4)
#define CR0_NW	   (1ull << 29)
#define CR0_CD	   (1ull << 30)
#define CR0_PG	   (1ull << 31)
#define CR0_KNOWN  0xe005003full
#define CR4_PAE	   (1ull << 5)
#define CR4_MCE	   (1ull << 6)
#define CR4_UMIP   (1ull << 11)
#define CR4_LA57   (1ull << 12)
#define CR4_PCIDE  (1ull << 17)
#define CR4_PKE	   (1ull << 22)
#define CR4_ALWAYS 0x003507ffull /* VME to OSXMMEXCPT, FSGSBASE, OSXSAVE, SMEP, SMAP: every model */
#define EFER_LME   (1ull << 8)
#define EFER_LMA   (1ull << 10)
#define EFER_NXE   (1ull << 11)
#define EFER_SVME  (1ull << 12)
#define EFER_KNOWN 0x20dd01ull /* SCE, LME, LMA, NXE, SVME, FFXSR, TCE, AIBRSE */

#define SEGMENT_L (1u << 9)

uint16_t registers_get16(const uint8_t bytes[static 2]);
uint64_t registers_get64(const uint8_t bytes[static 8]);

/* What every loader takes from a context: segments as struct kvm_segment and struct kvm_dtable hold them,
 * CPL, CR3, RFLAGS, RIP and the general registers. */
void registers_copy(struct vmsa *ret, const struct vmsa *context);

/* True if each byte is a memory type (kvm_pat_valid()). */
bool registers_is_pat(const uint8_t pat[static 8]);

/* True if fields are set that QEMU and OpenVMM hand to KVM under no circumstances. */
bool registers_has_other(const struct vmsa *context, size_t size);

#endif
