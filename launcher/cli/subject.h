/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_SUBJECT_H
#define LAUNCHER_CLI_SUBJECT_H

#include <snp/error.h>

#include "cli/session.h"
#include "config/launch_spec.h"
#include "config/vm_config.h"

/* What measure, diff, lint and check are asked about: a vm.json, a domain XML file, or the domain of a
 * name. */
struct subject {
	const char *name;	  /* as given */
	struct vm_config *config; /* of a vm.json, else NULL */
	struct launch_spec *spec;
	struct guest guest;	/* of a name */
	struct session session; /* open for a name, else {0} */
};

/* Errors: those of vm_config_read(), domain_read_file(), session_open() and guest_open_domain(). */
SNP_MUST_USE int subject_open(const char *operand, struct subject *ret, struct snp_error *err);
void subject_close(struct subject *subject);

#endif
