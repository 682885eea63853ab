/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_CHECKS_H
#define REPORT_CHECKS_H

#include <snp/verdict.h>

#include "report/certificates.h"

/* A verdict in the making. */
struct inquiry {
	const struct snp_evidence *evidence;
	const struct snp_expectations *expected;
	const struct snp_certificates *certificates; /* the evidence's, or an empty set */
	const struct snp_root *roots;
	size_t n_roots;
	struct snp_verdict *verdict;
	const struct certificate *leaf; /* one of those that fit best; NULL: none is at hand */
	enum snp_certificate_kind leaf_kind,
		ca_kind; /* those that the report's SIGNING_KEY asks for */
	struct chain chain;
	enum snp_check running;
	int status; /* negative where the verdict itself could not be made */
	struct snp_error *err;
};

/* Runs only if every check in `needs` has passed or was not asked. */
struct check {
	enum snp_check id;
	uint64_t needs; /* NEED() of ids */
	enum snp_outcome (*run)(struct inquiry *q);
};

#define NEED(id)       (1ull << SNP_CHECK_##id)
#define NEED_AUTHENTIC (NEED(REPORT_SIGNATURE) * 2 - 1) /* all up to it */

_Static_assert(SNP_N_CHECKS <= 64, "a bit each");

struct check_group {
	const struct check *checks;
	size_t n;
};

/* In the order in which they run: those of the host look at the published image that those of the guest
 * have found. */
extern const struct check_group checks_of_form, checks_of_certificates, checks_of_guest,
	checks_of_host;

/* Make a verdict with these groups. */
int verdict_make(const struct snp_evidence *evidence, const struct snp_expectations *expected,
		 const struct check_group *groups, size_t n_groups, struct snp_verdict *ret,
		 struct snp_error *err);

/* Leave a message with the running check and return the outcome. */
enum snp_outcome check_conclude(struct inquiry *q, enum snp_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define PASS(...)      check_conclude(q, SNP_PASSED, __VA_ARGS__)
#define FAIL(...)      check_conclude(q, SNP_FAILED, __VA_ARGS__)
#define NOT_ASKED(...) check_conclude(q, SNP_NOT_ASKED, __VA_ARGS__)

/* REPORTED_TCB is at least what was published with the image for the report's product. */
bool check_published_tcb(const struct inquiry *q, const struct snp_reference_image *image);

/* A VCEK's chip id is as long as its product's, told by length and never by what stands in it. */
enum snp_outcome check_hwid_size(struct inquiry *q);

/* CHIP_ID is zeros: the host does not show which chip it is. */
bool chip_id_masked(const struct snp_report *report);

/* Of bytes that are not secret; equal time for all costs nothing. */
bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t size);

/* The outcome of comparing with one value, or with any of a list of `n`, where that was asked. */
enum snp_outcome check_exactly(struct inquiry *q, bool asked, const uint8_t *found,
			       const uint8_t *wanted, size_t size);
enum snp_outcome check_one_of(struct inquiry *q, const uint8_t *found, const uint8_t *list,
			      size_t n, size_t size);

#endif
