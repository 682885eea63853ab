/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/file.h>

/* Read exactly `size` bytes from an option's value: hex or base64, which its length tells; or @FILE, a
 * file of the bytes themselves or of one line of hex or base64. `option` names it in messages
 * ("--measurement"). Errors: SNP_E_BAD_HEX, SNP_E_BAD_BASE64, those of file_read(). */
SNP_MUST_USE int cli_value(const char *value, const char *option, uint8_t *ret, size_t size,
			   struct snp_error *err);

/* "2026-01-01", "2026-01-01T12:00:00Z" (both UTC) or "@SECONDS" since 1970, up to the year
 * 9999. Errors: SNP_E_USAGE, also for a date that does not exist. */
SNP_MUST_USE int cli_time(const char *text, const char *what, int64_t *ret, struct snp_error *err);

#endif
