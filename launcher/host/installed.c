// SPDX-License-Identifier: Apache-2.0
#include "host/installed.h"

#include <string.h>
#include <unistd.h>

#include <snp/fail.h>
#include <snp/folder.h>

int installed_find(const char *installed, const char *built, char ret[static PATH_MAX],
		   struct snp_error *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (slash && (access(path_join(self, installed, ret, PATH_MAX), R_OK) == 0 ||
		      access(path_join(self, built, ret, PATH_MAX), R_OK) == 0))
		return 0;
	slash = strrchr(built, '/');
	return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			 "%s not found: neither installed nor beside this program",
			 slash ? slash + 1 : built);
}
