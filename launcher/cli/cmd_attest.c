// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/evidence_folder.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/judge.h>
#include <snp/memory.h>

#include "cli/session.h"
#include "cli/verb.h"
#include "guest/agent_evidence.h"
#include "guest/evidence.h"
#include "guest/guest_dir.h"

static struct {
	const char *vsock, *simulated_root, *jwks, *maa_issuer, *maa_compliance, *save_data, *save;
	struct cli_values certificates;
	bool guest_agent, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"vsock", .argument = "CID:PORT", .text = &arg.vsock,
	 .help = "ask the responder on this port of the guest"},
	{"guest-agent", .flag = &arg.guest_agent,
	 .help = "ask the QEMU guest agent, which runs as root in the guest"},
	{"certificates", .argument = "PATH", .values = &arg.certificates,
	 .help = "file or folder with more certificates"},
	{"jwks", .argument = "FILE", .text = &arg.jwks,
	 .help = "keys of Azure Attestation, for a token in the answer"},
	{"maa-issuer", .argument = "URL", .text = &arg.maa_issuer,
	 .help = "required issuer of the token: an instance of Azure Attestation"},
	{"maa-compliance", .argument = "STATUS", .text = &arg.maa_compliance,
	 .help = "required compliance status in the token"},
	{"save-runtime-data", .argument = "FILE", .text = &arg.save_data,
	 .help = "if accepted, write here what the guest bound to the nonce, such as its public key"},
	{"save", .argument = "DIR", .text = &arg.save,
	 .help = "keep in this new folder all that is needed to repeat the verdict with 'snp-measure verify DIR'"},
	{"simulated-root", .argument = "FILE", .text = &arg.simulated_root,
	 .help = "for this run, trust this ARK of a simulated host"},
	{"verbose", 'v', .flag = &arg.verbose, .help = "print every check"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

#define REPORT_SOCKET "report.sock"

static int parse_vsock(uint32_t *ret_cid, uint32_t *ret_port, struct snp_error *err)
{
	const char *colon = strchr(arg.vsock, ':');
	uint64_t cid = 0, port = 0;
	char text[32];
	int r;

	if (!colon || (size_t)(colon - arg.vsock) >= sizeof(text))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--vsock: invalid CID:PORT '%s'; write it like 3:5000", arg.vsock);
	snprintf(text, sizeof(text), "%.*s", (int)(colon - arg.vsock), arg.vsock);
	r = cli_parse_number(text, "--vsock", &cid, err);
	if (r == 0)
		r = cli_parse_number(colon + 1, "--vsock", &port, err);
	if (r == 0 && (cid > UINT32_MAX || port > UINT32_MAX))
		r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			      "--vsock: both numbers must be at most 4294967295");
	*ret_cid = (uint32_t)cid;
	*ret_port = (uint32_t)port;
	return r;
}

static int ask(const struct session *session, virDomainPtr domain, const char *name,
	       char *const command[], const uint8_t nonce[static SNP_REPORT_DATA_SIZE],
	       struct evidence *ret, struct snp_error *err)
{
	_cleanup_(freep) char *run = NULL;
	uint32_t cid, port;
	int r;

	if (command[0])
		return evidence_from_command(command, nonce, ret, err);
	if (arg.guest_agent)
		return evidence_from_agent(domain, nonce, ret, err);
	if (arg.vsock) {
		r = parse_vsock(&cid, &port, err);
		return r < 0 ? r : evidence_from_vsock(cid, port, nonce, ret, err);
	}
	run = format_text("%s/%s/" GUEST_RUN, session->state, name);
	if (!run)
		return out_of_memory(err);
	return evidence_from_socket(run, REPORT_SOCKET, nonce, ret, err);
}

static int save_data(struct snp_span data, struct snp_error *err)
{
	if (data.size <= SNP_REPORT_DATA_SIZE)
		return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
				 "the answer has no runtime_data beyond the 64 bytes; leave out "
				 "--save-runtime-data");
	(void)snp_span_sub(data, SNP_REPORT_DATA_SIZE, data.size - SNP_REPORT_DATA_SIZE, &data);
	return file_write(arg.save_data, data, 0666, true, err);
}

