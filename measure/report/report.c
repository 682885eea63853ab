// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/report.h>

#include <inttypes.h>
#include <string.h>

#include "report/certificates.h"

DEFINE_CLEANUP(struct snp_report *, snp_report_free);

/* ATTESTATION_REPORT, ABI 56860 "ATTESTATION_REPORT structure", little-endian. */
enum {
	VERSION = 0x000,
	GUEST_SVN = 0x004,
	POLICY = 0x008,
	FAMILY_ID = 0x010,
	IMAGE_ID = 0x020,
	VMPL = 0x030,
	SIGNATURE_ALGO = 0x034,
	CURRENT_TCB = 0x038,
	PLATFORM_INFO = 0x040,
	FLAGS = 0x048,
	REPORT_DATA = 0x050,
	MEASUREMENT = 0x090,
	HOST_DATA = 0x0c0,
	ID_KEY_DIGEST = 0x0e0,
	AUTHOR_KEY_DIGEST = 0x110,
	REPORT_ID = 0x140,
	REPORT_ID_MA = 0x160,
	REPORTED_TCB = 0x180,
	CPUID_FAM_ID = 0x188,
	CPUID_MOD_ID = 0x189,
	CPUID_STEP = 0x18a,
	CHIP_ID = 0x1a0,
	COMMITTED_TCB = 0x1e0,
	CURRENT_VERSION = 0x1e8, /* build, minor, major */
	COMMITTED_VERSION = 0x1ec,
	LAUNCH_TCB = 0x1f0,
	LAUNCH_MIT_VECTOR = 0x1f8,
	CURRENT_MIT_VECTOR = 0x200,
	CURRENT_ETCB = 0x220, /* these three from version 6 */
	LAUNCH_ETCB = 0x240,
	COMMITTED_ETCB = 0x260,
	SIGNATURE_R = 0x2a0,
	SIGNATURE_S = 0x2e8,
	SIGNATURE_END = 0x330,
};

_Static_assert((int)SIGNATURE_R == SNP_REPORT_SIGNED_SIZE, "the signature follows what it signs");

/* FLAGS */
#define AUTHOR_KEY_EN	  (1u << 0)
#define MASK_CHIP_KEY	  (1u << 1)
#define SIGNING_KEY_SHIFT 2
#define SIGNING_KEY_MASK  7u

#define ALL_VERSIONS SNP_REPORT_MIN_VERSION, SNP_REPORT_MAX_VERSION

/* What must be zero, by version. Version 4 is not public: whether 0x1f8-0x207 are the
 * mitigation vectors of version 5 is not known, so they are neither demanded zero nor read. The bytes
 * from 0x330 are not signed: nothing but this table looks at them. */
static const struct reserved {
	uint16_t offset, size;
	uint32_t first_version, last_version;
	uint8_t mask;
} reserved[] = {
	{FLAGS, 1, ALL_VERSIONS, 0xe0},
	{FLAGS + 1, 7, ALL_VERSIONS, 0xff},
	{CPUID_FAM_ID, 24, 2, 2, 0xff},
	{CPUID_STEP + 1, 21, 3, SNP_REPORT_MAX_VERSION, 0xff},
	{CURRENT_VERSION + 3, 1, ALL_VERSIONS, 0xff},
	{COMMITTED_VERSION + 3, 1, ALL_VERSIONS, 0xff},
	{LAUNCH_MIT_VECTOR, 168, 2, 3, 0xff},
	{CURRENT_MIT_VECTOR + 8, 152, 4, 5, 0xff},
	{CURRENT_MIT_VECTOR + 8, 24, 6, SNP_REPORT_MAX_VERSION, 0xff},
	{COMMITTED_ETCB + SNP_ETCB_SIZE, 32, 6, SNP_REPORT_MAX_VERSION, 0xff},
	{SIGNATURE_R + 48, 24, ALL_VERSIONS, 0xff},
	{SIGNATURE_S + 48, 24, ALL_VERSIONS, 0xff},
	{SIGNATURE_END, SNP_REPORT_SIZE - SIGNATURE_END, ALL_VERSIONS, 0xff},
};

