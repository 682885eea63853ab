/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_NEAREST_H
#define SNP_NEAREST_H

#include <snp/api.h>

/* Of `names` (ended by NULL) the one that `word` was probably meant to be: fewest letters inserted,
 * left out, replaced or swapped with their neighbour, at most one in three; NULL if none is that
 * near. For words of at most 64 bytes; longer ones are near to nothing. */
const char *nearest_word(const char *word, const char *const names[]);

#endif
