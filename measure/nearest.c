// SPDX-License-Identifier: Apache-2.0
#include <snp/nearest.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define MAX_WORD 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, of words no longer than MAX_WORD. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t rows[3][MAX_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= n_b; j++)
		last[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *oldest = before;

		now[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			bool same = a[i - 1] == b[j - 1];

			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = oldest;
	}
	return last[n_b];
}

const char *nearest_word(const char *word, const char *const names[])
{
	size_t n_word = strlen(word), least_distance = n_word / 3 + 1;
	const char *nearest = NULL;

	if (n_word > MAX_WORD)
		return NULL;
	for (size_t i = 0; names[i]; i++) {
		size_t n = strlen(names[i]), d;

		if (n > MAX_WORD)
			continue;
		d = distance(word, n_word, names[i], n);
		if (d < least_distance) {
			least_distance = d;
			nearest = names[i];
		}
	}
	return nearest;
}
