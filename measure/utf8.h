/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MEASURE_UTF8_H
#define MEASURE_UTF8_H

/* Length of the UTF-8 sequence at `s`, or 0 where there is none (Unicode 15, table 3-7): no overlong
 * form, no surrogate, nothing past U+10FFFF. The text must end in NUL, which is a sequence of one. */
unsigned int utf8_length(const unsigned char *s);

#endif
