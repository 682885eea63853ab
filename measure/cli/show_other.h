/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SHOW_OTHER_H
#define CLI_SHOW_OTHER_H

#include <stdio.h>

#include <snp/certificate.h>
#include <snp/json_out.h>

/* Print a file that comes beside a report and is none; `*ret_known` is false if it is nothing of that kind. Known are
 * host-amd-cert and security policies of Azure's container groups, endorsements, and tokens. Nothing is verified.
 * Errors: those of reading it. */
SNP_MUST_USE int show_other(const char *path, bool *ret_known, FILE *out, struct snp_error *err);

/* Print an endorsement of either kind; `base64` says that it came so. Errors: those of reading it. */
SNP_MUST_USE int show_uvm_endorsement(struct snp_span bytes, bool base64, FILE *out,
				      struct snp_error *err);
SNP_MUST_USE int show_launch_endorsement(struct snp_span bytes, bool base64, FILE *out,
					 struct snp_error *err);

/* policy_view.c: print a security policy; `encoding` is what it came in, "" or "base64 of ". Errors: those of reading
 * it. */
SNP_MUST_USE int show_security_policy(struct snp_span bytes, const char *encoding, bool base64,
				      FILE *out, struct snp_error *err);

/* The certificates of a set, one a line or as "certificates" of a document. */
void show_certificates(const struct snp_certificates *set, FILE *out);
void show_certificates_json(const struct snp_certificates *set, struct json_out *json);

#endif
