// SPDX-License-Identifier: Apache-2.0
#include "igvm_facts.h"

#include <inttypes.h>
#include <string.h>

#include "launch/igvm.h"

#include <snp/policy.h>

#include "launch_input.h"

size_t igvm_run_length(const struct snp_igvm_info *info, size_t i)
{
	const struct snp_igvm_header *first = &info->headers[i];
	size_t n = 1;

	for (; first->type == SNP_IGVM_PAGE_DATA && i + n < info->n_headers; n++) {
		const struct snp_igvm_header *h = &info->headers[i + n];

		if (h->type != first->type || h->mask != first->mask || h->flags != first->flags ||
		    h->subtype != first->subtype || (h->data == 0) != (first->data == 0) ||
		    h->gpa != h[-1].gpa + h[-1].size)
			break;
	}
	return n;
}

void igvm_describe(const struct snp_igvm_header *h, char ret[static 160])
{
	static const char *const pages[] = {"normal", "secrets", "CPUID", "CPUID_XF"};
	char policy[128];

	ret[0] = '\0';
	switch (h->type) {
	case SNP_IGVM_SUPPORTED_PLATFORM:
		snprintf(ret, 160, "%s, highest VTL %" PRIu32 ", shared GPA boundary 0x%" PRIx64,
			 snp_igvm_platform_name(h->subtype), h->flags, h->value);
		return;
	case SNP_IGVM_GUEST_POLICY:
		snp_policy_describe(h->value, policy, sizeof(policy));
		snprintf(ret, 160, "%s", policy);
		return;
	case SNP_IGVM_PAGE_DATA:
		snprintf(ret, 160, "%s%s%s%s, %s", pages[h->subtype],
			 h->flags & SNP_IGVM_PAGE_2M ? ", 2 MiB" : "",
			 h->flags & SNP_IGVM_PAGE_UNMEASURED  ? ", unmeasured"
			 : h->subtype == SNP_IGVM_PAGE_NORMAL ? ", measured"
							      : "",
			 h->flags & SNP_IGVM_PAGE_SHARED ? ", shared" : "",
			 h->data == 0 ? "zeros" : "contents in the file");
		return;
	case SNP_IGVM_PARAMETER_AREA:
		snprintf(ret, 160, "area %" PRIu32 " of 0x%" PRIx64 " bytes%s", h->index, h->size,
			 h->data == 0 ? "" : ", with contents");
		return;
	case SNP_IGVM_PARAMETER_INSERT:
		snprintf(ret, 160, "area %" PRIu32 ", unmeasured", h->index);
		return;
	case SNP_IGVM_VP_CONTEXT:
		snprintf(ret, 160, "vCPU %" PRIu32 ", for %s", h->index,
			 snp_igvm_platform_name(h->platform));
		return;
	case SNP_IGVM_REQUIRED_MEMORY:
	case SNP_IGVM_ERROR_RANGE:
	case SNP_IGVM_RELOCATABLE_REGION:
	case SNP_IGVM_PAGE_TABLE_RELOCATION:
	case SNP_IGVM_SNP_ID_BLOCK:
	case SNP_IGVM_VBS_MEASUREMENT:
		return;
	}
	snprintf(ret, 160, "area %" PRIu32 ", byte 0x%" PRIx32, h->index, h->subtype);
}

bool igvm_has_address(const struct snp_igvm_header *h)
{
	switch (h->type) {
	case SNP_IGVM_PAGE_DATA:
	case SNP_IGVM_PARAMETER_INSERT:
	case SNP_IGVM_VP_CONTEXT:
	case SNP_IGVM_REQUIRED_MEMORY:
	case SNP_IGVM_ERROR_RANGE:
	case SNP_IGVM_RELOCATABLE_REGION:
	case SNP_IGVM_PAGE_TABLE_RELOCATION:
		return true;
	}
	return false;
}

bool igvm_has_vmsa(const struct snp_igvm_header *h)
{
	return h->type == SNP_IGVM_VP_CONTEXT &&
	       (h->platform == SNP_IGVM_SEV_SNP || h->platform == SNP_IGVM_SEV_ES);
}

