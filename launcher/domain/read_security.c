// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: <launchSecurity>. */
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/hex.h>

#include "domain/domain_parts.h"

/* libvirt reads the policy with strtoull() in base 16: "196608" is 0x196608. */
static int read_policy(const xmlNode *security, struct launch_spec *spec, struct snp_error *err)
{
	char *end;
	int r = xml_trimmed(xml_child(security, "policy"), &spec->policy_text, err);

	if (r < 0 || !spec->policy_text)
		return r;
	const char *digits = spec->policy_text;

	if (digits[0] == '0' && (digits[1] | 0x20) == 'x')
		digits += 2;
	if (!*digits || strlen(digits) > 16 ||
	    digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0')
		return 0;
	spec->policy = strtoull(digits, &end, 16);
	spec->has_policy = true;
	return 0;
}

/* QEMU passes over newlines in base64, and over nothing else (util/base64.c). */
static void drop_newlines(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != '\n')
			*to++ = *text;
	*to = '\0';
}

static int read_blob(const xmlNode *security, const char *name, uint8_t *bytes, size_t size,
		     struct spec_blob *ret, struct snp_error *err)
{
	_cleanup_(freep) char *base64 = NULL;
	int r = xml_text(xml_child(security, name), &ret->text, err);

	if (r < 0 || !ret->text)
		return r;
	base64 = strdup(ret->text);
	if (!base64)
		return out_of_memory(err);
	drop_newlines(base64);
	ret->valid = base64_decode(base64, name, bytes, size, NULL) == 0;
	return 0;
}

static bool is_known(const char *name, const char *const known[])
{
	while (*known && strcmp(*known, name) != 0)
		known++;
	return *known;
}

/* Without VIR_DOMAIN_DEFINE_VALIDATE libvirt drops what it does not know, and says nothing. */
static int find_unknown(const xmlNode *security, char **ret, struct snp_error *err)
{
	static const char *const attributes[] = {"type", "kernelHashes", "authorKey", "vcek", NULL};
	static const char *const elements[] = {
		"cbitpos", "reducedPhysBits", "policy",	  "guestVisibleWorkarounds",
		"idBlock", "idAuth",	      "hostData", NULL};
	const char *unknown = NULL;

	for (const xmlAttr *a = security->properties; a && !unknown; a = a->next)
		if (!is_known((const char *)a->name, attributes))
			unknown = (const char *)a->name;
	for (const xmlNode *n = security->children; n && !unknown; n = n->next)
		if (n->type == XML_ELEMENT_NODE && !is_known((const char *)n->name, elements))
			unknown = (const char *)n->name;
	if (!unknown)
		return 0;
	*ret = strdup(unknown);
	return *ret ? 0 : out_of_memory(err);
}

int domain_read_security(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *security = xml_child(domain, "launchSecurity");
	int r = xml_attribute(security, "type", &spec->security_type, err);

	if (r < 0 || !spec->security_type || strcmp(spec->security_type, "sev-snp") != 0)
		return r;
	spec->kernel_hashes = xml_switch(security, "kernelHashes");
	spec->author_key = xml_switch(security, "authorKey");
	spec->vcek = xml_switch(security, "vcek");
	r = read_policy(security, spec, err);
	if (r == 0)
		r = read_blob(security, "idBlock", spec->id_block, sizeof(spec->id_block),
			      &spec->id_block_text, err);
	if (r == 0)
		r = read_blob(security, "idAuth", spec->id_auth, sizeof(spec->id_auth),
			      &spec->id_auth_text, err);
	if (r == 0)
		r = read_blob(security, "hostData", spec->host_data, sizeof(spec->host_data),
			      &spec->host_data_text, err);
	if (r == 0)
		r = read_blob(security, "guestVisibleWorkarounds", spec->guest_visible_workarounds,
			      sizeof(spec->guest_visible_workarounds), &spec->workarounds_text,
			      err);
	if (r == 0)
		r = find_unknown(security, &spec->unknown_security, err);
	return r;
}
