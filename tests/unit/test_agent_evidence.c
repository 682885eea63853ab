// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <libvirt/libvirt-qemu.h>
#include <string.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/memory.h>

#include "guest/agent_evidence.h"

/*
 * The conversation with the guest agent, whose side is a script: libvirt's call goes to the wrapper below,
 * which keeps what was said. The answers have the forms of QEMU 10.0's qga/qapi-schema.json.
 */
#define ANSWERS_MAX 4

#define GONE "gone" /* no answer */

static const char *const *script; /* the last answer is given again and again */
static char *said[ANSWERS_MAX];
static size_t n_said;

/* The clock is the test's: it stands still but for pauses and for what an answer takes, also one that comes
 * too late and is none. libvirt waits up to three times as long as it is told. */
static int64_t clock_ms, answer_ms;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	(void)clock;
	*ret = (struct timespec){.tv_sec = clock_ms / 1000, .tv_nsec = clock_ms % 1000 * 1000000};
	return 0;
}

char *__wrap_virDomainQemuAgentCommand(virDomainPtr domain, const char *command, int timeout,
				       unsigned int flags);
char *__wrap_virDomainQemuAgentCommand(virDomainPtr domain, const char *command, int timeout,
				       unsigned int flags)
{
	const char *answer = *script;

	assert_null(domain);
	assert_true(timeout > 0);
	assert_int_equal(flags, 0);
	clock_ms += answer_ms < 3000 * timeout ? answer_ms : 3000 * timeout;
	if (n_said < ANSWERS_MAX)
		said[n_said] = strdup(command);
	n_said++;
	if (script[1])
		script++;
	return strcmp(answer, GONE) == 0 ? NULL : strdup(answer);
}

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)left;
	clock_ms += 1000 * pause->tv_sec + pause->tv_nsec / 1000000;
	return 0;
}

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < ANSWERS_MAX; i++)
		free(TAKE_PTR(said[i]));
	n_said = 0;
	return 0;
}

static uint8_t nonce[SNP_REPORT_DATA_SIZE];
static struct evidence evidence;

#define PID	"{\"return\":{\"pid\":1234}}"
#define RUNNING "{\"return\":{\"exited\":false}}"
#define ENDED	"{\"return\":{\"exitcode\":0,\"out-data\":\"aGVsbG8=\",\"exited\":true}}"
#define END(m)	"{\"return\":{\"exited\":true," m "}}"

