// SPDX-License-Identifier: Apache-2.0
/* What was expected of the machine that the guest runs on. */
#include <inttypes.h>

#include "report/checks.h"

static enum snp_outcome denied_product(struct inquiry *q)
{
	if (q->expected->denied_products == 0)
		return SNP_NOT_ASKED;
	if (q->token_alone && q->verdict->product == SNP_PRODUCT_UNKNOWN)
		return FAIL("the token does not name its product");
	if (q->expected->denied_products & 1ull << q->verdict->product)
		return FAIL("%s is denied", snp_product_name(q->verdict->product));
	return SNP_PASSED;
}

static enum snp_outcome expected_chip_id(struct inquiry *q)
{
	return check_one_of(q, q->verdict->report.chip_id, (const uint8_t *)q->expected->chip_ids,
			    q->expected->n_chip_ids, SNP_CHIP_ID_SIZE);
}

static enum snp_outcome compare_tcb(const struct inquiry *q, uint64_t word,
				    const struct snp_tcb *minimum, char why[static TCB_WHY_SIZE])
{
	char found[SNP_TCB_TEXT_SIZE], wanted[SNP_TCB_TEXT_SIZE];
	const enum snp_product product = q->verdict->product;
	struct snp_error err;
	struct snp_tcb tcb;

	if (q->token_alone) {
		tcb = q->claims.tcb;
		tcb.has_fmc = product == SNP_PRODUCT_TURIN;
	} else if (snp_tcb_decode(word, product, &tcb, &err) < 0) {
		snprintf(why, TCB_WHY_SIZE, "%.200s", err.message);
		return SNP_FAILED;
	}
	if (tcb.has_fmc && !minimum->has_fmc && minimum->fmc == 0) {
		snprintf(
			why, TCB_WHY_SIZE,
			"%s has an fmc level, and the minimum does not name one; fmc=0 accepts all",
			snp_product_name(product));
		return SNP_FAILED;
	}
	if (snp_tcb_at_least(&tcb, minimum))
		return SNP_PASSED;
	snp_tcb_describe(&tcb, found);
	snp_tcb_describe(minimum, wanted);
	snprintf(why, TCB_WHY_SIZE, "%s; expected at least %s", found, wanted);
	return SNP_FAILED;
}

static enum snp_outcome tcb_at_least(struct inquiry *q, uint64_t word,
				     const struct snp_tcb *minimum)
{
	char why[TCB_WHY_SIZE] = "";

	return compare_tcb(q, word, minimum, why) == SNP_PASSED ? SNP_PASSED : FAIL("%s", why);
}

/* A publisher who names minima by product has not released the image for any other product. */
enum snp_outcome compare_published_tcb(const struct inquiry *q,
				       const struct snp_reference_image *image,
				       char why[static TCB_WHY_SIZE])
{
	const enum snp_product product = q->verdict->product;
	const struct snp_tcb *minimum = snp_reference_minimum_tcb(image, product);

	if (minimum)
		return compare_tcb(q, q->verdict->report.reported_tcb, minimum, why);
	if (image->n_minimum_tcb == 0)
		return SNP_NOT_ASKED;
	snprintf(why, TCB_WHY_SIZE, "minimum TCBs are published, but none for %s",
		 snp_product_name(product));
	return SNP_FAILED;
}

static enum snp_outcome minimum_tcb(struct inquiry *q)
{
	const struct snp_reference_image *image = q->verdict->image;
	enum snp_outcome published = SNP_NOT_ASKED;
	const struct snp_tcb *by_product = NULL;
	char why[TCB_WHY_SIZE] = "";

	if (image)
		published = compare_published_tcb(q, image, why);
	if (published == SNP_FAILED)
		return FAIL("%s", why);
	for (size_t i = 0; i < q->expected->n_minimum_tcbs; i++)
		if (q->expected->minimum_tcbs[i].product == q->verdict->product)
			by_product = &q->expected->minimum_tcbs[i].tcb;
	if (q->expected->n_minimum_tcbs > 0 && !by_product)
		return FAIL("minimum TCBs were given, but none for %s",
			    snp_product_name(q->verdict->product));
	if (by_product) {
		published = tcb_at_least(q, q->verdict->report.reported_tcb, by_product);
		if (published != SNP_PASSED)
			return published;
	}
	if (!q->expected->has_minimum_tcb)
		return published;
	return tcb_at_least(q, q->verdict->report.reported_tcb, &q->expected->minimum_tcb);
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
	else if (q->token_alone)
		return NOT_ASKED("a token does not say whether the alias check was done "
				 "(AMD-SB-3015)");
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
