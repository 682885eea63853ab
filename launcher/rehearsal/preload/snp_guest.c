// SPDX-License-Identifier: Apache-2.0
#include "vm.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "program.h"
#include "report.h"
#include "settings.h"

/* Policy bits that KVM knows. Linux 6.12 sev.c, SNP_POLICY_MASK_VALID; 6.19 asks the firmware
 * (sev_get_snp_policy_bits): all features of SNP ABI 1.55, and bit 25 from 1.58 on. */
#define POLICY_BITS_6_12     0x1b0000ULL
#define POLICY_BITS_6_19     0x1fb0000ULL
#define POLICY_PAGE_SWAP     (1ULL << 25)
#define POLICY_ABI	     0xffffULL
#define POLICY_SMT	     (1ULL << 16)
#define POLICY_MUST_BE_ONE   (1ULL << 17)
#define POLICY_SINGLE_SOCKET (1ULL << 20)

uint64_t guest_policy_bits(void)
{
	const struct settings *host = settings();
	uint64_t bits = POLICY_ABI;

	if (host->kernel == KERNEL_6_12)
		return bits | POLICY_BITS_6_12;
	bits |= POLICY_BITS_6_19;
	if (host->api_major > 1 || (host->api_major == 1 && host->api_minor >= 58))
		bits |= POLICY_PAGE_SWAP;
	return bits;
}

static bool kvm_accepts(uint64_t policy)
{
	if ((policy & ~guest_policy_bits()) || !(policy & POLICY_MUST_BE_ONE))
		return false;
	return settings()->kernel != KERNEL_6_12 ||
	       ((policy & POLICY_SMT) && !(policy & POLICY_SINGLE_SOCKET));
}

/* snp_launch_start() */
static int launch_start(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	const struct platform platform = {settings()->api_major, settings()->api_minor};
	struct uapi_snp_launch_start args;
	int r;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	if (vm->sev.snp_started || args.flags || !kvm_accepts(args.policy))
		return -EINVAL;
	r = firmware_result(cmd, gctx_launch_start(&vm->sev.snp, &platform, args.policy));
	vm->sev.snp_started = r == 0;
	return r;
}

static bool is_prepared(const struct guest_memfd *gmem, uint64_t page)
{
	return gmem->prepared[page / 8] >> (page % 8) & 1;
}

/* kvm_gmem_populate() and sev_gmem_post_populate() for one page. */
static int populate(struct vm *vm, struct kvm_sev_cmd *cmd, const struct slot *slot, uint64_t gpa,
		    enum snp_page_type type, const uint8_t *page)
{
	struct guest_memfd *gmem = slot->guest_memfd;
	uint64_t index = (slot->guest_memfd_offset + (gpa - slot->gpa)) / 4096;
	uint8_t contents[LD_SIZE];
	int r;

	if (is_prepared(gmem, index))
		return -EEXIST;
	if (!memory_is_private(&vm->memory, gpa))
		return -EINVAL;
	r = firmware_result(cmd, gctx_launch_update(&vm->sev.snp, type, gpa, page, contents));
	if (r < 0)
		return r;
	trace_update(&vm->sev.trace, trace_page_type(type), gpa, page, GUEST_PAGE_SIZE,
		     type <= PAGE_TYPE_VMSA ? contents : NULL, sizeof(contents), vm->sev.snp.ld);
	gmem->prepared[index / 8] = (uint8_t)(gmem->prepared[index / 8] | 1U << (index % 8));
	return 0;
}

static bool is_page_type(unsigned int type)
{
	return type == UAPI_SNP_PAGE_TYPE_NORMAL ||
	       (type >= UAPI_SNP_PAGE_TYPE_ZERO && type <= UAPI_SNP_PAGE_TYPE_CPUID);
}

/* snp_launch_update(): as many pages as the slot holds; QEMU comes back for the rest. An error after
 * the first page shows only then. */
