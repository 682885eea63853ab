// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/memory.h>

#include "guest/record.h"

/* A guest's record; what was read, printed and read again, must print the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_record *const untouched = (struct guest_record *)(uintptr_t)1;
	struct guest_record *record = untouched, *again = NULL;
	struct snp_error err = {0};
	char *first = NULL, *second = NULL;
	int r;

	r = record_parse("record", (struct snp_span){data, size}, &record, &err);
	fuzz_check(r, &err, size);
	if (r < 0) {
		if (record != untouched)
			abort();
		return 0;
	}
	if (record_print(record, &first, NULL) < 0 ||
	    record_parse("again", text_span(first), &again, NULL) < 0 ||
	    record_print(again, &second, NULL) < 0 || strcmp(first, second) != 0)
		abort();
	record_free(record);
	record_free(again);
	free(first);
	free(second);
	return 0;
}
