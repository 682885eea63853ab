// SPDX-License-Identifier: Apache-2.0
#include "domain/domain_xml.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>

#include "config/checks.h"
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

	if (r == 0)
		merge_fragment(w, xmlDocGetRootElement(w->doc), xmlDocGetRootElement(fragment));
	return r;
}

/* The configuration's own strings were held to this when they were read. */
static int check_texts(const struct domain_launch *launch, struct snp_error *err)
{
	const char *const texts[] = {launch->uuid,    launch->firmware,	   launch->kernel,
				     launch->initrd,  launch->console_log, launch->state,
				     launch->emulator};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i] && !text_is_plain(texts[i], false))
			return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
					 "'%s' has characters that XML cannot carry or that do not "
					 "show",
					 texts[i]);
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

/* Empty and absent are one command line. */
static bool same_cmdline(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_blob(const struct spec_blob *blob, const uint8_t *found, const uint8_t *wanted,
		      size_t size)
{
	if (!wanted)
		return !blob->text;
	return blob->text ? blob->valid && memcmp(found, wanted, size) == 0 : false;
}

/* The first thing that the domain would launch other than asked for; NULL if there is none. */
static const char *find_difference(const struct vm_config *config,
				   const struct domain_launch *launch,
				   const struct launch_spec *wanted,
				   const struct launch_spec *found)
{
	static const uint8_t zeros[32];
	const char *uuid = launch->uuid ? launch->uuid : config->uuid;
	const struct {
		const char *what;
		bool same;
	} parts[] = {
		{"name", same(found->name, wanted->name)},
		{"uuid", !uuid || same(found->uuid, uuid)},
		{"machine", found->machine && strstr(found->machine, "q35")},
		{"loader", same(found->firmware, launch->firmware) && !found->pflash &&
				   !found->nvram && found->loader_stateless == SPEC_ON},
		{"kernel", same(found->kernel, launch->kernel)},
		{"initrd", same(found->initrd, launch->initrd)},
		{"cmdline", same_cmdline(found->cmdline, wanted->cmdline)},
		{"vcpu", found->vcpu_count == wanted->vcpu_count &&
				 found->vcpu_maximum == wanted->vcpu_count},
		{"cpu", found->cpu_mode == wanted->cpu_mode && !found->cpu_may_change &&
				same(found->cpu_model, wanted->cpu_model)},
		{"memory", found->memory_kib == wanted->memory_kib},
		{"policy", found->has_policy && found->policy == wanted->policy},
		{"kernelHashes",
		 (found->kernel_hashes == SPEC_ON) == (launch->kernel && config->kernel_hashes)},
		{"authorKey",
		 (found->author_key == SPEC_ON) == (launch->id_auth && launch->author_key)},
		{"vcek", (found->vcek == SPEC_ON) == config->vcek},
		{"hostData",
		 memcmp(found->host_data, launch->host_data, sizeof(found->host_data)) == 0},
		{"guestVisibleWorkarounds",
		 memcmp(found->guest_visible_workarounds,
			config->has_guest_visible_workarounds ? config->guest_visible_workarounds
							      : zeros,
			sizeof(found->guest_visible_workarounds)) == 0},
		{"idBlock", same_blob(&found->id_block_text, found->id_block, launch->id_block,
				      SNP_ID_BLOCK_SIZE)},
		{"idAuth", same_blob(&found->id_auth_text, found->id_auth, launch->id_auth,
				     SNP_ID_AUTH_SIZE)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!parts[i].same)
			return parts[i].what;
	return NULL;
}

/* Read the finished text as libvirt will, and hold it to what was asked for and to every check that
 * cannot be turned off. */
static int verify(const struct vm_config *config, const struct domain_launch *launch,
		  const char *text, const char *blame, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *wanted = NULL, *found = NULL;
	const char *difference;
	struct findings findings;
	int r;

	r = domain_read("domain", (struct snp_span){(const uint8_t *)text, strlen(text)}, &found,
			err);
	if (r == 0)
		r = launch_spec_from_config(config, &wanted, err);
	if (r < 0)
		return r;
	difference = find_difference(config, launch, wanted, found);
	if (difference)
		return in_file(err,
			       fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
					 "changes <%s>, which vm.json and the measurement say",
					 difference),
			       blame);
	checks_run(found, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++)
		if (findings.at[i].check->fixed)
			return in_file(err,
				       fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
						 "%s; %s [%s]", findings.at[i].message,
						 findings.at[i].check->cure,
						 findings.at[i].check->name),
				       blame);
	return 0;
}

int domain_xml_build(const struct vm_config *config, const struct domain_launch *launch,
		     const char *template, char **ret, struct snp_error *err)
{
	const char *blame = config->libvirt_xml ? config->libvirt_xml
			    : template		? template
						: "domain.xml";
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	_cleanup_(freep) char *text = NULL;
	struct xml_writer w;
	xmlNode *domain;
	int r;

	r = check_texts(launch, err);
	if (r == 0)
		r = read_template(template, &doc, err);
	if (r < 0)
		return r;
	w = (struct xml_writer){.doc = doc};
	domain = xmlDocGetRootElement(doc);
	fill_machine(&w, domain, config, launch);
	fill_devices(&w, domain, config, launch);
	fill_security(&w, domain, config, launch);
	if (config->libvirt_xml)
		r = merge_file(&w, config->libvirt_xml, err);
	fill_metadata(&w, domain, config, launch);
	if (r == 0)
		r = xml_print(&w, &text, err);
	if (r == 0)
		r = verify(config, launch, text, blame, err);
	if (r == 0)
		*ret = TAKE_PTR(text);
	return r;
}
