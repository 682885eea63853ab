// SPDX-License-Identifier: Apache-2.0
#include "host/hypervisor.h"

#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/fail.h>
#include <snp/profile.h>

#include "host/deadline.h"
#include "host/explain.h"
#include "host/kvm_probe.h"
#include "host/uri.h"

DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc);
DEFINE_CLEANUP(xmlXPathContextPtr, xmlXPathFreeContext);
DEFINE_CLEANUP(xmlXPathObjectPtr, xmlXPathFreeObject);

const char *hypervisor_uri(const char *option, const char *config)
{
	const char *environment = getenv("LIBVIRT_DEFAULT_URI");

	if (option)
		return option;
	if (config)
		return config;
	return environment && environment[0] ? environment : "qemu:///system";
}

static void say_nothing(void *arg, virErrorPtr error)
{
	(void)arg;
	(void)error;
}

int hypervisor_fail(struct snp_error *err, const char *what)
{
	virErrorPtr error = virGetLastError();
	const char *text = error && error->message ? error->message : "libvirt gave no reason";

	if (error && error->code == VIR_ERR_NO_DOMAIN)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET, "%s: %s", what, text);
	if (error && (error->code == VIR_ERR_DOM_EXIST ||
		      (error->code == VIR_ERR_OPERATION_FAILED &&
		       (strstr(text, "already exists") || strstr(text, "already defined")))))
		return fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET, "%s: %s", what, text);
	return explain_fail(err, what, text);
}

void hypervisor_close(struct hypervisor *host)
{
	if (host->connection)
		virConnectClose(host->connection);
	for (size_t i = 0; i < HYPERVISOR_EMULATORS_MAX; i++)
		free(host->emulators[i]);
	free(host->uri);
	*host = (struct hypervisor){0};
}

/* No prompt: a command in a script must not hang, and ssh asks by itself. */
static virConnectPtr connect_to(const char *uri)
{
	virConnectAuth auth = {0};

	return virConnectOpenAuth(uri, &auth, 0);
}

struct document {
	xmlDocPtr doc;
	xmlXPathContextPtr xpath;
};

static void document_close(struct document *d)
{
	xmlXPathFreeContextp(&d->xpath);
	xmlFreeDocp(&d->doc);
}

static bool document_open(const char *text, struct document *ret)
{
	struct document d = {0};

	d.doc = xmlReadMemory(text, (int)strlen(text), "capabilities", NULL,
			      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (d.doc)
		d.xpath = xmlXPathNewContext(d.doc);
	if (!d.xpath) {
		document_close(&d);
		return false;
	}
	*ret = d;
	return true;
}

/* The string value of an expression, or "". */
static void text_at(const struct document *d, const char *expression, char *ret, size_t size)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr value =
		xmlXPathEval((const xmlChar *)expression, d->xpath);
	xmlChar *text = value ? xmlXPathCastToString(value) : NULL;

	snprintf(ret, size, "%s", text ? (const char *)text : "");
	xmlFree(text);
}

/* Read <secmodel><model>dac</model><baselabel type='kvm'>+UID:+GID. A session daemon says nothing of
 * users: QEMU runs as the daemon, which owns its socket. */
static void find_qemu_user(const struct document *d, struct hypervisor *host)
{
	char label[64], socket[PATH_MAX];
	unsigned int uid, gid;
	struct stat st;

	text_at(d, "/capabilities/host/secmodel[model='dac']/baselabel[@type='kvm']", label,
		sizeof(label));
	if (sscanf(label, "+%u:+%u", &uid, &gid) == 2) {
		host->qemu_user = uid;
		host->qemu_group = gid;
	} else if (uri_socket(host->uri, socket) && stat(socket, &st) == 0) {
		host->qemu_user = st.st_uid;
		host->qemu_group = st.st_gid;
	}
}