static const struct row {
	const char *name;
	const char *answers[ANSWERS_MAX + 1];
	enum snp_code code;
	const char *output;
} rows[] = {
	{"at once", {PID, ENDED}, SNP_OK, "hello"},
	{"after a while", {PID, RUNNING, RUNNING, ENDED}, SNP_OK, "hello"},
	{"two bytes of padding", {PID, END("\"exitcode\":0,\"out-data\":\"aA==\"")}, SNP_OK, "h"},
	{"no padding", {PID, END("\"exitcode\":0,\"out-data\":\"aGV5\"")}, SNP_OK, "hey"},
	{"without output", {PID, END("\"exitcode\":0")}, SNP_OK, ""},
	{"also on standard error",
	 {PID, END("\"exitcode\":0,\"out-data\":\"aA==\",\"err-data\":\"aA==\","
		   "\"err-truncated\":false,\"out-truncated\":false")},
	 SNP_OK,
	 "h"},

	{"no agent", {GONE}, SNP_E_LIBVIRT, NULL},
	{"an agent that goes away", {PID, RUNNING, GONE}, SNP_E_LIBVIRT, NULL},
	{"never ends", {PID, RUNNING}, SNP_E_NO_EVIDENCE, NULL},
	{"ended with 1",
	 {PID, END("\"exitcode\":1,\"err-data\":\"aA==\"")},
	 SNP_E_NO_EVIDENCE,
	 NULL},
	{"ended with 1, with output",
	 {PID, END("\"exitcode\":1,\"out-data\":\"aA==\"")},
	 SNP_E_NO_EVIDENCE,
	 NULL},
	{"output cut short",
	 {PID, END("\"exitcode\":0,\"out-data\":\"aGVsbG8=\",\"out-truncated\":true")},
	 SNP_E_NO_EVIDENCE,
	 NULL},
	{"ended by a signal", {PID, END("\"signal\":9")}, SNP_E_NO_EVIDENCE, NULL},

	{"an error",
	 {"{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"no\"}}"},
	 SNP_E_JSON_UNKNOWN_KEY,
	 NULL},
	{"nothing", {""}, SNP_E_JSON_SYNTAX, NULL},
	{"no object", {"[]"}, SNP_E_JSON_TYPE, NULL},
	{"no return", {"{}"}, SNP_E_JSON_MISSING_KEY, NULL},
	{"no pid", {"{\"return\":{}}"}, SNP_E_JSON_MISSING_KEY, NULL},
	{"pid 0", {"{\"return\":{\"pid\":0}}"}, SNP_E_JSON_VALUE, NULL},
	{"pid of 32 bits", {"{\"return\":{\"pid\":2147483648}}"}, SNP_E_JSON_VALUE, NULL},
	{"pid as text", {"{\"return\":{\"pid\":\"1\"}}"}, SNP_E_JSON_TYPE, NULL},
	{"pid twice", {"{\"return\":{\"pid\":1,\"pid\":2}}"}, SNP_E_JSON_DUPLICATE_KEY, NULL},
	{"more than a pid", {"{\"return\":{\"pid\":1,\"id\":2}}"}, SNP_E_JSON_UNKNOWN_KEY, NULL},
	{"bytes after it", {PID "{}"}, SNP_E_JSON_SYNTAX, NULL},
	{"status of a pid", {PID, PID}, SNP_E_JSON_UNKNOWN_KEY, NULL},
	{"no exited", {PID, "{\"return\":{\"exitcode\":0}}"}, SNP_E_JSON_MISSING_KEY, NULL},
	{"exited as a number", {PID, "{\"return\":{\"exited\":1}}"}, SNP_E_JSON_TYPE, NULL},
	{"exit code as text", {PID, END("\"exitcode\":\"0\"")}, SNP_E_JSON_TYPE, NULL},
	{"output as a number", {PID, END("\"out-data\":1")}, SNP_E_JSON_TYPE, NULL},
	{"output that is not base64", {PID, END("\"out-data\":\"aGV*\"")}, SNP_E_BAD_BASE64, NULL},
	{"output that is cut off", {PID, END("\"out-data\":\"aGV5a\"")}, SNP_E_BAD_BASE64, NULL},
	{"output of one character", {PID, END("\"out-data\":\"=\"")}, SNP_E_BAD_BASE64, NULL},
	{"output of padding alone", {PID, END("\"out-data\":\"====\"")}, SNP_E_BAD_BASE64, NULL},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_error err = {0};
	int r;

	script = row->answers;
	evidence.size = SIZE_MAX;
	r = evidence_from_agent(NULL, nonce, &evidence, &err);
	assert_int_equal(r, -(int)row->code);
	assert_int_equal(err.code, row->code);
	assert_int_equal(evidence.size == SIZE_MAX, r < 0);
	if (row->output) {
		assert_int_equal(evidence.size, strlen(row->output));
		assert_memory_equal(evidence.bytes, row->output, evidence.size);
	}
	forget(NULL);
}

/* What was said `i`-th is the command `name`; its arguments. */
static const struct json_value *arguments_of(size_t i, const char *name, struct json **ret_document)
{
	const struct json_value *value;
	const char *text;

	assert_int_equal(json_parse("said", text_span(said[i]), ret_document, NULL), 0);
	value = json_get(json_root(*ret_document), "execute");
	assert_int_equal(json_string(value, &text, NULL), 0);
	assert_string_equal(text, name);
	return json_get(json_root(*ret_document), "arguments");
}

static void says(const struct json_value *value, const char *wanted)
{
	const char *text;

	assert_non_null(value);
	assert_int_equal(json_string(value, &text, NULL), 0);
	assert_string_equal(text, wanted);
}

