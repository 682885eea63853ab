/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_DEFINITION_H
#define LAUNCHER_GUEST_DEFINITION_H

#include <limits.h>
#include <stdbool.h>

#include <snp/error.h>

#include "config/vm_config.h"

/*
 * What a guest was made from, beside its record: the vm.json as it was read, and the template if one was given.
 * Only the launcher can read them (0600). vm.json names key files; it holds no secret. A guest of release 0.1.0 has
 * neither.
 */
#define DEFINITION_FILE	    "vm.json"
#define DEFINITION_TEMPLATE "template.xml"

/* Write both into `folder`, a guest's; `template` is a file, NULL: none. Errors: those of files_write() and
 * file_read(). */
SNP_MUST_USE int definition_write(const struct vm_config *config, const char *template,
				  const char *folder, struct snp_error *err);

/* Whether `folder` has one. */
bool definition_exists(const char *folder);

/* The vm.json in `folder`. Errors: those of vm_config_read(). */
SNP_MUST_USE int definition_read(const char *folder, struct vm_config **ret, struct snp_error *err);

/* The path of the template in `folder`; NULL if there is none. */
const char *definition_template(const char *folder, char ret[static PATH_MAX + 128]);

#endif
