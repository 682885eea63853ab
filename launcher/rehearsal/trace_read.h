/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_TRACE_READ_H
#define LAUNCHER_REHEARSAL_TRACE_READ_H

#include <snp/cleanup.h>
#include <snp/firmware.h>
#include <snp/plan_document.h>

/* What the simulated secure processor was given, as it wrote it down (docs/rehearsal.md, trace.json). */
struct rehearsal_trace {
	struct plan_document *plan; /* one run for each update */
	uint8_t (**pages)
		[SNP_PAGE_SIZE]; /* of each update; NULL where the trace has no words of it */
};

/* Read the trace of an SEV-SNP launch that was finished. `hash_table_gpa` is where the firmware wants the
 * SEV hash table (0: nowhere); the hashes in it become the plan's inputs, and the first VMSA's words
 * its CPU signature and guest features.
 * Errors: those of json_read(); SNP_E_JSON_VALUE for a trace of another kind of guest, or of a
 * launch that was refused. */
SNP_MUST_USE int rehearsal_trace_read(const char *path, uint32_t hash_table_gpa,
				      struct rehearsal_trace **ret, struct snp_error *err);

/* The same of a text in memory; `name` is what errors call it. */
SNP_MUST_USE int rehearsal_trace_parse(const char *name, struct snp_span text,
				       uint32_t hash_table_gpa, struct rehearsal_trace **ret,
				       struct snp_error *err);
void rehearsal_trace_free(struct rehearsal_trace *trace);
DEFINE_CLEANUP(struct rehearsal_trace *, rehearsal_trace_free);

#endif
