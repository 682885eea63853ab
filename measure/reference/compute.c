// SPDX-License-Identifier: Apache-2.0
#include "reference/compute.h"

#include "reference/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/boot_job.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/gctx.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "endorsement/security_policy.h"
#include "image/firmware.h"
#include "launch/igvm.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);
DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

void image_paths_done(struct image_paths *paths)
{
	free(paths->firmware);
	free(paths->kernel);
	free(paths->initrd);
	*paths = (struct image_paths){0};
}

void image_inputs_done(struct image_inputs *inputs)
{
	snp_firmware_free(inputs->firmware);
	snp_igvm_free(inputs->igvm);
	inputs->firmware = NULL;
	inputs->igvm = NULL;
}

static void set_file(struct snp_reference_file *file, uint64_t size,
		     const uint8_t sha256[static SNP_SHA256_SIZE])
{
	file->size = size;
	memcpy(file->sha256, sha256, SNP_SHA256_SIZE);
}

static int read_firmware(const char *path, struct snp_reference_image *image,
			 struct snp_firmware **ret, struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = snp_firmware_read(path, &firmware, err);

	if (r < 0)
		return r;
	r = firmware_sha384(firmware, image->firmware_sha384, err);
	if (r < 0)
		return r;
	r = snp_firmware_sha256(firmware, sha256, err);
	if (r < 0)
		return r;
	set_file(&image->firmware, snp_firmware_info(firmware)->size, sha256);
	*ret = TAKE_PTR(firmware);
	return 0;
}

/* What is enough for a launch digest without the image. One that cannot be launched as SEV-SNP has none. */
static int summarize(const struct snp_firmware *firmware, struct snp_reference_image *image,
		     struct snp_error *err)
{
	const struct snp_firmware_info *info = snp_firmware_info(firmware);
	enum snp_hash_verifier *verifier = &image->kernel_hash_check.in_image;
	uint8_t digest[SNP_SHA384_SIZE];
	int r = snp_firmware_hash_verifier(firmware, verifier, err);

	if (r < 0 || info->problem || !info->has_metadata)
		return r;
	r = snp_launch_firmware_digest(firmware, digest, err);
	return r < 0 ? r
		     : firmware_summary_print(info, digest, *verifier, &image->firmware_summary,
					      err);
}

static int read_igvm(const char *path, struct snp_reference_image *image, struct snp_igvm **ret,
		     struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = snp_igvm_read(path, &igvm, err);

	if (r < 0)
		return r;
	r = igvm_sha384(igvm, image->firmware_sha384, err);
	if (r < 0)
		return r;
	r = snp_igvm_sha256(igvm, sha256, err);
	if (r < 0)
		return r;
	set_file(&image->firmware, snp_igvm_info(igvm)->size, sha256);
	*ret = TAKE_PTR(igvm);
	return 0;
}

static int set_boot(const struct image_paths *paths, const char *cmdline,
		    const struct snp_boot *boot, struct snp_reference_image *image,
		    struct snp_kernel_hashes *ret, struct snp_error *err)
{
	struct snp_span text = text_span(cmdline);
	int r = snp_kernel_hashes_fill(boot->kernel_sha256, boot->initrd_sha256, text, ret, err);

	if (r < 0)
		return r;
	set_file(&image->kernel, boot->kernel.size, boot->kernel_sha256);
	if (paths->initrd)
		set_file(&image->initrd, boot->initrd_size, boot->initrd_sha256);
	image->kernel_is_cut_short = boot->kernel.is_cut_short;
	return 0;
}

int image_inputs_read(const struct image_paths *paths, const char *cmdline,
		      struct snp_reference_image *image, struct image_inputs *ret,
		      struct snp_error *err)
{
	struct snp_boot_request request = {.size = sizeof(struct snp_boot_request),
					   .kernel = paths->kernel,
					   .initrd = paths->initrd};
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	struct snp_boot_job *job = NULL;
	struct snp_boot boot = {0};
	struct snp_error boot_err = {0};
	int r, boot_status = 0;

