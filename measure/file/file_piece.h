/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_FILE_PIECE_H
#define IMAGE_FILE_PIECE_H

#include <snp/file.h>

/* Read exactly `size` bytes from `offset`. Errors: SNP_E_READ; SNP_E_CHANGED where the file ends before. */
SNP_MUST_USE int file_read_piece(const struct file *file, uint64_t offset, uint8_t *buffer,
				 size_t size, struct snp_error *err);

#endif
