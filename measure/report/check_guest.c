// SPDX-License-Identifier: Apache-2.0
/* What was expected of the guest. */
#include <inttypes.h>
#include <string.h>

#include <snp/policy.h>
#include <snp/sha.h>

#include "report/checks.h"

const struct snp_reference_image *
published_group(const struct inquiry *q, const struct snp_reference **ret_document, size_t *ret_n)
{
	const struct snp_expectations *e = q->expected;
	const struct snp_reference_image *found = NULL;

	*ret_n = 0;
	for (size_t d = 0; d < e->n_references; d++) {
		const struct snp_reference *reference = e->references[d];

		for (size_t i = 0; i < reference->n_images; i++) {
			const struct snp_reference_image *image = &reference->images[i];

			if (!image->is_container_group)
				continue;
			++*ret_n;
			if (found || !bytes_equal(q->verdict->report.host_data, image->host_data,
						  SNP_HOST_DATA_SIZE))
				continue;
			*ret_document = reference;
			found = image;
		}
	}
	return found;
}

static const struct snp_reference_image *find_group(struct inquiry *q, size_t *ret_n)
{
	return published_group(q, &q->verdict->reference, ret_n);
}

static enum snp_outcome runtime_data(struct inquiry *q)
{
	uint8_t sha256[SNP_SHA256_SIZE];

	if (q->evidence->runtime_data.size == 0)
		return SNP_NOT_ASKED;
	q->status = sha256_of(q->evidence->runtime_data, sha256, q->err);
	if (q->status < 0 || !bytes_equal(sha256, q->verdict->report.report_data, sizeof(sha256)))
		return FAIL("REPORT_DATA does not begin with the SHA-256 of the runtime data");
	return SNP_PASSED;
}

static bool is_set(const uint8_t id[static SNP_ID_SIZE])
{
	static const uint8_t zeros[SNP_ID_SIZE];

	return memcmp(id, zeros, sizeof(zeros)) != 0;
}

/* A token has no ABI version, and old ones few of the bits. */
#define POLICY_ABI (SNP_POLICY_ABI_MINOR | SNP_POLICY_ABI_MAJOR)

static uint64_t unsaid_policy(const struct inquiry *q)
{
	return q->token_alone ? ~(q->claims.policy_known | POLICY_ABI) : 0;
}

static bool same_policy(const struct inquiry *q, uint64_t wanted)
{
	uint64_t compared = q->token_alone ? ~POLICY_ABI : UINT64_MAX;

	return unsaid_policy(q) == 0 && ((q->verdict->report.policy ^ wanted) & compared) == 0;
}

static bool allows_no_more(const struct inquiry *q, uint64_t limit)
{
	return unsaid_policy(q) == 0 &&
	       snp_policy_at_most(q->verdict->report.policy,
				  q->token_alone ? limit & ~POLICY_ABI : limit);
}

/* With an upper limit of the caller's own, the published policy is an upper limit too. */
static bool is_published_policy(const struct inquiry *q, uint64_t policy)
{
	return same_policy(q, policy) ||
	       (q->expected->has_policy_at_most && allows_no_more(q, policy));
}

/* How many of the rules that a published image sets the report breaks. One digest may be published for
 * images that differ in what it does not cover. */
static unsigned int distance(const struct inquiry *q, const struct snp_reference_image *image)
{
	const struct snp_report *report = &q->verdict->report;
	char why[TCB_WHY_SIZE];
	unsigned int n = 0;

	n += !is_published_policy(q, image->policy);
	n += report->guest_svn < image->guest_svn;
	n += is_set(image->family_id) &&
	     !bytes_equal(report->family_id, image->family_id, SNP_ID_SIZE);
	n += is_set(image->image_id) &&
	     !bytes_equal(report->image_id, image->image_id, SNP_ID_SIZE);
	n += compare_published_tcb(q, image, why) == SNP_FAILED;
	return n;
}

/* Find the nearest image of a document with a variant of this digest, unless an earlier one is as near.
 * Returns the number of variants. */
static size_t find_published(const struct inquiry *q, const struct snp_reference *reference,
			     unsigned int *nearest)
{
	struct snp_verdict *verdict = q->verdict;
	size_t n = 0;

	for (size_t i = 0; i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];
		unsigned int d = distance(q, image);

		n += image->n_variants;
		for (size_t v = 0; v < image->n_variants && d < *nearest; v++) {
			if (!bytes_equal(verdict->report.measurement,
					 image->variants[v].launch_digest, SNP_MEASUREMENT_SIZE))
				continue;
			*nearest = d;
			verdict->reference = reference;
			verdict->image = image;
			verdict->variant = &image->variants[v];
		}
	}
	return n;
}

/* No digest is published for a container group: it runs in whatever utility VM is endorsed. */
static enum snp_outcome endorsed(struct inquiry *q)
{
	const struct uvm_claims *claims;
	size_t n;

