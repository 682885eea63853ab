/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_FILE_NAME_H
#define REFERENCE_FILE_NAME_H

#include <stdbool.h>

/*
 * The names by which published documents know the files of images: paths from a folder that whoever has the
 * images chooses, which never lead out of it.
 */

/* The name of a file that a release finds at `path`, for free(): the path itself without "." and empty
 * components, or, where it is absolute or has "..", its last component. NULL if memory ran out. */
char *file_name(const char *path);

/* True if such a name could be this: no component is empty, "." or "..". */
bool is_file_name(const char *name);

#endif