/* PLATFORM_INFO, by the ABI's names in lower case. */
static const struct {
	const char *name;
	uint64_t mask;
} platform_bits[] = {
	{"smt_en", SNP_PLATFORM_SMT_EN},
	{"tsme_en", SNP_PLATFORM_TSME_EN},
	{"ecc_en", SNP_PLATFORM_ECC_EN},
	{"rapl_dis", SNP_PLATFORM_RAPL_DIS},
	{"ciphertext_hiding_dram_en", SNP_PLATFORM_CIPHERTEXT_HIDING_DRAM_EN},
	{"alias_check_complete", SNP_PLATFORM_ALIAS_CHECK_COMPLETE},
	{"iommu_write_safe", SNP_PLATFORM_IOMMU_WRITE_SAFE},
	{"tio_en", SNP_PLATFORM_TIO_EN},
};

/* Family and models of the reports that certificates of each product verify; 0xa0-0xaf are Bergamo and
 * Siena, whose certificates are Genoa's. */
static const struct {
	uint8_t family, first_model, last_model;
	enum snp_product product;
} cpuids[] = {
	{0x19, 0x00, 0x0f, SNP_PRODUCT_MILAN},	{0x19, 0x10, 0x1f, SNP_PRODUCT_GENOA},
	{0x19, 0xa0, 0xaf, SNP_PRODUCT_GENOA},	{0x1a, 0x00, 0x11, SNP_PRODUCT_TURIN},
	{0x1a, 0x50, 0x5f, SNP_PRODUCT_VENICE}, {0x1a, 0x90, 0xaf, SNP_PRODUCT_VENICE},
	{0x1a, 0xc0, 0xcf, SNP_PRODUCT_VENICE},
};

bool snp_report_reserved(struct snp_span bytes, uint32_t version, uint64_t *ret_offset)
{
	if (version < SNP_REPORT_MIN_VERSION)
		version = SNP_REPORT_MIN_VERSION;
	if (version > SNP_REPORT_MAX_VERSION)
		version = SNP_REPORT_MAX_VERSION;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		const struct reserved *r = &reserved[i];
		struct snp_span field;

		if (version < r->first_version || version > r->last_version ||
		    !snp_span_sub(bytes, r->offset, r->size, &field))
			continue;
		for (size_t at = 0; at < field.size; at++) {
			if ((field.data[at] & r->mask) == 0)
				continue;
			*ret_offset = r->offset + at;
			return false;
		}
	}
	return true;
}

/* Offsets are constants below the size that report_decode() has checked. */
static uint32_t get32(struct snp_span bytes, unsigned int offset)
{
	uint32_t v = 0;

	(void)snp_span_le32(bytes, offset, &v);
	return v;
}

static uint64_t get64(struct snp_span bytes, unsigned int offset)
{
	uint64_t v = 0;

	(void)snp_span_le64(bytes, offset, &v);
	return v;
}

static void copy(struct snp_span bytes, unsigned int offset, uint8_t *ret, size_t size)
{
	struct snp_span field;

	if (snp_span_sub(bytes, offset, size, &field))
		memcpy(ret, field.data, size);
}

#define COPY(offset, field) copy(bytes, offset, field, sizeof(field))

static struct snp_firmware_version firmware_version(struct snp_span bytes, unsigned int offset)
{
	uint8_t b[3] = {0};

	copy(bytes, offset, b, sizeof(b));
	return (struct snp_firmware_version){.major = b[2], .minor = b[1], .build = b[0]};
}

int report_decode(struct snp_span bytes, bool any_version, struct snp_report *ret,
		  struct snp_error *err)
{
	struct snp_report r = {0};
	uint8_t cpuid[3] = {0};
	uint32_t flags;