uint32_t igvm_find_other(const uint8_t context[static SNP_PAGE_SIZE])
{
	uint32_t at = 0;

	for (size_t i = 0; i <= IGVM_N_REGISTERS; i++) {
		const uint32_t end = i < IGVM_N_REGISTERS ? igvm_registers[i].at : SNP_PAGE_SIZE;

		for (; at < end; at++)
			if (context[at] != 0)
				return at;
		if (i < IGVM_N_REGISTERS)
			at += igvm_registers[i].size;
	}
	return SNP_PAGE_SIZE;
}

int igvm_read_id_block(const struct snp_igvm *igvm, const struct snp_igvm_header *h,
		       struct cli_id_block *ret, struct snp_error *err)
{
	uint64_t policy = 0;
	int r;

	*ret = (struct cli_id_block){0};
	(void)igvm_policy_of(snp_igvm_info(igvm), h->mask, &policy);
	igvm_id_block_get(igvm_id_block(igvm, h), IGVM_ID_BLOCK_QEMU, policy, &ret->fields,
			  ret->auth);
	snp_id_block_encode(&ret->fields, ret->block);
	r = snp_id_auth_verify(ret->block, ret->auth, &ret->info, err);
	ret->has_auth = r == 0;
	return r;
}

static uint32_t count_contexts(const struct snp_igvm_info *info)
{
	uint32_t n = 1;

	for (size_t i = 0; i < info->n_headers; i++)
		if (info->headers[i].type == SNP_IGVM_VP_CONTEXT && info->headers[i].index >= n)
			n = info->headers[i].index + 1;
	return n;
}

void igvm_find_outcome(const struct igvm_inspected *f, const char *profile,
		       struct igvm_outcome *ret)
{
	const struct snp_igvm_info *info = snp_igvm_info(f->igvm);
	size_t size;

	*ret = (struct igvm_outcome){.launch = f->launch};
	snprintf(ret->launch.vcpus.profile, sizeof(ret->launch.vcpus.profile), "%s", profile);
	ret->r = snp_launch_igvm_features(&ret->launch, &ret->launch.vcpus.features, &ret->err);
	if (ret->r == 0)
		ret->r = snp_launch_digest(&ret->launch, ret->digest, &size, &ret->err);
	for (size_t i = 0; i < info->n_headers && ret->r == 0; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->type != SNP_IGVM_SNP_ID_BLOCK || !(h->mask & f->map.mask))
			continue;
		ret->has_id_block = true;
		ret->id_block_fits |= memcmp(igvm_id_block(f->igvm, h) + IGVM_ID_BLOCK_LD,
					     ret->digest, sizeof(ret->digest)) == 0;
	}
}

const char *igvm_profile_at(size_t i)
{
	const char *name;

	for (size_t k = 0; (name = snp_profile_at(k)); k++)
		if (snp_profile_check(name, SNP_MODE_SNP_IGVM, NULL) == 0 && i-- == 0)
			return name;
	return NULL;
}

int igvm_open(const char *path, struct igvm_inspected *f, struct snp_igvm **ret,
	      struct snp_error *err)
{
	struct cli_launch l = {0};
	int r = snp_igvm_read(path, ret, err);

	if (r < 0)
		return r;
	f->igvm = *ret;
	launch_args.igvm = path;
	if (!launch_args.vcpus.given)
		launch_args.vcpus = (struct cli_number){true, count_contexts(snp_igvm_info(*ret))};
	r = cli_launch_choose(&l, err);
	if (r < 0)
		return r;
	r = snp_igvm_sha256(*ret, f->sha256, err);
	if (r < 0)
		return r;
	r = igvm_map_make(snp_igvm_info(*ret), &f->map, err);
	if (r < 0)
		return r;
	f->launch = l.launch;
	f->launch.size = sizeof(f->launch);
	f->launch.igvm = *ret;
	f->launch.flags = SNP_LAUNCH_WITHOUT_ID_BLOCK;
	return 0;
}
