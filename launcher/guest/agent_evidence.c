// SPDX-License-Identifier: Apache-2.0
#include "guest/agent_evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <libvirt/libvirt-qemu.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/json_out.h>

#include "host/hypervisor.h"

/*
 * QEMU 10.0 qga/qapi-schema.json: guest-exec, guest-exec-status. The agent keeps what a program writes
 * until guest-exec-status has told it that the program has ended.
 */
#define ANSWER	     "the guest agent's answer"
#define POLL_MS	     100
#define CALL_SECONDS 10

extern const char snp_responder[];

DEFINE_CLEANUP(struct json *, json_free);

static int read_answer(struct snp_span answer, const char *const keys[], struct json **ret,
		       const struct json_value **ret_return, struct snp_error *err)
{
	static const char *const answer_keys[] = {"return", NULL};
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json_value *value;
	int r = json_parse(ANSWER, answer, &document, err);

	if (r == 0)
		r = json_object(json_root(document), answer_keys, err);
	if (r == 0)
		r = json_need(json_root(document), "return", &value, err);
	if (r == 0)
		r = json_object(value, keys, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(document);
	*ret_return = value;
	return 0;
}

int agent_read_pid(struct snp_span answer, uint64_t *ret, struct snp_error *err)
{
	static const char *const keys[] = {"pid", NULL};
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json_value *object;
	int r = read_answer(answer, keys, &document, &object, err);

	return r < 0 ? r : json_need_integer(object, "pid", 1, INT32_MAX, ret, err);
}

/* The program's output, which is absent where there was none. */
static int read_output(const struct json_value *object, struct evidence *ret, struct snp_error *err)
{
	const struct json_value *output = json_get(object, "out-data");
	const char *text = "";
	size_t length, size;
	int r = output ? json_string(output, &text, err) : 0;

	if (r < 0)
		return r;
	length = strlen(text);
	size = length / 4 * 3;
	if (size >= 3)
		size -= (text[length - 1] == '=' ? 1u : 0u) + (text[length - 2] == '=' ? 1u : 0u);
	if (size > sizeof(ret->bytes))
		return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
				 "the answer is over %zu bytes, too large for a report",
				 sizeof(ret->bytes));
	r = base64_decode(text, "out-data", ret->bytes, size, err);
	if (r < 0)
		return json_in(err, r, output);
	ret->size = size;
	return 0;
}

/* An optional member of the answer; absent is 0. */
static int read_number(const struct json_value *object, const char *key, uint64_t *ret,
		       struct snp_error *err)
{
	const struct json_value *value = json_get(object, key);

	*ret = 0;
	return value ? json_integer(value, 0, INT32_MAX, ret, err) : 0;
}

static int read_ending(const struct json_value *object, struct snp_error *err)
{
	uint64_t status, number;
	int r = read_number(object, "exitcode", &status, err);

	if (r == 0)
		r = read_number(object, "signal", &number, err);
	if (r < 0 || (status == 0 && number == 0))
		return r;
	return fail_with(
		err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
		"the responder %s %" PRIu64 " in the guest; is it an SEV-SNP guest of Linux "
		"6.7 or later with /sys/kernel/config/tsm/report?",
		number ? "was ended by signal" : "ended with status", number ? number : status);
}

int agent_read_status(struct snp_span answer, bool *ret_ended, struct evidence *ret,
		      struct snp_error *err)
{
	static const char *const keys[] = {"exited",   "exitcode",	"signal",	 "out-data",
					   "err-data", "out-truncated", "err-truncated", NULL};
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json_value *object, *exited;
	bool ended = false;
	int r = read_answer(answer, keys, &document, &object, err);

	if (r == 0)
		r = json_need(object, "exited", &exited, err);
	if (r == 0)
		r = json_bool(exited, &ended, err);
	if (r == 0 && ended)
		r = read_ending(object, err);
	if (r == 0 && ended)
		r = read_output(object, ret, err);
	if (r == 0)
		*ret_ended = ended;
	return r;
}

/* Say `command` to the agent; its answer is for free(). */
static int say(virDomainPtr domain, const struct json_out *command, char **ret,
	       struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	char *answer;
	int r = json_out_print_compact(command, &text, err);

	if (r < 0)
		return r;
	answer = virDomainQemuAgentCommand(domain, text, CALL_SECONDS, 0);
	if (!answer)
		return hypervisor_fail(err, "the guest agent did not answer");
	*ret = answer;
	return 0;
}

static struct snp_span span_of(const char *text)
{
	return (struct snp_span){(const uint8_t *)text, strlen(text)};
}

static int run_responder(virDomainPtr domain,
			 const uint8_t report_data[static SNP_REPORT_DATA_SIZE], uint64_t *ret_pid,
			 struct snp_error *err)
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
	r = say(domain, &command, &answer, err);
	return r < 0 ? r : agent_read_pid(span_of(answer), ret_pid, err);
}

static int ask_status(virDomainPtr domain, uint64_t pid, bool *ret_ended, struct evidence *ret,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out command = {0};
	_cleanup_(freep) char *answer = NULL;
	struct cJSON *arguments;
	int r;

	json_out_init(&command, NULL);
	json_out_string(&command, command.root, "execute", "guest-exec-status");
	arguments = json_out_object(&command, command.root, "arguments");
	json_out_integer(&command, arguments, "pid", pid);
	r = say(domain, &command, &answer, err);
	return r < 0 ? r : agent_read_status(span_of(answer), ret_ended, ret, err);
}

int evidence_from_agent(virDomainPtr domain, const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
			struct evidence *ret, struct snp_error *err)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
	bool ended = false;
	uint64_t pid;
	int r = run_responder(domain, report_data, &pid, err);

	for (int waited = 0; r == 0 && waited < EVIDENCE_PATIENCE_MS; waited += POLL_MS) {
		r = ask_status(domain, pid, &ended, ret, err);
		if (r < 0 || ended)
			return r;
		nanosleep(&pause, NULL);
	}
	return r < 0 ? r
		     : fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
				 "no complete answer within %d seconds",
				 EVIDENCE_PATIENCE_MS / 1000);
}
