// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

#include "cli/selftest.h"
#include "cli/verb.h"

static struct {
	const char *save;
	struct cli_values certificates;
	struct cli_number timeout;
	struct selftest_options options;
} arg = {.options.model = "EPYC-v4"};

/* clang-format off */
static const struct cli_option options[] = {
	{"firmware", .argument = "FILE", .text = &arg.options.firmware,
	 .help = "firmware to launch (default: as firmware.auto)"},
	{"kernel", .argument = "FILE", .text = &arg.options.kernel,
	 .help = "kernel of the guest (default: the running one, in /boot)"},
	{"modules", .argument = "DIR", .text = &arg.options.modules,
	 .help = "modules of the kernel (default: /lib/modules/VERSION)"},
	{"cpu-model", .argument = "MODEL", .text = &arg.options.model,
	 .help = "model of the guest's vCPU (default EPYC-v4)"},
	{"certificates", .argument = "PATH", .values = &arg.certificates,
	 .help = "file or folder with the chip's certificates, if the report brings none"},
	{"timeout", .argument = "SECONDS", .number = &arg.timeout,
	 .help = "how long to wait for each boot (default 120)"},
	{"save", .argument = "FILE", .text = &arg.save,
	 .help = "keep launch, report, certificates and versions as an snp-witness/1 document"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

#define DEFAULT_TIMEOUT 120

/* What a run shows, in one word for programs and one sentence for people. */
enum outcome {
	ALL_PASSED,
	NEEDS_HARDWARE, /* nothing failed, but a secure processor has not answered, or something could not be run */
	SOMETHING_FAILED
};
static const char *const outcomes[] = {
	[ALL_PASSED] = "passed",
	[NEEDS_HARDWARE] = "needs-hardware",
	[SOMETHING_FAILED] = "failed",
};
static enum outcome outcome_of(const struct selftest *test)
{
	enum outcome outcome = ALL_PASSED;

	for (enum selftest_step i = 0; i < SELFTEST_STEPS; i++) {
		if (test->steps[i].state == STEP_FAILED)
			return SOMETHING_FAILED;
		if (test->steps[i].state != STEP_PASSED)
			outcome = NEEDS_HARDWARE;
	}
	return outcome;
}

static void print_text(const struct selftest *test, FILE *out)
{
	unsigned int count[STEP_FAILED + 1] = {0};
	char found[1024];

	fprintf(out, "%-15s %-10s what it shows\n", "step", "result");
	for (enum selftest_step i = 0; i < SELFTEST_STEPS; i++) {
		count[test->steps[i].state]++;
		escape_text(test->steps[i].found, found, sizeof(found));
		fprintf(out, "%-15s %-10s %s%s%s\n", selftest_step_name(i),
			selftest_state_names[test->steps[i].state], selftest_step_title(i),
			found[0] ? ": " : "", found);
	}
	if (outcome_of(test) == ALL_PASSED) {
		fputs("\nThis host launches SEV-SNP guests, holds them to their digest, and its reports verify.\n",
		      out);
		return;
	}
	fprintf(out,
		"\n%u failed, %u passed on this machine, %u on a simulated secure processor, %u not run.\n",
		count[STEP_FAILED], count[STEP_PASSED], count[STEP_SIMULATED], count[STEP_NOT_RUN]);
	if (count[STEP_FAILED] == 0)
		fputs("Only a run on a host where 'snp-launch check' passes shows the others.\n",
		      out);
}

static int print_json(const struct selftest *test, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};

	cli_json_begin(&json, "snp-selftest/1");
	json_out_string(&json, json.root, "outcome", outcomes[outcome_of(test)]);
	json_out_bool(&json, json.root, "on_hardware", test->on_hardware);
	selftest_steps_json(test, &json);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int save(const struct selftest *test, struct snp_error *err)
{
	if (!test->verdict) {
		cli_warn("no-witness", "%s was not written: there is no report", arg.save);
		return 0;
	}
	return selftest_save(test, arg.save, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	struct selftest test;
	int r;

	(void)operands;
	if (arg.timeout.given && (arg.timeout.value == 0 || arg.timeout.value > 86400))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--timeout must be 1 to 86400 seconds");
	arg.options.certificates = &arg.certificates;
	arg.options.timeout_ms =
		1000 * (arg.timeout.given ? (unsigned int)arg.timeout.value : DEFAULT_TIMEOUT);
	r = selftest_run(&arg.options, &test, err);
	if (r == 0 && arg.save)
		r = save(&test, err);
	if (r == 0 && cli_json)
		r = print_json(&test, out, err);
	else if (r == 0)
		print_text(&test, out);
	if (r == 0)
		r = outcome_of(&test) == ALL_PASSED ? 0 : CLI_NO;
	selftest_done(&test);
	return r;
}

static const struct cli_option *const tables[] = {session_options, options, NULL};

const struct cli_verb verb_selftest = {
	.name = "selftest",
	.operands = "",
	.summary = "launch and attest a minimal guest, to see whether this host works",
	.example = "--firmware OVMF.amdsev.fd --save witness.json",
	.options = tables,
	.run = run,
};
