/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_EVIDENCE_FOLDER_H
#define SNP_EVIDENCE_FOLDER_H

#include <snp/json.h>
#include <snp/json_out.h>
#include <snp/judge.h>
#include <snp/svsm_manifest.h>

/*
 * A folder that keeps all that a verdict was made from, so that it can be made again years later:
 *
 *	evidence.json		the time, and what was expected
 *	report.bin		the report, 1184 bytes
 *	certificates/, crls/	certificates and CRLs in DER, a file each
 *	reference-values.json	and -2, -3 …: documents of reference values, each with its signature as .sig
 *	nonce.bin		64 bytes that the guest was given
 *	verdict.json		what `verify --json` or `attest --json` said
 *	verdict.html		what `verify --html` said
 *	and where there were any: runtime-data.bin, endorsement.bin, endorsement-root.crt, tsa-root.crt,
 *	token.jwt, jwks.json, svsm-manifest.bin
 *
 * Nothing in it is more trustworthy than whoever could write it.
 */
#define EVIDENCE_FILE "evidence.json"

/* Add what is expected as members of an object; what was not asked for is left out. Files are not added. */
void expected_print(const struct snp_expectations *expected, struct json_out *json,
		    struct cJSON *object);

/* What evidence.json says. */
struct evidence_document {
	struct json *json; /* texts in `expected` are borrowed from it */
	uint64_t at_time;
	uint32_t n_references;
	struct snp_expectations expected; /* its arrays are for evidence_document_done() */
};

/* Read it; `name` is what errors call it. Errors: those of JSON documents, SNP_E_BAD_TCB, SNP_E_USAGE. */
SNP_MUST_USE int evidence_document_parse(const char *name, struct snp_span text,
					 struct evidence_document *ret, struct snp_error *err);
void evidence_document_done(struct evidence_document *document);

/* What goes into the folder; everything is borrowed. */
struct evidence_parts {
	const struct snp_evidence *evidence;
	const struct snp_expectations *expected;
	const struct cli_document *documents; /* of reference values, as in `expected` */
	struct snp_span nonce, manifest;      /* of an SVSM; size 0: none */
	struct snp_span verdict;
	struct snp_span page; /* the same for people; size 0: none */
};

/* Write the folder `path`, which must be new or empty, whole or not at all.
 * Errors: SNP_E_EXISTS, SNP_E_WRITE, SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int evidence_save(const char *path, const struct evidence_parts *parts,
			       struct snp_error *err);

/* A folder that was read. */
struct evidence_folder {
	struct evidence_document document;
	struct cli_document documents[CLI_MAX_VALUES]; /* with paths of their own */
	struct snp_reference *references[CLI_MAX_VALUES];
	size_t n_references;
	uint8_t *files[7]; /* what `sources`, the expectations and `nonce` point to */
	struct cli_sources sources;
	struct snp_span nonce; /* size 0: none */
	uint8_t *manifest_bytes;
	size_t manifest_size;
	bool has_manifest;
	struct svsm_manifest manifest;
	char verdict[16]; /* "accepted" or "refused", or "" where it is not said */
};

/* True if `path` is a folder with an evidence.json. */
bool is_evidence_folder(const char *path);

/* Read it: the report and the certificates into `ret_report`, everything else into `ret`, where `expected` is
 * complete. Whoever wrote the folder is not trusted: links are refused, and each file has a cap. Signatures are not
 * checked. Errors: those of reading each file, with the file named. */
SNP_MUST_USE int evidence_folder_read(const char *path, struct evidence_folder *ret,
				      struct cli_report *ret_report, struct snp_error *err);
void evidence_folder_done(struct evidence_folder *folder);

#endif