static void the_responder_of_the_manual_runs_with_the_nonce(void **state)
{
	static const char *const answers[] = {PID, RUNNING, ENDED, NULL};
	_cleanup_(json_freep) struct json *first = NULL, *second = NULL, *third = NULL;
	_cleanup_(freep) char *base64 = base64_encode(nonce, sizeof(nonce));
	_cleanup_(fclosep) FILE *file = fopen(SNP_SOURCE "/templates/snp-responder", "re");
	const struct json_value *arguments, *word;
	char responder[4096];
	uint64_t pid;
	bool capture;

	(void)state;
	assert_non_null(file);
	responder[fread(responder, 1, sizeof(responder) - 1, file)] = '\0';
	script = answers;
	assert_int_equal(evidence_from_agent(NULL, nonce, &evidence, NULL), 0);
	assert_int_equal(n_said, 3);
	arguments = arguments_of(0, "guest-exec", &first);
	says(json_get(arguments, "path"), "/bin/sh");
	word = json_first(json_get(arguments, "arg"));
	says(word, "-c");
	word = json_next(word);
	says(word, responder);
	assert_null(json_next(word));
	says(json_get(arguments, "input-data"), base64);
	assert_int_equal(json_bool(json_get(arguments, "capture-output"), &capture, NULL), 0);
	assert_true(capture);
	for (size_t i = 1; i < 3; i++) {
		arguments = arguments_of(i, "guest-exec-status", i == 1 ? &second : &third);
		assert_int_equal(
			json_integer(json_get(arguments, "pid"), 0, UINT32_MAX, &pid, NULL), 0);
		assert_int_equal(pid, 1234);
	}
	forget(NULL);
}

/* However slowly the agent answers, the whole takes no longer than was promised. */
static void a_slow_agent_has_a_deadline(void **state)
{
	static const char *const running[] = {PID, RUNNING, NULL};

	(void)state;
	for (answer_ms = 0; answer_ms <= 60000; answer_ms = 2 * answer_ms + 500) {
		struct snp_error err = {0};
		int64_t begun = clock_ms;

		script = running;
		assert_int_equal(evidence_from_agent(NULL, nonce, &evidence, &err),
				 -SNP_E_NO_EVIDENCE);
		assert_non_null(strstr(err.message, "within 30 seconds"));
		assert_in_range(clock_ms - begun, EVIDENCE_PATIENCE_MS - 20000,
				EVIDENCE_PATIENCE_MS);
		forget(NULL);
	}
	answer_ms = 0;
}

/* As much output as a container may have, and a byte more. */
static void output_has_a_limit(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		const size_t size = sizeof(evidence.bytes) + more;
		_cleanup_(freep) uint8_t *bytes = calloc(1, size);
		_cleanup_(freep) char *base64 = base64_encode(bytes, size), *text = NULL;
		bool ended = false;
		int r;

		assert_true(asprintf(&text, "{\"return\":{\"exited\":true,\"out-data\":\"%s\"}}",
				     base64) > 0);
		evidence.size = SIZE_MAX;
		r = agent_read_status(text_span(text), &ended, &evidence, NULL);
		assert_int_equal(r, more ? -SNP_E_NO_EVIDENCE : 0);
		assert_int_equal(ended, !more);
		assert_true(evidence.size == (more ? SIZE_MAX : size));
	}
}

/* Cut off anywhere, and with any one bit turned: failed if and only if explained, outputs left alone. */
static void mangled_answers_are_explained(void **state)
{
	char text[] = ENDED;

	(void)state;
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		bool ended = false;

		assert_true(agent_read_status((struct snp_span){(uint8_t *)text, size}, &ended,
					      &evidence, NULL) < 0);
		assert_false(ended);
	}
	for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
		struct snp_error err = {0};
		bool ended = false;
		int r;

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		evidence.size = SIZE_MAX;
		r = agent_read_status(text_span(text), &ended, &evidence, &err);
		assert_int_equal(r < 0, err.message[0] != '\0');
		assert_int_equal(r, -(int)err.code);
		assert_int_equal(ended, evidence.size != SIZE_MAX);
		if (r < 0)
			assert_false(ended);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(the_responder_of_the_manual_runs_with_the_nonce),
		cmocka_unit_test(a_slow_agent_has_a_deadline),
		cmocka_unit_test(output_has_a_limit),
		cmocka_unit_test(mangled_answers_are_explained),
	};
	size_t n = tests_listed(tests);

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(3 * i + 1);
	/* Without it libvirt has no place for the last error, and still looks there. */
	if (virInitialize() < 0)
		return 1;
	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("agent evidence", tests, n);
}
