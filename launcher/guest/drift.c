// SPDX-License-Identifier: Apache-2.0
#include "guest/drift.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>

#include "config/checks.h"
#include "domain/domain_read.h"
#include "guest/boot_file.h"
#include "host/hypervisor.h"

static void add(struct drifts *drifts, const char *what, const char *recorded, const char *found)
{
	struct drift *d;

	if (drifts->n == DRIFTS_MAX)
		return;
	d = &drifts->at[drifts->n++];
	d->what = what;
	escape_text(recorded, d->recorded, sizeof(d->recorded));
	escape_text(found, d->found, sizeof(d->found));
}

static void compare_text(struct drifts *drifts, const char *what, const char *recorded,
			 const char *found)
{
	/* An empty command line is none: libvirt drops the element, and QEMU hashes one NUL for both. */
	const char *a = recorded ? recorded : "", *b = found ? found : "";

	if (strcmp(a, b) != 0)
		add(drifts, what, a[0] ? a : "none", b[0] ? b : "none");
}

static void compare_count(struct drifts *drifts, const char *what, uint32_t recorded,
			  uint32_t found)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), "%" PRIu32, recorded);
	snprintf(b, sizeof(b), "%" PRIu32, found);
	compare_text(drifts, what, a, b);
}

static void compare_bits(struct drifts *drifts, const char *what, uint64_t recorded, uint64_t found)
{
	char a[24], b[24];

	snprintf(a, sizeof(a), "0x%" PRIx64, recorded);
	snprintf(b, sizeof(b), "0x%" PRIx64, found);
	compare_text(drifts, what, a, b);
}

