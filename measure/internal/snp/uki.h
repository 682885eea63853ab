/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_UKI_H
#define SNP_UKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/kernel.h>
#include <snp/span.h>

/*
 * A UKI (UAPI.5) keeps kernel, initrd, command line and more in sections of a PE image. The launch digest
 * covers the file as a whole; this is for people to see what it holds.
 */

struct uki_section {
	char name[9];
	uint32_t offset, size; /* in the file, without padding */
	uint32_t memory_size;  /* what is beyond `size` is zeros */
	uint8_t sha256[SNP_SHA256_SIZE];
	char *text; /* of the sections that are read by people, `size` bytes and a NUL; else NULL */
};

/* The beginning of the file that must hold all headers; sections; bytes of one that is text. */
#define UKI_HEAD	 (64u << 10)
#define UKI_MAX_SECTIONS 256
#define UKI_MAX_TEXT	 (128u << 10)

struct uki {
	bool is_pe; /* false: no PE image, and nothing else is set */
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
	struct snp_bzimage kernel;
	int kernel_status; /* of snp_bzimage_parse(): what QEMU says of it as a kernel */
	struct snp_error kernel_problem;
	size_t n_sections;
	struct uki_section *sections; /* in the order of the table */
};

/* Read the file `path` once, from its first byte to its last. A file that is no PE image is no error.
 * Errors: those of file_open() and file_stream(); SNP_E_BAD_PE with the offset for a section table
 * that is cut, names bytes outside the file or the same byte twice; SNP_E_TOO_LARGE over 2 GiB,
 * for too many sections and for a text too long; SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int uki_read(const char *path, struct uki *ret, struct snp_error *err);
void uki_done(struct uki *uki);

/* The same in two steps, for what is not a file: the section table from the first bytes, then all bytes in
 * order and in pieces. uki_done() also after a failure. */
struct uki_scan;
SNP_MUST_USE int uki_begin(struct snp_span head, uint64_t size, struct uki *ret,
			   struct uki_scan **ret_scan, struct snp_error *err);
SNP_MUST_USE int uki_take(struct uki_scan *scan, struct snp_span piece, struct snp_error *err);
SNP_MUST_USE int uki_end(struct uki_scan *scan, struct snp_error *err);
void uki_scan_free(struct uki_scan *scan);

/* An assignment of os-release(5), unquoted in place; false for a line that is none. */
bool os_release_field(char *line, char **ret_name, char **ret_value);

#endif
