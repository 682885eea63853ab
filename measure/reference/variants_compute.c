// SPDX-License-Identifier: Apache-2.0
#include "reference/variants_compute.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/gctx.h>
#include <snp/sha.h>

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

static int vmsa_contents(const struct snp_launch *launch, uint32_t vcpu,
			 uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err)
{
	uint8_t page[SNP_PAGE_SIZE];
	int r = snp_launch_vmsa(launch, vcpu, page, err);

	return r < 0 ? r : sha384_of((struct snp_span){page, sizeof(page)}, ret, err);
}

/* One chain over the VMSAs, with a stop at each count that is asked for. */
static int compute_run(const struct snp_launch *launch,
		       const uint8_t prefix[static SNP_SHA384_SIZE],
		       struct snp_reference_variant *variants, size_t n, struct snp_error *err)
{
	_cleanup_(gctx_end) struct gctx gctx = {0};
	uint8_t first[SNP_SHA384_SIZE], others[SNP_SHA384_SIZE];
	uint32_t vcpus = 0;
	int r = vmsa_contents(launch, 0, first, err);

	if (r == 0 && launch->vcpus.count > 1)
		r = vmsa_contents(launch, 1, others, err);
	if (r == 0)
		r = gctx_start(&gctx, err);
	if (r < 0)
		return r;
	memcpy(gctx.ld, prefix, sizeof(gctx.ld));
	for (size_t i = 0; i < n; i++) {
		for (; vcpus < variants[i].vcpus.count; vcpus++) {
			r = gctx_update(&gctx, SNP_PAGE_VMSA, SNP_VMSA_GPA,
					vcpus == 0 ? first : others, err);
			if (r < 0)
				return r;
		}
		memcpy(variants[i].launch_digest, gctx.ld, sizeof(gctx.ld));
	}
	return 0;
}

int variants_compute(const struct snp_firmware *firmware,
		     const struct snp_kernel_hashes *kernel_hashes,
		     struct snp_reference_variant *variants, size_t n, snp_launch_warn warn,
		     void *arg, struct snp_error *err)
{
	struct snp_launch launch = {
		.mode = SNP_MODE_SNP, .firmware = firmware, .kernel_hashes = kernel_hashes};
	struct prefix prefix = {.profile = ""};
	size_t length;

	for (size_t i = 0; i < n; i += length) {
		const char *profile = variants[i].vcpus.profile;
		int r;

		length = run_length(&variants[i], n - i);
		launch.vcpus = variants[i + length - 1].vcpus;
		r = snp_launch_check(&launch, err);
		if (r == 0 && strcmp(profile, prefix.profile) != 0)
			r = snp_launch_prefix(&launch, prefix.ld, err);
		if (r == 0)
			r = compute_run(&launch, prefix.ld, &variants[i], length, err);
		if (r < 0)
			return r;
		if (warn)
			snp_launch_warnings(&launch, warn, arg);
		prefix.profile = profile;
	}
	return 0;
}
