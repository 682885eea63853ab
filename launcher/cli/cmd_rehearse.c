// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>

#include "cli/check_options.h"
#include "cli/verb.h"
#include "guest/create.h"
#include "rehearsal/host.h"
#include "rehearsal/leave_out.h"
#include "rehearsal/verdict.h"

static struct {
	const char *against, *image, *kernel, *emulator, *template;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"against", .argument = "FILE", .text = &arg.against,
	 .help = "compare with an earlier plan or reference values"},
	{"image", .argument = "NAME", .text = &arg.image,
	 .help = "which image of --against, if it has several"},
	{"kernel", .argument = "VERSION", .text = &arg.kernel,
	 .help = "KVM rules of Linux 6.12 (default) or 6.19"},
	{"emulator", .argument = "FILE", .text = &arg.emulator,
	 .help = "the QEMU to use (default: libvirt's choice)"},
	{"template", .argument = "FILE", .text = &arg.template,
	 .help = "domain XML to start from, as for create"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

#define WORDS "simulated secure processor: nothing is encrypted and no guest code runs"

/* How long a guest may take to say its digest after libvirt has it running. */
#define PATIENCE_MS 20000

struct rehearsal {
	FILE *text; /* NULL with --json */
	struct json_out json;
	struct cJSON *left_out;
	struct rehearsal_verdict verdict;
};

static void left_out(void *p, const char *pointer, const char *why)
{
	struct rehearsal *rehearsal = p;
	struct cJSON *object = json_out_object(&rehearsal->json, rehearsal->left_out, NULL);

	json_out_string(&rehearsal->json, object, "pointer", pointer);
	json_out_string(&rehearsal->json, object, "why", why);
	if (rehearsal->text)
		fprintf(rehearsal->text, "left out   %s: %s\n", pointer, why);
}

/* The digest in a console log that has it by now; the guest says it in one line. */
static bool find_digest(const char *log, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE])
{
	static const char key[] = "simulated-guest: launch_digest=";
	_cleanup_(freep) uint8_t *bytes = NULL;
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	const char *at;
	size_t size;

	if (file_read(log, SNP_MAX_CONFIG, &bytes, &size, NULL) < 0)
		return false;
	at = strstr((const char *)bytes, key);
	if (!at || strlen(at) < sizeof(key) + sizeof(hex))
		return false;
	snprintf(hex, sizeof(hex), "%s", at + strlen(key));
	return hex_decode(hex, "console", ret, SNP_LAUNCH_DIGEST_SIZE, NULL) == 0;
}

