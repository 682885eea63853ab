/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_AGENT_EVIDENCE_H
#define LAUNCHER_GUEST_AGENT_EVIDENCE_H

#include <libvirt/libvirt.h>

#include "guest/evidence.h"

/*
 * Ask through the QEMU guest agent: its guest-exec runs templates/snp-responder with the guest's /bin/sh, so
 * the guest need not have it installed. This means being root in the guest, so it is only done when asked
 * for. The agent's answers come from the guest and are read strictly.
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
