/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_CHECKS_H
#define REPORT_CHECKS_H

#include <snp/verdict.h>

#include "endorsement/jwks.h"
#include "endorsement/launch_endorsement.h"
#include "endorsement/uvm.h"
#include "report/certificates.h"

enum {
#define X(id, name, question) +1
	N_CHECKS = 0 SNP_CHECKS(X)
#undef X
};

struct snp_verdict {
	bool accepted, authentic;
	enum snp_check reason;
	enum snp_product product;
	struct snp_report report;
	const struct snp_reference *reference;
	const struct snp_reference_image *image;
	const struct snp_reference_variant *variant;
	struct {
		enum snp_outcome outcome;
		char message[256];
	} checks[N_CHECKS];
};

/* A verdict in the making. */
struct inquiry {
	const struct snp_evidence *evidence;
	const struct snp_expectations *expected;
	const struct report_checks *groups; /* of which the verdict is made */
	size_t n_groups;
	const struct snp_certificates *certificates; /* the evidence's, or an empty set */
	const struct snp_root *roots;
	size_t n_roots;
	struct snp_verdict *verdict;
	const struct certificate *leaf; /* one of those that fit best; NULL: none was given */
	enum snp_certificate_kind leaf_kind, ca_kind; /* as the report's SIGNING_KEY says */
	struct chain chain;
	/* One of two kinds, or none. */
	const struct uvm_endorsement *uvm_endorsement;
	const struct launch_endorsement *launch_endorsement;
	int64_t endorsed_at;	   /* when, as far as is known */
	const struct token *token; /* NULL: none */
	const struct jwks *jwks;
	size_t token_key; /* in `jwks` */
	struct token_claims claims;
	bool token_alone; /* without a report: the claims stand for it */
	enum snp_check running;
	int status; /* negative if no verdict could be made */
	struct snp_error *err;
};

/* Runs only if every check in `needs` has passed or was not asked. */
struct report_check {
	enum snp_check id;
	uint64_t needs; /* NEED() of ids */
	enum snp_outcome (*run)(struct inquiry *q);
};

#define NEED(id)    (1ull << SNP_CHECK_##id)
#define NEED_REPORT (NEED(REPORT_SIGNATURE) * 2 - 1) /* all up to it */
#define NEED_TOKEN                                                                          \
	(NEED(TOKEN_KEY) | NEED(TOKEN_SIGNATURE) | NEED(TOKEN_ISSUER) | NEED(TOKEN_DATES) | \
	 NEED(TOKEN_COMPLIANCE) | NEED(TOKEN_REPORT) | NEED(TOKEN_SERVICE))
#define NEED_AUTHENTIC (NEED_REPORT | NEED_TOKEN)

/* Passed, or no endorsement was asked for. */
#define NEED_ENDORSED                                                                    \
	(NEED(ENDORSEMENT) | NEED(ENDORSEMENT_SIGNATURE) | NEED(ENDORSEMENT_TIMESTAMP) | \
	 NEED(ENDORSEMENT_ISSUER) | NEED(ENDORSEMENT_FEED) | NEED(ENDORSEMENT_SVN) |     \
	 NEED(ENDORSED_MEASUREMENT))

_Static_assert(N_CHECKS <= 64, "a bit each");

struct report_checks {
	const struct report_check *checks;
	size_t n;
};

/* In the order in which they run: the checks of the guest use the endorsement, and those of the host the published
 * image that those of the guest have found. */
extern const struct report_checks checks_of_form, checks_of_leaf, checks_of_chain, checks_of_token,
	checks_of_endorsement, checks_of_guest, checks_of_host;

/* Make a verdict with these groups of checks. */
int verdict_make(const struct snp_evidence *evidence, const struct snp_expectations *expected,
		 const struct report_checks *groups, size_t n_groups, struct snp_verdict *ret,
		 struct snp_error *err);

/* Leave a message with the running check and return the outcome. */
enum snp_outcome check_conclude(struct inquiry *q, enum snp_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define PASS(...)      check_conclude(q, SNP_PASSED, __VA_ARGS__)
#define FAIL(...)      check_conclude(q, SNP_FAILED, __VA_ARGS__)
#define NOT_ASKED(...) check_conclude(q, SNP_NOT_ASKED, __VA_ARGS__)

/* The outcome of a function that fails (`status` < 0), says why something is refused, or says "". */
enum snp_outcome check_answer(struct inquiry *q, int status, const char *why);

/* Compare bytes that are not secret; equal time for all costs nothing. */
bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t size);

/* Compare with one value, if that was asked for, or with each of a list of `n` values (0: not asked). */
enum snp_outcome check_exactly(struct inquiry *q, bool asked, const uint8_t *found,
			       const uint8_t *wanted, size_t size);
enum snp_outcome check_one_of(struct inquiry *q, const uint8_t *found, const uint8_t *list,
			      size_t n, size_t size);

/* Compare REPORTED_TCB with the minima published with the image. `why` is filled if that failed. */
#define TCB_WHY_SIZE 256
enum snp_outcome compare_published_tcb(const struct inquiry *q,
				       const struct snp_reference_image *image,
				       char why[static TCB_WHY_SIZE]);

/* The published container group of this HOST_DATA, and the document that has it; NULL: none, of the `*ret_n` groups that
 * there are. */
const struct snp_reference_image *
published_group(const struct inquiry *q, const struct snp_reference **ret_document, size_t *ret_n);

/* A VCEK's chip ID is as long as its product's. Only its length is checked here. */
enum snp_outcome check_hwid_size(struct inquiry *q);

#endif
