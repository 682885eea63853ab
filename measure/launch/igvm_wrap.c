// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <stdlib.h>

#include "image/igvm_write.h"

#include <snp/cleanup.h>
#include <snp/fail.h>

DEFINE_CLEANUP(struct igvm_writer *, igvm_writer_free);

#define MASK 1u /* of the only platform */

struct wrap {
	const struct snp_launch *launch;
	struct igvm_writer *writer;
	bool with_contexts;
	uint8_t hash_pages[2 * SNP_PAGE_SIZE];
	uint64_t hash_gpa;
	size_t hash_size;
};

/* The bytes of a page that has any; others are zeros, which the loader makes. */
static struct snp_span contents_of(const struct wrap *w, const struct snp_launch_update *u)
{
	struct snp_span page = {0};

	if (u->origin == SNP_ORIGIN_FIRMWARE)
		(void)snp_span_sub(firmware_bytes(w->launch->firmware),
				   u->origin_index * (uint64_t)SNP_PAGE_SIZE, SNP_PAGE_SIZE, &page);
	else if (u->origin == SNP_ORIGIN_SEV_HASH_TABLE)
		(void)snp_span_sub((struct snp_span){w->hash_pages, w->hash_size},
				   u->gpa - w->hash_gpa, SNP_PAGE_SIZE, &page);
	return page;
}

static int add_context(const struct wrap *w, const struct snp_launch_update *u,
		       struct snp_error *err)
{
	const struct snp_igvm_header header = {
		.type = SNP_IGVM_VP_CONTEXT, .mask = MASK, .gpa = u->gpa, .index = u->origin_index};
	uint8_t vmsa[SNP_PAGE_SIZE];

	if (!w->with_contexts)
		return 0;
	launch_vmsa(w->launch, u->origin_index, vmsa);
	return igvm_writer_add(w->writer, &header, (struct snp_span){vmsa, sizeof(vmsa)}, err);
}

static int add_page(void *arg, const struct snp_launch_update *u, struct snp_error *err)
{
	const struct wrap *w = arg;
	struct snp_igvm_header header = {.type = SNP_IGVM_PAGE_DATA, .mask = MASK, .gpa = u->gpa};

	switch (u->type) {
	case SNP_PAGE_VMSA:
		return add_context(w, u, err);
	case SNP_PAGE_UNMEASURED:
		header.flags = SNP_IGVM_PAGE_UNMEASURED;
		break;
	case SNP_PAGE_SECRETS:
		header.subtype = SNP_IGVM_PAGE_SECRETS;
		break;
	case SNP_PAGE_CPUID:
		header.subtype = SNP_IGVM_PAGE_CPUID;
		break;
	case SNP_PAGE_NORMAL:
	case SNP_PAGE_ZERO:
		break;
	}
	return igvm_writer_add(w->writer, &header, contents_of(w, u), err);
}

static int add_headers(struct wrap *w, struct snp_error *err)
{
	const struct snp_igvm_header first[] = {
		{.type = SNP_IGVM_SUPPORTED_PLATFORM, .mask = MASK, .subtype = SNP_IGVM_SEV_SNP},
		{.type = SNP_IGVM_GUEST_POLICY, .mask = MASK, .value = w->launch->policy},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(first) && r == 0; i++)
		r = igvm_writer_add(w->writer, &first[i], (struct snp_span){0}, err);
	if (r == 0 && w->launch->kernel_hashes)
		r = snp_launch_hash_pages(w->launch, w->hash_pages, &w->hash_gpa, &w->hash_size,
					  err);
	return r < 0 ? r : snp_launch_plan(w->launch, add_page, w, err);
}

int igvm_wrap(const struct snp_launch *launch, bool with_contexts, uint8_t **ret, size_t *ret_size,
	      struct snp_error *err)
{
	_cleanup_(igvm_writer_freep) struct igvm_writer *writer = NULL;
	struct wrap w = {.launch = launch, .with_contexts = with_contexts};
	const struct snp_firmware_info *info = snp_firmware_info(launch->firmware);
	int r;

	if (info->is_summary)
		return in_file(
			err,
			fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				  "a firmware summary has no pages to put into an IGVM file"),
			info->path);
	r = igvm_writer_new(1, &writer, err);
	if (r < 0)
		return r;
	w.writer = writer;
	r = add_headers(&w, err);
	if (r == 0)
		r = igvm_writer_finish(writer, info->path, ret, ret_size, err);
	return in_file(err, r, info->path);
}
