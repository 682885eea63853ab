// SPDX-License-Identifier: Apache-2.0
/* A description of an IGVM file, and the file: the reader takes it, and an ID block can be put in and out. */
#include "fuzz.h"

#include <string.h>

#include "image/igvm_write.h"

static void append_and_remove(const uint8_t *file, size_t size)
{
	uint8_t payload[IGVM_ID_BLOCK] = {1}, *longer = NULL, *again = NULL;
	struct snp_igvm *igvm = NULL, *longer_igvm = NULL;
	size_t longer_size = 0, again_size = 0, before, n;

	if (igvm_parse("file", (struct snp_span){file, size}, &igvm, NULL) != 0 ||
	    igvm_remove(igvm, SNP_IGVM_SNP_ID_BLOCK, &again, &again_size, &before, NULL) != 0)
		abort();
	free(again);
	if (before == 0 &&
	    (igvm_append(igvm, SNP_IGVM_SNP_ID_BLOCK, (struct snp_span){payload, sizeof(payload)},
			 &longer, &longer_size, NULL) != 0 ||
	     igvm_parse("file", (struct snp_span){longer, longer_size}, &longer_igvm, NULL) != 0 ||
	     igvm_remove(longer_igvm, SNP_IGVM_SNP_ID_BLOCK, &again, &again_size, &n, NULL) != 0 ||
	     n != 1 || again_size != size || memcmp(again, file, size) != 0))
		abort();
	if (before == 0)
		free(again);
	free(longer);
	snp_igvm_free(igvm);
	snp_igvm_free(longer_igvm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_error err = {0};
	struct json *document = NULL;
	uint8_t *file = NULL;
	size_t file_size = 0;
	int r = json_parse("file", (struct snp_span){data, size}, &document, &err);

	if (r == 0)
		r = igvm_build_document(document, "file", false, &file, &file_size, &err);
	fuzz_check(r, &err, size);
	if (r == 0)
		append_and_remove(file, file_size);
	free(file);
	json_free(document);
	return 0;
}
