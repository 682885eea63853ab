/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LAUNCH_INPUT_H
#define CLI_LAUNCH_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <snp/error.h>
#include <snp/launch_document.h>
#include <snp/tool.h>

/* The options that say what is launched: every one of sev-snp-measure 0.0.13 with its meaning there,
 * and those for which it has no name. */
extern const struct cli_option cli_launch_options[];
extern const struct cli_option cli_kernel_options[];
extern const struct cli_option cli_vcpu_options[];
#define CLI_LAUNCH_OPTIONS cli_launch_options, cli_kernel_options, cli_vcpu_options

/* What they were set to. */
struct cli_launch_arguments {
	const char *mode, *vmm_type, *profile;
	const char *ovmf, *firmware_summary, *snp_ovmf_hash;
	const char *igvm, *memory, *policy;
	const char *kernel, *kernel_sha256, *initrd, *initrd_sha256;
	const char *append, *append_file, *append_sha256;
	const char *vcpu_type, *svsm, *vars_file;
	struct cli_number vcpus, vcpu_sig, vcpu_family, vcpu_model, vcpu_stepping;
	struct cli_number guest_features, vars_size;
};
extern struct cli_launch_arguments launch_args;

/* A launch as the command line describes it, and what it was made from. */
struct cli_launch {
	struct snp_launch launch;
	bool firmware_only; /* --mode snp:ovmf-hash: the digest after the firmware's pages is asked for */
	struct snp_firmware *firmware, *svsm;
	struct snp_igvm *igvm;
	uint8_t firmware_digest[SNP_SHA384_SIZE];
	struct snp_kernel_hashes kernel_hashes;
	enum snp_hash_verifier hash_verifier;
	struct snp_bzimage bzimage;   /* of a kernel that was read */
	struct launch_inputs inputs;  /* kernel, initrd and command line */
	uint8_t *cmdline_bytes;	      /* read from a file */
	struct snp_span cmdline_text; /* data NULL: known by its hash, or none */
};

/* What digest, plan and explain take besides; for id-block it is the ID block's. */
/* clang-format off */
#define CLI_OPTION_LAUNCH_POLICY                                                         \
	{                                                                                \
		.name = "policy", .argument = "HEX", .text = &launch_args.policy,        \
		.help = "--igvm: guest policy that QEMU is given (default 0x30000)" \
	}
/* clang-format on */

/* True if an option describes a launch. */
bool cli_launch_is_given(void);

/* Set all of `l` that needs no file: mode, profile, vCPUs. Errors: SNP_E_USAGE for options that do not go
 * together; SNP_E_BAD_PROFILE, SNP_E_BAD_CPU_MODEL. */
SNP_MUST_USE int cli_launch_choose(struct cli_launch *l, struct snp_error *err);

/* Read everything that the launch options name. Firmware, kernel and initrd are hashed side by side.
 * `by_page` says that the launch updates of the firmware's pages will be looked at one by one.
 * Errors: those of cli_launch_choose() and of the library. */
SNP_MUST_USE int cli_launch_open(bool by_page, struct cli_launch *ret, struct snp_error *err);
void cli_launch_close(struct cli_launch *launch);

/* Note the library's warnings about it, and those about how it was given. */
void cli_launch_warn(const struct cli_launch *launch);

/* Note that `kernel` is only the beginning of one, if it is. */
void cli_warn_cut_short(const char *kernel, bool is_cut_short);

/* Add what was launched, input by input and parameter by parameter. */
SNP_MUST_USE int cli_launch_json(const struct cli_launch *launch, struct json_out *json,
				 struct snp_error *err);

/* What `--profile list` prints: one a line, name first. */
void cli_print_profiles(FILE *out);
bool cli_wants_profiles(void);

#endif