static void compare_bytes(struct drifts *drifts, const char *what, const uint8_t *recorded,
			  const uint8_t *found, size_t size)
{
	char a[2 * SNP_LAUNCH_DIGEST_SIZE + 1], b[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	if (memcmp(recorded, found, size) == 0)
		return;
	if (size > SNP_LAUNCH_DIGEST_SIZE) {
		add(drifts, what, "one", "another");
		return;
	}
	hex_encode(recorded, size, a);
	hex_encode(found, size, b);
	add(drifts, what, a, b);
}

static void compare_binding(const struct guest_record *record, const struct launch_spec *spec,
			    struct drifts *drifts)
{
	const struct guest_binding *b = &record->binding;

	if (b->source == ID_NONE) {
		compare_text(drifts, "ID block", NULL, spec->id_block_text.text);
		compare_text(drifts, "ID auth", NULL, spec->id_auth_text.text);
		return;
	}
	if (!spec->id_block_text.valid || !spec->id_auth_text.valid) {
		add(drifts, "ID block", "one", "none, or damaged");
		return;
	}
	compare_bytes(drifts, "ID block", b->block, spec->id_block, sizeof(b->block));
	compare_bytes(drifts, "ID auth", b->auth, spec->id_auth, sizeof(b->auth));
	if (b->keys.has_author != (spec->author_key == SPEC_ON))
		add(drifts, "author key", b->keys.has_author ? "yes" : "no",
		    b->keys.has_author ? "no" : "yes");
}

/* What no digest has, and the guest or its reports see all the same. */
static void compare_options(const struct guest_record *record, bool vcek,
			    const uint8_t workarounds[static 16], struct drifts *drifts)
{
	if (record->has_vcek)
		compare_text(drifts, "VCEK", record->vcek ? "on" : "off", vcek ? "on" : "off");
	if (record->has_guest_visible_workarounds)
		compare_bytes(drifts, "guest visible workarounds",
			      record->guest_visible_workarounds, workarounds, 16);
}

/* "host" is written as a mode, not as a model. */
static const char *cpu_model(const struct launch_spec *spec)
{
	static const char *const modes[] = {
		[SPEC_CPU_HOST_MODEL] = "host-model",
		[SPEC_CPU_HOST_PASSTHROUGH] = "host",
		[SPEC_CPU_MAXIMUM] = "maximum",
	};

	return spec->cpu_mode == SPEC_CPU_CUSTOM ? spec->cpu_model : modes[spec->cpu_mode];
}

/* vm.json may write "Host". */
static bool is_host_model(const struct guest_record *record, const struct launch_spec *spec)
{
	return strcasecmp(record->cpu_model, "host") == 0 &&
	       spec->cpu_mode == SPEC_CPU_HOST_PASSTHROUGH;
}

/* What launches other bytes, or none, and create refuses, so that a record never has it. */
static void add_findings(const struct launch_spec *spec, struct drifts *drifts)
{
	struct findings findings;

	checks_run(spec, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		struct drift *d = &drifts->at[drifts->n];

		if (!findings.at[i].check->fixed || drifts->n == DRIFTS_MAX)
			continue;
		drifts->n++;
		d->what = findings.at[i].check->name;
		snprintf(d->recorded, sizeof(d->recorded), "nothing of the kind");
		snprintf(d->found, sizeof(d->found), "%.255s", findings.at[i].message);
	}
}

void guest_drift(const struct guest_record *record, const struct launch_spec *spec,
		 struct drifts *ret)
{
	static const uint8_t zeros[SNP_SHA256_SIZE];

	ret->n = 0;
	compare_text(ret, "launch security", "sev-snp", spec->security_type);
	compare_text(ret, "firmware", record->boot[BOOT_FIRMWARE].path, spec->firmware);
	compare_text(ret, "kernel", record->boot[BOOT_KERNEL].path, spec->kernel);
	compare_text(ret, "initrd", record->boot[BOOT_INITRD].path, spec->initrd);
	compare_text(ret, "command line", record->cmdline, spec->cmdline);
	compare_text(ret, "kernel hashes", record->kernel_hashes ? "on" : "off",
		     spec->kernel_hashes == SPEC_ON ? "on" : "off");
	compare_count(ret, "vCPUs", record->vcpu_count, spec->vcpu_count);
	if (!is_host_model(record, spec))
		compare_text(ret, "CPU model", record->cpu_model, cpu_model(spec));
	compare_bits(ret, "policy", record->policy, spec->policy);
	compare_bytes(ret, "host data", record->host_data,
		      spec->host_data_text.text ? spec->host_data : zeros, SNP_SHA256_SIZE);
	/* Where the domain says nothing, QEMU leaves it on. */
	compare_options(record, spec->vcek != SPEC_OFF, spec->guest_visible_workarounds, ret);
	compare_binding(record, spec, ret);
	add_findings(spec, ret);
}

void guest_drift_measured(const struct guest_record *record, const struct vm_config *config,
			  const struct boot_file boot[static BOOT_PARTS],
			  const struct guest_measurement *measured,
			  const uint8_t host_data[static SNP_SHA256_SIZE], struct drifts *ret)
{
	ret->n = 0;
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		bool then = record->boot[i].source, now = boot[i].source;

		if (then != now)
			add(ret, boot_part_names[i], then ? record->boot[i].source : "none",
			    now ? boot[i].source : "none");
		else if (now)
			compare_bytes(ret, boot_part_names[i], record->boot[i].sha256,
				      boot[i].sha256, SNP_SHA256_SIZE);
	}
	compare_text(ret, "command line", record->cmdline, config->cmdline);
	compare_text(ret, "kernel hashes", record->kernel_hashes ? "on" : "off",
		     measured->has_kernel_hashes ? "on" : "off");
	compare_count(ret, "vCPUs", record->vcpu_count, measured->vcpu_count);
	compare_text(ret, "CPU model", record->cpu_model, config->cpu_model);
	compare_bits(ret, "CPU signature", record->cpu_signature, measured->cpu_signature);
	compare_bits(ret, "policy", record->policy, config->policy);
	compare_bytes(ret, "host data", record->host_data, host_data, SNP_SHA256_SIZE);
	compare_options(record, config->vcek, config->guest_visible_workarounds, ret);
	compare_bytes(ret, "launch digest", record->launch_digest, measured->launch_digest,
		      SNP_LAUNCH_DIGEST_SIZE);
}

int guest_drift_boot(const struct guest_record *record, struct drifts *ret, struct snp_error *err)
{
	struct snp_error failure;
	int r = boot_files_verify(record, &failure);

	if (r == -SNP_E_DRIFT) {
		add(ret, "file", failure.file, failure.message);
		return 0;
	}
	if (r < 0 && err)
		*err = failure;
	return r;
}

int drifts_refuse(const struct drifts *drifts, const char *name, const char *cure,
		  struct snp_error *err)
{
	const struct drift *d = &drifts->at[0];

	if (drifts->n == 0)
		return 0;
	return fail_with(
		err, SNP_E_DRIFT, SNP_NO_OFFSET,
		"%s: libvirt's domain is not what was measured: %s: recorded %s, found %s%s; "
		"nothing was launched: %s",
		name, d->what, d->recorded, d->found, drifts->n > 1 ? " (and more differs)" : "",
		cure);
}

int guest_drift_domain(const struct guest_record *record, virDomainPtr domain, struct drifts *ret,
		       struct snp_error *err)
{
	_cleanup_(freep) char *xml =
		virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	int r;

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	r = domain_read(record->name, (struct snp_span){(const uint8_t *)xml, strlen(xml)}, &spec,
			err);
	if (r == 0)
		guest_drift(record, spec, ret);
	return r;
}
