// SPDX-License-Identifier: Apache-2.0
/* Who endorses the launch digest. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "report/checks.h"

/* What the endorsement is held against: what the caller names, else Microsoft's root of trust for its feed. */
static const struct uvm_root *known_root(const struct inquiry *q)
{
	const char *feed = q->expected->uvm_feed;

	return uvm_root_of(feed ? feed : uvm_claims(q->endorsement)->feed);
}

static enum snp_outcome endorsement(struct inquiry *q)
{
	if (!q->expected->endorsed)
		return q->endorsement ? NOT_ASKED("an endorsement was given, but none is expected")
				      : SNP_NOT_ASKED;
	return q->endorsement ? SNP_PASSED : FAIL("none was given");
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
	return check_answer(q, uvm_check_signature(q->endorsement, why, q->err), why);
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
	if (q->expected->tsa_roots.size == 0)
		return NOT_ASKED("not verified: no root of the authority was given");
	outcome = check_answer(q,
			       uvm_check_timestamp(q->endorsement, q->expected->tsa_roots,
						   &q->endorsed_at, why, q->err),
			       why);
	if (outcome != SNP_PASSED)
		return outcome;
	print_time(q->endorsed_at, date);
	return PASS("%s", date);
}

static enum snp_outcome issuer(struct inquiry *q)
{
	const char *wanted = q->expected->uvm_issuer;
	char why[ENDORSEMENT_WHY_SIZE] = "";

	ASKED(q);
	if (!wanted && known_root(q))
		wanted = known_root(q)->issuer;
	if (!wanted)
		return FAIL("no issuer is known for the feed '%.100s'",
			    uvm_claims(q->endorsement)->feed);
	return check_answer(
		q, uvm_check_issuer(q->endorsement, wanted, q->endorsed_at, why, q->err), why);
}

static enum snp_outcome feed(struct inquiry *q)
{
	const char *found, *wanted = q->expected->uvm_feed;

	ASKED(q);
	found = uvm_claims(q->endorsement)->feed;
	if (wanted ? strcmp(found, wanted) == 0 : known_root(q) != NULL)
		return PASS("%s", found);
	return FAIL("is '%s'", found);
}

static enum snp_outcome svn(struct inquiry *q)
{
	uint64_t found, minimum = q->expected->uvm_svn_min;

	ASKED(q);
	found = uvm_claims(q->endorsement)->svn;
	if (!q->expected->has_uvm_svn_min && !known_root(q))
		return FAIL("no minimum is known for this feed");
	if (!q->expected->has_uvm_svn_min)
		minimum = known_root(q)->minimum_svn;
	return found >= minimum ? PASS("%" PRIu64, found)
				: FAIL("%" PRIu64 "; expected at least %" PRIu64, found, minimum);
}

static enum snp_outcome endorsed_measurement(struct inquiry *q)
{
	ASKED(q);
	if (!bytes_equal(uvm_claims(q->endorsement)->measurement, q->verdict->report.measurement,
			 SNP_MEASUREMENT_SIZE))
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
