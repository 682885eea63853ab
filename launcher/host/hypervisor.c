// SPDX-License-Identifier: Apache-2.0
#include "host/hypervisor.h"

#include <inttypes.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/fail.h>

#include "host/capabilities.h"
#include "host/explain.h"
#include "host/uri.h"

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
	const char *text = error && error->message ? error->message : "libvirt gives no reason";

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
	free(host->uri);
	*host = (struct hypervisor){0};
}

/* No prompt: a command in a script must not hang, and ssh asks by itself. */
static virConnectPtr connect_to(const char *uri)
{
	virConnectAuth auth = {0};

	return virConnectOpenAuth(uri, &auth, 0);
}

/* A session daemon says nothing of users: QEMU is whoever the daemon is, who owns its socket. */
static void find_qemu_user(struct hypervisor *host, const char *uri)
{
	char socket[PATH_MAX];
	struct stat st;

	capabilities_qemu_user(host->connection, &host->qemu_user, &host->qemu_group);
	if (host->qemu_user == (uid_t)-1 && uri_socket(uri, socket) && stat(socket, &st) == 0) {
		host->qemu_user = st.st_uid;
		host->qemu_group = st.st_gid;
	}
}

int hypervisor_open(const char *uri, struct hypervisor *ret, struct snp_error *err)
{
	_cleanup_(hypervisor_close) struct hypervisor host = {.qemu_user = (uid_t)-1,
							      .qemu_group = (gid_t)-1};
	char what[256];

	virSetErrorFunc(NULL, say_nothing);
	/* libvirt writes to its socket as if nobody had ever left: without this a daemon that dies takes
	 * its caller along, before it can say so or undo anything. */
	signal(SIGPIPE, SIG_IGN);
	snprintf(what, sizeof(what), "cannot connect to %.200s", uri);
	if (virInitialize() < 0 || !(host.connection = connect_to(uri)))
		return hypervisor_fail(err, what);
	host.uri = virConnectGetURI(host.connection);
	if (!host.uri || virConnectGetLibVersion(host.connection, &host.libvirt_version) < 0)
		return hypervisor_fail(err, what);
	if (strncmp(host.uri, "qemu", 4) == 0 &&
	    virConnectGetVersion(host.connection, &host.qemu_version) < 0)
		host.qemu_version = 0; /* no QEMU there: check says so, and so will libvirt */
	find_qemu_user(&host, host.uri);
	*ret = host;
	host = (struct hypervisor){0};
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
	snprintf(what, sizeof(what), "cannot look for \"%.80s\"", name);
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
				 "no guest and no libvirt domain is named \"%.80s\" on %.200s",
				 domain, host->uri);
	*ret = d;
	return 0;
}
