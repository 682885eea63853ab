/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIND_IMAGE_H
#define FIND_IMAGE_H

#include <snp/firmware.h>

/* Images are known by their SHA-256 alone: packages move. Looked for in the folders that the test was
 * given, not below them. */
void find_image_in(const char *const folders[], size_t n);

/* The image of this hex SHA-256, read once and kept; NULL if it is in none of the folders. */
const struct snp_firmware *find_image(const char *sha256);

/* The i-th that was found, and its hex SHA-256; NULL past the last. */
const struct snp_firmware *find_image_at(size_t i, const char **ret_sha256);

#endif