static void find_emulators(const struct document *d, struct hypervisor *host)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr found =
		xmlXPathEval((const xmlChar *)"/capabilities/guest[os_type='hvm']"
					      "/arch[@name='x86_64']//emulator",
			     d->xpath);

	for (int i = 0; found && found->nodesetval && i < found->nodesetval->nodeNr &&
			i < HYPERVISOR_EMULATORS_MAX;
	     i++)
		host->emulators[i] = (char *)xmlNodeGetContent(found->nodesetval->nodeTab[i]);
}

bool hypervisor_has_emulator(const struct hypervisor *host, const char *emulator)
{
	size_t i = 0;

	while (host->emulators[i] && emulator && strcmp(host->emulators[i], emulator) != 0)
		i++;
	return !emulator || i == 0 || host->emulators[i];
}

/* Of this machine the CPU itself is asked, and of a simulated one libvirt sees the machine around it. */
static void find_cpu_signature(const struct document *d, struct hypervisor *host)
{
	char text[64], folder[PATH_MAX];
	unsigned int family, model, stepping;

	if (uri_simulated_host(host->uri, folder)) {
		host->cpu_signature = SIMULATED_CPU_SIGNATURE;
		host->has_cpu_signature = true;
		return;
	}
	if (!uri_is_remote(host->uri)) {
		host->has_cpu_signature = cpu_signature_probe(&host->cpu_signature);
		return;
	}
	text_at(d,
		"concat(/capabilities/host/cpu/signature/@family, ' ',"
		" /capabilities/host/cpu/signature/@model, ' ',"
		" /capabilities/host/cpu/signature/@stepping)",
		text, sizeof(text));
	host->has_cpu_signature =
		sscanf(text, "%u %u %u", &family, &model, &stepping) == 3 &&
		snp_cpu_signature(family, model, stepping, &host->cpu_signature, NULL) == 0;
}

static void read_capabilities(struct hypervisor *host)
{
	_cleanup_(freep) char *xml = virConnectGetCapabilities(host->connection);
	_cleanup_(document_close) struct document d = {0};

	if (!document_open(xml ? xml : "<capabilities/>", &d))
		return;
	find_qemu_user(&d, host);
	find_emulators(&d, host);
	find_cpu_signature(&d, host);
}

/* What a thread connects, which may be given up. */
struct connecting {
	char uri[PATH_MAX];
	char what[256];
	struct hypervisor host;
};

static int open_host(void *arg, struct snp_error *err)
{
	struct connecting *c = arg;
	struct hypervisor *host = &c->host;

	if (virInitialize() < 0 || !(host->connection = connect_to(c->uri)))
		return hypervisor_fail(err, c->what);
	host->uri = virConnectGetURI(host->connection);
	if (!host->uri || virConnectGetLibVersion(host->connection, &host->libvirt_version) < 0)
		return hypervisor_fail(err, c->what);
	if (strncmp(host->uri, "qemu", 4) == 0 &&
	    virConnectGetVersion(host->connection, &host->qemu_version) < 0)
		host->qemu_version = 0; /* no QEMU there: check says so, and so will libvirt */
	read_capabilities(host);
	return 0;
}

/* ssh may ask for a password first, and a person types it. */
static bool asks_nobody(const char *uri)
{
	const char *transport = strchr(uri, '+');

	return !transport ||
	       (strncmp(transport, "+ssh", 4) != 0 && strncmp(transport, "+libssh", 7) != 0 &&
		strncmp(transport, "+ext", 4) != 0);
}

int hypervisor_open(const char *uri, struct hypervisor *ret, struct snp_error *err)
{
	struct connecting *c = calloc(1, sizeof(*c));
	bool given_up = false;
	int r;

	if (!c)
		return out_of_memory(err);
	virSetErrorFunc(NULL, say_nothing);
	/* libvirt writes to its socket as if nobody had ever left: without this a daemon that dies takes
	 * its caller along, before it can say so or undo anything. */
	signal(SIGPIPE, SIG_IGN);
	xmlInitParser();
	c->host = (struct hypervisor){.qemu_user = (uid_t)-1, .qemu_group = (gid_t)-1};
	snprintf(c->uri, sizeof(c->uri), "%s", uri);
	snprintf(c->what, sizeof(c->what), "cannot connect to %.200s", uri);
	r = asks_nobody(uri)
		    ? within_seconds(HYPERVISOR_PATIENCE, open_host, c, c->what, &given_up, err)
		    : open_host(c, err);
	if (given_up)
		return r;
	if (r < 0)
		hypervisor_close(&c->host);
	else
		*ret = c->host;
	free(c);
	return r;
}

