// SPDX-License-Identifier: Apache-2.0
#include "image/igvm_write.h"
#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/policy.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "verb.h"

static struct {
	const char *output, *policy;
} arg;

/* clang-format off */
static const struct cli_option build_options[] = {
	{"output", 'o', "FILE", .text = &arg.output,
	 .help = "the IGVM file to write"},
	{0},
};
static const struct cli_option policy_options[] = {
	{"policy", .argument = "HEX", .text = &arg.policy,
	 .help = "guest policy of the file (default 0x30000)"},
	{0},
};
/* clang-format on */

static int need_output(struct snp_error *err)
{
	return arg.output ? 0
			  : fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				      "--output is required: the file to write");
}

static int run_build(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(freep) uint8_t *file = NULL;
	size_t size;
	int r = need_output(err);

	(void)out;
	if (r < 0)
		return r;
	r = igvm_build_file(operands[0], &file, &size, err);
	return r < 0 ? r : file_write(arg.output, (struct snp_span){file, size}, 0644, true, err);
}

/* Without a number of vCPUs the file has no VP contexts; the launch that is wrapped has some vCPU all the same. */
static int choose_vcpus(struct snp_error *err)
{
	struct cli_launch_arguments *a = &launch_args;

	if (a->vcpus.given)
		return 0;
	if (a->vcpu_type || a->vcpu_sig.given || a->vcpu_family.given)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "a vCPU model requires --vcpus, which puts VP contexts into the "
				 "file");
	a->vcpus = a->vcpu_sig = (struct cli_number){true, 1};
	return 0;
}

static int open_launch(const char *firmware, struct cli_launch *ret, struct snp_error *err)
{
	int r = choose_vcpus(err);

	launch_args.ovmf = firmware;
	if (r < 0)
		return r;
	r = cli_launch_open(true, ret, err);
	if (r < 0)
		return r;
	ret->launch.policy = SNP_POLICY_DEFAULT;
	if (arg.policy)
		r = hex_u64(arg.policy, "--policy", &ret->launch.policy, err);
	return r < 0 ? r : snp_policy_check(ret->launch.policy, err);
}

static int run_from_ovmf(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch l = {0};
	_cleanup_(freep) uint8_t *file = NULL;
	const bool with_contexts = launch_args.vcpus.given;
	size_t size;
	int r = need_output(err);

	(void)out;
	if (r < 0)
		return r;
	r = open_launch(operands[0], &l, err);
	if (r < 0)
		return r;
	r = igvm_wrap(&l.launch, with_contexts, &file, &size, err);
	if (r < 0)
		return r;
	cli_launch_warn(&l);
	return file_write(arg.output, (struct snp_span){file, size}, 0644, true, err);
}

static const struct cli_option *const build_tables[] = {build_options, NULL};
static const struct cli_option *const wrap_tables[] = {build_options, policy_options,
						       cli_kernel_options, cli_vcpu_options, NULL};

const struct cli_verb verb_igvm_build = {
	.name = "igvm build",
	.operands = "DESCRIPTION",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "make an IGVM file from a description of its headers",
	.example = "guest.json -o guest.igvm",
	.options = build_tables,
	.run = run_build,
};

const struct cli_verb verb_igvm_from_ovmf = {
	.name = "igvm from-ovmf",
	.operands = "OVMF",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "put a firmware image into an IGVM file",
	.example = "OVMF.amdsev.fd -o guest.igvm",
	.options = wrap_tables,
	.run = run_from_ovmf,
};
