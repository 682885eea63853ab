/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_HOST_CHECK_H
#define LAUNCHER_HOST_HOST_CHECK_H

#include <snp/error.h>

#include "config/checks.h"
#include "config/vm_config.h"
#include "host/hypervisor.h"
#include "host/machine_facts.h"

/* Look at this machine (unless `uri` is another's), at libvirt, and, if `config` is not NULL, at what that
 * guest needs of them, by the severities of `checks` (NULL: defaults). `host` is NULL where connecting failed with `failure`. */
void host_check(const char *uri, const struct hypervisor *host, const struct snp_error *failure,
		const struct vm_config *config, const struct check_options *checks,
		struct host_report *ret);

#endif
