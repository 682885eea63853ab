// SPDX-License-Identifier: Apache-2.0
/* Hands every file of the folders given to the fuzz target, each on the heap in its exact size, so that
 * AddressSanitizer sees one byte too far. A folder without files is a failure: it would test nothing. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>

#include "fuzz.h"

static int replay(const char *folder, const char *name)
{
	_cleanup_(freep) uint8_t *bytes = NULL, *exact = NULL;
	struct snp_error err;
	char path[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (file_read(path, 64u << 20, &bytes, &size, &err) < 0) {
		fprintf(stderr, "%s: %s\n", path, err.message);
		return -1;
	}
	exact = malloc(size ? size : 1);
	if (!exact)
		return -1;
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *entry;

		while (d && (entry = readdir(d))) {
			if (entry->d_name[0] == '.')
				continue;
			if (replay(argv[i], entry->d_name) < 0)
				return 1;
			n++;
		}
		if (d)
			closedir(d);
	}
	printf("%u inputs replayed\n", n);
	return n == 0;
}
