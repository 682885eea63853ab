// SPDX-License-Identifier: Apache-2.0
#include "reference/file_name.h"

#include <stdlib.h>
#include <string.h>

static bool is_dots(const char *component, size_t n, size_t most)
{
	return n <= most && strspn(component, ".") >= n;
}

char *file_name(const char *path)
{
	char *name = malloc(strlen(path) + 1), *at = name;

	if (!name)
		return NULL;
	if (path[0] == '/')
		path = strrchr(path, '/') + 1;
	for (size_t n; *path != '\0'; path += n, path += *path == '/') {
		n = strcspn(path, "/");
		if (is_dots(path, n, 1))
			continue;
		if (is_dots(path, n, 2)) {
			free(name);
			return strdup(strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
		}
		if (at != name)
			*at++ = '/';
		at = mempcpy(at, path, n);
	}
	*at = '\0';
	return name;
}

bool is_file_name(const char *name)
{
	for (size_t n;; name += n + 1) {
		n = strcspn(name, "/");
		if (is_dots(name, n, 2))
			return false;
		if (name[n] == '\0')
			return true;
	}
}
