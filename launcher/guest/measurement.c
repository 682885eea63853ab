// SPDX-License-Identifier: Apache-2.0
#include "guest/measurement.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/firmware.h>
#include <snp/kernel.h>
#include <snp/memory.h>

#include "guest/boot_file.h"
#include "host/firmware_search.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);
DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

static int check_kernel(const struct boot_file boot[static BOOT_PARTS], struct snp_error *err)
{
	const struct boot_file *kernel = &boot[BOOT_KERNEL], *initrd = &boot[BOOT_INITRD];
	_cleanup_(file_close) struct file file = {.fd = -1};
	uint8_t head[SNP_KERNEL_HEADER];
	struct snp_bzimage image;
	ssize_t n;
	int r;

	r = file_open(kernel->path, SNP_MAX_KERNEL, &file, err);
	if (r < 0)
		return r;
	n = pread(file.fd, head, sizeof(head), 0);
	if (n < 0)
		r = fail_with(err, SNP_E_READ, SNP_NO_OFFSET, "cannot read");
	else
		r = snp_bzimage_parse((struct snp_span){head, (size_t)n}, kernel->size, &image,
				      err);
	if (r < 0)
		return in_file(err, r, kernel->path);
	if (initrd->source)
		r = in_file(err, snp_bzimage_check_initrd(&image, initrd->size, err), initrd->path);
	return r;
}

static int hash_table(const struct launch_spec *spec,
		      const struct boot_file boot[static BOOT_PARTS], struct guest_measurement *m,
		      struct snp_error *err)
{
	const struct boot_file *initrd = &boot[BOOT_INITRD];
	const char *cmdline = spec->cmdline ? spec->cmdline : "";

	m->has_kernel_hashes = true;
	return snp_kernel_hashes_fill(boot[BOOT_KERNEL].sha256,
				      initrd->source ? initrd->sha256 : NULL, text_span(cmdline),
				      &m->kernel_hashes, err);
}

/* The spec's vCPUs as QEMU starts them. */
static int complete_vcpus(const struct launch_spec *spec, struct snp_vcpus *ret,
			  struct snp_error *err)
{
	*ret = spec->vcpus;
	snprintf(ret->profile, sizeof(ret->profile), "qemu");
	ret->features = GUEST_FEATURES;
	if (spec->has_cpu_signature)
		return 0;
	if (spec->cpu_mode == SPEC_CPU_CUSTOM)
		return snp_cpu_model_find(ret->model, &ret->signature, err);
	return fail_with(
		err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
		"no CPU model is named, so the digest depends on the host; name a model such as EPYC-v4");
}

/* An IGVM file as QEMU loads it, whatever ID block is in it. libvirt gives QEMU whole MiB of memory. */
static int measure_igvm(const struct launch_spec *spec, const struct boot_file *file,
			struct guest_measurement *m, struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP_IGVM,
				    .memory_size = (spec->memory_kib + 1023) / 1024 << 20,
				    .policy = spec->policy,
				    .flags = SNP_LAUNCH_WITHOUT_ID_BLOCK};
	size_t size;
	int r = snp_igvm_read(file->path, &igvm, err);

	if (r < 0)
		return r;
	launch.igvm = igvm;
	launch.vcpus = m->vcpus;
	if (spec->vcpus.profile[0])
		memcpy(launch.vcpus.profile, spec->vcpus.profile, sizeof(spec->vcpus.profile));
	else
		r = snp_profile_current(SNP_VMM_QEMU, SNP_MODE_SNP_IGVM, launch.vcpus.profile, err);
	if (r == 0)
		r = snp_launch_igvm_features(&launch, &launch.vcpus.features, err);
	if (r == 0)
		r = snp_launch_digest(&launch, m->launch_digest, &size, err);
	m->vcpus = launch.vcpus;
	return in_file(err, r, file->path);
}

int guest_measure(const struct launch_spec *spec, const struct boot_file boot[static BOOT_PARTS],
		  struct guest_measurement *ret, struct snp_error *err)
{
	struct guest_measurement m = {0};
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {.size = sizeof(struct snp_launch), .mode = SNP_MODE_SNP};
	size_t size;
	int r;

	if (!spec->security_type || strcmp(spec->security_type, "sev-snp") != 0)
		return fail_with(
			err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
			"not an SEV-SNP guest: there is no <launchSecurity type='sev-snp'>");
	r = complete_vcpus(spec, &m.vcpus, err);
	if (r == 0 && spec->is_igvm) {
		r = measure_igvm(spec, &boot[BOOT_FIRMWARE], &m, err);
		if (r == 0)
			*ret = m;
		return r;
	}
	if (r == 0 && boot[BOOT_KERNEL].source)
		r = check_kernel(boot, err);
	if (r == 0 && boot[BOOT_KERNEL].source && spec->kernel_hashes == SPEC_ON)
		r = hash_table(spec, boot, &m, err);
	if (r < 0)
		return r;
	r = snp_firmware_read(boot[BOOT_FIRMWARE].path, &firmware, err);
	if (r < 0)
		return r;
	launch.firmware = firmware;
	launch.kernel_hashes = m.has_kernel_hashes ? &m.kernel_hashes : NULL;
	launch.vcpus = m.vcpus;
	r = snp_launch_digest(&launch, m.launch_digest, &size, err);
	if (r == 0 && m.has_kernel_hashes)
		r = snp_firmware_hash_verifier(firmware, &m.hash_verifier, err);
	if (r < 0)
		return in_file(err, r, boot[BOOT_FIRMWARE].path);
	*ret = m;
	return 0;
}

/* Hash the files that `spec` boots from, in place. */
static int hash_boot(const struct launch_spec *spec, const char *firmware, const char *root,
		     struct boot_file ret[static BOOT_PARTS], struct snp_error *err)
{
	const char *const paths[BOOT_PARTS] = {
		[BOOT_FIRMWARE] = firmware,
		[BOOT_KERNEL] = spec->kernel,
		[BOOT_INITRD] = spec->initrd,
	};
	int r = 0;

	for (unsigned int i = 0; i < BOOT_PARTS && r == 0; i++) {
		_cleanup_(freep) char *local = NULL;

		if (!paths[i])
			continue;
		local = format_text("%s%s", root ? root : "", paths[i]);
		r = local ? boot_file_hash((enum boot_part)i, local, local, NULL, &ret[i], err)
			  : out_of_memory(err);
	}
	return r;
}

int guest_measure_files(const struct launch_spec *spec, const char *root,
			struct boot_file ret_boot[static BOOT_PARTS], struct guest_measurement *ret,
			struct snp_error *err)
{
	const char *firmware = spec->firmware;
	char found[PATH_MAX];
	int r = 0;

	if (!firmware && spec->firmware_auto) {
		r = firmware_search(found, err);
		firmware = found;
	}
	if (r == 0 && !firmware)
		r = fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			      "the domain names no firmware; add <loader type='rom'>PATH</loader>");
	if (r < 0)
		return r;
	r = hash_boot(spec, firmware, root, ret_boot, err);
	return r < 0 ? r : guest_measure(spec, ret_boot, ret, err);
}
