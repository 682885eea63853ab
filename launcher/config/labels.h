/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_LABELS_H
#define LAUNCHER_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/error.h>
#include <snp/json.h>
#include <snp/json_out.h>

/* A guest's labels: vm.json's "labels", kept in the record too, by which the operator chooses guests. */

#define LABELS_MAX 64

struct vm_label {
	char *key, *value;
};

/* Read the object `value`; `ret` is for labels_free(), also on failure. Errors: SNP_E_JSON_TYPE,
 * SNP_E_JSON_VALUE. */
SNP_MUST_USE int labels_read(const struct json_value *value, struct vm_label **ret, size_t *ret_n,
			     struct snp_error *err);

SNP_MUST_USE int labels_copy(const struct vm_label *labels, size_t n, struct vm_label **ret,
			     size_t *ret_n, struct snp_error *err);
void labels_free(struct vm_label *labels, size_t n);

/* Add them as the member "labels" of `object`; nothing if there are none. */
void labels_print(struct json_out *json, struct cJSON *object, const struct vm_label *labels,
		  size_t n);

/* A selector is "KEY=VALUE", or "KEY" for any value. Errors: SNP_E_USAGE. */
SNP_MUST_USE int label_selector_check(const char *selector, struct snp_error *err);
bool label_selected(const struct vm_label *labels, size_t n, const char *selector);

#endif
