// SPDX-License-Identifier: Apache-2.0
#include "guest/agent_evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <libvirt/libvirt-qemu.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/json_out.h>
#include <snp/memory.h>

#include "host/hypervisor.h"

/*
 * QEMU 10.0 qga/qapi-schema.json: guest-exec, guest-exec-status. The agent keeps what a program writes
 * until guest-exec-status has told it that the program has ended.
 */
#define ANSWER	"the guest agent's answer"
#define POLL_MS 100

extern const char snp_responder[];

/* Read {"return": {…}} by `fields` into the struct at `at`; its strings stay with `*ret`. */
static int read_answer(struct snp_span answer, const struct field fields[], void *at,
		       struct json **ret, struct snp_error *err)
{
	const struct field answer_fields[] = {
		FIELD_OBJECT("return", fields, .required = true),
		{0},
	};
	int r = json_parse(ANSWER, answer, ret, err);

	return r < 0 ? r : fields_read(json_root(*ret), answer_fields, at, err);
}

int agent_read_pid(struct snp_span answer, uint64_t *ret, struct snp_error *err)
{
	static const struct field fields[] = {
		SECTION("pid", field_u64, .required = true, .min = 1, .max = INT32_MAX),
		{0},
	};
	_cleanup_(json_freep) struct json *document = NULL;

	return read_answer(answer, fields, ret, &document, err);
}

struct agent_status {
	bool exited, output_cut;
	uint32_t exit_status, signal;
	const char *output; /* in base64 */
};

static int check_ending(const struct agent_status *status, struct snp_error *err)
{
	if (status->exit_status == 0 && status->signal == 0)
		return 0;
	return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
			 "the responder %s %" PRIu32
			 " in the guest; is it an SEV-SNP guest of Linux "
			 "6.7 or later with /sys/kernel/config/tsm/report?",
			 status->signal ? "was ended by signal" : "ended with status",
			 status->signal ? status->signal : status->exit_status);
}

static int decode_output(const char *text, struct evidence *ret, struct snp_error *err)
{
	const size_t length = strlen(text);
	size_t size = length / 4 * 3;
	int r;

	if (size >= 3)
		size -= (text[length - 1] == '=' ? 1u : 0u) + (text[length - 2] == '=' ? 1u : 0u);
	if (size > sizeof(ret->bytes))
		return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
				 "the answer is over %zu bytes, too large for a report",
				 sizeof(ret->bytes));
	r = base64_decode(text, "out-data", ret->bytes, size, err);
	if (r < 0)
		return in_file(err, r, ANSWER);
	ret->size = size;
	return 0;
}

int agent_read_status(struct snp_span answer, bool *ret_ended, struct evidence *ret,
		      struct snp_error *err)
{
	static const struct field fields[] = {
		FIELD("exited", field_bool, agent_status, exited, .required = true),
		FIELD("exitcode", field_u32, agent_status, exit_status, .max = INT32_MAX),
		FIELD("signal", field_u32, agent_status, signal, .max = INT32_MAX),
		FIELD("out-data", field_string, agent_status, output),
		SECTION("err-data", field_skip),
		FIELD("out-truncated", field_bool, agent_status, output_cut),
		SECTION("err-truncated", field_skip),
		{0},
	};
	_cleanup_(json_freep) struct json *document = NULL;
	struct agent_status status = {.output = ""};
	int r = read_answer(answer, fields, &status, &document, err);

	if (r == 0 && status.exited)
		r = check_ending(&status, err);
	if (r == 0 && status.exited && status.output_cut)
		r = fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
			      "the guest agent cut the responder's answer short");
	if (r == 0 && status.exited)
		r = decode_output(status.output, ret, err);
	if (r < 0)
		return r;
	*ret_ended = status.exited;
	return 0;
}

/* Say `command` to the agent; its answer is for free(). libvirt waits up to two times for the agent before it
 * waits for the answer (guest-sync-delimited, guest-sync), each time as long as it is told. */
static int say(virDomainPtr domain, const struct json_out *command, int64_t deadline, char **ret,
	       struct snp_error *err)
{
	const int64_t seconds = evidence_time_left(deadline) / 3000;
	_cleanup_(freep) char *text = NULL;
	char *answer;
	int r = json_out_print_compact(command, &text, err);

	if (r == 0 && seconds == 0)
		r = evidence_late(err);
	if (r < 0)
		return r;
	answer = virDomainQemuAgentCommand(domain, text, (int)seconds, 0);
	if (!answer)
		return hypervisor_fail(err, "the guest agent did not answer");
	*ret = answer;
	return 0;
}

static int run_responder(virDomainPtr domain,
			 const uint8_t report_data[static SNP_REPORT_DATA_SIZE], int64_t deadline,
			 uint64_t *ret_pid, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out command = {0};
	_cleanup_(freep) char *answer = NULL;
	struct cJSON *arguments, *words;
	int r;

	json_out_init(&command, NULL);
	json_out_string(&command, command.root, "execute", "guest-exec");
	arguments = json_out_object(&command, command.root, "arguments");
	json_out_string(&command, arguments, "path", "/bin/sh");
	words = json_out_array(&command, arguments, "arg");
	json_out_string(&command, words, NULL, "-c");
	json_out_string(&command, words, NULL, snp_responder);
	json_out_base64(&command, arguments, "input-data", report_data, SNP_REPORT_DATA_SIZE);
	json_out_bool(&command, arguments, "capture-output", true);
	r = say(domain, &command, deadline, &answer, err);
	return r < 0 ? r : agent_read_pid(text_span(answer), ret_pid, err);
}

static int ask_status(virDomainPtr domain, uint64_t pid, int64_t deadline, bool *ret_ended,
		      struct evidence *ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out command = {0};
	_cleanup_(freep) char *answer = NULL;
	struct cJSON *arguments;
	int r;

	json_out_init(&command, NULL);
	json_out_string(&command, command.root, "execute", "guest-exec-status");
	arguments = json_out_object(&command, command.root, "arguments");
	json_out_integer(&command, arguments, "pid", pid);
	r = say(domain, &command, deadline, &answer, err);
	return r < 0 ? r : agent_read_status(text_span(answer), ret_ended, ret, err);
}

int evidence_from_agent(virDomainPtr domain, const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
			struct evidence *ret, struct snp_error *err)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
	const int64_t deadline = evidence_deadline();
	bool ended = false;
	uint64_t pid;
	int r = run_responder(domain, report_data, deadline, &pid, err);

	while (r == 0) {
		r = ask_status(domain, pid, deadline, &ended, ret, err);
		if (r < 0 || ended)
			return r;
		nanosleep(&pause, NULL);
	}
	return r;
}
