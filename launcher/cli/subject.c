// SPDX-License-Identifier: Apache-2.0
#include "cli/subject.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

#include "domain/domain_read.h"

void subject_close(struct subject *subject)
{
	launch_spec_free(subject->spec);
	vm_config_free(subject->config);
	guest_close(&subject->guest);
	session_close(&subject->session);
	*subject = (struct subject){0};
}

static int open_domain(struct subject *s, struct snp_error *err)
{
	_cleanup_(freep) char *xml = NULL;
	int r;

	r = session_open(NULL, &s->session, err);
	if (r < 0)
		return r;
	r = guest_open_domain(&s->session, s->name, &s->guest, err);
	if (r < 0)
		return r;
	r = guest_xml(&s->guest, true, &xml, err);
	return r < 0 ? r : domain_read(s->name, text_span(xml), &s->spec, err);
}

int subject_open(const char *operand, struct subject *ret, struct snp_error *err)
{
	_cleanup_(subject_close) struct subject s = {.name = operand};
	int r;

	if (!operand_is_file(operand)) {
		r = open_domain(&s, err);
	} else if (operand_ends_in(operand, ".xml")) {
		r = domain_read_file(operand, &s.spec, err);
	} else {
		r = vm_config_read(operand, &s.config, err);
		if (r == 0)
			r = launch_spec_from_config(s.config, &s.spec, err);
	}
	if (r < 0)
		return r;
	*ret = s;
	s = (struct subject){0};
	return 0;
}
