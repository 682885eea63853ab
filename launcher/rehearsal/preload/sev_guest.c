// SPDX-License-Identifier: Apache-2.0
#include "vm.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "program.h"
#include "settings.h"

#define SEV_POLICY_ES 4U /* SEV API, table "Guest Policy Structure" */

/* __sev_guest_init() */
static int init(struct vm *vm, unsigned int type, const struct uapi_sev_init *args)
{
	if (vm->vcpu_count > 0 || args->flags || vm->sev.active)
		return -EINVAL;
	/* sev_supported_vmsa_features: no debug swap, no secure TSC on this host. */
	if (args->vmsa_features || args->ghcb_version > 2 ||
	    (type == UAPI_SEV_VM && args->ghcb_version))
		return -EINVAL;
	vm->sev.active = true;
	vm->sev.es_active = type != UAPI_SEV_VM;
	vm->sev.vmsa_features = type == UAPI_SNP_VM ? SEV_FEATURE_SNP_ACTIVE : 0;
	trace_begin(&vm->sev.trace,
		    type == UAPI_SNP_VM	     ? "sev-snp"
		    : type == UAPI_SEV_ES_VM ? "sev-es"
					     : "sev",
		    vm->type);
	return 0;
}

static int init2(struct vm *vm, const struct kvm_sev_cmd *cmd)
{
	struct uapi_sev_init args;

	if (vm->type != UAPI_SEV_VM && vm->type != UAPI_SEV_ES_VM && vm->type != UAPI_SNP_VM)
		return -EINVAL;
	if (!cmd->data)
		return -EFAULT;
	memcpy(&args, (const void *)cmd->data, sizeof(args));
	return init(vm, vm->type, &args);
}

