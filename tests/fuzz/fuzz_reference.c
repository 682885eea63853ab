// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/json.h>
#include <snp/memory.h>
#include <snp/reference.h>

#include "reference/image_read.h"
#include "reference/model.h"

/* A master that is accepted, printed and read again must print the same. */
static void check_master(struct snp_span text)
{
	struct snp_reference *reference = NULL, *again = NULL;
	struct snp_error err = {0};
	char *first, *second;
	int r = snp_reference_parse("master", text, &reference, &err);

	fuzz_check(r, &err, text.size);
	if (r < 0 && reference)
		abort();
	if (r < 0)
		return;
	if (reference_print(reference, &first, NULL) < 0 ||
	    snp_reference_parse("again", text_span(first), &again, NULL) < 0 ||
	    reference_print(again, &second, NULL) < 0 || strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	snp_reference_free(reference);
	snp_reference_free(again);
}

static void check_release(struct snp_span text)
{
	struct snp_reference_variant *variants = NULL;
	struct json *document;
	struct snp_error err = {0};
	size_t n = 0;

	if (json_parse("release", text, &document, NULL) < 0)
		return;
	fuzz_check(release_variants_read(json_root(document), SNP_MODE_SNP, &variants, &n, &err),
		   &err, text.size);
	free(variants);
	json_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_master((struct snp_span){data, size});
	check_release((struct snp_span){data, size});
	return 0;
}
