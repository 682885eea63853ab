/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_CHECK_OPTIONS_H
#define LAUNCHER_CLI_CHECK_OPTIONS_H

#include <snp/tool.h>

#include "config/checks.h"
#include "host/hypervisor.h"

/* --warn, --error and --ignore NAME, --allow-debug: for every verb that runs the named checks. */
extern const struct cli_option check_cli_options[];

/* What they say, and what is known of `host` (NULL: nothing). Errors: those of check_options_set(). */
SNP_MUST_USE int check_cli_read(const struct hypervisor *host, struct check_options *ret,
				struct snp_error *err);

/* Add the signature of this machine's CPU, where `uri` is of this machine. */
void check_cli_cpu(const char *uri, struct check_options *options);

/* Add whether the libvirt of `uri` can run QEMU as a user that vm.json names. */
void check_cli_users(const char *uri, struct check_options *options);

/* Report those findings that are warnings. */
void check_cli_warn(const struct findings *findings, const char *file);

/* Run the checks: warnings become warnings of the tool, an error refuses. `file` names the document.
 * Errors: those of findings_refuse(). */
SNP_MUST_USE int check_cli_apply(const struct launch_spec *spec,
				 const struct check_options *options, const char *file,
				 struct snp_error *err);

/* The same in two steps, so that a mistake in the file is reported before a host is asked, which may be slow
 * to answer or absent: read the options and run the checks that need no host; then add what is known of `host`
 * (NULL: nothing) and run the others, also those about what the guest `starts` needs of the host (NULL: it is not
 * started, and may wait for that). */
SNP_MUST_USE int check_cli_before_host(const struct launch_spec *spec, const char *file,
				       struct check_options *ret, struct snp_error *err);
SNP_MUST_USE int check_cli_of_host(const struct launch_spec *spec, const struct vm_config *starts,
				   const struct hypervisor *host, const char *file,
				   struct check_options *options, struct snp_error *err);

#endif
