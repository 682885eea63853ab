// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/verdict.h>

#include <stdarg.h>
#include <string.h>

#include "report/checks.h"

static const struct {
	const char *name, *question;
} texts[SNP_N_CHECKS] = {
#define X(id, name, question) [SNP_CHECK_##id] = {name, question},
	SNP_CHECKS(X)
#undef X
};

const char *snp_check_name(enum snp_check check)
{
	return texts[check].name;
}

const char *snp_check_question(enum snp_check check)
{
	return texts[check].question;
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

/* How well a leaf fits the report. Whatever does not fit is then named by its check. No leaf fits better
 * than the genuine one: the chip counts where the report says which it is. */
static unsigned int fit(const struct inquiry *q, const struct certificate *c)
{
	const struct snp_report *report = &q->verdict->report;
	const struct snp_certificate *info = &c->info;
	unsigned int score = 1;

	if (info->kind == q->leaf_kind)
		score += 4;
	if (q->leaf_kind == SNP_VCEK && !chip_id_masked(report) && info->hwid_size > 0 &&
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

/* The next leaf from the `*at`-th certificate on that fits so well; NULL: no more. */
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

	for (unsigned int i = 0; i < SNP_N_CHECKS; i++)
		mask |= (uint64_t)holds(verdict, i) << i;
	return mask;
}

static void judge(struct snp_verdict *verdict)
{
	const uint64_t all = SNP_N_CHECKS == 64 ? UINT64_MAX : (1ull << SNP_N_CHECKS) - 1;
	uint64_t mask = holding(verdict);

	verdict->accepted = mask == all;
	verdict->authentic = (mask & NEED_AUTHENTIC) == NEED_AUTHENTIC;
	for (unsigned int i = SNP_N_CHECKS; i-- > 0;)
		if (verdict->checks[i].outcome == SNP_FAILED)
			verdict->reason = (enum snp_check)i;
}

/* All checks with one leaf, into a verdict that has nothing but the report. */
static int run(struct inquiry *q, const struct check_group *groups, size_t n_groups)
{
	for (size_t g = 0; g < n_groups; g++) {
		for (size_t i = 0; i < groups[g].n; i++) {
			const struct check *check = &groups[g].checks[i];

			if ((check->needs & ~holding(q->verdict)) != 0)
				continue;
			q->running = check->id;
			q->verdict->checks[check->id].outcome = check->run(q);
			if (q->status < 0)
				return q->status;
		}
	}
	judge(q->verdict);
	return 0;
}

static bool leaf_holds(const struct snp_verdict *verdict)
{
	const uint64_t needed = NEED_AUTHENTIC & ~(NEED(CERTIFICATE) - 1);

	return (holding(verdict) & needed) == needed;
}

int verdict_make(const struct snp_evidence *evidence, const struct snp_expectations *expected,
		 const struct check_group *groups, size_t n_groups, struct snp_verdict *ret,
		 struct snp_error *err)
{
	static const struct snp_certificates none;
	struct snp_verdict verdict = {0}, first;
	struct inquiry q = {.evidence = evidence,
			    .expected = expected,
			    .certificates = evidence->certificates ? evidence->certificates : &none,
			    .roots = evidence->roots ? evidence->roots : snp_amd_roots,
			    .n_roots = evidence->roots ? evidence->n_roots : SNP_N_AMD_ROOTS,
			    .verdict = &verdict,
			    .err = err};
	unsigned int best;
	size_t at = 0;
	bool vlek;
	int r;

	r = snp_report_decode(evidence->report, false, &verdict.report, err);
	if (r < 0)
		return r;
	vlek = verdict.report.signing_key == SNP_SIGNING_KEY_VLEK;
	q.leaf_kind = vlek ? SNP_VLEK : SNP_VCEK;
	q.ca_kind = vlek ? SNP_ASVK : SNP_ASK;
	best = best_fit(&q);
	q.leaf = next_leaf(&q, best, &at);
	r = run(&q, groups, n_groups);
	first = verdict;
	/* A broken or foreign leaf that fits as well must not hide the right one behind it: each is tried,
	 * in a verdict of its own. If none is right, the first says why. */
	while (r == 0 && !leaf_holds(&verdict) && (q.leaf = next_leaf(&q, best, &at))) {
		verdict = (struct snp_verdict){.report = first.report};
		q.chain = (struct chain){0};
		r = run(&q, groups, n_groups);
	}
	if (r < 0)
		return r;
	*ret = leaf_holds(&verdict) ? verdict : first;
	return 0;
}

int snp_verify(const struct snp_evidence *evidence, const struct snp_expectations *expected,
	       struct snp_verdict *ret, struct snp_error *err)
{
	const struct check_group groups[] = {checks_of_form, checks_of_certificates,
					     checks_of_guest, checks_of_host};

	return verdict_make(evidence, expected, groups, ARRAY_SIZE(groups), ret, err);
}
