// SPDX-License-Identifier: Apache-2.0
#include "guest/drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "config/checks.h"
#include "domain/domain_read.h"
#include "guest/boot_file.h"
#include "host/lifecycle.h"

int record_complete(const struct guest_record *record, struct launch_spec *spec,
		    struct snp_error *err)
{
	const struct guest_binding *b = &record->binding;
	const struct launch_made made = {
		.uuid = record->uuid,
		.firmware = record->boot[BOOT_FIRMWARE].path,
		.kernel = record->boot[BOOT_KERNEL].path,
		.initrd = record->boot[BOOT_INITRD].path,
		.host_data = record->host_data,
		.id_block = b->source != ID_NONE ? b->block : NULL,
		.id_auth = b->source != ID_NONE ? b->auth : NULL,
		.author_key = b->keys.has_author,
	};

	return launch_spec_complete(spec, &made, err);
}

static int copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -1 : 0;
}

/* What the record says of a launch, and what snp-launch asks for in every launch. A domain may be renamed,
 * and its memory and devices are not measured. */
static int record_spec(const struct guest_record *record, struct launch_spec **ret,
		       struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = calloc(1, sizeof(*spec));
	bool host = strcasecmp(record->vcpus.model, "host") == 0;
	int r;

	if (!spec)
		return out_of_memory(err);
	spec->smm = SPEC_OFF;
	spec->is_igvm = record->is_igvm;
	spec->has_policy = true;
	spec->policy = record->policy;
	spec->kernel_hashes = record->kernel_hashes ? SPEC_ON : SPEC_OFF;
	spec->vcpus = record->vcpus;
	spec->cpu_mode = host ? SPEC_CPU_HOST_PASSTHROUGH : SPEC_CPU_CUSTOM;
	if (record->has_vcek)
		spec->vcek = record->vcek ? SPEC_ON : SPEC_OFF;
	spec->any_workarounds = !record->has_guest_visible_workarounds;
	memcpy(spec->guest_visible_workarounds, record->guest_visible_workarounds,
	       sizeof(spec->guest_visible_workarounds));
	spec->any_qemu = !record->has_qemu;
	spec->n_option_roms = record->option_roms;
	spec->guest_agent = record->guest_agent;
	spec->tpm = record->tpm;
	if (copy("kvm", &spec->domain_type) < 0 || copy("x86_64", &spec->arch) < 0 ||
	    copy("q35", &spec->machine) < 0 || copy(record->emulator, &spec->emulator) < 0 ||
	    copy(record->security_labels, &spec->security_labels) < 0 ||
	    copy("sev-snp", &spec->security_type) < 0 || copy(record->cmdline, &spec->cmdline) < 0)
		return out_of_memory(err);
	r = record_complete(record, spec, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(spec);
	return 0;
}

static int compare(const struct guest_record *record, const struct launch_spec *found,
		   struct differences *ret, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *recorded = NULL;
	int r = record_spec(record, &recorded, err);

	if (r < 0)
		return r;
	differences_find(recorded, found, ret);
	return 0;
}

/* What only the host can say: which programs launch guests, where the record does not know the guest's, and
 * what CPU the model "host" is. */
static void compare_host(const struct guest_record *record, const struct launch_spec *found,
			 const struct hypervisor *host, struct differences *ret)
{
	if (!record->emulator && !hypervisor_has_emulator(host, found->emulator))
		difference_add(ret, "emulator", "one that libvirt on the host lists",
			       found->emulator);
	if (found->cpu_mode == SPEC_CPU_HOST_PASSTHROUGH && host->has_cpu_signature)
		difference_of_bits(ret, "CPU signature", record->vcpus.signature,
				   host->cpu_signature);
}

/* What launches other bytes, or none, and create refuses, so that a record never has it. */
static int add_findings(const struct launch_spec *spec, struct differences *ret,
			struct snp_error *err)
{
	_cleanup_(freep) struct findings *findings =
		malloc(sizeof(*findings)); /* large for a stack */

	if (!findings)
		return out_of_memory(err);
	checks_run(spec, NULL, findings);
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];
		bool known = false;

		for (size_t j = 0; j < ret->n; j++)
			known |= strcmp(ret->at[j].what, f->check->name) == 0;
		if (f->check->fixed && !known)
			difference_add(ret, f->check->name, "none", f->message);
	}
	return 0;
}

static int refuse_any(const struct guest_record *record, const struct differences *d,
		      const char *cure, struct snp_error *err)
{
	if (d->n == 0)
		return 0;
	return fail_with(
		err, SNP_E_DRIFT, SNP_NO_OFFSET,
		"%s: libvirt's domain is not what was measured: %s: recorded %s, found %s%s; %s",
		record->name, d->at[0].what, d->at[0].asked, d->at[0].found,
		d->n > 1 ? " (and more differs)" : "", cure);
}

