// SPDX-License-Identifier: Apache-2.0
#include "launch_options.h"
#include "verb.h"

static struct {
	const char *output_format, *dump_dir;
	bool dump_vmsa, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"output-format", .argument = "FORMAT", .text = &arg.output_format,
	 .help = "hex (default) or base64"},
	{"dump-vmsa", .argument = "DIR", .flag = &arg.dump_vmsa, .text = &arg.dump_dir,
	 .help = "write each vCPU's VMSA to vmsaN.bin in DIR (default: here)"},
	{"verbose", 'v', .flag = &arg.verbose,
	 .help = "say what the digest is of"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	(void)out;
	(void)operands;
	return snp_fail(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET, "no digest yet");
}

static const struct cli_option *const tables[] = {cli_launch_options, options, NULL};

const struct cli_verb verb_digest = {
	.name = "digest",
	.operands = "",
	.summary = "print the launch digest",
	.options = tables,
	.run = run,
};