	if (paths->kernel) {
		r = snp_boot_start(&request, &job, err);
		if (r < 0)
			return r;
	}
	r = image->is_igvm ? read_igvm(paths->firmware, image, &inputs.igvm, err)
			   : read_firmware(paths->firmware, image, &inputs.firmware, err);
	/* While another thread hashes kernel or initrd. */
	if (job)
		boot_wait_smaller(job);
	if (r == 0 && inputs.firmware)
		r = summarize(inputs.firmware, image, err);
	image->kernel_hash_check.is_known = paths->kernel != NULL;
	if (job)
		boot_status = snp_boot_finish(job, &boot, &boot_err);
	if (r == 0 && boot_status < 0) {
		if (err)
			*err = boot_err;
		r = boot_status;
	}
	if (r == 0 && paths->kernel)
		r = set_boot(paths, cmdline, &boot, image, &inputs.kernel_hashes, err);
	if (r < 0)
		return r;
	inputs.has_kernel = paths->kernel != NULL;
	inputs.kernel = boot.kernel;
	*ret = inputs;
	inputs.firmware = NULL;
	inputs.igvm = NULL;
	return 0;
}

/* Where a run of variants of one profile starts from. */
struct prefix {
	const char *profile;
	uint8_t ld[SNP_SHA384_SIZE];
};

/* Variants from `first` on that differ in nothing but their vCPU count. */
static size_t run_length(const struct snp_reference_variant *first, size_t n)
{
	size_t length = 1;

	while (length < n && strcmp(first[length].vcpus.profile, first->vcpus.profile) == 0 &&
	       first[length].vcpus.signature == first->vcpus.signature &&
	       first[length].vcpus.features == first->vcpus.features)
		length++;
	return length;
}

/* One chain over the VMSAs, with a stop at each count that is asked for. */
static int compute_run(const struct snp_launch *launch,
		       const uint8_t prefix[static SNP_SHA384_SIZE],
		       struct snp_reference_variant *variants, size_t n, struct snp_error *err)
{
	_cleanup_(gctx_end) struct gctx gctx = {0};
	uint8_t contents[2][SNP_SHA384_SIZE];
	uint32_t vcpus = 0;
	int r = gctx_vmsa_contents(launch, contents, err);

	if (r < 0)
		return r;
	r = gctx_start(&gctx, err);
	if (r < 0)
		return r;
	memcpy(gctx.ld, prefix, sizeof(gctx.ld));
	for (size_t i = 0; i < n; i++) {
		for (; vcpus < variants[i].vcpus.count; vcpus++) {
			r = gctx_vcpu(&gctx, vcpus, contents, err);
			if (r < 0)
				return r;
		}
		memcpy(variants[i].launch_digest, gctx.ld, sizeof(gctx.ld));
	}
	return 0;
}

/* QEMU gives an SEV-SNP guest its firmware by -bios alone: hw/i386/x86-common.c, x86_bios_rom_init(). */
static int check_size(const struct snp_firmware_info *firmware, const char *profile,
		      struct snp_error *err)
{
	if (firmware->size % (64u << 10) == 0 || strncmp(profile, "qemu", 4) != 0)
		return 0;
	return in_file(err,
		       fail_with(err, SNP_E_FIRMWARE_SIZE, SNP_NO_OFFSET,
				 "size is %" PRIu64
				 " bytes; QEMU launches SEV-SNP guests only with a "
				 "multiple of 64 KiB",
				 firmware->size),
		       firmware->path);
}

/* The prefixes of a template: one for each vCPU count, whatever the model. */
struct prefixes {
	bool known[SNP_MAX_VCPUS + 1];
	uint8_t ld[SNP_MAX_VCPUS + 1][SNP_SHA384_SIZE];
};

/* The command line, and with it the hash table, of this variant alone. */
static int find_prefix(struct snp_launch *launch, const struct image_inputs *inputs,
		       const struct snp_reference_variant *variant,
		       struct snp_kernel_hashes *hashes, struct prefixes *prefixes,
		       const uint8_t **ret, struct snp_error *err)
{
	uint32_t count = variant->vcpus.count;
	int r;

	*ret = prefixes->ld[count];
	if (prefixes->known[count])
		return 0;
	*hashes = inputs->kernel_hashes;
	launch->kernel_hashes = hashes;
	r = variant_cmdline_sha256(inputs->image, variant, hashes->cmdline, err);
	if (r == 0)
		r = launch_prefix(launch, prefixes->ld[count], err);
	prefixes->known[count] = r == 0;
	return r;
}

