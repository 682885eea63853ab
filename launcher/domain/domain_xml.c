// SPDX-License-Identifier: Apache-2.0
#include "domain/domain_xml.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/memory.h>

#include "config/difference.h"
#include "config/text_rule.h"
#include "domain/domain_fill.h"
#include "domain/domain_read.h"

static int read_template(const char *path, xmlDoc **ret, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r;

	if (!path)
		return xml_parse(
			"domain.xml",
			(struct snp_span){(const uint8_t *)domain_template, domain_template_size},
			"domain", ret, err);
	r = file_read(path, DOMAIN_MAX_SIZE, &bytes, &size, err);
	return r < 0 ? r : xml_parse(path, (struct snp_span){bytes, size}, "domain", ret, err);
}

static int merge_file(struct xml_writer *w, const char *path, struct snp_error *err)
{
	_cleanup_(xmlFreeDocp) xmlDoc *fragment = NULL;
	int r = read_template(path, &fragment, err);

	if (r < 0)
		return r;
	xml_merge(w, xmlDocGetRootElement(w->doc), xmlDocGetRootElement(fragment));
	return 0;
}

/* The configuration's own strings were checked when they were read. */
static int check_texts(const struct domain_request *q, struct snp_error *err)
{
	const char *const texts[] = {q->asked->uuid,	 q->asked->firmware, q->asked->kernel,
				     q->asked->initrd,	 q->console_log,     q->state,
				     q->config->emulator};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i] && !text_is_plain(texts[i], false))
			return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
					 "'%s' has characters that XML cannot carry or that are "
					 "invisible",
					 texts[i]);
	/* QEMU takes a comma as the end of a value. */
	if (q->asked->is_igvm && q->asked->firmware && strchr(q->asked->firmware, ','))
		return fail_with(
			err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
			"'%s' has a comma, which QEMU cannot take in the path of an IGVM file",
			q->asked->firmware);
	return 0;
}

/* First refuse what no operator can allow, with its cure; then every other change of what was asked for;
 * then what the checks find that vm.json cannot express. The other checks were run on vm.json. */
static int judge(const struct domain_request *q, const struct launch_spec *written,
		 struct findings *ret, struct snp_error *err)
{
	struct check_options options = q->checks ? *q->checks : (struct check_options){0};
	_cleanup_(freep) struct findings *all = malloc(sizeof(*all)); /* large for a stack */
	struct differences d;

	if (!all)
		return out_of_memory(err);
	options.emulator = q->config->emulator;
	checks_run(written, &options, all);
	for (size_t i = 0; i < all->n; i++) {
		const struct finding *f = &all->at[i];

		if (f->check->fixed)
			return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET, "%s; %s [%s]",
					 f->message, f->check->cure, f->check->name);
		if (f->check->pointer)
			continue;
		ret->at[ret->n] = *f;
		ret->at[ret->n++].line = 0; /* of the whole, not of the fragment */
		ret->n_errors += f->severity == CHECK_ERROR;
	}
	differences_find(q->asked, written, &d);
	if (d.n == 0)
		return 0;
	return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
			 "changes what vm.json sets: %s: asked %s, found %s", d.at[0].what,
			 d.at[0].asked, d.at[0].found);
}

/* Read the finished text as libvirt will. */
static int verify(const struct domain_request *q, const char *text, struct snp_error *err)
{
	const char *blame = q->config->libvirt_xml ? q->config->libvirt_xml
			    : q->template	   ? q->template
						   : "domain.xml";
	_cleanup_(launch_spec_freep) struct launch_spec *written = NULL;
	_cleanup_(freep) struct findings *findings = calloc(1, sizeof(*findings));
	int r = findings ? domain_read(blame, text_span(text), &written, err) : out_of_memory(err);

	if (r < 0)
		return r;
	r = in_file(err, judge(q, written, findings, err), blame);
	if (r < 0)
		return r;
	if (q->findings)
		*q->findings = *findings;
	return findings_refuse(findings, blame, err);
}

int domain_xml_build(const struct domain_request *request, char **ret, struct snp_error *err)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	_cleanup_(freep) char *text = NULL;
	struct xml_writer w;
	xmlNode *domain;
	int r;

	r = check_texts(request, err);
	if (r < 0)
		return r;
	r = read_template(request->template, &doc, err);
	if (r < 0)
		return r;
	w = (struct xml_writer){.doc = doc};
	domain = xmlDocGetRootElement(doc);
	fill_machine(&w, domain, request);
	fill_devices(&w, domain, request);
	fill_security(&w, domain, request);
	if (request->config->libvirt_xml)
		r = merge_file(&w, request->config->libvirt_xml, err);
	fill_metadata(&w, domain, request);
	if (r < 0)
		return r;
	r = xml_print(&w, &text, err);
	if (r < 0)
		return r;
	r = verify(request, text, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(text);
	return 0;
}