static int hear(const char *run, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE], struct snp_error *err)
{
	_cleanup_(freep) char *log = format_text("%s/console.log", run);

	if (!log)
		return out_of_memory(err);
	for (unsigned int ms = 0; ms < PATIENCE_MS; ms += 20) {
		if (find_digest(log, ret))
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	return fail_with(err, SNP_E_TIMEOUT, SNP_NO_OFFSET,
			 "the simulated guest did not print its digest within %d seconds",
			 PATIENCE_MS / 1000);
}

static int compare(const char *run, const struct guest_record *record,
		   struct rehearsal_verdict *verdict, struct snp_error *err)
{
	_cleanup_(rehearsal_predicted_done) struct rehearsal_predicted predicted = {0};
	_cleanup_(rehearsal_trace_freep) struct rehearsal_trace *trace = NULL;
	_cleanup_(freep) char *path = format_text("%s/trace.json", run);
	int r = path ? rehearsal_predict(record, &predicted, err) : out_of_memory(err);

	if (r < 0)
		return r;
	r = rehearsal_trace_read(path, predicted.hash_table_gpa, &trace, err);
	if (r < 0)
		return r;
	if (arg.against)
		r = rehearsal_compare_against(arg.against, arg.image, record, &predicted, trace,
					      verdict, err);
	else
		rehearsal_compare(&predicted, trace, verdict);
	verdict->equal =
		memcmp(verdict->expected, verdict->rehearsed, sizeof(verdict->expected)) == 0;
	return r;
}

static int launch(const struct simulated_host *simulated, const struct prepare_request *prepare,
		  struct rehearsal_verdict *verdict, struct snp_error *err)
{
	_cleanup_(hypervisor_close) struct hypervisor host = {0};
	_cleanup_(record_freep) struct guest_record *record = NULL;
	_cleanup_(freep) char *state = NULL, *run = NULL;
	struct create_request request = {.prepare = *prepare, .start = true};
	int r;

	state = format_text("%s/guests", simulated->folder);
	run = format_text("%s/guests/%s/" GUEST_RUN, simulated->folder, prepare->config->name);
	if (!state || !run)
		return out_of_memory(err);
	request.state = state;
	r = hypervisor_open(simulated->uri, &host, err);
	if (r < 0)
		return r;
	r = guest_create(&host, &request, &record, err);
	if (r < 0)
		return r;
	r = hear(run, verdict->rehearsed, err);
	return r < 0 ? r : compare(run, record, verdict, err);
}

static int rehearse(const struct prepare_request *prepare, struct rehearsal_verdict *verdict,
		    struct snp_error *err)
{
	const struct simulated_host_options simulated_options = {
		.kernel = arg.kernel, .emulator = arg.emulator, .ends_with_caller = true};
	struct simulated_host simulated;
	struct snp_error stop_err;
	int r = simulated_host_start(&simulated_options, &simulated, err), s;

	if (r < 0)
		return r;
	r = launch(&simulated, prepare, verdict, err);
	s = simulated_host_stop(simulated.folder, &stop_err);
	if (r == 0 && s < 0) {
		*err = stop_err;
		r = s;
	}
	return r;
}

/* The named checks, as create runs them before it touches anything. */
static int check(struct launch_spec *spec, const char *path, struct check_options *ret,
		 struct snp_error *err)
{
	int r = check_cli_read(NULL, ret, err);

	if (r < 0)
		return r;
	launch_spec_look(spec, NULL);
	return check_cli_apply(spec, ret, path, err);
}

static void print_text(const struct rehearsal_verdict *v, FILE *out)
{
	const char *name = arg.against ? arg.against : "predicted";
	char expected[2 * SNP_LAUNCH_DIGEST_SIZE + 1], rehearsed[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	hex_encode(v->expected, sizeof(v->expected), expected);
	hex_encode(v->rehearsed, sizeof(v->rehearsed), rehearsed);
	fprintf(out, "%-10s %s\n%-10s %s\n%s\n", arg.against ? "expected" : name, expected,
		"rehearsed", rehearsed, v->equal ? "equal" : "different");
	if (v->equal || !v->has_difference)
		return;
	fprintf(out, "first difference: %s\n%s: %s\nrehearsed: %s\n", v->difference.what, name,
		v->difference.first, v->difference.second);
}

static int print_json(struct rehearsal *rehearsal, FILE *out, struct snp_error *err)
{
	const struct rehearsal_verdict *v = &rehearsal->verdict;
	struct json_out *json = &rehearsal->json;
	struct cJSON *object;

	json_out_bool(json, json->root, "equal", v->equal);
	json_out_hex(json, json->root, "expected", v->expected, sizeof(v->expected));
	json_out_hex(json, json->root, "rehearsed", v->rehearsed, sizeof(v->rehearsed));
	if (!v->equal && v->has_difference) {
		object = json_out_object(json, json->root, "difference");
		json_out_text(json, object, "what", v->difference.what);
		json_out_text(json, object, "expected", v->difference.first);
		json_out_text(json, object, "rehearsed", v->difference.second);
	}
	cli_json_warnings(json);
	return cli_json_end(json, out, err);
}

/* libvirt takes a QEMU by its whole path alone. */
static int find_emulator(char **ret, struct snp_error *err)
{
	if (!arg.emulator)
		return 0;
	*ret = realpath(arg.emulator, NULL);
	if (!*ret)
		return fail_errno(err, SNP_E_OPEN, errno, "%s", arg.emulator);
	arg.emulator = *ret;
	return 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(freep) char *emulator = NULL;
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct rehearsal rehearsal = {.text = cli_json ? NULL : out};
	struct check_options checks;
	struct prepare_request prepare = {
		.checks = &checks, .config_path = operands[0], .template = arg.template};
	int r = vm_config_read(operands[0], &config, err);

	cli_json_begin(&rehearsal.json, "snp-rehearsal/1");
	json_out_string(&rehearsal.json, rehearsal.json.root, "words", WORDS);
	rehearsal.left_out = json_out_array(&rehearsal.json, rehearsal.json.root, "left_out");
	if (r == 0)
		r = launch_spec_from_config(config, &spec, err);
	if (r == 0)
		r = check(spec, operands[0], &checks, err);
	if (r == 0)
		r = find_emulator(&emulator, err);
	if (r == 0 && !cli_json)
		fputs(WORDS "\n", out);
	if (r == 0) {
		rehearsal_leave_out(config, left_out, &rehearsal);
		prepare.config = config;
		prepare.spec = spec;
		prepare.emulator = arg.emulator;
		r = rehearse(&prepare, &rehearsal.verdict, err);
	}
	if (r == 0 && cli_json)
		r = print_json(&rehearsal, out, err);
	else if (r == 0)
		print_text(&rehearsal.verdict, out);
	json_out_done(&rehearsal.json);
	if (r < 0)
		return cli_answer(out, r, err);
	return rehearsal.verdict.equal ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {check_cli_options, options, NULL};

const struct cli_verb verb_rehearse = {
	.name = "rehearse",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "launch on a simulated SNP host, and compare digests",
	.example = "web1.json --against reference-values.json",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
