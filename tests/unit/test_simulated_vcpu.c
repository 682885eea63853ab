// SPDX-License-Identifier: Apache-2.0
/* The simulated vCPU's FPU state, by the kernel's rules for KVM_SET_XSAVE and KVM_GET_XSAVE (Linux 6.12
 * arch/x86/kernel/fpu/xstate.c), and its save area, register by register. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "registers.h"

struct xsave_row {
	const char *name;
	uint64_t xstate_bv;
	uint32_t mxcsr;
	int result;
	uint32_t vmsa_mxcsr;
	uint16_t vmsa_fcw;
};

/* The image has FCW 0x27f, the MXCSR of the row, and 0x55 in XMM and upper YMM registers. */
static const struct xsave_row xsaves[] = {
	{"no component: nothing changes", 0, 0, 0, 0x1f80, 0x37f},
	{"no component: MXCSR not looked at", 0, 0xffffffff, 0, 0x1f80, 0x37f},
	{"x87 brings FCW and MXCSR", 1, 0x1fa0, 0, 0x1fa0, 0x27f},
	{"SSE brings MXCSR", 2, 0x1fa0, 0, 0x1fa0, 0x37f},
	{"AVX brings MXCSR", 4, 0x1fa0, 0, 0x1fa0, 0x37f},
	{"x87, SSE and AVX", 7, 0x1fa0, 0, 0x1fa0, 0x27f},
	{"MXCSR with a reserved bit", 1, 0x80001f80, -EINVAL, 0x1f80, 0x37f},
	{"component that the host lacks", 1 << 3, 0x1f80, -EINVAL, 0x1f80, 0x37f},
	{"PKRU leaves the FPU alone", 1 << 9, 0x1fa0, 0, 0x1f80, 0x37f},
};

static void check_xsave(void **state)
{
	const struct xsave_row *row = *state;
	uint8_t image[XSAVE_IMAGE_SIZE] = {0}, vmsa[VMSA_SIZE], back[XSAVE_IMAGE_SIZE];
	struct vcpu_state vcpu;

	vcpu_state_reset(&vcpu, 0);
	put_le16(image, 0x27f);
	put_le32(image + 0x18, row->mxcsr);
	memset(image + 0xa0, 0x55, 256);
	memset(image + 0x240, 0x55, 256);
	put_le64(image + 0x200, row->xstate_bv);
	assert_int_equal(vcpu_state_set_xsave(&vcpu, image), row->result);
	assert_int_equal(vmsa_build(&vcpu, 1, true, vmsa), 0);
	assert_int_equal(get_le32(vmsa + 0x408), row->vmsa_mxcsr);
	assert_int_equal(get_le16(vmsa + 0x410), row->vmsa_fcw);
	if (row->result < 0)
		return;
	assert_int_equal(vmsa[0x470], row->xstate_bv & 2 ? 0x55 : 0);
	assert_int_equal(vmsa[0x570], row->xstate_bv & 4 ? 0x55 : 0);
	vcpu_state_get_xsave(&vcpu, back);
	assert_int_equal(get_le64(back + 0x200), row->xstate_bv);
	/* MXCSR is given back with SSE or AVX only; else the initial one. */
	assert_int_equal(get_le32(back + 0x18), row->xstate_bv & 6 ? row->mxcsr : 0x1f80);
}

/* A fresh vCPU reads as QEMU 11 wants it: initial control words, no component in use. */
static void check_fresh_xsave(void **unused)
{
	uint8_t image[XSAVE_IMAGE_SIZE];
	struct vcpu_state vcpu;

	(void)unused;
	vcpu_state_reset(&vcpu, 1);
	vcpu_state_get_xsave(&vcpu, image);
	assert_int_equal(get_le16(image), 0x37f);
	assert_int_equal(get_le32(image + 0x18), 0x1f80);
	assert_int_equal(get_le64(image + 0x200), 0);
}

