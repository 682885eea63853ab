/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_MODEL_H
#define REFERENCE_MODEL_H

#include <snp/reference.h>

/* The order of variants in every document: profile, CPU signature, CPU model, guest features, vCPU
 * count. Two that compare as 0 are of one configuration. */
int variant_compare(const struct snp_reference_variant *a, const struct snp_reference_variant *b);

/* The same, as qsort() and bsearch() call it. */
int variant_compare_void(const void *a, const void *b);
void variants_sort(struct snp_reference_variant *variants, size_t n);

#endif
