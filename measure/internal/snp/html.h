/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_HTML_H
#define SNP_HTML_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Pages of one file: no scripts, no fonts, no pictures, nothing that is fetched, which their Content-Security-Policy
 * says too. They fit a telephone and a sheet of paper. Whatever text comes from outside goes through html_text() or
 * what calls it.
 */
void html_begin(const char *title, FILE *out);
void html_end(const char *tool_version, FILE *out);

/* The text, escaped; see xml_escape(). */
void html_text(const char *text, FILE *out);

/* A link where `url` begins with "https:" and has only characters that a URL may have, else the text alone. */
void html_url(const char *url, FILE *out);

/* Bytes as hex that may be broken anywhere. */
void html_hex(const uint8_t *bytes, size_t size, FILE *out);

void html_heading(const char *text, FILE *out);

/* A table of names and values: html_row() between begin and end, or the two halves of a row around a value that is
 * printed by other means. */
void html_facts_begin(FILE *out);
void html_row_begin(const char *name, FILE *out);
void html_row_end(FILE *out);
void html_row(const char *name, const char *value, FILE *out);
void html_facts_end(FILE *out);

#endif
