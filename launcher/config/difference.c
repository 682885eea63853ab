// SPDX-License-Identifier: Apache-2.0
#include "config/difference.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/fail.h>
#include <snp/hex.h>

void difference_add(struct differences *ret, const char *what, const char *asked, const char *found)
{
	struct difference *d;

	if (ret->n == DIFFERENCES_MAX)
		return;
	d = &ret->at[ret->n++];
	snprintf(d->what, sizeof(d->what), "%s", what);
	escape_text(asked, d->asked, sizeof(d->asked));
	escape_text(found, d->found, sizeof(d->found));
}

void difference_of_text(struct differences *ret, const char *what, const char *asked,
			const char *found)
{
	/* libvirt drops an empty command line, and QEMU hashes one NUL for both. */
	const char *a = asked ? asked : "", *b = found ? found : "";

	if (strcmp(a, b) != 0)
		difference_add(ret, what, a[0] ? a : "none", b[0] ? b : "none");
}

void difference_of_bits(struct differences *ret, const char *what, uint64_t asked, uint64_t found)
{
	char a[24], b[24];

	snprintf(a, sizeof(a), "0x%" PRIx64, asked);
	snprintf(b, sizeof(b), "0x%" PRIx64, found);
	difference_of_text(ret, what, a, b);
}

