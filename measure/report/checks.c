// SPDX-License-Identifier: Apache-2.0
/* Running the checks of a verdict. */
#include <openssl/crypto.h>
#include <stdarg.h>
#include <string.h>

#include <snp/fail.h>

#include "report/checks.h"

static const struct {
	const char *name, *question;
} texts[N_CHECKS] = {
#define X(id, name, question) [SNP_CHECK_##id] = {name, question},
	SNP_CHECKS(X)
#undef X
};

const char *snp_check_name(unsigned int check)
{
	return check < N_CHECKS ? texts[check].name : NULL;
}

const char *snp_check_question(unsigned int check)
{
	return check < N_CHECKS ? texts[check].question : NULL;
}

const char *snp_outcome_name(enum snp_outcome outcome)
{
	static const char *const names[] = {
		[SNP_NOT_REACHED] = "not-reached",
		[SNP_NOT_ASKED] = "not-asked",
		[SNP_PASSED] = "passed",
		[SNP_FAILED] = "failed",
	};

	return names[outcome];
}

enum snp_outcome check_conclude(struct inquiry *q, enum snp_outcome outcome, const char *fmt, ...)
{
	char text[sizeof(q->verdict->checks[0].message)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	escape_text(text, q->verdict->checks[q->running].message, sizeof(text));
	return outcome;
}

enum snp_outcome check_answer(struct inquiry *q, int status, const char *why)
{
	if (status < 0) {
		q->status = status;
		return SNP_FAILED;
	}
	return why[0] ? FAIL("%s", why) : SNP_PASSED;
}

bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}

enum snp_outcome check_exactly(struct inquiry *q, bool asked, const uint8_t *found,
			       const uint8_t *wanted, size_t size)
{
	if (!asked)
		return SNP_NOT_ASKED;
	return bytes_equal(found, wanted, size) ? SNP_PASSED : FAIL("not the one expected");
}

enum snp_outcome check_one_of(struct inquiry *q, const uint8_t *found, const uint8_t *list,
			      size_t n, size_t size)
{
	if (n == 0)
		return SNP_NOT_ASKED;
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(found, list + i * size, size))
			return SNP_PASSED;
	return FAIL("not among the %zu expected", n);
}

/* How well a leaf fits the report; what does not fit is then named by its check. No leaf fits better than the
 * genuine one. The chip counts if the report shows it. */
static unsigned int fit(const struct inquiry *q, const struct certificate *c)
{
	const struct snp_report *report = &q->verdict->report;
	const struct snp_certificate *info = &c->info;
	unsigned int score = 1;

	if (info->kind == q->leaf_kind)
		score += 4;
	if (q->leaf_kind == SNP_VCEK && !report_chip_id_masked(report) && info->hwid_size > 0 &&
	    memcmp(info->hwid, report->chip_id, info->hwid_size) == 0)
		score += 2;
	if (info->tcb == report->reported_tcb)
		score += 1;
	return score;
}

static bool is_leaf(const struct certificate *c)
{
	return c->info.kind == SNP_VCEK || c->info.kind == SNP_VLEK;
}

static unsigned int best_fit(const struct inquiry *q)
{
	unsigned int best = 0;

	for (size_t i = 0; i < q->certificates->n_items; i++)
		if (is_leaf(q->certificates->items[i]) && fit(q, q->certificates->items[i]) > best)
			best = fit(q, q->certificates->items[i]);
	return best;
}

/* The next leaf, from the `*at`-th certificate on, that fits as well as the best; NULL: no more. */
static const struct certificate *next_leaf(const struct inquiry *q, unsigned int best, size_t *at)
{
	while (*at < q->certificates->n_items) {
		const struct certificate *c = q->certificates->items[(*at)++];

		if (is_leaf(c) && fit(q, c) == best)
			return c;
	}
	return NULL;
}

/* Passed or not asked. */
static bool holds(const struct snp_verdict *verdict, unsigned int check)
{
	return verdict->checks[check].outcome == SNP_PASSED ||
	       verdict->checks[check].outcome == SNP_NOT_ASKED;
}

static uint64_t holding(const struct snp_verdict *verdict)
{
	uint64_t mask = 0;

	for (unsigned int i = 0; i < N_CHECKS; i++)
		mask |= (uint64_t)holds(verdict, i) << i;
	return mask;
}

static void judge(struct snp_verdict *verdict)
{
	const uint64_t all = N_CHECKS == 64 ? UINT64_MAX : (1ull << N_CHECKS) - 1;
	uint64_t mask = holding(verdict);

	verdict->accepted = mask == all;
	verdict->authentic = (mask & NEED_AUTHENTIC) == NEED_AUTHENTIC;
	for (unsigned int i = N_CHECKS; i-- > 0;)
		if (verdict->checks[i].outcome == SNP_FAILED)
			verdict->reason = (enum snp_check)i;
}

/* What no token says. */
static bool is_unsaid(const struct inquiry *q, enum snp_check check)
{
	return check == SNP_CHECK_MINIMUM_LAUNCH_TCB || check == SNP_CHECK_FIRMWARE_VERSION ||
	       check == SNP_CHECK_PROVISIONAL_FIRMWARE || check == SNP_CHECK_PLATFORM_REQUIRE ||
	       check == SNP_CHECK_PLATFORM_FORBID || check == SNP_CHECK_LAUNCH_MITIGATIONS ||
	       check == SNP_CHECK_CURRENT_MITIGATIONS ||
	       (check == SNP_CHECK_EXPECTED_CHIP_ID && !q->claims.has_chip_id);
}

