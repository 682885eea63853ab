// SPDX-License-Identifier: Apache-2.0
#include "shell_word.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/fail.h>

static void print_quoted(FILE *out, const char *path)
{
	fputc('\'', out);
	for (; *path != '\0'; path++)
		fprintf(out, *path == '\'' ? "'\\%c'" : "%c", *path);
	fputc('\'', out);
}

static void print_escaped(FILE *out, const char *path)
{
	fputs("$'", out);
	for (; *path != '\0'; path++) {
		unsigned char byte = (unsigned char)*path;

		if (byte < 0x20 || byte > 0x7e)
			fprintf(out, "\\x%02x", byte);
		else
			fprintf(out, byte == '\'' || byte == '\\' ? "\\%c" : "%c", byte);
	}
	fputc('\'', out);
}

void cli_print_shell_word(FILE *out, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._/+,:=@%-";
	size_t size = 4 * strlen(path) + 1;
	_cleanup_(freep) char *shown = size > UINT32_MAX ? NULL : malloc(size);

	if (shown)
		escape_text(path, shown, (unsigned int)size);
	if (path[0] == '-')
		fputs("./", out);
	if (path[strspn(path, plain)] == '\0')
		fputs(path, out);
	else if (shown && strcmp(path, shown) == 0)
		print_quoted(out, path);
	else
		print_escaped(out, path);
}
