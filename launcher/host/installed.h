/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_INSTALLED_H
#define LAUNCHER_HOST_INSTALLED_H

#include <limits.h>

#include <snp/error.h>

/* The path of a file that belongs to this program: `installed` from the folder of the program where it is installed, `built`
 * where it runs in the tree that it was built in. Errors: SNP_E_NOT_FOUND. */
SNP_MUST_USE int installed_find(const char *installed, const char *built, char ret[static PATH_MAX],
				struct snp_error *err);

#endif
