// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/policy.h>

#include "report/checks.h"

static enum snp_outcome reserved_bits(struct inquiry *q)
{
	uint64_t at;

	if (!snp_report_reserved(q->evidence->report, q->verdict->report.version, &at))
		return FAIL("byte 0x%" PRIx64 " has a reserved bit set", at);
	return SNP_PASSED;
}

static enum snp_outcome signature_algorithm(struct inquiry *q)
{
	uint32_t algo = q->verdict->report.signature_algo;

	/* ABI 56860, "Signature Algorithm Encodings": 1 is ECDSA P-384 with SHA-384. */
	return algo == 1 ? SNP_PASSED : FAIL("SIGNATURE_ALGO is %" PRIu32 "; must be 1", algo);
}

static enum snp_outcome signing_key(struct inquiry *q)
{
	unsigned int key = q->verdict->report.signing_key;

	if (key == SNP_SIGNING_KEY_VCEK || key == SNP_SIGNING_KEY_VLEK)
		return PASS("%s", snp_certificate_kind_name(q->leaf_kind));
	if (key == SNP_SIGNING_KEY_NONE)
		return FAIL("SIGNING_KEY is 7: the report is not signed");
	return FAIL("SIGNING_KEY is %u, which is reserved", key);
}

static enum snp_outcome chip_key_mask(struct inquiry *q)
{
	if (q->verdict->report.mask_chip_key)
		return FAIL("MASK_CHIP_KEY is set: the host asked for unsigned reports");
	return SNP_PASSED;
}

static enum snp_outcome author_key(struct inquiry *q)
{
	const struct snp_report *report = &q->verdict->report;
	static const uint8_t none[sizeof(report->author_key_digest)];

	if (!report->author_key_en && memcmp(report->author_key_digest, none, sizeof(none)) != 0)
		return FAIL("AUTHOR_KEY_EN is 0, but AUTHOR_KEY_DIGEST is not zero");
	return SNP_PASSED;
}

static enum snp_outcome guest_request(struct inquiry *q)
{
	uint32_t vmpl = q->verdict->report.vmpl;

	if (vmpl == UINT32_MAX)
		return FAIL("VMPL is 0xffffffff: the host asked for this report");
	return vmpl <= 3 ? PASS("VMPL %" PRIu32, vmpl)
			 : FAIL("VMPL is %" PRIu32 "; must be 0 to 3", vmpl);
}

static enum snp_outcome policy_form(struct inquiry *q)
{
	struct snp_error why;

	if (snp_policy_check(q->verdict->report.policy, &why) < 0)
		return FAIL("%s", why.message);
	return SNP_PASSED;
}

/* True if all roots are of the simulated host. */
static bool is_simulated(const struct inquiry *q)
{
	for (size_t i = 0; i < q->n_roots; i++)
		if (q->roots[i].product != SNP_PRODUCT_SIMULATED)
			return false;
	return q->n_roots > 0;
}

/* The CPUID of the simulated host, which no product has (launcher/rehearsal). */
#define SIMULATED_FAMILY 0x19
#define SIMULATED_MODEL	 0xf0

static enum snp_outcome simulated_product(struct inquiry *q)
{
	const struct snp_report *report = &q->verdict->report;

	if (!report->has_cpuid)
		return FAIL("the simulated host makes no reports of version %" PRIu32,
			    report->version);
	if (report->cpuid_family != SIMULATED_FAMILY || report->cpuid_model != SIMULATED_MODEL)
		return FAIL("CPUID family 0x%x model 0x%x is not the simulated host's",
			    report->cpuid_family, report->cpuid_model);
	q->verdict->product = SNP_PRODUCT_SIMULATED;
	return PASS("Simulated: this report is not from real hardware");
}

static enum snp_outcome product(struct inquiry *q)
{
	const struct snp_report *report = &q->verdict->report;