	if (bytes.size != SNP_REPORT_SIZE)
		return fail_with(err, SNP_E_NOT_A_REPORT, SNP_NO_OFFSET,
				 "size is %zu bytes; an attestation report has %u", bytes.size,
				 SNP_REPORT_SIZE);
	r.version = get32(bytes, VERSION);
	if (!any_version &&
	    (r.version < SNP_REPORT_MIN_VERSION || r.version > SNP_REPORT_MAX_VERSION))
		return fail_with(err, SNP_E_REPORT_VERSION, VERSION,
				 "attestation report of version %" PRIu32
				 "; versions %u to %u can be checked",
				 r.version, SNP_REPORT_MIN_VERSION, SNP_REPORT_MAX_VERSION);
	r.guest_svn = get32(bytes, GUEST_SVN);
	r.policy = get64(bytes, POLICY);
	COPY(FAMILY_ID, r.family_id);
	COPY(IMAGE_ID, r.image_id);
	r.vmpl = get32(bytes, VMPL);
	r.signature_algo = get32(bytes, SIGNATURE_ALGO);
	r.current_tcb = get64(bytes, CURRENT_TCB);
	r.platform_info = get64(bytes, PLATFORM_INFO);
	flags = get32(bytes, FLAGS);
	r.author_key_en = flags & AUTHOR_KEY_EN;
	r.mask_chip_key = flags & MASK_CHIP_KEY;
	r.signing_key = flags >> SIGNING_KEY_SHIFT & SIGNING_KEY_MASK;
	COPY(REPORT_DATA, r.report_data);
	COPY(MEASUREMENT, r.measurement);
	COPY(HOST_DATA, r.host_data);
	COPY(ID_KEY_DIGEST, r.id_key_digest);
	COPY(AUTHOR_KEY_DIGEST, r.author_key_digest);
	COPY(REPORT_ID, r.report_id);
	COPY(REPORT_ID_MA, r.report_id_ma);
	r.reported_tcb = get64(bytes, REPORTED_TCB);
	COPY(CPUID_FAM_ID, cpuid);
	r.has_cpuid = r.version >= 3;
	r.cpuid_family = r.has_cpuid ? cpuid[0] : 0;
	r.cpuid_model = r.has_cpuid ? cpuid[1] : 0;
	r.cpuid_stepping = r.has_cpuid ? cpuid[2] : 0;
	COPY(CHIP_ID, r.chip_id);
	r.committed_tcb = get64(bytes, COMMITTED_TCB);
	r.current = firmware_version(bytes, CURRENT_VERSION);
	r.committed = firmware_version(bytes, COMMITTED_VERSION);
	r.launch_tcb = get64(bytes, LAUNCH_TCB);
	r.has_mit_vectors = r.version >= 5;
	r.launch_mit_vector = get64(bytes, LAUNCH_MIT_VECTOR);
	r.current_mit_vector = get64(bytes, CURRENT_MIT_VECTOR);
	r.has_etcbs = r.version >= 6;
	if (r.has_etcbs) {
		COPY(CURRENT_ETCB, r.current_etcb);
		COPY(LAUNCH_ETCB, r.launch_etcb);
		COPY(COMMITTED_ETCB, r.committed_etcb);
	}
	COPY(SIGNATURE_R, r.signature_r);
	COPY(SIGNATURE_S, r.signature_s);
	*ret = r;
	return 0;
}

int snp_report_decode(struct snp_span bytes, bool any_version, struct snp_report **ret,
		      struct snp_error *err)
{
	_cleanup_(snp_report_freep) struct snp_report *report = malloc(sizeof(*report));
	int r;

	if (!report)
		return out_of_memory(err);
	r = report_decode(bytes, any_version, report, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(report);
	return 0;
}

void snp_report_free(struct snp_report *report)
{
	free(report);
}

void snp_platform_describe(uint64_t info, char *ret, size_t size)
{
	const char *separator = " (";
	size_t n = (size_t)snprintf(ret, size, "0x%" PRIx64, info);
	uint64_t rest = info;

	for (size_t i = 0; i < ARRAY_SIZE(platform_bits) && n < size; i++) {
		if (!(info & platform_bits[i].mask))
			continue;
		n += (size_t)snprintf(ret + n, size - n, "%s%s", separator, platform_bits[i].name);
		separator = ", ";
		rest &= ~platform_bits[i].mask;
	}
	if (rest != 0 && n < size)
		n += (size_t)snprintf(ret + n, size - n, "%sunknown 0x%" PRIx64, separator, rest);
	if (info != 0 && n < size)
		snprintf(ret + n, size - n, ")");
}

enum snp_product product_of_cpuid(uint8_t family, uint8_t model)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpuids); i++)
		if (family == cpuids[i].family && model >= cpuids[i].first_model &&
		    model <= cpuids[i].last_model)
			return cpuids[i].product;
	return SNP_PRODUCT_UNKNOWN;
}

enum snp_product snp_report_product(const struct snp_report *report)
{
	static const uint8_t zeros[SNP_CHIP_ID_SIZE - 8];

	if (report->has_cpuid)
		return product_of_cpuid(report->cpuid_family, report->cpuid_model);
	/* A masked id is all zeros and tells nothing. */
	if (memcmp(report->chip_id, zeros, 8) != 0 &&
	    memcmp(report->chip_id + 8, zeros, sizeof(zeros)) == 0)
		return SNP_PRODUCT_TURIN;
	return SNP_PRODUCT_UNKNOWN;
}

bool report_chip_id_masked(const struct snp_report *report)
{
	static const uint8_t masked[SNP_CHIP_ID_SIZE];

	return memcmp(report->chip_id, masked, sizeof(masked)) == 0;
}
