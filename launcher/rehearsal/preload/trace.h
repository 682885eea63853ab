/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was launched, update by update: the document snp-rehearsal-trace/1 (docs/rehearsal.md), written
 * to trace.json in the guest's folder when the launch is finished or refused.
 */
#ifndef REHEARSAL_PRELOAD_TRACE_H
#define REHEARSAL_PRELOAD_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_NO_GPA UINT64_MAX

struct trace {
	const char *guest_type; /* NULL: no confidential guest */
	unsigned int vm_type;
	char *updates; /* the members of the array "updates", as JSON */
	size_t updates_size;
	size_t updates_capacity;
	bool finished;
	uint64_t policy;
	uint8_t launch_digest[48];
	size_t launch_digest_size;
	uint8_t host_data[32];
	bool id_block;
	bool author_key;
};

void trace_begin(struct trace *trace, const char *guest_type, unsigned int vm_type);

/* One launch update. `contents` NULL where the page's contents are not measured. `bytes` may then be
 * NULL; its non-zero words are recorded if they are few. `ld` is GCTX.LD after it, 48 bytes, or NULL
 * if there is none. */
void trace_update(struct trace *trace, const char *page_type, uint64_t gpa, const uint8_t *bytes,
		  size_t size, const uint8_t *contents, size_t contents_size, const uint8_t *ld);

/* The name of an SNP page type in the document. */
const char *trace_page_type(unsigned int type);

void trace_identity(struct trace *trace, const uint8_t host_data[static 32], bool id_block,
		    bool author_key);

/* The launch is over; writes the document. */
void trace_finish(struct trace *trace, uint64_t policy, const uint8_t *launch_digest, size_t size);

/* A launch command failed; writes the document with the refusal. */
void trace_refusal(struct trace *trace, uint32_t command, int result, uint32_t firmware_status);

#endif
