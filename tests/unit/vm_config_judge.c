// SPDX-License-Identifier: Apache-2.0
/* Reads one vm.json a line, and answers each with a line: "yes", or why not. For vm_schema.py. */
#include <stdio.h>
#include <stdlib.h>

#include <snp/cleanup.h>

#include "config/vm_config.h"

int main(void)
{
	_cleanup_(freep) char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		struct vm_config *config = NULL;
		struct snp_error err = {0};
		char text[2048] = "yes";

		if (vm_config_parse("-", (struct snp_span){(const uint8_t *)line, (size_t)n},
				    &config, &err) < 0)
			snp_error_line(&err, text, sizeof(text));
		vm_config_free(config);
		if (puts(text) < 0)
			return 1;
	}
	return fflush(stdout) != 0;
}