	if (q->launch_endorsement)
		return PASS("endorsed, SVN %" PRIu32, launch_claims(q->launch_endorsement)->svn);
	claims = uvm_claims(q->uvm_endorsement);
	q->verdict->image = find_group(q, &n);
	return PASS("%s%sendorsed as %.100s, SVN %" PRIu64,
		    q->verdict->image ? q->verdict->image->name : "", q->verdict->image ? ", " : "",
		    claims->feed, claims->svn);
}

static enum snp_outcome measurement(struct inquiry *q)
{
	const struct snp_expectations *e = q->expected;
	struct snp_verdict *verdict = q->verdict;
	size_t n = e->n_measurements, groups;
	unsigned int nearest = UINT32_MAX;
	bool found = false;

	if (e->any_measurement)
		return NOT_ASKED("any launch digest is accepted");
	if (e->n_references == 0 && e->n_measurements == 0 && !e->endorsed)
		return FAIL("no launch digest is expected, and any_measurement is not set");
	for (size_t i = 0; i < e->n_measurements; i++)
		found |= bytes_equal(verdict->report.measurement, e->measurements[i],
				     SNP_MEASUREMENT_SIZE);
	for (size_t i = 0; i < e->n_references; i++)
		n += find_published(q, e->references[i], &nearest);
	if (verdict->variant)
		return PASS("%s on %s, %" PRIu32 " vCPUs%s%s", verdict->image->name,
			    verdict->variant->vcpus.profile, verdict->variant->vcpus.count,
			    verdict->variant->vcpus.model[0] ? ", " : "",
			    verdict->variant->vcpus.model);
	if (found)
		return SNP_PASSED;
	if (e->endorsed && (n == 0 || (q->uvm_endorsement && find_group(q, &groups))))
		return endorsed(q);
	return n > 0 ? FAIL("not among the %zu expected", n)
		     : FAIL("container groups are published, and no endorsement is expected");
}

static enum snp_outcome debug(struct inquiry *q)
{
	if (!(q->verdict->report.policy & SNP_POLICY_DEBUG))
		return SNP_PASSED;
	if (q->expected->allow_debug)
		return NOT_ASKED("debugging is on; this was allowed");
	return FAIL("the policy allows debugging: the host can read and change the guest");
}

static enum snp_outcome policy(struct inquiry *q)
{
	const struct snp_reference_image *image = q->verdict->image;
	uint64_t found = q->verdict->report.policy, endorsed = 0;

	if (image && image->is_container_group) /* the utility VM's policy is nobody's to publish */
		image = NULL;
	if (q->expected->endorsed && q->launch_endorsement)
		endorsed = launch_claims(q->launch_endorsement)->policy;
	if (!q->expected->has_policy && !image && endorsed == 0)
		return SNP_NOT_ASKED;
	if (unsaid_policy(q) != 0)
		return FAIL("the token has no claim for the bits 0x%" PRIx64, unsaid_policy(q));
	if (q->expected->has_policy && !same_policy(q, q->expected->policy))
		return FAIL("0x%" PRIx64 "; expected 0x%" PRIx64, found, q->expected->policy);
	if (image && !is_published_policy(q, image->policy))
		return FAIL("0x%" PRIx64 "; 0x%" PRIx64 " is published", found, image->policy);
	if (endorsed != 0 && !is_published_policy(q, endorsed))
		return FAIL("0x%" PRIx64 "; 0x%" PRIx64 " is endorsed", found, endorsed);
	return SNP_PASSED;
}

static enum snp_outcome policy_at_most(struct inquiry *q)
{
	uint64_t found = q->verdict->report.policy, limit = q->expected->policy_at_most;

	if (!q->expected->has_policy_at_most)
		return SNP_NOT_ASKED;
	if (unsaid_policy(q) != 0)
		return FAIL("the token has no claim for the bits 0x%" PRIx64, unsaid_policy(q));
	if (!allows_no_more(q, limit))
		return FAIL("0x%" PRIx64 " allows what 0x%" PRIx64 " does not", found, limit);
	return SNP_PASSED;
}

static enum snp_outcome guest_svn(struct inquiry *q)
{
	const struct snp_reference_image *image = q->verdict->image;
	const struct snp_expectations *e = q->expected;
	uint32_t found = q->verdict->report.guest_svn, minimum = 0;

	if (!e->has_guest_svn && !e->has_guest_svn_min && !image)
		return SNP_NOT_ASKED;
	if (e->has_guest_svn && found != e->guest_svn)
		return FAIL("%" PRIu32 "; expected %" PRIu32, found, e->guest_svn);
	if (e->has_guest_svn_min)
		minimum = e->guest_svn_min;
	if (image && image->guest_svn > minimum)
		minimum = image->guest_svn;
	if (found < minimum)
		return FAIL("%" PRIu32 "; expected at least %" PRIu32, found, minimum);
	return SNP_PASSED;
}

/* One value, from the caller, a published image (NULL: none), or both. */
static enum snp_outcome both(struct inquiry *q, const uint8_t found[static SNP_ID_SIZE], bool asked,
			     const uint8_t wanted[static SNP_ID_SIZE], const uint8_t *published)
{
	if (!published || !is_set(published))
		return check_exactly(q, asked, found, wanted, SNP_ID_SIZE);
	if (!bytes_equal(found, published, SNP_ID_SIZE))
		return FAIL("not the one published");
	return check_exactly(q, true, found, asked ? wanted : published, SNP_ID_SIZE);
}

