/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_NEAREST_H
#define SNP_NEAREST_H

#include <snp/api.h>

/* The name in `names` (ended by NULL) that `word` was probably meant to be: the one with the fewest letters
 * inserted, left out, replaced or swapped with a neighbour, and at most one in three; NULL if none is that
 * near. A word of more than 64 bytes is near to none. */
const char *nearest_word(const char *word, const char *const names[]);

#endif
