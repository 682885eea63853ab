// SPDX-License-Identifier: Apache-2.0
/* What snp-launch leaves in <metadata>, written and read back. */
#include "domain/domain_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/hex.h>

#include "domain/domain_fill.h"
#include "domain/domain_parts.h"
#include "domain/domain_xml.h"
#include "domain/xml_document.h"

void fill_metadata(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	const struct vm_config *config = request->config;
	xmlNode *ours = xml_add(w, xml_obtain(w, domain, "metadata"), "launch"), *node;
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	xmlNs *ns;

	if (!ours)
		return;
	ns = xmlNewNs(ours, (const xmlChar *)DOMAIN_NAMESPACE, (const xmlChar *)DOMAIN_PREFIX);
	if (!ns) {
		w->failed = true;
		return;
	}
	xmlSetNs(ours, ns);
	xml_add_text(w, ours, "tool", SNP_VERSION);
	if (request->launch_digest) {
		hex_encode(request->launch_digest, SNP_LAUNCH_DIGEST_SIZE, hex);
		xml_add_text(w, ours, "digest", hex);
	}
	xml_add_text(w, ours, "policy", request->asked->policy_text);
	if (request->state)
		xml_add_text(w, ours, "state", request->state);
	for (size_t i = 0; i < request->n_measured; i++) {
		node = xml_add(w, ours, "input");
		xml_set(w, node, "name", request->measured[i].input);
		xml_set_number(w, node, "size", request->measured[i].size);
		hex_encode(request->measured[i].sha256, SNP_SHA256_SIZE, hex);
		xml_set(w, node, "sha256", hex);
	}
	for (size_t i = 0; i < config->n_labels; i++) {
		node = xml_add(w, ours, "label");
		xml_set(w, node, "key", config->labels[i].key);
		xml_set_text(w, node, config->labels[i].value);
	}
}

bool xml_is_launch(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       strcmp((const char *)node->ns->href, DOMAIN_NAMESPACE) == 0 &&
	       strcmp((const char *)node->name, name) == 0;
}

const xmlNode *xml_launch(const xmlNode *metadata)
{
	for (const xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next)
		if (xml_is_launch(node, "launch"))
			return node;
	return NULL;
}

static int damaged(const xmlNode *node, struct snp_error *err)
{
	return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
			 "<%s> in <metadata> was not written by snp-launch",
			 (const char *)node->name);
}

static int read_input(const xmlNode *node, struct domain_record *ret, struct snp_error *err)
{
	_cleanup_(freep) char *name = NULL, *size = NULL, *sha256 = NULL;
	unsigned long long bytes;
	char *end;
	int r = xml_attribute(node, "name", &name, err);

	if (r < 0)
		return r;
	r = xml_attribute(node, "size", &size, err);
	if (r < 0)
		return r;
	r = xml_attribute(node, "sha256", &sha256, err);
	if (r < 0)
		return r;
	if (!name || !size || !sha256 || ret->n_measured == DOMAIN_MAX_MEASURED ||
	    strlen(name) >= sizeof(ret->measured[0].input) || *size < '0' || *size > '9')
		return damaged(node, err);
	bytes = strtoull(size, &end, 10);
	if (*end || hex_decode(sha256, "sha256", ret->measured[ret->n_measured].sha256,
			       SNP_SHA256_SIZE, NULL) < 0)
		return damaged(node, err);
	snprintf(ret->measured[ret->n_measured].input, sizeof(ret->measured[0].input), "%s", name);
	ret->measured[ret->n_measured++].size = bytes;
	return 0;
}

static int read_member(const xmlNode *node, struct domain_record *ret, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	int r;

	if (xml_is_launch(node, "input"))
		return read_input(node, ret, err);
	r = xml_text(node, &text, err);
	if (r < 0)
		return r;
	if (xml_is_launch(node, "digest")) {
		ret->has_launch_digest = true;
		if (hex_decode(text, "digest", ret->launch_digest, sizeof(ret->launch_digest),
			       NULL) < 0)
			return damaged(node, err);
	} else if (xml_is_launch(node, "policy")) {
		ret->has_policy = true;
		if (hex_u64(text, "policy", &ret->policy, NULL) < 0)
			return damaged(node, err);
	} else if (xml_is_launch(node, "tool")) {
		snprintf(ret->tool_version, sizeof(ret->tool_version), "%s", text);
	} else if (xml_is_launch(node, "state")) {
		snprintf(ret->state, sizeof(ret->state), "%s", text);
	}
	return 0;
}

int domain_read_record(const char *name, struct snp_span xml, struct domain_record *ret,
		       struct snp_error *err)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	struct domain_record record = {0};
	const xmlNode *launch;
	int r = xml_parse(name, xml, "domain", &doc, err);

	if (r < 0)
		return r;
	launch = xml_launch(xml_child(xmlDocGetRootElement(doc), "metadata"));
	if (!launch)
		return in_file(err,
			       fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
					 "has no <metadata> of snp-launch"),
			       name);
	for (const xmlNode *node = launch->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE) {
			r = read_member(node, &record, err);
			if (r < 0)
				return in_file(err, r, name);
		}
	*ret = record;
	return 0;
}
