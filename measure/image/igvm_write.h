/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_IGVM_WRITE_H
#define IMAGE_IGVM_WRITE_H

#include "image/igvm.h"

#include <snp/json.h>

/* IGVM files out: made header by header, or read and made again with a header more or less. */

/* igvm_write.c */

struct igvm_writer;

/* A file of format version 1 or 2. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_writer_new(uint32_t version, struct igvm_writer **ret, struct snp_error *err);
void igvm_writer_free(struct igvm_writer *writer);

/* Append a header; of a type that igvm_writer_add() does not know, by its payload. `contents` of a page, a VP context
 * or a parameter area, if there are any, become file data; equal ones are stored once.
 * Errors: SNP_E_TOO_LARGE, SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_writer_add(struct igvm_writer *writer, const struct snp_igvm_header *header,
				 struct snp_span contents, struct snp_error *err);
SNP_MUST_USE int igvm_writer_add_payload(struct igvm_writer *writer, uint32_t type,
					 struct snp_span payload, struct snp_error *err);

/* The file, for free(), which the reader has accepted; errors call it `name`.
 * Errors: those of igvm_parse(). */
SNP_MUST_USE int igvm_writer_finish(const struct igvm_writer *writer, const char *name,
				    uint8_t **ret, size_t *ret_size, struct snp_error *err);

/* igvm_build.c */

/* The file that a document describes (snp-igvm-build/1, snp-measure(1)), for free(). `path` is the document's, from
 * whose folder it names files, if it may. Errors: the JSON readers', file_read()'s, SNP_E_BAD_HEX and igvm_parse()'s. */
SNP_MUST_USE int igvm_build_document(const struct json *document, const char *path, bool has_files,
				     uint8_t **ret, size_t *ret_size, struct snp_error *err);
SNP_MUST_USE int igvm_build_file(const char *path, uint8_t **ret, size_t *ret_size,
				 struct snp_error *err);

/* igvm_edit.c */

/* The file with one directive more, after all others. Its contents move behind it; every other byte stays as it is.
 * `ret` is for free(). Errors: SNP_E_READ, SNP_E_CHANGED, SNP_E_TOO_LARGE, SNP_E_BAD_IGVM, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_append(const struct snp_igvm *igvm, uint32_t type, struct snp_span payload,
			     uint8_t **ret, size_t *ret_size, struct snp_error *err);

/* The file without its headers of this type, of which there are `ret_n`. Errors: as igvm_append(). */
SNP_MUST_USE int igvm_remove(const struct snp_igvm *igvm, uint32_t type, uint8_t **ret,
			     size_t *ret_size, size_t *ret_n, struct snp_error *err);

#endif