static enum snp_outcome family_id(struct inquiry *q)
{
	const struct snp_reference_image *image = q->verdict->image;

	return both(q, q->verdict->report.family_id, q->expected->has_family_id,
		    q->expected->family_id, image ? image->family_id : NULL);
}

static enum snp_outcome image_id(struct inquiry *q)
{
	const struct snp_reference_image *image = q->verdict->image;

	return both(q, q->verdict->report.image_id, q->expected->has_image_id,
		    q->expected->image_id, image ? image->image_id : NULL);
}

static enum snp_outcome host_data(struct inquiry *q)
{
	const struct snp_expectations *e = q->expected;
	size_t n = 0;
	bool nobody_asks;

	if (!q->verdict->variant && !find_group(q, &n) && n > 0)
		return FAIL("not among the %zu published", n);
	if (n > 0 && !e->has_host_data)
		return SNP_PASSED;
	nobody_asks = !e->has_host_data && !q->verdict->variant && !e->any_host_data;
	if (nobody_asks && e->endorsed && q->uvm_endorsement)
		return FAIL("none is expected, but the endorsed utility VM can run any containers");
	if (nobody_asks && q->token && token_of_utility_vm(&q->claims))
		return NOT_ASKED("none is expected: the utility VM can run any containers");
	return check_exactly(q, e->has_host_data, q->verdict->report.host_data, e->host_data,
			     SNP_HOST_DATA_SIZE);
}

static enum snp_outcome report_data(struct inquiry *q)
{
	if (!q->expected->has_report_data)
		return NOT_ASKED("freshness not checked: no report data is expected");
	return check_exactly(q, true, q->verdict->report.report_data, q->expected->report_data,
			     SNP_REPORT_DATA_SIZE);
}

static enum snp_outcome vmpl(struct inquiry *q)
{
	/* The host can get a token about a report that it asked for itself, whose VMPL is another. */
	if (!q->expected->has_vmpl && q->token)
		return q->claims.report.vmpl == 0
			       ? PASS("0")
			       : FAIL("%" PRIu32 "; expected 0", q->claims.report.vmpl);
	if (!q->expected->has_vmpl)
		return SNP_NOT_ASKED;
	if (q->verdict->report.vmpl != q->expected->vmpl)
		return FAIL("%" PRIu32 "; expected %" PRIu32, q->verdict->report.vmpl,
			    q->expected->vmpl);
	return SNP_PASSED;
}

static enum snp_outcome id_key_digest(struct inquiry *q)
{
	return check_one_of(q, q->verdict->report.id_key_digest,
			    (const uint8_t *)q->expected->id_key_digests,
			    q->expected->n_id_key_digests, 48);
}

static enum snp_outcome author_key_digest(struct inquiry *q)
{
	return check_one_of(q, q->verdict->report.author_key_digest,
			    (const uint8_t *)q->expected->author_key_digests,
			    q->expected->n_author_key_digests, 48);
}

static enum snp_outcome report_id(struct inquiry *q)
{
	return check_exactly(q, q->expected->has_report_id, q->verdict->report.report_id,
			     q->expected->report_id, SNP_REPORT_ID_SIZE);
}

/* clang-format off */
static const struct report_check checks[] = {
	{SNP_CHECK_RUNTIME_DATA,      NEED_AUTHENTIC, runtime_data},
	{SNP_CHECK_MEASUREMENT,       NEED_AUTHENTIC | NEED_ENDORSED, measurement},
	{SNP_CHECK_DEBUG,             NEED_AUTHENTIC, debug},
	{SNP_CHECK_POLICY,            NEED_AUTHENTIC, policy},
	{SNP_CHECK_POLICY_AT_MOST,    NEED_AUTHENTIC, policy_at_most},
	{SNP_CHECK_GUEST_SVN,         NEED_AUTHENTIC, guest_svn},
	{SNP_CHECK_FAMILY_ID,         NEED_AUTHENTIC, family_id},
	{SNP_CHECK_IMAGE_ID,          NEED_AUTHENTIC, image_id},
	{SNP_CHECK_HOST_DATA,         NEED_AUTHENTIC, host_data},
	{SNP_CHECK_REPORT_DATA,       NEED_AUTHENTIC, report_data},
	{SNP_CHECK_VMPL,              NEED_AUTHENTIC, vmpl},
	{SNP_CHECK_ID_KEY_DIGEST,     NEED_AUTHENTIC, id_key_digest},
	{SNP_CHECK_AUTHOR_KEY_DIGEST, NEED_AUTHENTIC, author_key_digest},
	{SNP_CHECK_REPORT_ID,         NEED_AUTHENTIC, report_id},
};
/* clang-format on */

const struct report_checks checks_of_guest = {checks, ARRAY_SIZE(checks)};