static int check(const struct snp_launch *launch, struct snp_error *err)
{
	int r = check_size(snp_firmware_info(launch->firmware), launch->vcpus.profile, err);

	return r < 0 ? r : snp_launch_check(launch, err);
}

static int compute_templates(struct snp_launch *launch, const struct image_inputs *inputs,
			     struct snp_reference_variant *variants, size_t n, snp_launch_warn warn,
			     void *arg, struct snp_error *err)
{
	_cleanup_(freep) struct prefixes *prefixes = calloc(1, sizeof(*prefixes));
	struct snp_kernel_hashes hashes;
	const uint8_t *prefix;

	if (!prefixes)
		return out_of_memory(err);
	for (size_t i = 0; i < n; i++) {
		int r;

		if (i > 0 && strcmp(variants[i - 1].vcpus.profile, variants[i].vcpus.profile) != 0)
			memset(prefixes->known, 0, sizeof(prefixes->known));
		launch->vcpus = variants[i].vcpus;
		r = check(launch, err);
		if (r < 0)
			return r;
		r = find_prefix(launch, inputs, &variants[i], &hashes, prefixes, &prefix, err);
		if (r == 0)
			r = compute_run(launch, prefix, &variants[i], 1, err);
		if (r < 0)
			return r;
		if (warn)
			snp_launch_warnings(launch, warn, arg);
	}
	return 0;
}

/* The launch updates that `variants` take: a prefix for each profile, of a template for each of its vCPU counts, and a
 * chain of vCPUs for each run, of a template for each variant. */
static uint64_t count_updates(const struct image_inputs *inputs,
			      const struct snp_reference_variant *variants, size_t n)
{
	const struct snp_firmware_info *info = snp_firmware_info(inputs->firmware);
	uint64_t prefix = info->size / SNP_PAGE_SIZE, updates = 0;
	bool known[SNP_MAX_VCPUS + 1] = {false};
	size_t length;

	for (size_t i = 0; i < info->n_sections; i++)
		prefix += info->sections[i].size / SNP_PAGE_SIZE;
	for (size_t i = 0; i < n; i += length) {
		const struct snp_vcpus *last;

		length = inputs->image ? 1 : run_length(&variants[i], n - i);
		last = &variants[i + length - 1].vcpus;
		if (i > 0 && strcmp(variants[i - 1].vcpus.profile, last->profile) != 0)
			memset(known, 0, sizeof(known));
		/* Higher counts are refused when they are looked at. */
		if (last->count > SNP_MAX_VCPUS)
			continue;
		updates += last->count;
		if (!known[inputs->image ? last->count : 0])
			updates += prefix;
		known[inputs->image ? last->count : 0] = true;
	}
	return updates;
}

static int too_many(uint64_t updates, struct snp_error *err)
{
	return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			 "%" PRIu64
			 " launch updates for these variants; must be at most %u for a document",
			 updates, UPDATES_MAX);
}

/* Variants of an IGVM file that differ in their vCPU count alone. */
struct igvm_run {
	struct snp_reference_variant *variants;
	size_t n, next;
};

/* After the VMSA of vCPU i the digest is that of i + 1 vCPUs. */
static int take_digest(void *arg, const struct snp_launch_update *u, struct snp_error *err)
{
	struct igvm_run *run = arg;

	(void)err;
	for (; run->next < run->n && u->origin == SNP_ORIGIN_VCPU &&
	       run->variants[run->next].vcpus.count == u->origin_index + 1;
	     run->next++)
		memcpy(run->variants[run->next].launch_digest, u->digest, SNP_LAUNCH_DIGEST_SIZE);
	return 0;
}

/* The VMSAs that such a profile measures are those of the file, whatever the number of vCPUs. */
static int compute_one(const struct snp_launch *launch, struct igvm_run *run, struct snp_error *err)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	size_t size;
	int r = snp_launch_digest(launch, digest, &size, err);

	for (size_t i = 0; r == 0 && i < run->n; i++)
		memcpy(run->variants[i].launch_digest, digest, sizeof(digest));
	return r;
}

