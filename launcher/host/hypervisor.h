/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_HYPERVISOR_H
#define LAUNCHER_HOST_HYPERVISOR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <libvirt/libvirt.h>

#include <snp/cleanup.h>
#include <snp/error.h>

/*
 * A host, as libvirt shows it. libvirt's own printing of errors is off; every failure comes back in a
 * struct snp_error, with what libvirt, QEMU or the secure processor said translated by host/explain.h.
 */
#define HYPERVISOR_EMULATORS_MAX 7

struct hypervisor {
	virConnectPtr connection;
	char *uri; /* as libvirt canonicalises it */
	/* major * 1,000,000 + minor * 1,000 + release */
	unsigned long libvirt_version; /* of the daemon */
	unsigned long qemu_version;    /* 0 if the driver is not QEMU's */
	uid_t qemu_user;	       /* that QEMU runs as; -1 if libvirt does not say */
	gid_t qemu_group;
	/* The programs that libvirt names for x86-64 guests, up to NULL; none if it does not say. */
	char *emulators[HYPERVISOR_EMULATORS_MAX + 1];
	bool has_cpu_signature; /* CPUID leaf 1 EAX of its CPU, which QEMU's model "host" has too */
	uint32_t cpu_signature;
};

/* Whether libvirt names that program for x86-64 guests; true if it names none, and for NULL. */
bool hypervisor_has_emulator(const struct hypervisor *host, const char *emulator);

/* The URI to connect to: `option` (--connect), else `config` (vm.json), else $LIBVIRT_DEFAULT_URI, else
 * qemu:///system. Both may be NULL. */
const char *hypervisor_uri(const char *option, const char *config);

/* Connect. Errors: SNP_E_LIBVIRT; SNP_E_TIMEOUT if libvirt accepts and does not answer for this many seconds. Over
 * ssh, which may ask for a password, there is no limit. */
#define HYPERVISOR_PATIENCE 9
SNP_MUST_USE int hypervisor_open(const char *uri, struct hypervisor *ret, struct snp_error *err);
void hypervisor_close(struct hypervisor *host);

/* Fill `err` from libvirt's last error; `what` says what was tried. SNP_E_NOT_FOUND and SNP_E_EXISTS
 * where libvirt says so of a domain, else what explain_fail() makes of its message. Returns -code. */
int hypervisor_fail(struct snp_error *err, const char *what);

/* What libvirt says in `virsh domcapabilities` of a q35 machine of x86_64 with `emulator` (NULL: libvirt's
 * choice), and of CPU model `model` (NULL: none) in mode custom. Errors: those of hypervisor_fail(). */
struct domain_capabilities {
	bool has_sev_snp;	 /* QEMU has the object, and /dev/sev answered once */
	bool has_kvm;		 /* else only emulation */
	char emulator[PATH_MAX]; /* the QEMU that was asked */
	bool has_model, model_usable;
};
SNP_MUST_USE int hypervisor_capabilities(const struct hypervisor *host, const char *emulator,
					 const char *model, struct domain_capabilities *ret,
					 struct snp_error *err);

/* The domain with that UUID or name, or (digits only) that ID. Errors: SNP_E_NOT_FOUND. */
SNP_MUST_USE int hypervisor_find(const struct hypervisor *host, const char *domain,
				 virDomainPtr *ret, struct snp_error *err);

/* The same; 0 and NULL if there is none. */
SNP_MUST_USE int hypervisor_find_uuid(const struct hypervisor *host, const char *uuid,
				      virDomainPtr *ret, struct snp_error *err);
SNP_MUST_USE int hypervisor_find_name(const struct hypervisor *host, const char *name,
				      virDomainPtr *ret, struct snp_error *err);

static inline void domain_freep(virDomainPtr *domain)
{
	if (*domain)
		virDomainFree(*domain);
}

#endif
