// SPDX-License-Identifier: Apache-2.0
#include "cpuid.h"

/*
 * Feature bits are those that Linux 6.12 passes to guests (arch/x86/kvm/cpuid.c,
 * kvm_set_cpu_caps) on a processor that has what every EPYC model of QEMU up to Turin asks for. They
 * are not measured: of all CPUID only the signature that QEMU puts into RDX is.
 */

/* Leaf 1 (APM vol. 3, E.3.2). */
#define SIGNATURE                                                           \
	((HOST_FAMILY - 0xfU) << 20 | (HOST_MODEL >> 4) << 16 | 0xfU << 8 | \
	 (HOST_MODEL & 0xf) << 4 | HOST_STEPPING)

/* FP SSE YMM, AVX-512 opmask ZMM_Hi256 Hi16_ZMM, PKRU (APM vol. 3, E.4). */
#define XCR0	   0x2e7U
#define XSAVE_SIZE 0x988U

#define TEXT4(a, b, c, d) \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* clang-format off */
static const struct cpuid_leaf leaves[] = {
	/* function, index, indexed, eax, ebx, ecx, edx */
	{0x00000000, 0, 0, 0x0000000d, TEXT4('A','u','t','h'), TEXT4('c','A','M','D'), TEXT4('e','n','t','i')},
	{0x00000001, 0, 0, SIGNATURE, 0x00100800, 0xfefa3203, 0x178bfbff},
	{0x00000006, 0, 0, 0x00000004, 0, 0, 0},
	{0x00000007, 0, 1, 0x00000001, 0xf1bf07ab, 0x18415f4e, 0x8c000110},
	{0x00000007, 1, 1, 0x00000030, 0, 0, 0},
	{0x0000000d, 0, 1, XCR0, XSAVE_SIZE, XSAVE_SIZE, 0},
	{0x0000000d, 1, 1, 0x0000000f, XSAVE_SIZE, 0, 0},
	/* size and offset of each component in the standard format */
	{0x0000000d, 2, 1, 0x100, 0x240, 0, 0},
	{0x0000000d, 5, 1, 0x040, 0x340, 0, 0},
	{0x0000000d, 6, 1, 0x200, 0x380, 0, 0},
	{0x0000000d, 7, 1, 0x400, 0x580, 0, 0},
	{0x0000000d, 9, 1, 0x008, 0x980, 0, 0},
	/* KVM's own (Linux Documentation/virt/kvm/x86/cpuid.rst) */
	{0x40000000, 0, 0, 0x40000001, TEXT4('K','V','M','K'), TEXT4('V','M','K','V'), TEXT4('M',0,0,0)},
	{0x40000001, 0, 0, 0x0101fefb, 0, 0, 0},
	{0x80000000, 0, 0, 0x80000022, TEXT4('A','u','t','h'), TEXT4('c','A','M','D'), TEXT4('e','n','t','i')},
	{0x80000001, 0, 0, SIGNATURE, 0, 0x00c003f7, 0x2fd3fbff},
	{0x80000002, 0, 0, TEXT4('S','i','m','u'), TEXT4('l','a','t','e'), TEXT4('d',' ','S','E'), TEXT4('V','-','S','N')},
	{0x80000003, 0, 0, TEXT4('P',' ','p','r'), TEXT4('o','c','e','s'), TEXT4('s','o','r',0), 0},
	{0x80000004, 0, 0, 0, 0, 0, 0},
	{0x80000007, 0, 0, 0, 0, 0, 0x00000100},
	{0x80000008, 0, 0, 0x00003934, 0x1702d205, 0x000070ff, 0},
	{0x8000000a, 0, 0, 0x00000001, 0x00008000, 0, 0x120194fb},
	{0x8000001f, 0, 0, 0x0000001a, HOST_CBIT, 0, 0},
	{0x80000021, 0, 0, 0x78100147, 0, 0, 0},
	{0x80000022, 0, 0, 0x00000001, 0x00000006, 0, 0},
};
/* clang-format on */

/* The memory encryption leaf as the processor itself gives it, to QEMU's CPUID instruction: SME, SEV,
 * SEV-ES, SNP, VMPLs; C-bit, one physical address bit lost, four VMPLs; 509 ASIDs, 99 of them for
 * SEV-ES and SNP (APM vol. 3, E.4.17). KVM hides parts of it (cpuid.c, __do_cpuid_func). */
static const struct cpuid_leaf memory_encryption = {
	0x8000001f, 0, 0, 0x0000003b, HOST_CBIT | 1U << 6 | 4U << 12, 509, 100};

struct cpuid_leaf cpuid_of_host(uint32_t function, uint32_t index)
{
	if (function == memory_encryption.function)
		return memory_encryption;
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (leaves[i].function == function &&
		    (!leaves[i].indexed || leaves[i].index == index))
			return leaves[i];
	return (struct cpuid_leaf){.function = function, .index = index};
}

const struct cpuid_leaf *cpuid_supported(size_t *ret_count)
{
	*ret_count = sizeof(leaves) / sizeof(leaves[0]);
	return leaves;
}
