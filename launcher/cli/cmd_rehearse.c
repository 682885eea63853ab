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

#include "cli/boot_view.h"
#include "cli/check_options.h"
#include "cli/verb.h"
#include "guest/create.h"
#include "host/firmware_search.h"
#include "rehearsal/host.h"
#include "rehearsal/leave_out.h"
#include "rehearsal/verdict.h"

static struct {
	const char *against, *image, *kernel, *emulator, *template, *until;
	struct cli_number timeout;
	bool boot, boot_only;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"against", .argument = "FILE", .text = &arg.against,
	 .help = "compare with this plan, or with these reference values"},
	{"image", .argument = "NAME", .text = &arg.image,
	 .help = "image of --against to compare with, if it has several"},
	{"kernel", .argument = "VERSION", .text = &arg.kernel,
	 .help = "simulate the KVM of Linux 6.12 (default) or 6.19"},
	{"emulator", .argument = "FILE", .text = &arg.emulator,
	 .help = "QEMU to use (default: the one that libvirt chooses)"},
	{"template", .argument = "FILE", .text = &arg.template,
	 .help = "domain XML to start from, instead of the built-in one"},
	{"boot", .flag = &arg.boot,
	 .help = "also boot it under emulation to see whether the firmware refuses a changed kernel"},
	{"boot-only", .flag = &arg.boot_only,
	 .help = "only boot it; do not compare digests"},
	{"until", .argument = "TEXT", .text = &arg.until,
	 .help = "with --boot: the guest has started when its console shows this text"},
	{"timeout", .argument = "SECONDS", .number = &arg.timeout,
	 .help = "with --boot: how long to wait for the guest to start (default 120)"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

#define WORDS "simulated secure processor: nothing is encrypted and no guest code runs"

/* How long a running guest may take to print its digest. */
#define PATIENCE_MS 60000

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

/* The digest, if the console log contains it by now; the guest prints it on one line. */
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

static int hear(const char *guest, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE],
		struct snp_error *err)
{
	_cleanup_(freep) char *log = format_text("%s/" GUEST_LOG "/" GUEST_CONSOLE, guest);

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

static int compare(const char *guest, const struct guest_record *record,
		   struct rehearsal_verdict *verdict, struct snp_error *err)
{
	_cleanup_(rehearsal_predicted_done) struct rehearsal_predicted predicted = {0};
	_cleanup_(rehearsal_trace_freep) struct rehearsal_trace *trace = NULL;
	_cleanup_(freep) char *path = format_text("%s/" GUEST_RUN "/trace.json", guest);
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
	_cleanup_(freep) char *state = NULL, *guest = NULL;
	struct create_request request = {.prepare = *prepare, .start = true};
	int r;

