// SPDX-License-Identifier: Apache-2.0
/* Writing a domain: <launchSecurity>, labels, and what <metadata> keeps of the launch. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

#include "domain/domain_fill.h"

static const char *yes_no(enum spec_switch value)
{
	return value == SPEC_ON ? "yes" : "no";
}

static void add_text(struct xml_writer *w, xmlNode *parent, const char *name, const char *text)
{
	xml_set_text(w, xml_add(w, parent, name), text);
}

static void add_blob(struct xml_writer *w, xmlNode *parent, const char *name,
		     const struct spec_blob *blob)
{
	if (blob->text)
		add_text(w, parent, name, blob->text);
}

/* libvirt reads the policy in base 16, whatever its look, and its schema wants lower case. */
static void add_policy(struct xml_writer *w, xmlNode *parent, uint64_t policy)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%08" PRIx64, policy);
	add_text(w, parent, "policy", text);
}

/* Launch as QEMU's user and leave the disks' owners alone. */
static void fill_label(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	xmlNode *label = xml_child(domain, "seclabel"), *next;
	char user[32];

	for (; label; label = next) {
		next = xml_next(label, "seclabel");
		if (!xml_attribute_is(label, "model", "dac"))
			continue;
		xmlUnlinkNode(label);
		xmlFreeNode(label);
	}
	label = xml_add(w, domain, "seclabel");
	xml_set(w, label, "type", "static");
	xml_set(w, label, "model", "dac");
	xml_set(w, label, "relabel", "no");
	snprintf(user, sizeof(user), "+%" PRIu32 ":+%" PRIu32, (uint32_t)request->uid,
		 (uint32_t)request->gid);
	add_text(w, label, "label", user);
}

void fill_security(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	const struct launch_spec *asked = request->asked;
	xmlNode *security;

	xml_drop(domain, "launchSecurity");
	security = xml_add(w, domain, "launchSecurity");
	xml_set(w, security, "type", "sev-snp");
	xml_set(w, security, "kernelHashes", yes_no(asked->kernel_hashes));
	xml_set(w, security, "authorKey", yes_no(asked->author_key));
	xml_set(w, security, "vcek", yes_no(asked->vcek));
	add_policy(w, security, asked->policy);
	add_blob(w, security, "guestVisibleWorkarounds", &asked->workarounds_text);
	add_blob(w, security, "idBlock", &asked->id_block_text);
	add_blob(w, security, "idAuth", &asked->id_auth_text);
	add_blob(w, security, "hostData", &asked->host_data_text);
	if (!request->config->relabel)
		fill_label(w, domain, request);
}

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
	add_text(w, ours, "tool", SNP_VERSION);
	if (request->launch_digest) {
		hex_encode(request->launch_digest, SNP_LAUNCH_DIGEST_SIZE, hex);
		add_text(w, ours, "digest", hex);
	}
	add_policy(w, ours, config->policy);
	if (request->state)
		add_text(w, ours, "state", request->state);
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
