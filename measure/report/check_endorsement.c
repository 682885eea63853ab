// SPDX-License-Identifier: Apache-2.0
/* Who endorses the launch digest: Microsoft its utility VM, or Google, or who publishes in its form, a firmware. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "report/checks.h"

/* What the endorsement is held against: what the caller names, else Microsoft's root of trust for its feed. */
static const struct uvm_root *known_root(const struct inquiry *q)
{
	const char *feed = q->expected->uvm_feed;

	return uvm_root_of(feed ? feed : uvm_claims(q->uvm_endorsement)->feed);
}

static enum snp_outcome endorsement(struct inquiry *q)
{
	bool given = q->uvm_endorsement || q->launch_endorsement;

	if (!q->expected->endorsed)
		return given ? NOT_ASKED("an endorsement was given, but none is expected")
			     : SNP_NOT_ASKED;
	return given ? SNP_PASSED : FAIL("none was given");
}

#define ASKED(q)                              \
	do {                                  \
		if (!(q)->expected->endorsed) \
			return SNP_NOT_ASKED; \
	} while (0)

static enum snp_outcome signature(struct inquiry *q)
{
	char why[ENDORSEMENT_WHY_SIZE] = "";

	ASKED(q);
	return check_answer(q,
			    q->launch_endorsement
				    ? launch_check_signature(q->launch_endorsement, why, q->err)
				    : uvm_check_signature(q->uvm_endorsement, why, q->err),
			    why);
}

static void print_time(int64_t time, char ret[static 32])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(ret, 32, "%Y-%m-%d", &tm) == 0)
		snprintf(ret, 32, "no date");
}

/* A verified one is the time that certificates are held against. */
static enum snp_outcome timestamp(struct inquiry *q)
{
	char why[ENDORSEMENT_WHY_SIZE] = "", date[32];
	enum snp_outcome outcome;

	ASKED(q);
	if (q->launch_endorsement)
		return SNP_NOT_ASKED;
	if (q->expected->tsa_roots.size == 0 && !uvm_claims(q->uvm_endorsement)->has_timestamp)
		return NOT_ASKED("there is none");
	outcome = check_answer(q,
			       uvm_check_timestamp(q->uvm_endorsement, q->expected->tsa_roots,
						   &q->endorsed_at, why, q->err),
			       why);
	if (outcome != SNP_PASSED)
		return outcome;
	if (q->expected->tsa_roots.size == 0)
		return NOT_ASKED("not verified: no root of the authority was given");
	print_time(q->endorsed_at, date);
	return PASS("%s", date);
}

static enum snp_outcome issuer(struct inquiry *q)
{
	const char *wanted = q->expected->uvm_issuer;
	char why[ENDORSEMENT_WHY_SIZE] = "";

	ASKED(q);
	if (q->launch_endorsement)
		return check_answer(q,
				    launch_check_signer(q->launch_endorsement,
							q->expected->endorsement_roots,
							q->evidence->at_time, why, q->err),
				    why);
	if (!wanted && known_root(q))
		wanted = known_root(q)->issuer;
	if (!wanted)
		return FAIL("no issuer is known for the feed '%.100s'",
			    uvm_claims(q->uvm_endorsement)->feed);
	return check_answer(
		q, uvm_check_issuer(q->uvm_endorsement, wanted, q->endorsed_at, why, q->err), why);
}

static enum snp_outcome feed(struct inquiry *q)
{
	const char *found, *wanted = q->expected->uvm_feed;

	ASKED(q);
	if (q->launch_endorsement)
		return SNP_NOT_ASKED;
	found = uvm_claims(q->uvm_endorsement)->feed;
	if (wanted ? strcmp(found, wanted) == 0 : known_root(q) != NULL)
		return PASS("%s", found);
	return FAIL("is '%s'", found);
}

static enum snp_outcome launch_svn(struct inquiry *q)
{
	uint32_t found = launch_claims(q->launch_endorsement)->svn;
	uint32_t minimum = q->expected->endorsement_svn_min;

	if (minimum == 0)
		return NOT_ASKED("no minimum is expected; it is %" PRIu32, found);
	return found >= minimum ? PASS("%" PRIu32, found)
				: FAIL("%" PRIu32 "; expected at least %" PRIu32, found, minimum);
}

static enum snp_outcome svn(struct inquiry *q)
{
	uint64_t found, minimum = q->expected->uvm_svn_min;

	ASKED(q);
	if (q->launch_endorsement)
		return launch_svn(q);
	found = uvm_claims(q->uvm_endorsement)->svn;
	if (!q->expected->has_uvm_svn_min && !known_root(q))
		return FAIL("no minimum is known for this feed");
	if (!q->expected->has_uvm_svn_min)
		minimum = known_root(q)->minimum_svn;
	return found >= minimum ? PASS("%" PRIu64, found)
				: FAIL("%" PRIu64 "; expected at least %" PRIu64, found, minimum);
}

static enum snp_outcome endorsed_launch(struct inquiry *q)
{
	uint32_t wanted = q->expected->endorsement_vcpu_count;
	uint32_t found =
		launch_vcpu_count(q->launch_endorsement, q->verdict->report.measurement, wanted);

	if (found > 0)
		return PASS("that of %" PRIu32 " vCPUs", found);
	return wanted > 0
		       ? FAIL("MEASUREMENT is not the launch digest endorsed for %" PRIu32 " vCPUs",
			      wanted)
		       : FAIL("MEASUREMENT is not an endorsed launch digest");
}

static enum snp_outcome endorsed_measurement(struct inquiry *q)
{
	ASKED(q);
	if (q->launch_endorsement)
		return endorsed_launch(q);
	if (!bytes_equal(uvm_claims(q->uvm_endorsement)->measurement,
			 q->verdict->report.measurement, SNP_MEASUREMENT_SIZE))
		return FAIL("MEASUREMENT is not the endorsed launch digest");
	return SNP_PASSED;
}

#define NEED_ENDORSEMENT (NEED(ENDORSEMENT))

static const struct report_check checks[] = {
	{SNP_CHECK_ENDORSEMENT, 0, endorsement},
	{SNP_CHECK_ENDORSEMENT_SIGNATURE, NEED_ENDORSEMENT, signature},
	{SNP_CHECK_ENDORSEMENT_TIMESTAMP, NEED_ENDORSEMENT, timestamp},
	{SNP_CHECK_ENDORSEMENT_ISSUER, NEED(ENDORSEMENT_TIMESTAMP), issuer},
	{SNP_CHECK_ENDORSEMENT_FEED, NEED_ENDORSEMENT, feed},
	{SNP_CHECK_ENDORSEMENT_SVN, NEED_ENDORSEMENT, svn},
	{SNP_CHECK_ENDORSED_MEASUREMENT, NEED_ENDORSEMENT | NEED_AUTHENTIC, endorsed_measurement},
};

const struct report_checks checks_of_endorsement = {checks, ARRAY_SIZE(checks)};
