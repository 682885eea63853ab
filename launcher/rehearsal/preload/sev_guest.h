/* SPDX-License-Identifier: Apache-2.0 */
/* KVM_MEMORY_ENCRYPT_OP: the launch of SEV, SEV-ES and SNP guests (Linux 6.12 svm/sev.c). */
#ifndef REHEARSAL_PRELOAD_SEV_GUEST_H
#define REHEARSAL_PRELOAD_SEV_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "gctx.h"
#include "trace.h"

#define SEV_LD_SIZE 32 /* SHA-256 */

/* The guest context of the older firmware, SEV API (publication 55766). */
struct sev_gctx {
	enum gctx_state state;
	uint32_t policy;
	void *hash; /* EVP_MD_CTX */
	uint8_t ld[SEV_LD_SIZE];
	bool measured;
	uint8_t measure[48]; /* HMAC and nonce, as LAUNCH_MEASURE gives them */
};

struct sev_guest {
	bool active;
	bool es_active;
	uint64_t vmsa_features;
	bool snp_started;
	struct gctx snp;
	struct sev_gctx sev;
	struct trace trace;
};

struct vm;
struct kvm_sev_cmd;

/* `cmd` NULL asks whether there is SEV at all. */
int sev_guest_op(struct vm *vm, struct kvm_sev_cmd *cmd);

/* The commands of an SNP guest; snp_guest.c. */
int snp_guest_op(struct vm *vm, struct kvm_sev_cmd *cmd);

/* The policy bits that the simulated kernel knows (from 6.19 on: KVM_X86_SNP_POLICY_BITS). */
uint64_t snp_guest_policy_bits(void);

/* Whether the guest's launch is finished, so that its vCPUs may run. */
bool sev_guest_is_launched(const struct vm *vm);

/* What the kernel returns for a firmware status: -EIO and the status in cmd->error. */
int firmware_result(struct kvm_sev_cmd *cmd, enum firmware_status status);

#endif
