// SPDX-License-Identifier: Apache-2.0
#include <snp/xml_escape.h>

#include <string.h>

#include <snp/fail.h>

/* What stands for a character of markup, or NULL. */
static const char *reference_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

void xml_escape(const char *text, FILE *out)
{
	while (*text) {
		const unsigned int length = utf8_length((const unsigned char *)text);
		char one[5] = {0}, escaped[4 * sizeof(one)];
		const char *reference = reference_of(*text);

		memcpy(one, text, length > 0 ? length : 1);
		escape_text(one, escaped, sizeof(escaped));
		/* U+FFFE and U+FFFF are no characters of XML 1.0. */
		if (strcmp(one, "\xef\xbf\xbe") == 0)
			fputs("\\xef\\xbf\\xbe", out);
		else if (strcmp(one, "\xef\xbf\xbf") == 0)
			fputs("\\xef\\xbf\\xbf", out);
		else
			fputs(reference ? reference : escaped, out);
		text += strlen(one);
	}
}