	state = format_text("%s/guests", simulated->folder);
	guest = format_text("%s/guests/%s", simulated->folder, prepare->config->name);
	if (!state || !guest)
		return out_of_memory(err);
	request.state = state;
	r = hypervisor_open(simulated->uri, &host, err);
	if (r < 0)
		return r;
	r = guest_create(&host, &request, &record, err);
	if (r < 0)
		return r;
	r = hear(guest, verdict->rehearsed, err);
	return r < 0 ? r : compare(guest, record, verdict, err);
}

static int rehearse(const struct prepare_request *prepare, struct rehearsal_verdict *verdict,
		    struct snp_error *err)
{
	const struct simulated_host_options simulated_options = {.kernel = arg.kernel,
								 .emulator =
									 prepare->config->emulator,
								 .ends_with_caller = true};
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

static void add_json(struct rehearsal *rehearsal)
{
	const struct rehearsal_verdict *v = &rehearsal->verdict;
	struct json_out *json = &rehearsal->json;
	struct cJSON *object;

	json_out_bool(json, json->root, "equal", v->equal);
	json_out_hex(json, json->root, "expected", v->expected, sizeof(v->expected));
	json_out_hex(json, json->root, "rehearsed", v->rehearsed, sizeof(v->rehearsed));
	if (v->equal || !v->has_difference)
		return;
	object = json_out_object(json, json->root, "difference");
	json_out_text(json, object, "what", v->difference.what);
	json_out_text(json, object, "expected", v->difference.first);
	json_out_text(json, object, "rehearsed", v->difference.second);
}

/* libvirt accepts a QEMU only by its absolute path. */
static int choose_emulator(struct vm_config *config, struct snp_error *err)
{
	if (!arg.emulator)
		return 0;
	free(config->emulator);
	config->emulator = realpath(arg.emulator, NULL);
	if (!config->emulator)
		return fail_errno(err, SNP_E_OPEN, errno, "%s", arg.emulator);
	return 0;
}

static int check_boot(const struct vm_config *config, struct snp_error *err)
{
	if (arg.boot && arg.boot_only)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--boot and --boot-only cannot be combined");
	if ((arg.until || arg.timeout.given) && !arg.boot && !arg.boot_only)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--until and --timeout require --boot or --boot-only");
	if (arg.boot_only && (arg.against || arg.image || arg.kernel || arg.template))
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--boot-only cannot be combined with --against, --image, --kernel or --template");
	if (arg.timeout.given && (arg.timeout.value == 0 || arg.timeout.value > 86400))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--timeout must be 1 to 86400 seconds");
	if ((arg.boot || arg.boot_only) && (!config->kernel.path || !config->kernel_hashes))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--boot requires a vm.json with a kernel and kernel hashes");
	return 0;
}

static int boot(const struct vm_config *config, struct rehearsal *rehearsal, struct snp_error *err)
{
	char found[PATH_MAX];
	struct boot_subject subject = {
		.firmware = config->firmware.path,
		.kernel = config->kernel.path,
		.initrd = config->initrd.path,
		.cmdline = config->cmdline,
		.memory_kib = config->memory_kib,
		.emulator = config->emulator,
		.until = arg.until,
		.timeout_ms = (unsigned int)arg.timeout.value * 1000,
		.progress = boot_view_progress,
	};
	struct cJSON *parent = rehearsal->json.root;
	struct boot_trial trial;
	int r = 0;

	if (!subject.firmware) {
		r = firmware_search(found, err);
		subject.firmware = found;
	}
	if (r == 0)
		r = boot_trial_run(&subject, &trial, err);
	boot_view_progress(NULL, 0, 0, NULL);
	if (r < 0)
		return r;
	if (arg.boot)
		parent = json_out_object(&rehearsal->json, parent, "boot");
	if (rehearsal->text)
		boot_view_text(&trial, subject.firmware, rehearsal->text);
	boot_view_json(&trial, subject.firmware, &rehearsal->json, parent);
	r = boot_view_status(&trial);
	boot_trial_done(&trial);
	return r;
}

static int compare_digests(struct vm_config *config, const struct prepare_request *prepare,
			   struct rehearsal *rehearsal, struct snp_error *err)
{
	int r;

	json_out_string(&rehearsal->json, rehearsal->json.root, "words", WORDS);
	rehearsal->left_out = json_out_array(&rehearsal->json, rehearsal->json.root, "left_out");
	if (rehearsal->text)
		fputs(WORDS "\n", rehearsal->text);
	rehearsal_leave_out(config, left_out, rehearsal);
	r = rehearse(prepare, &rehearsal->verdict, err);
	if (r == 0)
		add_json(rehearsal);
	if (r == 0 && rehearsal->text)
		print_text(&rehearsal->verdict, rehearsal->text);
	return r < 0 ? r : rehearsal->verdict.equal ? 0 : CLI_NO;
}

static int answer(struct vm_config *config, const char *path, struct rehearsal *rehearsal,
		  FILE *out, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options checks;
	struct prepare_request prepare = {
		.config = config, .checks = &checks, .template = arg.template};
	int r = launch_spec_from_config(config, &spec, err), booted = 0;

	if (r == 0)
		r = check(spec, path, &checks, err);
	prepare.spec = spec;
	if (r == 0 && !arg.boot_only)
		r = compare_digests(config, &prepare, rehearsal, err);
	if (r >= 0 && arg.boot && rehearsal->text)
		fputc('\n', out);
	if (r >= 0 && (arg.boot || arg.boot_only))
		booted = boot(config, rehearsal, err);
	if (r < 0 || booted < 0)
		return r < 0 ? r : booted;
	if (r == 0)
		r = booted;
	if (cli_json) {
		cli_json_warnings(&rehearsal->json);
		booted = cli_json_end(&rehearsal->json, out, err);
	}
	return booted < 0 ? booted : r;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	struct rehearsal rehearsal = {.text = cli_json ? NULL : out};
	int r = vm_config_read(operands[0], &config, err);

	if (r < 0)
		return r;
	r = check_boot(config, err);
	if (r < 0)
		return r;
	r = choose_emulator(config, err);
	if (r < 0)
		return r;
	cli_json_begin(&rehearsal.json, arg.boot_only ? "snp-boot/1" : "snp-rehearsal/1");
	r = answer(config, operands[0], &rehearsal, out, err);
	json_out_done(&rehearsal.json);
	return r < 0 ? cli_answer(out, r, err) : r;
}

static const struct cli_option *const tables[] = {check_cli_options, options, NULL};

const struct cli_verb verb_rehearse = {
	.name = "rehearse",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "launch a guest on a simulated SNP host and compare digests",
	.example = "web1.json --against reference-values.json",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