static int launch_update(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	struct uapi_snp_launch_update args;
	const struct slot *slot;
	uint64_t gpa, done = 0;
	int r = 0;

	if (!vm->sev.snp_started)
		return -EINVAL;
	memcpy(&args, (const void *)cmd->data, sizeof(args));
	if ((args.len & 4095) || args.flags || !is_page_type(args.type))
		return -EINVAL;
	gpa = args.gfn_start << 12;
	slot = memory_slot(&vm->memory, gpa);
	if (!slot || !slot->guest_memfd)
		return -EINVAL;
	while (done < args.len && gpa + done < slot->gpa + slot->size) {
		bool zero = args.type == UAPI_SNP_PAGE_TYPE_ZERO;
		const uint8_t *page = zero ? NULL : (const uint8_t *)(args.uaddr + done);

		r = populate(vm, cmd, slot, gpa + done, args.type, page);
		if (r < 0)
			break;
		done += 4096;
	}
	if (r < 0 && done == 0) {
		if (cmd->error == 0)
			complain("page 0x%llx is %s", (unsigned long long)gpa,
				 r == -EEXIST ? "given to the secure processor twice"
					      : "not private");
		return -EIO;
	}
	cmd->error = 0;
	args.gfn_start += done >> 12;
	args.len -= done;
	if (args.type != UAPI_SNP_PAGE_TYPE_ZERO)
		args.uaddr += done;
	memcpy((void *)cmd->data, &args, sizeof(args));
	return 0;
}

/* snp_launch_update_vmsa(): every vCPU, in the order of creation, all at one address. */
static int measure_vcpus(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *vcpu = vm->vcpus[i];
		uint8_t vmsa[VMSA_SIZE], contents[LD_SIZE];
		int r;

		if (vcpu->state_protected)
			return -EINVAL;
		r = vmsa_build(&vcpu->state, vm->sev.vmsa_features, true, vmsa);
		if (r < 0)
			return r;
		r = firmware_result(cmd, gctx_launch_update(&vm->sev.snp, PAGE_TYPE_VMSA, VMSA_GPA,
							    vmsa, contents));
		if (r < 0)
			return r;
		trace_update(&vm->sev.trace, trace_page_type(PAGE_TYPE_VMSA), VMSA_GPA, vmsa,
			     sizeof(vmsa), contents, sizeof(contents), vm->sev.snp.ld);
		vcpu->state_protected = true;
	}
	return 0;
}

/* psp_copy_user_blob(). QEMU passes an ID auth of any length up to 4096 and KVM reads 4096 bytes, so
 * that the end may fault. */
static int copy_blob(uint64_t address, uint8_t *ret, size_t size)
{
	struct iovec to = {ret, size};
	struct iovec from = {(void *)address, size};

	if (!address)
		return -EINVAL;
	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

/* snp_launch_finish() */
static int launch_finish(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	struct gctx *gctx = &vm->sev.snp;
	struct uapi_snp_launch_finish args;
	uint8_t id_block[ID_BLOCK_SIZE], id_auth[ID_AUTH_SIZE];
	struct launch_finish finish = {0};
	int r;

	if (!vm->sev.snp_started || vm->vcpu_count == 0)
		return -EINVAL;
	memcpy(&args, (const void *)cmd->data, sizeof(args));
	if (args.flags)
		return -EINVAL;
	r = measure_vcpus(vm, cmd);
	if (r < 0)
		return r;
	if (args.id_block_en) {
		r = copy_blob(args.id_block_uaddr, id_block, sizeof(id_block));
		if (r == 0)
			r = copy_blob(args.id_auth_uaddr, id_auth, sizeof(id_auth));
		if (r < 0)
			return r;
		finish.id_block = id_block;
		finish.id_auth = id_auth;
		finish.author_key_en = args.auth_key_en;
	}
	finish.vcek_disabled = args.vcek_disabled;
	memcpy(finish.host_data, args.host_data, sizeof(finish.host_data));
	r = firmware_result(cmd, gctx_launch_finish(gctx, &finish));
	trace_identity(&vm->sev.trace, finish.host_data, finish.id_block != NULL,
		       finish.author_key_en);
	trace_finish(&vm->sev.trace, gctx->policy, gctx->ld, sizeof(gctx->ld));
	if (r < 0)
		return r;
	software_begin(&vm->vcpus[0]->software, gctx->ld, sizeof(gctx->ld), gctx->policy,
		       gctx->host_data);
	report_service_start(gctx);
	return 0;
}

int guest_op(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	if (vm->type != UAPI_SNP_VM || !vm->sev.active)
		return -ENOTTY;
	if (!cmd->data)
		return -EFAULT;
	switch (cmd->id) {
	case UAPI_SEV_SNP_LAUNCH_START:
		return launch_start(vm, cmd);
	case UAPI_SEV_SNP_LAUNCH_UPDATE:
		return launch_update(vm, cmd);
	case UAPI_SEV_SNP_LAUNCH_FINISH:
		return launch_finish(vm, cmd);
	default:
		return refuse_unknown("KVM_MEMORY_ENCRYPT_OP", cmd->id);
	}
}
