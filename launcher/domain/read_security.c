// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: <launchSecurity> and <seclabel>. */
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/memory.h>

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

/* QEMU ignores newlines in base64, and nothing else (util/base64.c). */
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

/* A label that libvirt chooses is only in the XML of a running domain; it writes "none" if it has no
 * security driver. */
static bool is_chosen(const xmlNode *label)
{
	bool dynamic = !xmlHasProp(label, (const xmlChar *)"type") ||
		       xml_attribute_is(label, "type", "dynamic");

	return xml_attribute_is(label, "model", "none") ||
	       (dynamic && xml_switch(label, "relabel") != SPEC_OFF &&
		!xml_child(label, "baselabel"));
}

static int add_label(const xmlNode *node, char **ret, struct snp_error *err)
{
	_cleanup_(freep) char *type = NULL, *model = NULL, *label = NULL, *base = NULL;
	_cleanup_(freep) char *before = TAKE_PTR(*ret);
	bool relabel = xml_switch(node, "relabel") != SPEC_OFF;
	int r = xml_attribute(node, "type", &type, err);

	if (r < 0)
		return r;
	r = xml_attribute(node, "model", &model, err);
	if (r < 0)
		return r;
	r = xml_trimmed(xml_child(node, "label"), &label, err);
	if (r < 0)
		return r;
	r = xml_trimmed(xml_child(node, "baselabel"), &base, err);
	if (r < 0)
		return r;
	*ret = format_text("%s%s%s %s %s%s%s%s%s", before ? before : "", before ? ", " : "",
			   type ? type : "dynamic", model ? model : "any",
			   relabel ? "relabels" : "does not relabel", label ? " " : "",
			   label ? label : "", base ? " from " : "", base ? base : "");
	return *ret ? 0 : out_of_memory(err);
}

static int read_labels(const xmlNode *domain, char **ret, struct snp_error *err)
{
	int r = 0;

	for (const xmlNode *node = xml_child(domain, "seclabel"); node && r == 0;
	     node = xml_next(node, "seclabel"))
		if (!is_chosen(node))
			r = add_label(node, ret, err);
	return r;
}

int domain_read_security(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *security = xml_child(domain, "launchSecurity");
	const struct {
		const char *name;
		uint8_t *bytes;
		size_t size;
		struct spec_blob *blob;
	} blobs[] = {
		{"idBlock", spec->id_block, sizeof(spec->id_block), &spec->id_block_text},
		{"idAuth", spec->id_auth, sizeof(spec->id_auth), &spec->id_auth_text},
		{"hostData", spec->host_data, sizeof(spec->host_data), &spec->host_data_text},
		{"guestVisibleWorkarounds", spec->guest_visible_workarounds,
		 sizeof(spec->guest_visible_workarounds), &spec->workarounds_text},
	};
	int r = read_labels(domain, &spec->security_labels, err);

	if (r < 0)
		return r;
	r = xml_attribute(security, "type", &spec->security_type, err);
	if (r < 0 || !spec->security_type || strcmp(spec->security_type, "sev-snp") != 0)
		return r;
	spec->kernel_hashes = xml_switch(security, "kernelHashes");
	spec->author_key = xml_switch(security, "authorKey");
	spec->vcek = xml_switch(security, "vcek");
	r = read_policy(security, spec, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(blobs); i++)
		r = read_blob(security, blobs[i].name, blobs[i].bytes, blobs[i].size, blobs[i].blob,
			      err);
	return r;
}
