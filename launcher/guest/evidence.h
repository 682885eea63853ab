/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_EVIDENCE_H
#define LAUNCHER_GUEST_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/report.h>
#include <snp/verdict.h>

#include "guest/record.h"

/*
 * Ask a running guest for an attestation report. In every way, 64 bytes go in, the REPORT_DATA wanted, and
 * then the end of the input; a report container (snp/report.h) comes out, and then the end of the output.
 * Nothing that answers is trusted: the report's signature decides.
 */
struct evidence {
	uint8_t bytes[SNP_MAX_CONTAINER];
	size_t size;
};

/* How long any of them may take, in milliseconds. */
#define EVIDENCE_PATIENCE_MS 30000

/* The moment by monotonic clock at which one question is given up, and the milliseconds until then; what to
 * fail with at that moment. Errors: SNP_E_NO_EVIDENCE. */
int64_t evidence_deadline(void);
int64_t evidence_time_left(int64_t deadline);
SNP_MUST_USE int evidence_late(struct snp_error *err);

/* Sleep for a moment, where only time can help. Errors: those of evidence_late(). */
SNP_MUST_USE int evidence_wait(int64_t deadline, struct snp_error *err);

/* What else is read while waiting. */
struct evidence_aside {
	int fd; /* -1: nothing */
	void (*serve)(struct evidence_aside *aside);
};

/* Ask through a connected socket; `aside` may be NULL. Errors: SNP_E_NO_EVIDENCE. */
SNP_MUST_USE int evidence_converse(int fd, const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
				   struct evidence_aside *aside, int64_t deadline,
				   struct evidence *ret, struct snp_error *err);

/* What a report must say to be of a guest with this record: everything that is known of it, zeros where the
 * firmware puts zeros for want of an ID block or an author key, and the nonce. The record is borrowed. */
void evidence_expect(const struct guest_record *record,
		     const uint8_t nonce[static SNP_REPORT_DATA_SIZE],
		     struct snp_expectations *ret);

/* The same of an answer that has `data` of its own, such as a key that was made for this question: it must be the nonce and
 * what follows, and REPORT_DATA its SHA-256, then zeros. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int evidence_expect_data(struct snp_span data,
				      const uint8_t nonce[static SNP_REPORT_DATA_SIZE],
				      struct snp_expectations *expected, struct snp_error *err);

/* Run the program argv[0], searched in PATH, without a shell. It shares this process's terminal, to
 * ask for a passphrase, and its standard error; what it writes there is escaped on a terminal. If it takes too long, its process group is killed.
 * Errors: SNP_E_NO_EVIDENCE (it cannot be run, fails, answers too much or takes too long). */
SNP_MUST_USE int evidence_from_command(char *const argv[],
				       const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
				       struct evidence *ret, struct snp_error *err);

/* Connect to a port of a vsock context. Errors: SNP_E_NO_EVIDENCE. */
SNP_MUST_USE int evidence_from_vsock(uint32_t cid, uint32_t port,
				     const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
				     struct evidence *ret, struct snp_error *err);

/* Connect to the stream socket `name` in the folder `folder`, however long that path is.
 * Errors: SNP_E_NO_EVIDENCE. */
SNP_MUST_USE int evidence_from_socket(const char *folder, const char *name,
				      const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
				      struct evidence *ret, struct snp_error *err);

#endif
