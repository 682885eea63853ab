/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_AGENT_EVIDENCE_H
#define LAUNCHER_GUEST_AGENT_EVIDENCE_H

#include <libvirt/libvirt.h>

#include "guest/evidence.h"

/*
 * Asking through the QEMU guest agent: its guest-exec runs templates/snp-responder, which so need not be
 * there, by the guest's /bin/sh. Whoever can do that is root in the guest, so this is never done unasked.
 * The agent's answers are the guest's, and read strictly.
 */

/* Errors: SNP_E_NO_EVIDENCE (the responder fails, or takes too long), those of hypervisor_fail() (no
 * agent, or one that refuses), of agent_read_pid() and of agent_read_status(). */
SNP_MUST_USE int evidence_from_agent(virDomainPtr domain,
				     const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
				     struct evidence *ret, struct snp_error *err);

/* What guest-exec answers. Errors: those of json_parse() and its readers. */
SNP_MUST_USE int agent_read_pid(struct snp_span answer, uint64_t *ret, struct snp_error *err);

/* What guest-exec-status answers; `ret` is the program's output, if it has ended.
 * Errors: SNP_E_NO_EVIDENCE (it failed, or said more than a container has), those of json_parse()
 * and its readers, SNP_E_BAD_BASE64. */
SNP_MUST_USE int agent_read_status(struct snp_span answer, bool *ret_ended, struct evidence *ret,
				   struct snp_error *err);

#endif