void difference_of_bytes(struct differences *ret, const char *what, const uint8_t *asked,
			 const uint8_t *found, size_t size)
{
	char a[2 * SNP_LAUNCH_DIGEST_SIZE + 1], b[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	if (memcmp(asked, found, size) == 0)
		return;
	if (size > SNP_LAUNCH_DIGEST_SIZE) {
		difference_add(ret, what, "one", "another");
		return;
	}
	hex_encode(asked, size, a);
	hex_encode(found, size, b);
	difference_add(ret, what, a, b);
}

static void compare_count(struct differences *ret, const char *what, uint64_t asked, uint64_t found)
{
	char a[24], b[24];

	snprintf(a, sizeof(a), "%" PRIu64, asked);
	snprintf(b, sizeof(b), "%" PRIu64, found);
	difference_of_text(ret, what, a, b);
}

static void compare_yes(struct differences *ret, const char *what, bool asked, bool found)
{
	difference_of_text(ret, what, asked ? "yes" : "no", found ? "yes" : "no");
}

/* A switch that is not set has the value that libvirt or QEMU gives it. */
static void compare_switch(struct differences *ret, const char *what, enum spec_switch asked,
			   enum spec_switch found, enum spec_switch unset)
{
	bool a = asked == SPEC_ON, b = (found == SPEC_UNSET ? unset : found) == SPEC_ON;

	if (asked != SPEC_UNSET)
		difference_of_text(ret, what, a ? "on" : "off", b ? "on" : "off");
}

/* A block or auth that is there must be the one asked for; other bytes are zeros where it is absent. */
static void compare_blob(struct differences *ret, const char *what, const struct spec_blob *asked,
			 const uint8_t *asked_bytes, const struct spec_blob *found,
			 const uint8_t *found_bytes, size_t size)
{
	if (found->text && !found->valid)
		difference_add(ret, what, asked->text ? "one" : "none", "damaged base64");
	else if (size > SNP_LAUNCH_DIGEST_SIZE && !asked->text != !found->text)
		difference_add(ret, what, asked->text ? "one" : "none",
			       found->text ? "one" : "none");
	else
		difference_of_bytes(ret, what, asked_bytes, found_bytes, size);
}

/* "host" is written as a mode, not as a model, and vm.json may write "Host". */
static const char *cpu_model(const struct launch_spec *spec)
{
	static const char *const modes[] = {
		[SPEC_CPU_NONE] = NULL,
		[SPEC_CPU_HOST_MODEL] = "host-model",
		[SPEC_CPU_HOST_PASSTHROUGH] = "host",
		[SPEC_CPU_MAXIMUM] = "maximum",
	};

	return spec->cpu_mode == SPEC_CPU_CUSTOM ? spec->vcpus.model : modes[spec->cpu_mode];
}

static void compare_machine(const struct launch_spec *asked, const struct launch_spec *found,
			    struct differences *ret)
{
	if (asked->name)
		difference_of_text(ret, "name", asked->name, found->name);
	if (asked->uuid)
		difference_of_text(ret, "uuid", asked->uuid, found->uuid);
	/* libvirt writes the version of q35 that it takes. */
	if (asked->machine && (!found->machine || !strstr(found->machine, asked->machine)))
		difference_of_text(ret, "machine", asked->machine, found->machine);
	if (asked->vcpu_maximum > 0)
		compare_count(ret, "vCPU maximum", asked->vcpu_maximum, found->vcpu_maximum);
	compare_count(ret, "vCPUs", asked->vcpus.count, found->vcpus.count);
	difference_of_text(ret, "CPU model", cpu_model(asked), cpu_model(found));
	if (!asked->cpu_may_change)
		compare_yes(ret, "CPU fallback", false, found->cpu_may_change);
	if (asked->emulator && (found->emulator || !found->any_qemu))
		difference_of_text(ret, "emulator", asked->emulator, found->emulator);
	if (asked->has_ids &&
	    (!found->has_ids || asked->uid != found->uid || asked->gid != found->gid))
		difference_add(ret, "user", asked->user ? asked->user : "one",
			       found->has_ids ? "another" : "libvirt's choice");
	if (!asked->any_qemu && !found->any_qemu) {
		difference_of_text(ret, "security labels", asked->security_labels,
				   found->security_labels);
		compare_count(ret, "option ROMs", asked->n_option_roms, found->n_option_roms);
		compare_yes(ret, "guest agent", asked->guest_agent, found->guest_agent);
		compare_yes(ret, "TPM", asked->tpm, found->tpm);
	}
	if (asked->memory_kib > 0)
		compare_count(ret, "memory", asked->memory_kib, found->memory_kib);
}

static void compare_boot(const struct launch_spec *asked, const struct launch_spec *found,
			 struct differences *ret)
{
	difference_of_text(ret, "firmware", asked->firmware, found->firmware);
	compare_yes(ret, "IGVM file", asked->is_igvm, found->is_igvm);
	compare_switch(ret, "stateless loader", asked->loader_stateless, found->loader_stateless,
		       SPEC_OFF);
	difference_of_text(ret, "kernel", asked->kernel, found->kernel);
	difference_of_text(ret, "initrd", asked->initrd, found->initrd);
	difference_of_text(ret, "command line", asked->cmdline, found->cmdline);
	compare_switch(ret, "kernel hashes", asked->kernel_hashes, found->kernel_hashes, SPEC_OFF);
}

static void compare_security(const struct launch_spec *asked, const struct launch_spec *found,
			     struct differences *ret)
{
	char policy[24];

	difference_of_text(ret, "launch security", asked->security_type, found->security_type);
	snprintf(policy, sizeof(policy), "0x%" PRIx64, asked->policy);
	if (found->has_policy)
		difference_of_bits(ret, "policy", asked->policy, found->policy);
	else
		difference_of_text(ret, "policy", policy, found->policy_text);
	compare_blob(ret, "host data", &asked->host_data_text, asked->host_data,
		     &found->host_data_text, found->host_data, sizeof(found->host_data));
	compare_switch(ret, "VCEK", asked->vcek, found->vcek, SPEC_ON);
	if (!asked->any_workarounds)
		compare_blob(ret, "guest visible workarounds", &asked->workarounds_text,
			     asked->guest_visible_workarounds, &found->workarounds_text,
			     found->guest_visible_workarounds,
			     sizeof(found->guest_visible_workarounds));
	compare_blob(ret, "ID block", &asked->id_block_text, asked->id_block, &found->id_block_text,
		     found->id_block, sizeof(found->id_block));
	compare_blob(ret, "ID auth", &asked->id_auth_text, asked->id_auth, &found->id_auth_text,
		     found->id_auth, sizeof(found->id_auth));
	compare_switch(ret, "author key", asked->author_key, found->author_key, SPEC_OFF);
}

/* What changes or forbids the launch and no vm.json can ask for, by the names of the checks that refuse it. */
static void compare_unasked(const struct launch_spec *asked, const struct launch_spec *found,
			    struct differences *ret)
{
	difference_of_text(ret, "not-kvm", asked->domain_type, found->domain_type);
	if (found->arch)
		difference_of_text(ret, "not-x86-64", asked->arch, found->arch);
	compare_yes(ret, "pflash-firmware", asked->pflash, found->pflash);
	compare_yes(ret, "nvram", asked->nvram, found->nvram);
	compare_yes(ret, "smm", false, found->smm == SPEC_ON || found->loader_secure);
	difference_of_text(ret, "dtb", asked->dtb, found->dtb);
	difference_of_text(ret, "shim", asked->shim, found->shim);
	difference_of_text(ret, "qemu-launch-argument", asked->qemu_launch_argument,
			   found->qemu_launch_argument);
	difference_of_text(ret, "refused-setting", asked->refused_setting, found->refused_setting);
	difference_of_text(ret, "unknown-setting", asked->unknown_setting, found->unknown_setting);
	difference_of_text(ret, "unknown-launch-security", asked->unknown_security,
			   found->unknown_security);
	compare_yes(ret, "vcpus-differ", asked->vcpus_differ, found->vcpus_differ);
}

void differences_find(const struct launch_spec *asked, const struct launch_spec *found,
		      struct differences *ret)
{
	ret->n = 0;
	compare_boot(asked, found, ret);
	compare_machine(asked, found, ret);
	compare_security(asked, found, ret);
	compare_unasked(asked, found, ret);
}