/* Whether the metadata have `input` with that SHA-256, or do not have it where `sha256` is NULL. */
static bool agrees(const struct domain_record *metadata, const char *input, const uint8_t *sha256)
{
	for (size_t i = 0; i < metadata->n_measured; i++)
		if (strcmp(metadata->measured[i].input, input) == 0)
			return sha256 &&
			       memcmp(metadata->measured[i].sha256, sha256, SNP_SHA256_SIZE) == 0;
	return !sha256;
}

/* Of digest, policy, and each input's SHA-256 ("kernel"), or NULL. */
static const char *first_difference(const struct domain_record *metadata,
				    const struct guest_record *record)
{
	const char *cmdline = record->cmdline;
	uint8_t sha256[SNP_SHA256_SIZE];

	if (!metadata->has_launch_digest ||
	    memcmp(metadata->launch_digest, record->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return "launch digest";
	if (!metadata->has_policy || metadata->policy != record->policy)
		return "policy";
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (!agrees(metadata, boot_part_names[i],
			    record->boot[i].source ? record->boot[i].sha256 : NULL))
			return boot_part_names[i];
	if (cmdline && sha256_of(text_span(cmdline), sha256, NULL) < 0)
		return "command line";
	return agrees(metadata, "cmdline", cmdline ? sha256 : NULL) ? NULL : "command line";
}

int guest_drift(const struct guest_record *record, const char *xml, const struct hypervisor *host,
		struct differences *ret, struct snp_error *err)
{
	const struct snp_span text = text_span(xml);
	_cleanup_(launch_spec_freep) struct launch_spec *found = NULL;
	struct domain_record metadata;
	const char *what;
	int r = domain_read(record->name, text, &found, err);

	if (r < 0)
		return r;
	r = compare(record, found, ret, err);
	if (r < 0)
		return r;
	compare_host(record, found, host, ret);
	r = add_findings(found, ret, err);
	if (r < 0)
		return r;
	if (domain_read_record(record->name, text, &metadata, NULL) < 0)
		difference_add(ret, "metadata", "the one that snp-launch wrote", "none");
	else if ((what = first_difference(&metadata, record)))
		difference_add(ret, "metadata", what, "another");
	return 0;
}

int guest_drift_boot(const struct guest_record *record, struct differences *ret,
		     struct snp_error *err)
{
	struct snp_error failure;
	int r = boot_files_verify(record, &failure);

	if (r == -SNP_E_DRIFT) {
		difference_add(ret, "file", failure.file, failure.message);
		return 0;
	}
	if (r < 0 && err)
		*err = failure;
	return r;
}

/* No SEV-SNP guest can be saved. What was saved is a domain of that name and UUID which had another definition,
 * and libvirt restores it, with that definition, in place of starting this one. */
static void add_saved(virDomainPtr domain, struct differences *ret)
{
	if (virDomainHasManagedSaveImage(domain, 0) == 1)
		difference_add(ret, "saved state", "none",
			       "one that libvirt restores; run virsh managedsave-remove");
}

static int compare_domain(const struct guest_record *record, virDomainPtr domain,
			  const struct hypervisor *host, unsigned int flags,
			  struct differences *ret, struct snp_error *err)
{
	_cleanup_(freep) char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_SECURE | flags);
	int r;

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	r = guest_drift(record, xml, host, ret, err);
	if (r == 0 && (flags & VIR_DOMAIN_XML_INACTIVE))
		add_saved(domain, ret);
	return r;
}

int guest_drift_refuse(const struct guest_record *record, virDomainPtr domain,
		       const struct hypervisor *host, struct snp_error *err)
{
	char cure[128];
	struct differences d;
	int r = compare_domain(record, domain, host, VIR_DOMAIN_XML_INACTIVE, &d, err);

	snprintf(
		cure, sizeof(cure),
		"nothing was launched; see snp-launch diff %s, then apply its vm.json, or create --replace",
		record->name);
	return r < 0 ? r : refuse_any(record, &d, cure, err);
}

int guest_drift_paused(const struct guest_record *record, virDomainPtr domain,
		       const struct hypervisor *host, struct snp_error *err)
{
	char cure[128];
	struct differences d;
	int r = compare_domain(record, domain, host, 0, &d, err);

	snprintf(cure, sizeof(cure),
		 "it stays paused; see snp-launch diff %s; snp-launch kill turns it off",
		 record->name);
	return r < 0 ? r : refuse_any(record, &d, cure, err);
}

int guest_drift_end(const struct guest_record *record, virDomainPtr domain,
		    const struct hypervisor *host, struct snp_error *err)
{
	struct differences d;
	int r = compare_domain(record, domain, host, 0, &d, err);

	if (r == 0 && d.n > 0)
		r = domain_kill(domain, err);
	return r < 0 ? r
		     : refuse_any(record, &d,
				  "it was changed while it was started, and was turned off", err);
}

/* Add those that differ in another way than in what runs. */
static void add_next(const struct differences *next, struct differences *ret)
{
	const size_t n = ret->n;

	for (size_t i = 0; i < next->n; i++) {
		const struct difference *d = &next->at[i];
		char found[sizeof(d->found)];
		bool known = false;

		for (size_t j = 0; j < n; j++)
			known |= strcmp(ret->at[j].what, d->what) == 0 &&
				 strcmp(ret->at[j].found, d->found) == 0;
		snprintf(found, sizeof(found), "%.200s at the next start", d->found);
		if (!known)
			difference_add(ret, d->what, d->asked, found);
	}
}

int guest_drift_all(const struct guest_record *record, virDomainPtr domain,
		    const struct hypervisor *host, struct differences *ret, struct snp_error *err)
{
	struct differences next = {0};
	bool runs = virDomainIsActive(domain) == 1;
	int r = compare_domain(record, domain, host, runs ? 0 : VIR_DOMAIN_XML_INACTIVE, ret, err);

	if (r == 0 && runs)
		r = compare_domain(record, domain, host, VIR_DOMAIN_XML_INACTIVE, &next, err);
	if (r < 0)
		return r;
	add_next(&next, ret);
	return guest_drift_boot(record, ret, err);
}

int guest_record_domain(struct guest_record *record, virDomainPtr domain,
			const struct hypervisor *host, struct snp_error *err)
{
	_cleanup_(freep) char *xml =
		virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	_cleanup_(launch_spec_freep) struct launch_spec *found = NULL;
	struct differences d;
	int r;

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	r = domain_read(record->name, text_span(xml), &found, err);
	if (r < 0)
		return r;
	r = compare(record, found, &d, err);
	if (r < 0)
		return r;
	compare_host(record, found, host, &d);
	add_saved(domain, &d);
	r = refuse_any(
		record, &d,
		"nothing was launched; see libvirt_xml or --template, or libvirt's configuration",
		err);
	if (r < 0)
		return r;
	free(record->emulator);
	record->has_qemu = true;
	record->emulator = TAKE_PTR(found->emulator);
	record->security_labels = TAKE_PTR(found->security_labels);
	record->option_roms = found->n_option_roms;
	record->guest_agent = found->guest_agent;
	record->tpm = found->tpm;
	return 0;
}

int guest_drift_measured(const struct guest_record *record, struct launch_spec *spec,
			 const struct boot_file boot[static BOOT_PARTS],
			 const struct guest_measurement *measured, struct differences *ret,
			 struct snp_error *err)
{
	uint8_t host_data[sizeof(spec->host_data)];
	struct differences d;
	int r;

	/* The files are compared by their bytes, and the ID block is not made yet. */
	memcpy(host_data, spec->host_data, sizeof(host_data));
	r = record_complete(record, spec, err);
	memcpy(spec->host_data, host_data, sizeof(host_data));
	if (r < 0)
		return r;
	r = compare(record, spec, &d, err);
	if (r < 0)
		return r;
	ret->n = 0;
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		const char *then = record->boot[i].source, *now = boot[i].source;

		if (then && now)
			difference_of_bytes(ret, boot_part_names[i], record->boot[i].sha256,
					    boot[i].sha256, SNP_SHA256_SIZE);
		else
			difference_of_text(ret, boot_part_names[i], then, now);
	}
	for (size_t i = 0; i < d.n && ret->n < DIFFERENCES_MAX; i++)
		ret->at[ret->n++] = d.at[i];
	difference_of_text(ret, "user", record->user, spec->user);
	difference_of_bits(ret, "CPU signature", record->vcpus.signature,
			   measured->vcpus.signature);
	difference_of_bytes(ret, "launch digest", record->launch_digest, measured->launch_digest,
			    SNP_LAUNCH_DIGEST_SIZE);
	return 0;
}

int metadata_read(virDomainPtr domain, struct domain_record *ret, bool *ret_there,
		  struct snp_error *err)
{
	_cleanup_(freep) char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	*ret_there = domain_read_record(virDomainGetName(domain), text_span(xml), ret, NULL) == 0;
	return 0;
}

int guest_owns(const char *path, const char *name, virDomainPtr domain, bool *ret,
	       struct snp_error *err)
{
	struct domain_record metadata;
	int r;

	*ret = name && strcmp(virDomainGetName(domain), name) == 0;
	if (*ret)
		return 0;
	r = metadata_read(domain, &metadata, ret, err);
	*ret = r == 0 && *ret && strcmp(metadata.state, path) == 0;
	return r;
}
