// SPDX-License-Identifier: Apache-2.0
#include <snp/cleanup.h>

#include "cli/guest_view.h"
#include "cli/session.h"
#include "cli/verb.h"

static int show(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_close) struct guest guest = {0};
	_cleanup_(json_out_done) struct json_out json = {0};
	const char *name;
	int r;

	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = guest_open(&session, operands[0], &guest, err);
	if (r < 0)
		return r;
	/* It may have been found by UUID or ID. */
	name = guest.name[0]  ? guest.name
	       : guest.domain ? virDomainGetName(guest.domain)
			      : operands[0];
	if (!cli_json) {
		guest_view_text(out, &session, name, &guest);
		return 0;
	}
	cli_json_begin(&json, "snp-guests/1");
	guest_view_json(&json, json_out_array(&json, json.root, "guests"), &session, name, &guest);
	return cli_json_end(&json, out, err);
}

static int dumpxml(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_close) struct guest guest = {0};
	_cleanup_(freep) char *xml = NULL;
	int r;

	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = guest_open_domain(&session, operands[0], &guest, err);
	if (r < 0)
		return r;
	r = guest_xml(&guest, true, &xml, err);
	if (r < 0)
		return r;
	fputs(xml, out);
	return 0;
}

const struct cli_verb verb_show = {
	.name = "show",
	.alias = "inspect",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "show what was measured of a guest, and what binds it",
	.example = "web1",
	.options = session_json_tables,
	.run = show,
};

const struct cli_verb verb_dumpxml = {
	.name = "dumpxml",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a guest's domain XML from libvirt",
	.example = "web1",
	.options = session_tables,
	.run = dumpxml,
};