static int launch_start(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	struct sev_gctx *gctx = &vm->sev.sev;
	struct kvm_sev_launch_start args;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	if (gctx->state != GCTX_INIT)
		return firmware_result(cmd, FIRMWARE_INVALID_GUEST_STATE);
	if (args.dh_uaddr || args.session_uaddr) {
		complain(
			"a launch session (dhCert, session) needs the platform's real Diffie-Hellman "
			"key, which is not simulated");
		return firmware_result(cmd, FIRMWARE_UNSUPPORTED);
	}
	/* KVM starts an SEV-ES guest only with the policy's bit, and the other way round. */
	if (!(args.policy & SEV_POLICY_ES) != !vm->sev.es_active)
		return firmware_result(cmd, FIRMWARE_POLICY_FAILURE);
	gctx->hash = EVP_MD_CTX_new();
	if (!gctx->hash || EVP_DigestInit_ex(gctx->hash, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	gctx->state = GCTX_LAUNCH;
	gctx->policy = args.policy;
	args.handle = 1;
	memcpy((void *)cmd->data, &args, sizeof(args));
	return firmware_result(cmd, FIRMWARE_SUCCESS);
}

static void measure(struct vm *vm, const char *type, uint64_t gpa, const uint8_t *bytes,
		    size_t size)
{
	uint8_t contents[SEV_LD_SIZE];

	if (EVP_DigestUpdate(vm->sev.sev.hash, bytes, size) != 1 ||
	    EVP_Digest(bytes, size, contents, NULL, EVP_sha256(), NULL) != 1)
		abort();
	trace_update(&vm->sev.trace, type, gpa, bytes, size, contents, sizeof(contents), NULL);
}

static int launch_update_data(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	struct kvm_sev_launch_update_data args;
	uint64_t gpa = TRACE_NO_GPA;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	if (args.len == 0)
		return -EINVAL;
	if (vm->sev.sev.state != GCTX_LAUNCH || vm->sev.sev.measured)
		return firmware_result(cmd, FIRMWARE_INVALID_GUEST_STATE);
	/* SEV API, LAUNCH_UPDATE_DATA: both multiples of 16. */
	if (args.uaddr & 15)
		return firmware_result(cmd, FIRMWARE_INVALID_ADDRESS);
	if (args.len & 15)
		return firmware_result(cmd, FIRMWARE_INVALID_LEN);
	memory_gpa(&vm->memory, args.uaddr, &gpa);
	measure(vm, "data", gpa, (const uint8_t *)args.uaddr, args.len);
	return firmware_result(cmd, FIRMWARE_SUCCESS);
}

static int launch_update_vmsa(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	if (!vm->sev.es_active)
		return -ENOTTY;
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *vcpu = vm->vcpus[i];
		uint8_t vmsa[VMSA_SIZE];
		int r;

		if (vcpu->state_protected)
			return -EINVAL;
		r = vmsa_build(&vcpu->state, vm->sev.vmsa_features, vm->type != UAPI_DEFAULT_VM,
			       vmsa);
		if (r < 0)
			return r;
		if (vm->sev.sev.state != GCTX_LAUNCH || vm->sev.sev.measured)
			return firmware_result(cmd, FIRMWARE_INVALID_GUEST_STATE);
		measure(vm, "vmsa", TRACE_NO_GPA, vmsa, sizeof(vmsa));
		vcpu->state_protected = true;
	}
	return firmware_result(cmd, FIRMWARE_SUCCESS);
}

/* MEASURE is HMAC(TIK; 04, API, build, policy, digest, nonce) (SEV API, LAUNCH_MEASURE). Without a
 * session the transport integrity key is the firmware's own and nobody knows it. */
static void close_measurement(struct sev_gctx *gctx)
{
	uint8_t signed_bytes[4 + 4 + SEV_LD_SIZE + 16] = {0x04, settings()->api_major,
							  settings()->api_minor, settings()->build};
	uint8_t key[16];

	if (EVP_DigestFinal_ex(gctx->hash, gctx->ld, NULL) != 1 ||
	    RAND_bytes(key, sizeof(key)) != 1 || RAND_bytes(gctx->measure + 32, 16) != 1)
		abort();
	EVP_MD_CTX_free(gctx->hash);
	gctx->hash = NULL;
	put_le32(signed_bytes + 4, gctx->policy);
	memcpy(signed_bytes + 8, gctx->ld, SEV_LD_SIZE);
	memcpy(signed_bytes + 8 + SEV_LD_SIZE, gctx->measure + 32, 16);
	if (!HMAC(EVP_sha256(), key, sizeof(key), signed_bytes, sizeof(signed_bytes), gctx->measure,
		  NULL))
		abort();
	gctx->measured = true;
}

static int launch_measure(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	struct sev_gctx *gctx = &vm->sev.sev;
	struct kvm_sev_launch_measure args;
	bool fits;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	if (gctx->state != GCTX_LAUNCH)
		return firmware_result(cmd, FIRMWARE_INVALID_GUEST_STATE);
	fits = args.len >= sizeof(gctx->measure) && args.uaddr;
	args.len = sizeof(gctx->measure);
	memcpy((void *)cmd->data, &args, sizeof(args));
	if (!fits)
		return firmware_result(cmd, FIRMWARE_INVALID_LEN);
	if (!gctx->measured)
		close_measurement(gctx);
	memcpy((void *)args.uaddr, gctx->measure, sizeof(gctx->measure));
	return firmware_result(cmd, FIRMWARE_SUCCESS);
}

static int launch_finish(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	struct sev_gctx *gctx = &vm->sev.sev;

	/* SEV API, LAUNCH_FINISH: the guest must be in LSECRET, where LAUNCH_MEASURE brought it. */
	if (gctx->state != GCTX_LAUNCH || !gctx->measured)
		return firmware_result(cmd, FIRMWARE_INVALID_GUEST_STATE);
	gctx->state = GCTX_RUNNING;
	trace_finish(&vm->sev.trace, gctx->policy, gctx->ld, sizeof(gctx->ld));
	software_begin(&vm->vcpus[0]->software, gctx->ld, sizeof(gctx->ld), gctx->policy, NULL);
	return firmware_result(cmd, FIRMWARE_SUCCESS);
}

static int dispatch(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	const struct uapi_sev_init legacy = {0};

	switch (cmd->id) {
	case KVM_SEV_INIT:
	case KVM_SEV_ES_INIT:
		if (vm->type != UAPI_DEFAULT_VM)
			return -EINVAL;
		return init(vm, cmd->id == KVM_SEV_INIT ? UAPI_SEV_VM : UAPI_SEV_ES_VM, &legacy);
	case UAPI_SEV_INIT2:
		return init2(vm, cmd);
	default:
		break;
	}
	if (!vm->sev.active)
		return -ENOTTY;
	if (!cmd->data && cmd->id != KVM_SEV_LAUNCH_UPDATE_VMSA && cmd->id != KVM_SEV_LAUNCH_FINISH)
		return -EFAULT;
	switch (cmd->id) {
	case KVM_SEV_LAUNCH_START:
		return launch_start(vm, cmd);
	case KVM_SEV_LAUNCH_UPDATE_DATA:
		return launch_update_data(vm, cmd);
	case KVM_SEV_LAUNCH_UPDATE_VMSA:
		return launch_update_vmsa(vm, cmd);
	case KVM_SEV_LAUNCH_MEASURE:
		return launch_measure(vm, cmd);
	case KVM_SEV_LAUNCH_FINISH:
		return vm->vcpu_count > 0 ? launch_finish(vm, cmd) : -EINVAL;
	default:
		return refuse_unknown("KVM_MEMORY_ENCRYPT_OP", cmd->id);
	}
}

int sev_guest_op(struct vm *vm, struct kvm_sev_cmd *cmd)
{
	int r;

	if (!cmd)
		return 0;
	/* sev_mem_enc_ioctl(): an SNP guest knows only its own commands. */
	if (vm->type == UAPI_SNP_VM && vm->sev.active && cmd->id < UAPI_SEV_SNP_LAUNCH_START)
		return -EPERM;
	r = cmd->id >= UAPI_SEV_SNP_LAUNCH_START ? guest_op(vm, cmd) : dispatch(vm, cmd);
	if (r < 0)
		trace_refusal(&vm->sev.trace, cmd->id, r, cmd->error);
	return r;
}
