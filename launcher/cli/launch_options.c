// SPDX-License-Identifier: Apache-2.0
#include "cli/launch_options.h"

#include <string.h>

#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/memory.h>

#include "host/uri.h"

static struct {
	bool unbound;
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
	{"template", .argument = "FILE", .text = &arg.template,
	 .help = "domain XML to start from, instead of the built-in one"},
	{"remote-root", .argument = "DIR", .text = &arg.remote_root,
	 .help = "local folder with copies of the remote host's files"},
	{"unbound", .flag = &arg.unbound,
	 .help = "launch without an ID block even if boot files cannot be protected"},
	{"timeout", .argument = "SECONDS", .number = &arg.timeout,
	 .help = "how long to wait for a running guest to stop (default 60)"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

int launch_options_config(const char *path, struct vm_config **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(freep) char *text = NULL;
	int r;

	if (set.count == 0)
		return vm_config_read(path, ret, err);
	r = json_read(path, SNP_MAX_CONFIG, &document, err);
	if (r < 0)
		return r;
	r = json_set(document, set.value, set.count, &text, err);
	return r < 0 ? r : vm_config_parse(path, text_span(text), ret, err);
}

const char *launch_options_root(void)
{
	return arg.remote_root;
}

int launch_options_request(const struct session *session, const struct vm_config *config,
			   struct launch_request *ret, struct snp_error *err)
{
	int r;

	ret->create = (struct create_request){
		.prepare = {.config = config,
			    .spec = ret->spec,
			    .template = arg.template,
			    .remote = arg.remote_root || uri_is_remote(session->host.uri),
			    .remote_root = arg.remote_root,
			    .unbound = arg.unbound,
			    .checks = &ret->checks,
			    .findings = &ret->findings},
		.state = session->state,
	};
	r = timeout_read(&arg.timeout, 1, &ret->create.seconds, err);
	if (r < 0 || !arg.expect)
		return r;
	ret->create.prepare.expect = ret->expect;
	return hex_decode(arg.expect, "--expect", ret->expect, sizeof(ret->expect), err);
}

void launch_request_done(struct launch_request *request)
{
	launch_spec_free(request->spec);
	request->spec = NULL;
}