static void find_model(const struct document *d, const char *name, struct domain_capabilities *caps)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr models = xmlXPathEval(
		(const xmlChar *)"/domainCapabilities/cpu/mode[@name='custom']/model", d->xpath);

	for (int i = 0; models && models->nodesetval && i < models->nodesetval->nodeNr; i++) {
		xmlNodePtr node = models->nodesetval->nodeTab[i];
		xmlChar *text = xmlNodeGetContent(node);

		if (xmlStrEqual(text, (const xmlChar *)name)) {
			xmlChar *usable = xmlGetProp(node, (const xmlChar *)"usable");

			caps->has_model = true;
			caps->model_usable = xmlStrEqual(usable, (const xmlChar *)"yes");
			xmlFree(usable);
		}
		xmlFree(text);
	}
}

int hypervisor_capabilities(const struct hypervisor *host, const char *emulator, const char *model,
			    struct domain_capabilities *ret, struct snp_error *err)
{
	_cleanup_(freep) char *xml = virConnectGetDomainCapabilities(host->connection, emulator,
								     "x86_64", "q35", NULL, 0);
	_cleanup_(document_close) struct document d = {0};
	struct domain_capabilities caps = {0};
	char text[64];

	if (!xml)
		return hypervisor_fail(err, "libvirt reports no domain capabilities");
	if (!document_open(xml, &d))
		return fail_with(err, SNP_E_LIBVIRT, SNP_NO_OFFSET,
				 "libvirt's domain capabilities are not an XML document");
	text_at(&d, "/domainCapabilities/domain", text, sizeof(text));
	caps.has_kvm = strcmp(text, "kvm") == 0;
	text_at(&d, "/domainCapabilities/path", caps.emulator, sizeof(caps.emulator));
	text_at(&d,
		"/domainCapabilities/features/launchSecurity[@supported='yes']"
		"/enum[@name='sectype']/value[.='sev-snp']",
		text, sizeof(text));
	caps.has_sev_snp = text[0] != '\0';
	if (model)
		find_model(&d, model, &caps);
	*ret = caps;
	return 0;
}

static int found(virDomainPtr domain, const char *name, virDomainPtr *ret, struct snp_error *err)
{
	virErrorPtr error = virGetLastError();
	char what[128];

	if (domain || (error && error->code == VIR_ERR_NO_DOMAIN)) {
		*ret = domain;
		return 0;
	}
	snprintf(what, sizeof(what), "cannot look up '%.80s'", name);
	return hypervisor_fail(err, what);
}

int hypervisor_find_name(const struct hypervisor *host, const char *name, virDomainPtr *ret,
			 struct snp_error *err)
{
	return found(virDomainLookupByName(host->connection, name), name, ret, err);
}

int hypervisor_find_uuid(const struct hypervisor *host, const char *uuid, virDomainPtr *ret,
			 struct snp_error *err)
{
	return found(virDomainLookupByUUIDString(host->connection, uuid), uuid, ret, err);
}

int hypervisor_find(const struct hypervisor *host, const char *domain, virDomainPtr *ret,
		    struct snp_error *err)
{
	virDomainPtr d = NULL;
	char *end;
	long id = strtol(domain, &end, 10);
	int r;

	if (strlen(domain) == VIR_UUID_STRING_BUFLEN - 1)
		d = virDomainLookupByUUIDString(host->connection, domain);
	if (!d && end != domain && *end == '\0' && id >= 0 && id <= INT32_MAX)
		d = virDomainLookupByID(host->connection, (int)id);
	if (!d) {
		r = hypervisor_find_name(host, domain, &d, err);
		if (r < 0)
			return r;
	}
	if (!d)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "no guest or libvirt domain '%.80s' on %.200s", domain, host->uri);
	*ret = d;
	return 0;
}
