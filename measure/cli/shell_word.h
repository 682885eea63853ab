/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SHELL_WORD_H
#define CLI_SHELL_WORD_H

#include <stdio.h>

/* Print `path` as one word of a shell's command line that no option could be: as it is where it can stand so,
 * else quoted; with $'…', which POSIX has since 2024, where a terminal must not see it raw. */
void cli_print_shell_word(FILE *out, const char *path);

#endif