static int print_json(const char *name, const struct snp_verdict *verdict, FILE *out,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};

	cli_json_begin(&json, "snp-attest/1");
	json_out_string(&json, json.root, "guest", name);
	cli_verdict_json(&json, verdict, NULL);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int save(const char *name, const struct snp_evidence *evidence,
		const struct snp_expectations *expected, struct snp_span nonce,
		const struct snp_verdict *verdict, struct snp_error *err)
{
	struct evidence_parts parts = {.evidence = evidence, .expected = expected, .nonce = nonce};
	_cleanup_(freep) char *text = NULL;
	FILE *out = open_memstream(&text, &parts.verdict.size);
	int r;

	if (!out)
		return out_of_memory(err);
	r = print_json(name, verdict, out, err);
	if (fclose(out) != 0 || !text)
		return out_of_memory(err);
	parts.verdict.data = (const uint8_t *)text;
	return r < 0 ? r : evidence_save(arg.save, &parts, err);
}

static int attest(const char *name, char *const command[], struct snp_verdict **ret,
		  struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_close) struct guest guest = {0};
	_cleanup_(freep) struct evidence *answer = malloc(sizeof(*answer));
	_cleanup_(cli_report_done) struct cli_report report = {0};
	_cleanup_(freep) uint8_t *jwks = NULL;
	struct cli_sources sources = {.certificates = &arg.certificates,
				      .simulated_root = arg.simulated_root};
	uint8_t nonce[SNP_REPORT_DATA_SIZE];
	struct snp_expectations expected;
	struct snp_evidence evidence;
	int r;

	if (!answer)
		return out_of_memory(err);
	r = arg.jwks ? file_read(arg.jwks, SNP_MAX_CONFIG, &jwks, &sources.jwks.size, err) : 0;
	if (r < 0)
		return r;
	sources.jwks.data = jwks;
	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return fail_errno(err, SNP_E_SYSTEM, errno, "no random bytes for a nonce");
	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = guest_open(&session, name, &guest, err);
	if (r < 0)
		return r;
	if (!guest.record)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "'%s' has no record of its measurement; snp-launch did not create "
				 "it",
				 name);
	if (!domain_state_is_active(guest.state))
		return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
				 "'%s' is not running; start it first", name);
	r = ask(&session, guest.domain, guest.name, command, nonce, answer, err);
	if (r < 0)
		return r;
	r = cli_report_take((struct snp_span){answer->bytes, answer->size}, &report, err);
	if (r < 0)
		return r;
	sources.at_time = time(NULL); /* a token in the answer is younger than the question */
	evidence_expect(guest.record, nonce, &expected);
	expected.maa_issuer = arg.maa_issuer;
	expected.maa_compliance = arg.maa_compliance;
	r = evidence_expect_data(report.container.runtime_data, nonce, &expected, err);
	if (r < 0)
		return r;
	r = cli_judge(&report, &sources, &expected, &evidence, ret, err);
	if (r < 0)
		return r;
	cli_verdict_warn(*ret);
	if (arg.save)
		r = save(name, &evidence, &expected, (struct snp_span){nonce, sizeof(nonce)}, *ret,
			 err);
	return r < 0 || !arg.save_data || !snp_verdict_accepted(*ret)
		       ? r
		       : save_data(report.container.runtime_data, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	const unsigned int sources =
		(operands[1] ? 1u : 0u) + (arg.vsock ? 1u : 0u) + (arg.guest_agent ? 1u : 0u);
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	int r;

	/* The simulated host's root can be combined with another way to its chip. */
	if (sources > 1 || (sources == 0 && !arg.simulated_root))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "choose one way to ask the guest: -- COMMAND…, --vsock CID:PORT, "
				 "--guest-agent, or on a simulated host --simulated-root FILE");
	if ((arg.maa_issuer || arg.maa_compliance) && !arg.jwks)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s requires --jwks",
				 arg.maa_issuer ? "--maa-issuer" : "--maa-compliance");
	r = attest(operands[0], operands + 1, &verdict, err);
	if (r < 0)
		return r;
	if (cli_json) {
		r = print_json(operands[0], verdict, out, err);
	} else {
		fprintf(out, "%s: ", operands[0]);
		cli_verdict_print(verdict, NULL, arg.verbose, out);
	}
	return r < 0 ? r : snp_verdict_accepted(verdict) ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {session_options, options, NULL};

const struct cli_verb verb_attest = {
	.name = "attest",
	.operands = "NAME [-- COMMAND…]",
	.min_operands = 1,
	.max_operands = 256,
	.takes_command = true,
	.summary = "get a fresh report from a running guest and check it",
	.example = "web1 --vsock 3:5000",
	.options = tables,
	.run = run,
};
