// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "host/qemu_file.h"

/* What QEMU said is a part of its log, of at most so many lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char said[QEMU_SAID_MAX];
	size_t lines = 0;

	qemu_said_in((const char *)data, size, said);
	if (strlen(said) >= sizeof(said))
		abort();
	for (const char *c = said; *c; c++)
		lines += *c == '\n';
	if (lines > QEMU_SAID_LINES)
		abort();
	return 0;
}
