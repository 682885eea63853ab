/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_PLAN_DOCUMENT_H
#define SNP_PLAN_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/file.h>
#include <snp/gctx.h>
#include <snp/id_block.h>
#include <snp/profile.h>
#include <snp/span.h>

/*
 * A plan in a document, `snp-measure plan --json` (snp-plan/1), and the comparison of two: which launch
 * update is the first that differs, and why.
 */

/* Launch updates that follow each other: `count` pages of one type from `gpa` on, or `count` VMSAs, all at
 * one address. */
struct plan_run {
	uint64_t index, count;
	enum snp_page_type type;
	uint64_t gpa;
	char origin
		[64]; /* "firmware 0-1023", "section 2 SNP_SECRETS", "SEV hash table", "vCPU 1" */
	bool has_contents; /* false: the pages differ from each other and are known by `digest` alone */
	uint8_t contents[SNP_SHA384_SIZE];
	bool has_digest; /* GCTX.LD after the run */
	uint8_t digest[SNP_SHA384_SIZE];
};

struct plan_document {
	struct plan_run *runs; /* without gaps, from index 0 or from where a summary ends */
	size_t n_runs;
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
	char mode[16];		/* "snp"; "": not said */
	struct snp_vcpus vcpus; /* "" and 0 where not said */
	bool after_firmware; /* the firmware's pages were given by the digest after them, and have no runs */
	uint8_t firmware_digest[SNP_SHA384_SIZE];
	/* Hashes of inputs, if the document has them. */
	bool has_firmware, has_kernel, has_initrd, has_cmdline;
	uint8_t firmware[SNP_SHA256_SIZE], kernel[SNP_SHA256_SIZE], initrd[SNP_SHA256_SIZE],
		cmdline[SNP_SHA256_SIZE];
};

#define SNP_MAX_PLAN_RUNS (1u << 20)

/* Read an snp-plan/1 document. Errors: those of json_read(), with the JSON pointer; refused are runs
 * that do not follow each other, and a launch digest that is not the digest after the last. */
SNP_MUST_USE int plan_document_read(const char *path, struct plan_document **ret,
				    struct snp_error *err);

/* The same of a text in memory; `name` is what errors call it. */
SNP_MUST_USE int plan_document_parse(const char *name, struct snp_span text,
				     struct plan_document **ret, struct snp_error *err);
void plan_document_free(struct plan_document *document);
DEFINE_CLEANUP(struct plan_document *, plan_document_free);

/* Where two plans begin to differ. Texts are for people. */
struct plan_difference {
	uint64_t index;		      /* of the first update that differs */
	uint64_t count;		      /* how many updates it is among; 1 if it is known exactly */
	char what[128];		      /* "SEV hash table: kernel", "vCPU 1: VMSA", "firmware" */
	char first[160], second[160]; /* what each side has there */
};

/* Compare two plans update by update. True if they differ, with `*ret` filled. */
bool plan_compare(const struct plan_document *a, const struct plan_document *b,
		  struct plan_difference *ret);

/* What the other plan has at a run's place; later ones count more. */
enum plan_mark {
	PLAN_SAME,
	PLAN_UNKNOWN, /* known by the digest after it alone, which what is launched before it changes, too */
	PLAN_MOVED,  /* the same, in another order */
	PLAN_ABSENT, /* nothing */
	PLAN_DIFFERS,
};

/* Say for each run of `a` what `b` has there: an enum plan_mark for each, for free(). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int plan_mark(const struct plan_document *a, const struct plan_document *b,
			   uint8_t **ret, struct snp_error *err);

#endif
