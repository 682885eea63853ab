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
	SNP_MODE_SNP_IGVM, /* SEV-SNP, from an IGVM file */
};

/* "snp", "snp:svsm", "seves" or "sev", as --mode of virtee/sev-snp-measure takes them; "snp:igvm". */
const char *snp_mode_name(enum snp_mode mode);

enum snp_vmm {
	SNP_VMM_QEMU,
	SNP_VMM_EC2,
	SNP_VMM_GCE,
	SNP_VMM_IGVM, /* any that takes IGVM files header by header */
};

/* The VMM of a name: "QEMU", "ec2", "gce" or "igvm", in upper or lower case. Errors: SNP_E_BAD_PROFILE. */
SNP_MUST_USE int snp_vmm_find(const char *name, enum snp_vmm *ret, struct snp_error *err);

/*
 * A profile says what a VMM on its kernel puts into the VMSAs, and how it launches firmware sections,
 * beyond what the guest's configuration says. It has a name: "qemu", "ec2-rdx0". Once released, a profile
 * never changes; a VMM that changes gets another. measure/launch/profile.c has the table, with the source
 * of each field.
 */

#define SNP_MAX_VCPUS	      4096 /* KVM_MAX_NR_VCPUS at its largest; also the limit of QEMU's q35 */
#define SNP_PROFILE_NAME_SIZE 32
#define SNP_CPU_MODEL_SIZE    64

/* The vCPUs of a launch: everything that goes into their VMSAs. Fixed for this SONAME: reference values are
 * arrays of them. */
struct snp_vcpus {
	char profile[SNP_PROFILE_NAME_SIZE]; /* name of the VMM profile: "qemu" */
	uint32_t count;
	uint32_t signature; /* CPUID leaf 1 EAX; 0 if the profile's VMSAs do not hold it */
	uint64_t features;  /* SEV_FEATURES of every VMSA */
	char model
		[SNP_CPU_MODEL_SIZE]; /* QEMU's name of the signature ("EPYC-v4"), for people; "" where
					 * the signature was given alone */
};

/* Refuse a name that no profile has, or whose profile does not launch guests of this mode.
 * Errors: SNP_E_BAD_PROFILE, listing the names. */
SNP_MUST_USE int snp_profile_check(const char *name, enum snp_mode mode, struct snp_error *err);

/* The profile of a VMM's current release in a mode. For SEV-ES under QEMU that is the one with the FPU
 * state of KVM_SEV_INIT2. Errors: SNP_E_BAD_PROFILE if the VMM has no such mode. */
SNP_MUST_USE int snp_profile_current(enum snp_vmm vmm, enum snp_mode mode,
				     char ret[SNP_STATIC SNP_PROFILE_NAME_SIZE],
				     struct snp_error *err);

/* The name of the i-th profile, in table order, or NULL past the last. And one line about a profile, for
 * people, or NULL for an unknown name. */
const char *snp_profile_at(size_t i);
const char *snp_profile_summary(const char *name);

/* True if the VMSAs hold the CPU signature. If they do not, the vCPU model does not affect the digest.
 * False for an unknown name. */
bool snp_profile_uses_signature(const char *name);

/* The usual SEV_FEATURES: 1 (SNP_ACTIVE) for SEV-SNP, 0 for SEV-ES and SEV. */
uint64_t snp_mode_default_features(enum snp_mode mode);

/* CPUID leaf 1 EAX from family, model and stepping as AMD's CPUID specification (25481) composes them;
 * family 0-270, model 0-255, stepping 0-15. Errors: SNP_E_BAD_CPU_MODEL. */
SNP_MUST_USE int snp_cpu_signature(uint64_t family, uint64_t model, uint64_t stepping,
				   uint32_t *ret, struct snp_error *err);

/* The CPU signature of a QEMU CPU model by its name there ("EPYC-v4"); upper and lower case count, as in
 * QEMU. Errors: SNP_E_BAD_CPU_MODEL, listing the families. */
SNP_MUST_USE int snp_cpu_model_find(const char *name, uint32_t *ret_signature,
				    struct snp_error *err);

/* The name and CPU signature of the i-th model of the table, or NULL past the last. */
const char *snp_cpu_model_at(size_t i, uint32_t *ret_signature);

SNP_API_END

#endif
