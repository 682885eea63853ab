// SPDX-License-Identifier: Apache-2.0
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

enum snp_outcome snp_check_conclude(struct inquiry *q, enum snp_outcome outcome, const char *fmt,
				    ...)
{
	char text[sizeof(q->verdict->checks[0].message)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snp_escape(text, q->verdict->checks[q->running].message, sizeof(text));
	return outcome;
}

/* How well a leaf fits the report. Whatever does not fit is then named by its check. */
static unsigned int fit(const struct inquiry *q, const struct certificate *c)
{
	const struct snp_report *report = &q->verdict->report;
	const struct snp_certificate *info = &c->info;
	unsigned int score = 1;

	if (info->kind == q->leaf_kind)
		score += 4;
	if (info->hwid_size > 0 && memcmp(info->hwid, report->chip_id, info->hwid_size) == 0)
		score += 2;
	if (info->tcb == report->reported_tcb)
		score += 1;
	return score;
}

static void choose_leaf(struct inquiry *q)
{
	const struct snp_certificates *set = q->evidence->certificates;
	unsigned int best = 0;

	for (size_t i = 0; i < set->n_items; i++) {
		const struct certificate *c = set->items[i];

		if ((c->info.kind != SNP_VCEK && c->info.kind != SNP_VLEK) || fit(q, c) <= best)
			continue;
		best = fit(q, c);
		q->leaf = c;
	}
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

int snp_verdict_make(const struct snp_evidence *evidence, const struct snp_expectations *expected,
		     const struct check_group *groups, size_t n_groups, struct snp_verdict *ret,
		     struct snp_error *err)
{
	struct snp_verdict verdict = {0};
	struct inquiry q = {.evidence = evidence,
			    .expected = expected,
			    .roots = evidence->roots ? evidence->roots : snp_amd_roots,
			    .n_roots = evidence->roots ? evidence->n_roots : SNP_N_AMD_ROOTS,
			    .verdict = &verdict,
			    .err = err};
	bool vlek;
	int r;

	r = snp_report_decode(evidence->report, false, &verdict.report, err);
	if (r < 0)
		return r;
	vlek = verdict.report.signing_key == SNP_SIGNING_KEY_VLEK;
	q.leaf_kind = vlek ? SNP_VLEK : SNP_VCEK;
	q.ca_kind = vlek ? SNP_ASVK : SNP_ASK;
	choose_leaf(&q);
	for (size_t g = 0; g < n_groups; g++) {
		for (size_t i = 0; i < groups[g].n; i++) {
			const struct check *check = &groups[g].checks[i];

			if ((check->needs & ~holding(&verdict)) != 0)
				continue;
			q.running = check->id;
			verdict.checks[check->id].outcome = check->run(&q);
			if (q.status < 0)
				return q.status;
		}
	}
	judge(&verdict);
	*ret = verdict;
	return 0;
}

int snp_verify(const struct snp_evidence *evidence, const struct snp_expectations *expected,
	       struct snp_verdict *ret, struct snp_error *err)
{
	const struct check_group groups[] = {snp_checks_of_form, snp_checks_of_certificates,
					     snp_checks_of_guest, snp_checks_of_host};

	return snp_verdict_make(evidence, expected, groups, ARRAY_SIZE(groups), ret, err);
}
