/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP guest context of the secure processor: what it remembers of a guest between the launch
 * commands and a report (AMD SNP ABI, publication 56860, GCTX). Written from that document only.
 */
#ifndef REHEARSAL_PRELOAD_GCTX_H
#define REHEARSAL_PRELOAD_GCTX_H

#include <stdbool.h>
#include <stdint.h>

#define LD_SIZE		48 /* launch digest: SHA-384 */
#define GUEST_PAGE_SIZE 4096
#define ID_BLOCK_SIZE	96
#define ID_AUTH_SIZE	4096
#define HOST_DATA_SIZE	32

/* PAGE_TYPE (ABI, SNP_LAUNCH_UPDATE). */
enum snp_page_type {
	PAGE_TYPE_NORMAL = 1,
	PAGE_TYPE_VMSA = 2,
	PAGE_TYPE_ZERO = 3,
	PAGE_TYPE_UNMEASURED = 4,
	PAGE_TYPE_SECRETS = 5,
	PAGE_TYPE_CPUID = 6,
};

/* Status codes (ABI, "Status Codes"); SEV_RET_* in <linux/psp-sev.h>. */
enum firmware_status {
	FIRMWARE_SUCCESS = 0,
	FIRMWARE_INVALID_GUEST_STATE = 2,
	FIRMWARE_INVALID_LEN = 4,
	FIRMWARE_POLICY_FAILURE = 7,
	FIRMWARE_INVALID_ADDRESS = 9,
	FIRMWARE_BAD_SIGNATURE = 10,
	FIRMWARE_BAD_MEASUREMENT = 11,
	FIRMWARE_UNSUPPORTED = 21,
	FIRMWARE_INVALID_PARAM = 22,
};

/* What the platform is, as far as a policy can ask (ABI, POLICY and SNP_LAUNCH_START). */
struct platform {
	uint8_t api_major;
	uint8_t api_minor;
};

enum gctx_state {
	GCTX_INIT,
	GCTX_LAUNCH,
	GCTX_RUNNING,
};

struct gctx {
	enum gctx_state state;
	uint64_t policy;
	uint8_t ld[LD_SIZE];
	uint8_t host_data[HOST_DATA_SIZE];
	bool id_block_en;
	bool author_key_en;
	bool vcek_disabled;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t guest_svn;
	uint8_t id_key_digest[LD_SIZE];
	uint8_t author_key_digest[LD_SIZE];
	uint8_t report_id[32];
};

/* SNP_LAUNCH_START. POLICY_FAILURE where the platform cannot keep the policy. */
enum firmware_status gctx_launch_start(struct gctx *gctx, const struct platform *platform,
				       uint64_t policy);

/* SNP_LAUNCH_UPDATE of one page at `gpa`. `page` is not read for types 3 to 6 and may then be NULL.
 * `ret_contents` is what went into PAGE_INFO.CONTENTS: the page's SHA-384, or zeros. */
enum firmware_status gctx_launch_update(struct gctx *gctx, enum snp_page_type type, uint64_t gpa,
					const uint8_t *page, uint8_t ret_contents[static LD_SIZE]);

/* SNP_LAUNCH_FINISH. `id_block` (96 bytes) and `id_auth` (4096) are NULL if there is no ID block.
 * The order of checks is the ABI's: digest, policy, signatures. */
struct launch_finish {
	const uint8_t *id_block;
	const uint8_t *id_auth;
	bool author_key_en;
	bool vcek_disabled;
	uint8_t host_data[HOST_DATA_SIZE];
};
enum firmware_status gctx_launch_finish(struct gctx *gctx, const struct launch_finish *finish);

#endif
