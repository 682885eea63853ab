/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_PROFILE_H
#define SNP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>

SNP_API_BEGIN

enum snp_mode {
	SNP_MODE_SNP,	   /* SEV-SNP, OVMF */
	SNP_MODE_SNP_SVSM, /* SEV-SNP, COCONUT-SVSM below OVMF, without IGVM */
	SNP_MODE_SEV_ES,
	SNP_MODE_SEV,
};

/* "snp", "snp:svsm", "seves", "sev": as virtee/sev-snp-measure's --mode has them. */
const char *snp_mode_name(enum snp_mode mode);

enum snp_vmm {
	SNP_VMM_QEMU,
	SNP_VMM_EC2,
	SNP_VMM_GCE,
};

/* "QEMU", "ec2" or "gce", in any case. Errors: SNP_E_BAD_PROFILE. */
SNP_MUST_USE int snp_vmm_find(const char *name, enum snp_vmm *ret, struct snp_error *err);
const char *snp_vmm_name(enum snp_vmm vmm);

/*
 * What a VMM, on a kernel, puts into the VMSAs and does with firmware sections, beside what the guest's
 * configuration says. A profile, once released, is never redefined: a VMM that changes gets another.
 */
struct snp_profile; /* measure/launch/profile.c has the table, each field with its source */

/* The profile of this name ("qemu", "ec2-rdx0"). Errors: SNP_E_BAD_PROFILE, listing the names. */
SNP_MUST_USE int snp_profile_find(const char *name, const struct snp_profile **ret,
				  struct snp_error *err);

/* The one that a VMM's current release has in a mode; of QEMU's two for SEV-ES that with the FPU state of
 * KVM_SEV_INIT2, which its current machine types choose. Errors: SNP_E_BAD_PROFILE where it has no such mode. */
SNP_MUST_USE int snp_profile_current(enum snp_vmm vmm, enum snp_mode mode,
				     const struct snp_profile **ret, struct snp_error *err);

/* All of them in table order: the i-th, or NULL past the last. */
const struct snp_profile *snp_profile_at(size_t i);
const char *snp_profile_name(const struct snp_profile *profile);
const char *snp_profile_summary(const struct snp_profile *profile); /* one line for people */
enum snp_vmm snp_profile_vmm(const struct snp_profile *profile);
bool snp_profile_fits(const struct snp_profile *profile, enum snp_mode mode);

/* True if VMSAs hold the vCPU model's signature: where not, the model is of no account. SEV has no
 * VMSAs at all. */
bool snp_profile_uses_signature(const struct snp_profile *profile);

/* SEV_FEATURES where nobody says otherwise: 1 (SNP_ACTIVE) for SEV-SNP, 0 for SEV-ES and SEV. */
uint64_t snp_mode_default_features(enum snp_mode mode);

/* Refuse SEV_FEATURES that no guest of this mode has. Errors: SNP_E_BAD_FEATURES; SNP_E_NO_DIGEST for what is
 * no mode. */
SNP_MUST_USE int snp_mode_check_features(enum snp_mode mode, uint64_t features,
					 struct snp_error *err);

/* CPUID leaf 1 EAX from family, model and stepping as AMD's CPUID specification (25481) composes them;
 * family 0-270, model 0-255, stepping 0-15. Errors: SNP_E_BAD_CPU_MODEL. */
SNP_MUST_USE int snp_cpu_signature(uint64_t family, uint64_t model, uint64_t stepping,
				   uint32_t *ret, struct snp_error *err);

/* Of a QEMU CPU model by its name there ("EPYC-v4"), which QEMU knows in this case alone.
 * Errors: SNP_E_BAD_CPU_MODEL, listing the families. */
SNP_MUST_USE int snp_cpu_model_find(const char *name, uint32_t *ret_signature,
				    struct snp_error *err);

/* The i-th model of the table, or NULL past the last. */
const char *snp_cpu_model_at(size_t i, uint32_t *ret_signature);

/* The first model of this signature, or NULL: versions of one model share theirs. */
const char *snp_cpu_model_of(uint32_t signature);

SNP_API_END

#endif
