// SPDX-License-Identifier: Apache-2.0
#include "guest/change_now.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "config/setting.h"
#include "domain/device_xml.h"
#include "domain/domain_xml.h"
#include "guest/plan.h"

/* What a guest cannot take while it runs waits for its next start; any other refusal is a failure. */
static bool may_wait(const virError *error)
{
	return error &&
	       (error->code == VIR_ERR_OPERATION_UNSUPPORTED ||
		error->code == VIR_ERR_CONFIG_UNSUPPORTED ||
		error->code == VIR_ERR_ARGUMENT_UNSUPPORTED || error->code == VIR_ERR_NO_SUPPORT ||
		(error->message && strstr(error->message, "No more available PCI")));
}

static int judge(char refused[static CHANGE_REFUSED], const char *what, int status,
		 struct snp_error *err)
{
	struct snp_error failure;
	bool waits = may_wait(status < 0 ? virGetLastError() : NULL);
	int r = status < 0 ? hypervisor_fail(&failure, what) : 0;

	if (r < 0 && !waits && err)
		*err = failure;
	if (r < 0 && waits && !refused[0])
		snprintf(refused, CHANGE_REFUSED, "%.511s", failure.message);
	return waits ? 0 : r;
}

/* Plug or unplug one device. Unplugging only asks the guest, which may take its time or not answer at all. */
static int change_device(virDomainPtr domain, const struct setting_change *change,
			 char refused[static CHANGE_REFUSED], struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *live = NULL;
	_cleanup_(freep) char *xml = NULL;
	int r;

	if (!change->to) {
		r = device_xml(change->from->element, &xml, err);
		return r < 0 ? r
			     : judge(refused, "cannot unplug a device while the guest runs",
				     virDomainDetachDeviceFlags(domain, xml,
								VIR_DOMAIN_AFFECT_LIVE),
				     err);
	}
	r = plan_read_domain(domain, 0, &live, err);
	if (r < 0)
		return r;
	r = device_xml_to_plug(change->to->element, live, &xml, err);
	return r < 0 ? r
		     : judge(refused, "cannot plug a device while the guest runs",
			     virDomainAttachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE), err);
}

/* Title, description and snp-launch's own element become those of the definition. The element says of what fragment and
 * template the guest that runs was made, and labels stand in it: with others, it waits for the next start. */
static int change_texts(virDomainPtr domain, bool element, char refused[static CHANGE_REFUSED],
			struct snp_error *err)
{
	static const struct {
		int type;
		const char *key, *uri;
	} texts[] = {
		{VIR_DOMAIN_METADATA_TITLE, NULL, NULL},
		{VIR_DOMAIN_METADATA_DESCRIPTION, NULL, NULL},
		{VIR_DOMAIN_METADATA_ELEMENT, DOMAIN_PREFIX, DOMAIN_NAMESPACE},
	};
	const size_t n = element ? ARRAY_SIZE(texts) : ARRAY_SIZE(texts) - 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_(freep) char *text = virDomainGetMetadata(
			domain, texts[i].type, texts[i].uri, VIR_DOMAIN_AFFECT_CONFIG);

		/* NULL: the definition has none, and the guest's is removed. */
		r = judge(refused, "cannot change the labels while the guest runs",
			  virDomainSetMetadata(domain, texts[i].type, text, texts[i].key,
					       texts[i].uri, VIR_DOMAIN_AFFECT_LIVE),
			  err);
	}
	return r;
}

/* First unplug, then plug: a slot or a name may become free. */
int guest_change_now(virDomainPtr domain, char refused[static CHANGE_REFUSED],
		     struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *live = NULL, *defined = NULL;
	_cleanup_(freep) struct setting_change *changes = NULL;
	bool texts = false, element = true;
	size_t n = 0;
	int r = plan_read_domain(domain, 0, &live, err);

	if (r < 0)
		return r;
	r = plan_read_domain(domain, VIR_DOMAIN_XML_INACTIVE, &defined, err);
	if (r < 0)
		return r;
	r = settings_compare(live, defined, &changes, &n, err);
	for (unsigned int plug = 0; plug < 2; plug++)
		for (size_t i = 0; r == 0 && i < n; i++) {
			const struct spec_setting *s =
				changes[i].to ? changes[i].to : changes[i].from;

			if (strcmp(s->what, "libvirt_xml") == 0 || strcmp(s->what, "template") == 0)
				element = false;
			if (changes[i].moment != SETTING_NOW)
				continue;
			texts |= !s->element;
			if (s->element && plug == (changes[i].to != NULL))
				r = change_device(domain, &changes[i], refused, err);
		}
	return r == 0 && texts ? change_texts(domain, element, refused, err) : r;
}
