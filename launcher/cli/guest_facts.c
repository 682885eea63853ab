// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_facts.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>

#include "domain/xml_document.h"
#include "guest/protection.h"

static void read_autostart(const struct session *session, const struct guest *guest,
			   struct guest_facts *facts)
{
	int by_libvirt = 0;

	facts->has_autostart = virDomainGetAutostart(guest->domain, &by_libvirt) == 0;
	facts->autostart = by_libvirt || (guest->name[0] &&
					  autostart_unit_is_enabled(session->state, guest->name));
}

static void add_addresses(const struct guest *guest, unsigned int source, struct guest_facts *facts)
{
	virDomainInterfacePtr *interfaces = NULL;
	int n = virDomainInterfaceAddresses(guest->domain, &interfaces, source, 0);

	for (int i = 0; i < n; i++) {
		for (unsigned int a = 0;
		     a < interfaces[i]->naddrs && facts->n_addresses < FACTS_ADDRESSES; a++)
			snprintf(facts->addresses[facts->n_addresses++],
				 sizeof(facts->addresses[0]), "%s", interfaces[i]->addrs[a].addr);
		virDomainInterfaceFree(interfaces[i]);
	}
	free(interfaces);
}

/* <vsock><cid auto="yes" address="3"/>: libvirt's choice stands in the XML of a running domain. */
static void read_cid(const struct guest *guest, struct guest_facts *facts)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	_cleanup_(freep) char *xml = NULL;
	const xmlNode *cid;

	if (guest_xml(guest, true, &xml, NULL) < 0 ||
	    xml_parse("domain", (struct snp_span){(const uint8_t *)xml, strlen(xml)}, "domain",
		      &doc, NULL) < 0)
		return;
	cid = xml_child(xml_child(xml_child(xmlDocGetRootElement(doc), "devices"), "vsock"), "cid");
	facts->has_cid = cid && xml_number(cid, "address", &facts->cid, NULL) == 0 && facts->cid;
}

void guest_facts_read(const struct session *session, const struct guest *guest, bool brief,
		      struct guest_facts *ret)
{
	const char *name = guest->domain ? virDomainGetName(guest->domain) : NULL;
	virDomainInfo info;

	*ret = (struct guest_facts){0};
	if (!name)
		return;
	if (virDomainGetInfo(guest->domain, &info) == 0) {
		ret->memory_kib = info.maxMem;
		ret->vcpus = info.nrVirtCpu;
	}
	read_autostart(session, guest, ret);
	if (domain_state_is_active(guest->state))
		ret->started = qemu_started(session->host.uri, name);
	if (brief)
		return;
	read_cid(guest, ret);
	if (domain_state_is_active(guest->state)) {
		add_addresses(guest, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, ret);
		if (ret->n_addresses == 0)
			add_addresses(guest, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP, ret);
	}
	if (guest->state == DOMAIN_CRASHED)
		qemu_log_said(session->host.uri, name, ret->said);
}

uint64_t guest_uptime(const struct guest_facts *facts)
{
	const time_t now = time(NULL);

	return now > facts->started ? (uint64_t)(now - facts->started) : 0;
}
