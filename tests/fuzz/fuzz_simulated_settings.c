// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "program.h"
#include "settings.h"

/* The same bytes as a host.conf and as QEMU's arguments. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), name[16];
	struct settings settings = {0};
	const char *wrong;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	wrong = settings_parse(text, &settings);
	if (wrong && *wrong == '\0')
		abort(); /* refused without saying why */
	free(text);

	text = malloc(size ? size : 1);
	if (!text)
		abort();
	memcpy(text, data, size);
	memset(name, 'x', sizeof(name));
	program_find_guest_name(text, size, name, sizeof(name));
	if (memchr(name, '\0', sizeof(name)) == NULL)
		abort();
	free(text);
	return 0;
}