static enum snp_outcome run_check(struct inquiry *q, const struct report_check *check)
{
	enum snp_outcome outcome;

	if (q->token_alone && check->id <= SNP_CHECK_REPORT_SIGNATURE)
		return NOT_ASKED("a token stands for the report");
	outcome = check->run(q);
	if (q->token_alone && is_unsaid(q, check->id) && outcome != SNP_NOT_ASKED)
		return FAIL("a token has no such claim");
	return outcome;
}

/* All checks with one leaf, into a verdict that has nothing but the report. */
static int run(struct inquiry *q)
{
	for (size_t g = 0; g < q->n_groups; g++) {
		for (size_t i = 0; i < q->groups[g].n; i++) {
			const struct report_check *check = &q->groups[g].checks[i];

			if ((check->needs & ~holding(q->verdict)) != 0)
				continue;
			q->running = check->id;
			q->verdict->checks[check->id].outcome = run_check(q, check);
			if (q->status < 0)
				return q->status;
		}
	}
	judge(q->verdict);
	return 0;
}

static bool leaf_holds(const struct snp_verdict *verdict)
{
	const uint64_t needed = NEED_REPORT & ~(NEED(CERTIFICATE) - 1);

	return (holding(verdict) & needed) == needed;
}

/* What is in the evidence beside the report. */
struct papers {
	struct uvm_endorsement *uvm;
	struct launch_endorsement *launch;
	struct token *token;
	struct jwks *jwks;
};

static void papers_done(struct papers *papers)
{
	uvm_free(papers->uvm);
	launch_endorsement_free(papers->launch);
	token_free(papers->token);
	jwks_free(papers->jwks);
}

static int read_endorsement(struct inquiry *q, struct papers *ret, struct snp_error *err)
{
	const struct uvm_claims *claims;
	int r;

	if (q->evidence->endorsement.size == 0)
		return 0;
	if (q->expected->endorsement_roots.size > 0) {
		r = launch_endorsement_read(q->evidence->endorsement, &ret->launch, err);
		q->launch_endorsement = ret->launch;
		return r;
	}
	r = uvm_read(q->evidence->endorsement, &ret->uvm, err);
	if (r < 0)
		return r;
	claims = uvm_claims(ret->uvm);
	q->uvm_endorsement = ret->uvm;
	q->endorsed_at =
		claims->has_signing_time ? (int64_t)claims->signing_time : q->evidence->at_time;
	return 0;
}

static int read_token(struct inquiry *q, struct papers *ret, struct snp_error *err)
{
	int r;

	if (q->evidence->token.size == 0)
		return 0;
	r = token_read(q->evidence->token, &ret->token, err);
	if (r < 0)
		return r;
	r = token_claims_read(ret->token, &q->claims, err);
	if (r < 0)
		return r;
	r = jwks_read(q->evidence->jwks, &ret->jwks, err);
	if (r < 0)
		return r;
	q->token = ret->token;
	q->jwks = ret->jwks;
	q->token_alone = q->evidence->report.size == 0;
	if (!q->token_alone)
		return 0;
	q->verdict->report = q->claims.report;
	q->verdict->product = q->claims.product;
	return 0;
}

int verdict_make(const struct snp_evidence *evidence, const struct snp_expectations *expected,
		 const struct report_checks *groups, size_t n_groups, struct snp_verdict *ret,
		 struct snp_error *err)
{
	static const struct snp_certificates none;
	struct snp_verdict verdict = {0}, first;
	struct inquiry q = {.evidence = evidence,
			    .expected = expected,
			    .groups = groups,
			    .n_groups = n_groups,
			    .certificates = evidence->certificates ? evidence->certificates : &none,
			    .roots = evidence->roots,
			    .n_roots = evidence->n_roots,
			    .verdict = &verdict,
			    .err = err};
	_cleanup_(papers_done) struct papers papers = {0};
	unsigned int best;
	size_t at = 0;
	bool vlek;
	int r;

	r = read_endorsement(&q, &papers, err);
	if (r < 0)
		return r;
	r = read_token(&q, &papers, err);
	if (r < 0)
		return r;
	if (!q.roots)
		q.roots = snp_amd_roots(&q.n_roots);
	r = q.token_alone ? 0 : report_decode(evidence->report, false, &verdict.report, err);
	if (r < 0)
		return r;
	vlek = verdict.report.signing_key == SNP_SIGNING_KEY_VLEK;
	q.leaf_kind = vlek ? SNP_VLEK : SNP_VCEK;
	q.ca_kind = vlek ? SNP_ASVK : SNP_ASK;
	best = best_fit(&q);
	q.leaf = next_leaf(&q, best, &at);
	r = run(&q);
	first = verdict;
	/* A broken or foreign leaf that fits as well must not hide the right one, so each is tried in a
	 * verdict of its own. If none is right, the first says why. */
	while (r == 0 && !leaf_holds(&verdict) && (q.leaf = next_leaf(&q, best, &at))) {
		verdict = (struct snp_verdict){.report = first.report};
		q.chain = (struct chain){0};
		r = run(&q);
	}
	if (r < 0)
		return r;
	*ret = leaf_holds(&verdict) ? verdict : first;
	return 0;
}
