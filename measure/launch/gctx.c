// SPDX-License-Identifier: Apache-2.0
#include <snp/gctx.h>

#include <string.h>

#include <snp/cleanup.h>
#include <snp/sha.h>

/* SEV-SNP firmware ABI 56860, "Structure of the Page Info (PAGE_INFO)". Bytes not named are zero: IMI_PAGE
 * and reserved, and VMPL1 to 3 permissions, which KVM leaves at none. */
struct page_info {
	uint8_t digest_cur[SNP_SHA384_SIZE];
	uint8_t contents[SNP_SHA384_SIZE];
	uint8_t length[2];
	uint8_t page_type;
	uint8_t imi_page;
	uint8_t reserved;
	uint8_t vmpl_perms[3];
	uint8_t gpa[8];
};
_Static_assert(sizeof(struct page_info) == 0x70, "PAGE_INFO is 112 bytes");
_Static_assert(offsetof(struct page_info, contents) == 0x30, "PAGE_INFO.CONTENTS");
_Static_assert(offsetof(struct page_info, length) == 0x60, "PAGE_INFO.LENGTH");
_Static_assert(offsetof(struct page_info, page_type) == 0x62, "PAGE_INFO.PAGE_TYPE");
_Static_assert(offsetof(struct page_info, gpa) == 0x68, "PAGE_INFO.GPA");

int gctx_start(struct gctx *ret, struct snp_error *err)
{
	struct hash *hash = NULL;
	int r;

	r = hash_new(SNP_SHA384, &hash, err);
	if (r < 0)
		return r;
	*ret = (struct gctx){.hash = hash};
	return 0;
}

void gctx_end(struct gctx *gctx)
{
	hash_free(gctx->hash);
	gctx->hash = NULL;
}

int gctx_update(struct gctx *gctx, enum snp_page_type type, uint64_t gpa,
		const uint8_t contents[static SNP_SHA384_SIZE], struct snp_error *err)
{
	struct page_info info = {.page_type = (uint8_t)type};
	int r;

	memcpy(info.digest_cur, gctx->ld, SNP_SHA384_SIZE);
	memcpy(info.contents, contents, SNP_SHA384_SIZE);
	snp_put_le16(info.length, sizeof(info));
	snp_put_le64(info.gpa, gpa);
	r = hash_update(gctx->hash, (struct snp_span){(const uint8_t *)&info, sizeof(info)}, err);
	if (r < 0)
		return r;
	return hash_final(gctx->hash, gctx->ld, err);
}

int gctx_vcpu(struct gctx *gctx, uint32_t index, const uint8_t contents[static 2][SNP_SHA384_SIZE],
	      struct snp_error *err)
{
	return gctx_update(gctx, SNP_PAGE_VMSA, SNP_VMSA_GPA, contents[index > 0], err);
}

const char *snp_page_type_name(enum snp_page_type type)
{
	static const char *const names[] = {
		[SNP_PAGE_NORMAL] = "NORMAL",	[SNP_PAGE_VMSA] = "VMSA",
		[SNP_PAGE_ZERO] = "ZERO",	[SNP_PAGE_UNMEASURED] = "UNMEASURED",
		[SNP_PAGE_SECRETS] = "SECRETS", [SNP_PAGE_CPUID] = "CPUID",
	};

	return names[type];
}
