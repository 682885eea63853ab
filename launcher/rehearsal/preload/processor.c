// SPDX-License-Identifier: Apache-2.0
#include "processor.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "settings.h"

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

/*
 * QEMU learns the position of the C-bit, and what the host CPU is, by executing CPUID (QEMU 10.0
 * target/i386/sev.c, host-cpu.c), all through one function, host_cpuid(), which no preloaded library
 * can interpose because the calls are within the program. Debian's QEMU exports it for its modules,
 * so its entry can be found and overwritten with a jump.
 */
static bool cpuid_simulated;

/* jmp *0(%rip), followed by the address (Intel SDM vol. 2, JMP FF /4). */
#define JUMP_SIZE 14

static void simulated_host_cpuid(uint32_t function, uint32_t count, uint32_t *eax, uint32_t *ebx,
				 uint32_t *ecx, uint32_t *edx)
{
	struct cpuid_leaf leaf = cpuid_of_host(function, count);

	if (eax)
		*eax = leaf.eax;
	if (ebx)
		*ebx = leaf.ebx;
	if (ecx)
		*ecx = leaf.ecx;
	if (edx)
		*edx = leaf.edx;
}

static bool patch(void *entry)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)entry & ~(page - 1);
	size_t size = (((uintptr_t)entry + JUMP_SIZE + page - 1) & ~(page - 1)) - start;
	uintptr_t target = (uintptr_t)simulated_host_cpuid;
	uint8_t jump[JUMP_SIZE] = {0xff, 0x25};

	memcpy(jump + 6, &target, sizeof(target));
	if (mprotect((void *)start, size, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return false;
	memcpy(entry, jump, sizeof(jump));
	return mprotect((void *)start, size, PROT_READ | PROT_EXEC) == 0;
}

bool cpuid_is_simulated(void)
{
	return cpuid_simulated;
}

/* The only thing that happens in every program at its start, and it changes only QEMU. */
__attribute__((constructor)) static void simulate_cpuid(void)
{
	void *symbol = NULL;
	void *entry = dlsym(RTLD_DEFAULT, "host_cpuid");
	Dl_info where;

	if (!entry || !settings()->usable)
		return;
	if (!dladdr1(entry, &where, &symbol, RTLD_DL_SYMENT) || !symbol ||
	    ((const ElfW(Sym) *)symbol)->st_size < JUMP_SIZE)
		return;
	cpuid_simulated = patch(entry);
}

static const struct {
	uint32_t index;
	uint64_t reset;
	unsigned int kind;
} named[MSR_NAMED] = {
#define X(name, index, reset, kind) [MSR_##name] = {index, reset, kind},
	MSRS(X)
#undef X
};

static const uint32_t fixed_mtrrs[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				       0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
_Static_assert(sizeof(fixed_mtrrs) / sizeof(fixed_mtrrs[0]) == MSR_MCE - MSR_MTRR_FIX, "MTRRs");

static const struct {
	uint32_t start, count;
	int first;
} families[] = {
	{0x200, 16, MSR_MTRR_PHYS},	 {0x400, 4 * MCE_BANKS, MSR_MCE},
	{0xc0010000, 8, MSR_K7_PMU},	 {0xc0010200, 12, MSR_CORE_PMU},
	{0xc0000300, 3, MSR_PMU_GLOBAL},
};

void msr_reset(uint64_t msrs[static MSR_COUNT])
{
	memset(msrs, 0, MSR_COUNT * sizeof(msrs[0]));
	for (size_t i = 0; i < MSR_NAMED; i++)
		msrs[i] = named[i].reset;
}

int msr_find(uint32_t index)
{
	for (int i = 0; i < MSR_NAMED; i++)
		if (named[i].index == index)
			return i;
	for (int i = 0; i < MSR_MCE - MSR_MTRR_FIX; i++)
		if (fixed_mtrrs[i] == index)
			return MSR_MTRR_FIX + i;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (index >= families[i].start && index - families[i].start < families[i].count)
			return families[i].first + (int)(index - families[i].start);
	return -1;
}

bool msr_is(int msr, unsigned int kind)
{
	return msr >= 0 && msr < MSR_NAMED && (named[msr].kind & kind);
}

unsigned int msr_list(unsigned int kind, uint32_t *ret, unsigned int max)
{
	unsigned int count = 0;

	for (int i = 0; i < MSR_NAMED; i++) {
		if (!msr_is(i, kind))
			continue;
		if (count < max)
			ret[count] = named[i].index;
		count++;
	}
	return count;
}
