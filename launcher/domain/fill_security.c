// SPDX-License-Identifier: Apache-2.0
/* Writing a domain: <launchSecurity>, labels, and what <metadata> keeps of the launch. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

#include "domain/domain_fill.h"

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void add_text(struct xml_writer *w, xmlNode *parent, const char *name, const char *text)
{
	xml_set_text(w, xml_add(w, parent, name), text);
}

static void add_base64(struct xml_writer *w, xmlNode *parent, const char *name,
		       const uint8_t *bytes, size_t size)
{
	_cleanup_(freep) char *text = base64_encode(bytes, size);

	if (text)
		add_text(w, parent, name, text);
	else
		w->failed = true;
}

/* libvirt reads the policy in base 16, whatever its look, and its schema wants lower case. */
static void add_policy(struct xml_writer *w, xmlNode *parent, uint64_t policy)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%08" PRIx64, policy);
	add_text(w, parent, "policy", text);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Launch as QEMU's user and leave the disks' owners alone. */
static void fill_label(struct xml_writer *w, xmlNode *domain, const struct domain_launch *launch)
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
	snprintf(user, sizeof(user), "+%" PRIu32 ":+%" PRIu32, (uint32_t)launch->uid,
		 (uint32_t)launch->gid);
	add_text(w, label, "label", user);
}

void fill_security(struct xml_writer *w, xmlNode *domain, const struct vm_config *config,
		   const struct domain_launch *launch)
{
	xmlNode *security;

	xml_drop(domain, "launchSecurity");
	security = xml_add(w, domain, "launchSecurity");
	xml_set(w, security, "type", "sev-snp");
	xml_set(w, security, "kernelHashes", yes_no(launch->kernel && config->kernel_hashes));
	xml_set(w, security, "authorKey", yes_no(launch->id_auth && launch->author_key));
	xml_set(w, security, "vcek", yes_no(config->vcek));
	add_policy(w, security, config->policy);
	if (config->has_guest_visible_workarounds)
		add_base64(w, security, "guestVisibleWorkarounds",
			   config->guest_visible_workarounds,
			   sizeof(config->guest_visible_workarounds));
	if (launch->id_block && launch->id_auth) {
		add_base64(w, security, "idBlock", launch->id_block, SNP_ID_BLOCK_SIZE);
		add_base64(w, security, "idAuth", launch->id_auth, SNP_ID_AUTH_SIZE);
	}
	if (!is_zero(launch->host_data, sizeof(launch->host_data)))
		add_base64(w, security, "hostData", launch->host_data, sizeof(launch->host_data));
	if (!config->relabel)
		fill_label(w, domain, launch);
}

void fill_metadata(struct xml_writer *w, xmlNode *domain, const struct vm_config *config,
		   const struct domain_launch *launch)
{
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
	if (launch->launch_digest) {
		hex_encode(launch->launch_digest, SNP_LAUNCH_DIGEST_SIZE, hex);
		add_text(w, ours, "digest", hex);
	}
	add_policy(w, ours, config->policy);
	if (launch->state)
		add_text(w, ours, "state", launch->state);
	for (size_t i = 0; i < launch->n_measured; i++) {
		node = xml_add(w, ours, "input");
		xml_set(w, node, "name", launch->measured[i].input);
		xml_set_number(w, node, "size", launch->measured[i].size);
		hex_encode(launch->measured[i].sha256, SNP_SHA256_SIZE, hex);
		xml_set(w, node, "sha256", hex);
	}
	for (size_t i = 0; i < config->n_labels; i++) {
		node = xml_add(w, ours, "label");
		xml_set(w, node, "key", config->labels[i].key);
		xml_set_text(w, node, config->labels[i].value);
	}
}
