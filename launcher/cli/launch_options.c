// SPDX-License-Identifier: Apache-2.0
#include "cli/launch_options.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/memory.h>

#include "cli/guest_view.h"
#include "host/uri.h"

static struct {
	bool unbound, remote_measure;
	const char *expect, *template, *remote_root;
	struct cli_number timeout;
} arg;

static struct cli_values set;

/* clang-format off */
const struct cli_option set_options[] = {
	{"set", .argument = "KEY=VALUE", .values = &set,
	 .help = "change the vm.json as it is read: --set name=web2 --set memory.size=4GiB"},
	{0},
};

const struct cli_option launch_options[] = {
	{"expect", .argument = "HEX", .text = &arg.expect,
	 .help = "fail with status 3 if the launch digest is not this one"},
	{"unbound", .flag = &arg.unbound,
	 .help = "launch without an ID block even if boot files cannot be protected"},
	CLI_OPTION_JSON,
	{0},
};

const struct cli_option source_options[] = {
	{"template", .argument = "FILE", .text = &arg.template,
	 .help = "domain XML to start from, instead of the built-in one"},
	{"remote-root", .argument = "DIR", .text = &arg.remote_root,
	 .help = "local folder with copies of the remote host's files"},
	{"remote-measure", .flag = &arg.remote_measure,
	 .help = "measure the files on the remote host, by snp-measure there, over ssh"},
	{"timeout", .argument = "SECONDS", .number = &arg.timeout,
	 .help = "how long to wait for a running guest to stop (default 60)"},
	{0},
};
/* clang-format on */

int launch_options_set(const char *path, const struct json *document, const char *const first[],
		       size_t n, struct vm_config **ret, struct snp_error *err)
{
	const char *all[2 * CLI_MAX_VALUES];
	_cleanup_(freep) char *text = NULL;
	int r;

	if (n > CLI_MAX_VALUES)
		return out_of_memory(err);
	if (n > 0)
		memcpy(all, first, n * sizeof(*all));
	memcpy(all + n, set.value, set.count * sizeof(*all));
	r = json_set(document, all, n + set.count, &text, err);
	return r < 0 ? r : vm_config_parse(path, text_span(text), ret, err);
}

int launch_options_config(const char *path, struct vm_config **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r;

	if (set.count == 0)
		return vm_config_read(path, ret, err);
	r = json_read(path, SNP_MAX_CONFIG, &document, err);
	return r < 0 ? r : launch_options_set(path, document, NULL, 0, ret, err);
}

const char *launch_options_root(void)
{
	return arg.remote_root;
}

void warn_remote_word(void)
{
	cli_warn("measured-remotely",
		 "the digest is what the remote host claims: it proves nothing about that host");
}

int launch_options_request(const struct session *session, const struct vm_config *config,
			   struct launch_request *ret, struct snp_error *err)
{
	int r;

	ret->findings = calloc(1, sizeof(*ret->findings));
	if (!ret->findings)
		return out_of_memory(err);
	ret->create = (struct create_request){
		.prepare = {.config = config,
			    .spec = ret->spec,
			    .template = arg.template,
			    .remote = arg.remote_root || uri_is_remote(session->host.uri),
			    .remote_root = arg.remote_root,
			    .remote_measure = arg.remote_measure,
			    .unbound = arg.unbound,
			    .checks = &ret->checks,
			    .findings = ret->findings},
		.state = session->state,
	};
	if (arg.remote_measure && !uri_is_remote(session->host.uri))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--remote-measure is for remote hosts; %s is this machine",
				 session->host.uri);
	if (arg.remote_measure)
		warn_remote_word();
	r = timeout_read(&arg.timeout, 1, &ret->create.seconds, err);
	if (r < 0 || !arg.expect)
		return r;
	ret->create.prepare.expect = ret->expect;
	return hex_decode(arg.expect, "--expect", ret->expect, sizeof(ret->expect), err);
}

int launch_print_created(FILE *out, const struct session *session, struct guest_record *record,
			 struct snp_error *err)
{
	struct guest guest = {.record = record, .is_recorded = true, .state = DOMAIN_ABSENT};
	_cleanup_(json_out_done) struct json_out json = {0};
	int r;

	snprintf(guest.name, sizeof(guest.name), "%s", record->name);
	r = hypervisor_find_uuid(&session->host, record->uuid, &guest.domain, err);
	if (r == 0 && guest.domain)
		r = domain_state_of(guest.domain, &guest.state, err);
	if (r == 0 && cli_json) {
		cli_json_begin(&json, "snp-guests/1");
		guest_view_json(&json, json_out_array(&json, json.root, "guests"), session,
				record->name, &guest);
		cli_json_warnings(&json);
		r = cli_json_end(&json, out, err);
	} else if (r == 0) {
		char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

		hex_encode(record->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
		fprintf(out, "%s: %s\nlaunch digest %s\nbound by      %s\n", record->name,
			guest_view_state(session, record->name, &guest), digest,
			guest_view_binding(session, &guest));
	}
	domain_freep(&guest.domain);
	return r;
}

void launch_request_done(struct launch_request *request)
{
	launch_spec_free(request->spec);
	free(request->findings);
	request->spec = NULL;
	request->findings = NULL;
}
