// SPDX-License-Identifier: Apache-2.0
/* What was expected of the machine that the guest runs on. */
#include <inttypes.h>

#include "report/checks.h"

static enum snp_outcome denied_product(struct inquiry *q)
{
	if (q->expected->denied_products == 0)
		return SNP_NOT_ASKED;
	if (q->expected->denied_products & 1ull << q->verdict->product)
		return FAIL("%s is denied", snp_product_name(q->verdict->product));
	return SNP_PASSED;
}

static enum snp_outcome expected_chip_id(struct inquiry *q)
{
	return check_one_of(q, q->verdict->report.chip_id, (const uint8_t *)q->expected->chip_ids,
			    q->expected->n_chip_ids, SNP_CHIP_ID_SIZE);
}

static enum snp_outcome tcb_at_least(struct inquiry *q, uint64_t word,
				     const struct snp_tcb *minimum)
{
	char found[SNP_TCB_TEXT_SIZE], wanted[SNP_TCB_TEXT_SIZE];
	struct snp_tcb tcb;
	struct snp_error why;

	if (snp_tcb_decode(word, q->verdict->product, &tcb, &why) < 0)
		return FAIL("%s", why.message);
	if (snp_tcb_at_least(&tcb, minimum))
		return SNP_PASSED;
	snp_tcb_describe(&tcb, found);
	snp_tcb_describe(minimum, wanted);
	return FAIL("%s; expected at least %s", found, wanted);
}

bool check_published_tcb(const struct inquiry *q, const struct snp_reference_image *image)
{
	enum snp_product product = q->verdict->product;
	const struct snp_tcb *minimum = snp_reference_minimum_tcb(image, product);
	struct snp_tcb tcb;

	return !minimum ||
	       (snp_tcb_decode(q->verdict->report.reported_tcb, product, &tcb, NULL) == 0 &&
		snp_tcb_at_least(&tcb, minimum));
}

static enum snp_outcome minimum_tcb(struct inquiry *q)
{
	const struct snp_reference_image *image = q->verdict->image;
	uint64_t reported = q->verdict->report.reported_tcb;
	const struct snp_tcb *published =
		image ? snp_reference_minimum_tcb(image, q->verdict->product) : NULL;

	if (!q->expected->has_minimum_tcb && !published)
		return SNP_NOT_ASKED;
	if (published && tcb_at_least(q, reported, published) == SNP_FAILED)
		return SNP_FAILED;
	if (!q->expected->has_minimum_tcb)
		return SNP_PASSED;
	return tcb_at_least(q, reported, &q->expected->minimum_tcb);
}

static enum snp_outcome minimum_launch_tcb(struct inquiry *q)
{
	if (!q->expected->has_minimum_launch_tcb)
		return SNP_NOT_ASKED;
	return tcb_at_least(q, q->verdict->report.launch_tcb, &q->expected->minimum_launch_tcb);
}

static uint32_t version_number(struct snp_firmware_version v)
{
	return (uint32_t)v.major << 16 | (uint32_t)v.minor << 8 | v.build;
}

/* The committed version: the host can go back to it at any time. */
static enum snp_outcome firmware_version(struct inquiry *q)
{
	struct snp_firmware_version found = q->verdict->report.committed;
	struct snp_firmware_version minimum = q->expected->firmware_min;

	if (!q->expected->has_firmware_min)
		return SNP_NOT_ASKED;
	if (version_number(found) < version_number(minimum))
		return FAIL("%u.%u.%u; expected at least %u.%u.%u", found.major, found.minor,
			    found.build, minimum.major, minimum.minor, minimum.build);
	return SNP_PASSED;
}

static enum snp_outcome provisional_firmware(struct inquiry *q)
{
	const struct snp_report *report = &q->verdict->report;

	if (!q->expected->no_provisional_firmware)
		return SNP_NOT_ASKED;
	if (report->current_tcb != report->committed_tcb ||
	    version_number(report->current) != version_number(report->committed))
		return FAIL("the host runs firmware or microcode that it has not committed");
	return SNP_PASSED;
}

static enum snp_outcome platform_require(struct inquiry *q)
{
	uint64_t required = SNP_PLATFORM_ALIAS_CHECK_COMPLETE, missing;

	if (q->expected->has_platform_require)
		required = q->expected->platform_require;
	else if (q->verdict->report.version < 3)
		return NOT_ASKED("version 2 does not say whether the alias check was done "
				 "(AMD-SB-3015)");
	missing = required & ~q->verdict->report.platform_info;
	return missing == 0 ? SNP_PASSED : FAIL("bits 0x%" PRIx64 " are not set", missing);
}

static enum snp_outcome platform_forbid(struct inquiry *q)
{
	uint64_t found = q->verdict->report.platform_info & q->expected->platform_forbid;

	if (!q->expected->has_platform_forbid)
		return SNP_NOT_ASKED;
	return found == 0 ? SNP_PASSED : FAIL("bits 0x%" PRIx64 " are set", found);
}

static enum snp_outcome mitigations(struct inquiry *q, bool asked, uint64_t found, uint64_t wanted)
{
	if (!asked)
		return SNP_NOT_ASKED;
	if (!q->verdict->report.has_mit_vectors)
		return FAIL("reports of version %" PRIu32 " do not say",
			    q->verdict->report.version);
	return (wanted & ~found) == 0 ? SNP_PASSED
				      : FAIL("bits 0x%" PRIx64 " are not set", wanted & ~found);
}

static enum snp_outcome launch_mitigations(struct inquiry *q)
{
	return mitigations(q, q->expected->has_launch_mitigations,
			   q->verdict->report.launch_mit_vector, q->expected->launch_mitigations);
}

static enum snp_outcome current_mitigations(struct inquiry *q)
{
	return mitigations(q, q->expected->has_current_mitigations,
			   q->verdict->report.current_mit_vector, q->expected->current_mitigations);
}

/* clang-format off */
static const struct report_check checks[] = {
	{SNP_CHECK_DENIED_PRODUCT,       NEED_AUTHENTIC, denied_product},
	{SNP_CHECK_EXPECTED_CHIP_ID,     NEED_AUTHENTIC, expected_chip_id},
	{SNP_CHECK_MINIMUM_TCB,          NEED_AUTHENTIC, minimum_tcb},
	{SNP_CHECK_MINIMUM_LAUNCH_TCB,   NEED_AUTHENTIC, minimum_launch_tcb},
	{SNP_CHECK_FIRMWARE_VERSION,     NEED_AUTHENTIC, firmware_version},
	{SNP_CHECK_PROVISIONAL_FIRMWARE, NEED_AUTHENTIC, provisional_firmware},
	{SNP_CHECK_PLATFORM_REQUIRE,     NEED_AUTHENTIC, platform_require},
	{SNP_CHECK_PLATFORM_FORBID,      NEED_AUTHENTIC, platform_forbid},
	{SNP_CHECK_LAUNCH_MITIGATIONS,   NEED_AUTHENTIC, launch_mitigations},
	{SNP_CHECK_CURRENT_MITIGATIONS,  NEED_AUTHENTIC, current_mitigations},
};
/* clang-format on */

const struct report_checks checks_of_host = {checks, ARRAY_SIZE(checks)};
