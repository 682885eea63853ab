// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/gctx.h>
#include <snp/sha.h>

/* SEV API 55766, LAUNCH_UPDATE_DATA and LAUNCH_UPDATE_VMSA extend GCTX.LD, a SHA-256 over all bytes in
 * order, without their addresses. QEMU: firmware first, the table when the kernel is loaded, VMSAs at
 * the end. */
static int hash_bytes(const struct snp_launch *launch, struct hash *hash, struct snp_error *err)
{
	uint8_t table[SNP_HASH_TABLE_SIZE], page[SNP_PAGE_SIZE];
	uint32_t vcpus = launch->mode == SNP_MODE_SEV_ES ? launch->vcpus.count : 0;
	int r;

	r = hash_update(hash, firmware_bytes(launch->firmware), err);
	if (r == 0 && launch->kernel_hashes) {
		sev_hash_table_build(launch->kernel_hashes, table);
		r = hash_update(hash, (struct snp_span){table, sizeof(table)}, err);
	}
	for (uint32_t i = 0; i < vcpus && r == 0; i++) {
		if (i < 2)
			launch_vmsa(launch, i, page);
		r = hash_update(hash, (struct snp_span){page, sizeof(page)}, err);
	}
	return r;
}

static int sev_digest(const struct snp_launch *launch, uint8_t ret[static SNP_SHA256_SIZE],
		      struct snp_error *err)
{
	_cleanup_(hash_freep) struct hash *hash = NULL;
	int r;

	r = launch_check(launch, err);
	if (r < 0)
		return r;
	r = hash_new(SNP_SHA256, &hash, err);
	if (r < 0)
		return r;
	r = hash_bytes(launch, hash, err);
	return r < 0 ? r : hash_final(hash, ret, err);
}

int snp_launch_digest(const struct snp_launch *launch, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE],
		      size_t *ret_size, struct snp_error *err)
{
	struct snp_launch l;
	bool is_snp;
	int r = launch_take(launch, &l, err);

	if (r < 0)
		return r;
	is_snp = mode_is_snp(l.mode);
	r = is_snp ? launch_walk(&l, true, NULL, NULL, ret, err) : sev_digest(&l, ret, err);
	if (r < 0)
		return r;
	*ret_size = is_snp ? SNP_SHA384_SIZE : SNP_SHA256_SIZE;
	return 0;
}

int launch_prefix(const struct snp_launch *launch, uint8_t ret[static SNP_SHA384_SIZE],
		  struct snp_error *err)
{
	return launch_walk(launch, false, NULL, NULL, ret, err);
}

static int vmsa_of_igvm(const struct snp_launch *launch, uint32_t index,
			uint8_t ret[static SNP_PAGE_SIZE], struct snp_error *err)
{
	struct igvm_layout layout;
	int r;

	if (launch_profile(launch)->igvm->vmsa == IGVM_VMSA_IN_FILE)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "profile %s measures the VMSAs that the file has",
				 launch->vcpus.profile);
	r = igvm_layout_make(launch, &layout, err);
	if (r < 0)
		return r;
	r = igvm_vcpu_vmsa(launch, &layout, index, ret, err);
	igvm_layout_done(&layout);
	return r;
}

int snp_launch_vmsa(const struct snp_launch *launch, uint32_t index,
		    uint8_t ret[static SNP_PAGE_SIZE], struct snp_error *err)
{
	struct snp_launch l;
	int r = launch_take(launch, &l, err);

	if (r < 0)
		return r;
	r = launch_check(&l, err);
	if (r < 0)
		return r;
	if (l.mode == SNP_MODE_SEV)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET, "SEV guests have no VMSA");
	if (index >= l.vcpus.count)
		return fail_with(err, SNP_E_BAD_VCPU_COUNT, SNP_NO_OFFSET,
				 "no vCPU %" PRIu32 " among %" PRIu32, index, l.vcpus.count);
	if (l.mode == SNP_MODE_SNP_IGVM)
		return vmsa_of_igvm(&l, index, ret, err);
	launch_vmsa(&l, index, ret);
	return 0;
}
