// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/evidence_folder.h>
#include <snp/memory.h>

/* The expectations, as text for free(). */
static char *print(const struct snp_expectations *expected)
{
	struct json_out json;
	char *text;

	json_out_init(&json, "snp-evidence/1");
	json_out_integer(&json, json.root, "at_time", 1);
	expected_print(expected, &json, json_out_object(&json, json.root, "expected"));
	if (json_out_print(&json, &text, NULL) < 0)
		abort();
	json_out_done(&json);
	return text;
}

/* What was read is written, read again and written the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence_document document, again;
	struct snp_error err = {0};
	char *text, *copy;
	int r = evidence_document_parse("evidence", (struct snp_span){data, size}, &document, &err);

	fuzz_check(r, &err, size);
	if (r < 0)
		return 0;
	text = print(&document.expected);
	if (evidence_document_parse("again", text_span(text), &again, &err) < 0)
		abort();
	copy = print(&again.expected);
	if (strcmp(text, copy) != 0)
		abort();
	free(text);
	free(copy);
	evidence_document_done(&document);
	evidence_document_done(&again);
	return 0;
}
