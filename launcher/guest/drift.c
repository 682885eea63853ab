// SPDX-License-Identifier: Apache-2.0
#include "guest/drift.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>

#include "config/checks.h"
#include "domain/domain_read.h"
#include "guest/boot_file.h"
#include "host/hypervisor.h"

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
	spec->has_policy = true;
	spec->policy = record->policy;
	spec->kernel_hashes = record->kernel_hashes ? SPEC_ON : SPEC_OFF;
	spec->vcpus = record->vcpus;
	spec->cpu_mode = host ? SPEC_CPU_HOST_PASSTHROUGH : SPEC_CPU_CUSTOM;
	spec->cpu_may_change = true;
	if (record->has_vcek)
		spec->vcek = record->vcek ? SPEC_ON : SPEC_OFF;
	spec->any_workarounds = !record->has_guest_visible_workarounds;
	memcpy(spec->guest_visible_workarounds, record->guest_visible_workarounds,
	       sizeof(spec->guest_visible_workarounds));
	if (copy("kvm", &spec->domain_type) < 0 || copy("x86_64", &spec->arch) < 0 ||
	    copy("sev-snp", &spec->security_type) < 0 || copy(record->cmdline, &spec->cmdline) < 0)
		return out_of_memory(err);
	r = record_complete(record, spec, err);
	if (r == 0)
		*ret = TAKE_PTR(spec);
	return r;
}

static int compare(const struct guest_record *record, const struct launch_spec *found,
		   struct differences *ret, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *recorded = NULL;
	int r = record_spec(record, &recorded, err);

	if (r == 0)
		differences_find(recorded, found, ret);
	return r;
}

/* What launches other bytes, or none, and create refuses, so that a record never has it. */
static void add_findings(const struct launch_spec *spec, struct differences *ret)
{
	struct findings findings;

	checks_run(spec, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct finding *f = &findings.at[i];
		bool known = false;

		for (size_t j = 0; j < ret->n; j++)
			known |= strcmp(ret->at[j].what, f->check->name) == 0;
		if (f->check->fixed && !known)
			difference_add(ret, f->check->name, "none", f->message);
	}
}

int guest_drift(const struct guest_record *record, const struct launch_spec *found,
		struct differences *ret, struct snp_error *err)
{
	int r = compare(record, found, ret, err);

	if (r == 0)
		add_findings(found, ret);
	return r;
}

int guest_drift_refuse(const struct guest_record *record, virDomainPtr domain, bool checks,
		       const char *cure, struct snp_error *err)
{
	_cleanup_(freep) char *xml =
		virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	_cleanup_(launch_spec_freep) struct launch_spec *found = NULL;
	struct differences d;
	int r;

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	r = domain_read(record->name, (struct snp_span){(const uint8_t *)xml, strlen(xml)}, &found,
			err);
	if (r == 0)
		r = (checks ? guest_drift : compare)(record, found, &d, err);
	if (r < 0 || d.n == 0)
		return r;
	return fail_with(
		err, SNP_E_DRIFT, SNP_NO_OFFSET,
		"%s: libvirt's domain is not what was measured: %s: recorded %s, found %s%s; "
		"nothing was launched; %s",
		record->name, d.at[0].what, d.at[0].asked, d.at[0].found,
		d.n > 1 ? " (and more differs)" : "", cure);
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
	if (r == 0)
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
	for (size_t i = 0; i < d.n; i++)
		ret->at[ret->n++] = d.at[i];
	difference_of_bits(ret, "CPU signature", record->vcpus.signature,
			   measured->vcpus.signature);
	difference_of_bytes(ret, "launch digest", record->launch_digest, measured->launch_digest,
			    SNP_LAUNCH_DIGEST_SIZE);
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

int metadata_read(virDomainPtr domain, bool live, struct domain_record *ret, bool *ret_there,
		  struct snp_error *err)
{
	_cleanup_(freep) char *xml =
		virDomainGetXMLDesc(domain, live ? 0 : VIR_DOMAIN_XML_INACTIVE);

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	*ret_there = domain_read_record(virDomainGetName(domain),
					(struct snp_span){(const uint8_t *)xml, strlen(xml)}, ret,
					NULL) == 0;
	return 0;
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

const char *metadata_difference(const struct domain_record *metadata,
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
	if (cmdline && sha256_of((struct snp_span){(const uint8_t *)cmdline, strlen(cmdline)},
				 sha256, NULL) < 0)
		return "command line";
	return agrees(metadata, "cmdline", cmdline ? sha256 : NULL) ? NULL : "command line";
}

int metadata_check(const struct guest_record *record, virDomainPtr domain, struct snp_error *err)
{
	struct domain_record metadata;
	const char *what;
	bool there = false;
	int r = metadata_read(domain, false, &metadata, &there, err);

	if (r < 0)
		return r;
	what = there ? metadata_difference(&metadata, record) : "all of it";
	if (!what)
		return 0;
	return fail_with(
		err, SNP_E_DRIFT, SNP_NO_OFFSET,
		"%s: the guest's record and libvirt's domain disagree: %s differs; one of them was exchanged; nothing was launched; use create --replace",
		record->name, what);
}
