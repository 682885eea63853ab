/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_XML_ESCAPE_H
#define SNP_XML_ESCAPE_H

#include <stdio.h>

/* Write `text` to `out` so that XML and HTML take it for text, between tags and in quoted attributes alike. What
 * escape_text() does not let through, and the two characters that XML forbids besides, are written as \xNN. */
void xml_escape(const char *text, FILE *out);

#endif