	if (is_simulated(q))
		return simulated_product(q);
	if (!report->has_cpuid && !q->leaf)
		return SNP_NOT_REACHED; /* version 2 leaves its product to the certificate */
	q->verdict->product =
		report->has_cpuid ? snp_report_product(report) : q->leaf->info.product;
	/* Only its own root makes a report one of the simulated host. */
	if (q->verdict->product == SNP_PRODUCT_SIMULATED)
		q->verdict->product = SNP_PRODUCT_UNKNOWN;
	if (q->verdict->product == SNP_PRODUCT_VENICE) {
		q->verdict->product = SNP_PRODUCT_UNKNOWN;
		return FAIL("Venice: no root of this product is known");
	}
	if (q->verdict->product != SNP_PRODUCT_UNKNOWN)
		return PASS("%s", snp_product_name(q->verdict->product));
	if (report->has_cpuid)
		return FAIL("unknown product: CPUID family 0x%x model 0x%x", report->cpuid_family,
			    report->cpuid_model);
	return FAIL("version 2, with a certificate issued by '%s'", q->leaf->issuer);
}

/* The TCBs of a report by its product's layout. */
struct tcbs {
	struct snp_tcb current, reported, committed, launch;
};

/* Returns the name of the first that has a byte set which the layout reserves, or NULL. */
static const char *decode_tcbs(const struct snp_verdict *verdict, struct tcbs *ret)
{
	const struct snp_report *report = &verdict->report;
	const struct {
		const char *name;
		uint64_t word;
		struct snp_tcb *tcb;
	} all[] = {
		{"CURRENT_TCB", report->current_tcb, &ret->current},
		{"REPORTED_TCB", report->reported_tcb, &ret->reported},
		{"COMMITTED_TCB", report->committed_tcb, &ret->committed},
		{"LAUNCH_TCB", report->launch_tcb, &ret->launch},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (snp_tcb_decode(all[i].word, verdict->product, all[i].tcb, NULL) < 0)
			return all[i].name;
	return NULL;
}

static enum snp_outcome tcb_form(struct inquiry *q)
{
	struct tcbs tcbs;
	const char *wrong = decode_tcbs(q->verdict, &tcbs);

	if (wrong)
		return FAIL("%s sets a byte that %s reserves", wrong,
			    snp_product_name(q->verdict->product));
	return SNP_PASSED;
}

/* They may differ: hosts report less than they run on purpose, and commit later than they update. */
static enum snp_outcome tcb_order(struct inquiry *q)
{
	struct tcbs tcbs = {0};

	(void)decode_tcbs(q->verdict, &tcbs);
	if (!snp_tcb_at_least(&tcbs.committed, &tcbs.reported))
		return FAIL("REPORTED_TCB is above COMMITTED_TCB");
	if (!snp_tcb_at_least(&tcbs.current, &tcbs.committed))
		return FAIL("COMMITTED_TCB is above CURRENT_TCB");
	if (!snp_tcb_at_least(&tcbs.current, &tcbs.launch))
		return FAIL("LAUNCH_TCB is above CURRENT_TCB");
	return SNP_PASSED;
}

static const struct report_check checks[] = {
	{SNP_CHECK_RESERVED_BITS, 0, reserved_bits},
	{SNP_CHECK_SIGNATURE_ALGORITHM, 0, signature_algorithm},
	{SNP_CHECK_SIGNING_KEY, 0, signing_key},
	{SNP_CHECK_CHIP_KEY_MASK, 0, chip_key_mask},
	{SNP_CHECK_AUTHOR_KEY, 0, author_key},
	{SNP_CHECK_GUEST_REQUEST, 0, guest_request},
	{SNP_CHECK_POLICY_FORM, 0, policy_form},
	{SNP_CHECK_PRODUCT, 0, product},
	{SNP_CHECK_TCB_FORM, NEED(PRODUCT), tcb_form},
	{SNP_CHECK_TCB_ORDER, NEED(TCB_FORM), tcb_order},
};

const struct report_checks checks_of_form = {checks, ARRAY_SIZE(checks)};
