/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LAUNCH_INPUT_H
#define CLI_LAUNCH_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <snp/error.h>
#include <snp/launch_document.h>

/* A launch as the command line describes it, and what it was made from. */
struct cli_launch {
	struct snp_launch launch;
	bool firmware_only; /* --mode snp:ovmf-hash: the digest after the firmware's pages is asked for */
	struct snp_firmware *firmware, *svsm;
	uint8_t firmware_digest[SNP_SHA384_SIZE];
	struct snp_kernel_hashes kernel_hashes;
	struct launch_inputs inputs;  /* kernel, initrd and command line */
	uint8_t *cmdline_bytes;	      /* read from a file */
	struct snp_span cmdline_text; /* data NULL: known by its hash, or none */
};

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
