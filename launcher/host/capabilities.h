/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_CAPABILITIES_H
#define LAUNCHER_HOST_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <libvirt/libvirt.h>

#include <snp/error.h>

/* What libvirt says of its host in `virsh capabilities` and `virsh domcapabilities`. */

/* Whom QEMU runs as: <secmodel><model>dac</model><baselabel type='kvm'>+UID:+GID. Left alone where
 * libvirt does not say (session drivers: as the daemon). */
void capabilities_qemu_user(virConnectPtr connection, uid_t *ret_user, gid_t *ret_group);

#define CAPABILITIES_MODELS 256 /* QEMU has some 130 */

struct domain_capabilities {
	char emulator[256];
	bool has_sev_snp; /* launchSecurity/sectype: QEMU has the object and /dev/sev answered once */
	bool has_cbitpos;
	uint32_t cbitpos;
	uint32_t
		max_es_guests; /* ASIDs below the minimum for SEV: SEV-ES and SNP share them; 0: unsaid */
	bool has_kvm;	       /* <domain>kvm: else only TCG */
	unsigned int n_models; /* CPU models that mode custom knows */
	struct {
		char name[48];
		bool usable;
	} models[CAPABILITIES_MODELS];
};

/* For a q35 machine of x86_64. Errors: those of hypervisor_fail(); SNP_E_NO_MEMORY. */
SNP_MUST_USE int capabilities_of_domains(virConnectPtr connection, struct domain_capabilities *ret,
					 struct snp_error *err);

#endif