/* One register set, one word of the save area expected. */
enum {
	RAX,
	RSP,
	R15,
	RIP,
	RFLAGS,
	CR0,
	CR3,
	CR4,
	EFER,
	CR2,
	XCR0,
	PAT,
	STAR,
	KGS,
	SYSENTER_ESP,
	DR6
};

struct register_row {
	const char *name;
	int which;
	uint64_t value;
	unsigned int at;
	uint64_t expected;
};

static const struct register_row registers[] = {
	{"RAX", RAX, 0x1122334455667788, 0x1f8, 0x1122334455667788},
	{"RSP", RSP, 0x1122334455667788, 0x1d8, 0x1122334455667788},
	{"R15", R15, 0x1122334455667788, 0x378, 0x1122334455667788},
	{"RIP", RIP, 0xb004, 0x178, 0xb004},
	{"RFLAGS has bit 1", RFLAGS, 0x200, 0x170, 0x202},
	{"CR0 loses CD and NW", CR0, 0x60000010, 0x158, 0x10},
	{"CR0 keeps PE", CR0, 0x31, 0x158, 0x31},
	{"CR2 is not in it", CR2, 0x1000, 0x240, 0},
	{"CR3", CR3, 0x1000, 0x150, 0x1000},
	{"CR4 gains MCE", CR4, 0x20, 0x148, 0x60},
	{"EFER gains SVME", EFER, 0x500, 0x0d0, 0x1500},
	{"XCR0", XCR0, 7, 0x3e8, 7},
	{"PAT", PAT, 0x70106, 0x268, 0x70106},
	{"STAR", STAR, 5, 0x200, 5},
	{"KernelGSBase", KGS, 6, 0x220, 6},
	{"SYSENTER_ESP loses its upper half", SYSENTER_ESP, 0x100000002, 0x230, 2},
	{"DR6", DR6, 0xffff0ff1, 0x168, 0xffff0ff1},
};

static void check_register(void **state)
{
	const struct register_row *row = *state;
	uint8_t vmsa[VMSA_SIZE];
	struct vcpu_state vcpu;
	uint64_t unused;
	__u64 *const places[] = {
		[RAX] = &vcpu.regs.rax,	 [RSP] = &vcpu.regs.rsp,       [R15] = &vcpu.regs.r15,
		[RIP] = &vcpu.regs.rip,	 [RFLAGS] = &vcpu.regs.rflags, [CR0] = &vcpu.sregs.cr0,
		[CR3] = &vcpu.sregs.cr3, [CR4] = &vcpu.sregs.cr4,      [EFER] = &vcpu.sregs.efer,
		[CR2] = &vcpu.sregs.cr2, [DR6] = &vcpu.debugregs.dr6,
	};
	uint64_t *msr = row->which == PAT	     ? &vcpu.msrs[MSR_PAT]
			: row->which == STAR	     ? &vcpu.msrs[MSR_STAR]
			: row->which == KGS	     ? &vcpu.msrs[MSR_KERNEL_GS_BASE]
			: row->which == SYSENTER_ESP ? &vcpu.msrs[MSR_SYSENTER_ESP]
			: row->which == XCR0	     ? &vcpu.xcr0
						     : &unused;

	vcpu_state_reset(&vcpu, 0);
	*msr = row->value;
	if (msr == &unused)
		*places[row->which] = row->value;
	assert_int_equal(vmsa_build(&vcpu, 0x21, true, vmsa), 0);
	assert_true(get_le64(vmsa + row->at) == row->expected);
	assert_true(get_le64(vmsa + 0x3b0) == 0x21);
}

static void check_breakpoint(void **unused)
{
	uint8_t vmsa[VMSA_SIZE];
	struct vcpu_state vcpu;

	(void)unused;
	vcpu_state_reset(&vcpu, 0);
	vcpu.debugregs.dr7 = 0x401;
	assert_int_equal(vmsa_build(&vcpu, 1, true, vmsa), -EINVAL);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_xsave, xsaves);
	ADD_ROWS(tests, n, check_register, registers);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_fresh_xsave);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_breakpoint);
	return RUN_TESTS("simulated vcpu", tests, n);
}