/* What each count leads to is refused by itself: too few for the file's contexts, an ID block for another. */
static int compute_igvm_run(struct snp_launch *launch, struct igvm_run run, uint64_t *updates,
			    struct snp_error *err)
{
	bool by_count = false, has_vmsas;
	struct igvm_layout layout;
	int r = 0;

	launch->vcpus = run.variants[0].vcpus;
	has_vmsas = launch_profile(launch)->igvm->vmsa == IGVM_VMSA_IN_FILE;
	for (size_t i = 0; i < run.n && r == 0; i++) {
		launch->vcpus = run.variants[i].vcpus;
		r = snp_launch_igvm_features(launch, &launch->vcpus.features, err);
		run.variants[i].vcpus.features = launch->vcpus.features;
		if (r == 0)
			r = igvm_launch_check(launch, &layout, err);
		if (r < 0)
			return r;
		by_count = layout.id_block && !has_vmsas;
		if (i == 0 || by_count)
			*updates += layout.pages + (by_count ? launch->vcpus.count : 0);
		igvm_layout_done(&layout);
		if (i + 1 == run.n && !by_count)
			*updates += launch->vcpus.count;
		if (*updates > UPDATES_MAX)
			return too_many(*updates, err);
		if (by_count)
			r = compute_one(launch, &(struct igvm_run){&run.variants[i], 1, 0}, err);
	}
	if (r < 0 || by_count)
		return r;
	return has_vmsas ? compute_one(launch, &run, err)
			 : snp_launch_plan(launch, take_digest, &run, err);
}

static int compute_igvm(const struct image_inputs *inputs, struct snp_reference_variant *variants,
			size_t n, uint64_t *updates, snp_launch_warn warn, void *arg,
			struct snp_error *err)
{
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = SNP_MODE_SNP_IGVM,
		.igvm = inputs->igvm,
		.memory_size = inputs->memory_size,
		.policy = inputs->policy,
	};
	size_t length;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i += length) {
		length = run_length(&variants[i], n - i);
		r = compute_igvm_run(&launch, (struct igvm_run){&variants[i], length, 0}, updates,
				     err);
		if (r == 0 && warn)
			snp_launch_warnings(&launch, warn, arg);
	}
	return r;
}

int variants_compute(const struct image_inputs *inputs, struct snp_reference_variant *variants,
		     size_t n, uint64_t *updates, snp_launch_warn warn, void *arg,
		     struct snp_error *err)
{
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = SNP_MODE_SNP,
		.firmware = inputs->firmware,
		.kernel_hashes = inputs->has_kernel ? &inputs->kernel_hashes : NULL,
	};
	struct prefix prefix = {.profile = ""};
	size_t length;

	if (inputs->igvm)
		return compute_igvm(inputs, variants, n, updates, warn, arg, err);
	*updates += count_updates(inputs, variants, n);
	if (*updates > UPDATES_MAX)
		return too_many(*updates, err);
	if (inputs->image)
		return compute_templates(&launch, inputs, variants, n, warn, arg, err);
	for (size_t i = 0; i < n; i += length) {
		const char *profile = variants[i].vcpus.profile;
		int r;

		length = run_length(&variants[i], n - i);
		launch.vcpus = variants[i + length - 1].vcpus;
		r = check(&launch, err);
		if (r == 0 && strcmp(profile, prefix.profile) != 0)
			r = launch_prefix(&launch, prefix.ld, err);
		if (r < 0)
			return r;
		r = compute_run(&launch, prefix.ld, &variants[i], length, err);
		if (r < 0)
			return r;
		if (warn)
			snp_launch_warnings(&launch, warn, arg);
		prefix.profile = profile;
	}
	return 0;
}

int container_group_read(const char *path, struct snp_reference_file *file,
			 uint8_t ret_host_data[static SNP_SHA256_SIZE], struct snp_error *err)
{
	_cleanup_(security_policy_done) struct security_policy policy = {0};
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(path, SNP_MAX_CONFIG, &bytes, &size, err);

	if (r < 0)
		return r;
	file->size = size;
	r = sha256_of((struct snp_span){bytes, size}, file->sha256, err);
	if (r == 0)
		r = security_policy_take((struct snp_span){bytes, size}, &policy, err);
	if (r == 0)
		memcpy(ret_host_data, policy.sha256, sizeof(policy.sha256));
	return in_file(err, r, path);
}
