/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LAUNCH_OPTIONS_H
#define CLI_LAUNCH_OPTIONS_H

#include <snp/tool.h>

/* The options that say what is launched: every one of sev-snp-measure 0.0.13 with its meaning there,
 * and those for which it has no name. */
extern const struct cli_option cli_launch_options[];

/* What they were set to. */
struct cli_launch_arguments {
	const char *mode, *vmm_type, *profile;
	const char *ovmf, *firmware_summary, *snp_ovmf_hash;
	const char *kernel, *kernel_sha256, *initrd, *initrd_sha256;
	const char *append, *append_file, *append_sha256;
	const char *vcpu_type, *svsm, *vars_file;
	struct cli_number vcpus, vcpu_sig, vcpu_family, vcpu_model, vcpu_stepping;
	struct cli_number guest_features, vars_size;
};
extern struct cli_launch_arguments launch_args;

#endif
