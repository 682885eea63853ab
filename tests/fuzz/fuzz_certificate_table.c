// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "report/certificates.h"

static bool apart(const struct snp_span *a, const struct snp_span *b)
{
	return a->data + a->size <= b->data || b->data + b->size <= a->data;
}

/* What a table gives lies in it, behind its header, and nowhere twice; it ends with the last of it, or
 * with the page of that. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct certificate_table table;
	struct snp_error err = {0};
	struct snp_span header;
	size_t end = 0;
	int r;

	table.n_entries = 77;
	r = certificate_table_parse((struct snp_span){data, size}, &table, &err);
	fuzz_check(r, &err, size);
	if (r < 0) {
		if (table.n_entries != 77)
			abort();
		return 0;
	}
	if (table.n_entries == 0 || table.n_entries > MAX_TABLE_ENTRIES)
		abort();
	header = (struct snp_span){data, 24 * (table.n_entries + 1)};
	for (size_t i = 0; i < table.n_entries; i++) {
		const struct snp_span *object = &table.entries[i].object;

		if (object->data < data || object->size == 0 ||
		    object->size > SNP_MAX_CERTIFICATE_SIZE ||
		    object->data + object->size > data + size || !apart(object, &header))
			abort();
		if ((size_t)(object->data - data) + object->size > end)
			end = (size_t)(object->data - data) + object->size;
		for (size_t j = 0; j < i; j++)
			if (!apart(object, &table.entries[j].object) ||
			    memcmp(table.entries[i].guid, table.entries[j].guid, 16) == 0)
				abort();
	}
	if (size != end && (size < end || size - end >= 4096 || size % 4096 != 0))
		abort();
	return 0;
}
