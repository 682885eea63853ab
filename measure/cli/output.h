/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include <snp/error.h>
#include <snp/json_out.h>

#define CLI_NAME "snp-measure"

/* Write all of `bytes` to stdout and close it. Errors: SNP_E_WRITE. */
SNP_CHECK int cli_write_stdout(const char *bytes, size_t size, struct snp_error *err);

/* Tell stderr what failed, in one line: text, or an snp-error/1 object with --json. */
void cli_print_error(const struct snp_error *err);

/* Note something that the user should know although it is no error. `name` is stable and documented
 * in the manual. Warnings reach stderr when the verb has succeeded, and stand in its JSON object. */
void cli_warn(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_print_warnings(void);

/* Begin a JSON document with "schema" and "tool". */
void cli_json_begin(struct snp_json_out *json, const char *schema);

/* Add a text that may be no UTF-8, such as a path, escaped as messages are. */
void cli_json_text(struct snp_json_out *json, struct cJSON *parent, const char *key,
		   const char *text);

/* Add "warnings", an array of {name, message}. */
void cli_json_warnings(struct snp_json_out *json);

/* Print the document into `out`. Errors: SNP_E_NO_MEMORY, also of earlier additions. */
SNP_CHECK int cli_json_end(const struct snp_json_out *json, FILE *out, struct snp_error *err);

#endif
