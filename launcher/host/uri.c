// SPDX-License-Identifier: Apache-2.0
#include "host/uri.h"

#include <libxml/uri.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>

DEFINE_CLEANUP(xmlURIPtr, xmlFreeURI);

#define SOCKET_IN_HOST "/run/libvirt/libvirt-sock"

bool uri_is_remote(const char *uri)
{
	_cleanup_(xmlFreeURIp) xmlURIPtr parsed = xmlParseURI(uri);
	const char *transport;

	if (!parsed || !parsed->scheme)
		return false;
	if (parsed->server && parsed->server[0] != '\0')
		return true;
	transport = strchr(parsed->scheme, '+');
	return transport && strcmp(transport, "+unix") != 0;
}

bool uri_is_session(const char *uri)
{
	_cleanup_(xmlFreeURIp) xmlURIPtr parsed = xmlParseURI(uri);

	return parsed && parsed->path && strcmp(parsed->path, "/session") == 0;
}

/* The value of a parameter, "socket="; parameters are parted by "&". */
static bool parameter(xmlURIPtr uri, const char *key, char *ret, size_t size)
{
	const char *at = uri ? uri->query_raw : NULL;

	while (at && strncmp(at, key, strlen(key)) != 0) {
		at = strchr(at, '&');
		if (at)
			at++;
	}
	if (!at)
		return false;
	at += strlen(key);
	if (strcspn(at, "&") >= size)
		return false;
	return xmlURIUnescapeString(at, (int)strcspn(at, "&"), ret) != NULL;
}

bool uri_socket(const char *uri, char ret[static PATH_MAX])
{
	_cleanup_(xmlFreeURIp) xmlURIPtr parsed = xmlParseURI(uri);

	return parameter(parsed, "socket=", ret, PATH_MAX);
}

bool uri_ssh(const char *uri, struct uri_ssh *ret)
{
	_cleanup_(xmlFreeURIp) xmlURIPtr parsed = xmlParseURI(uri);
	const char *transport = parsed && parsed->scheme ? strchr(parsed->scheme, '+') : NULL;
	struct uri_ssh ssh = {.program = "ssh"};
	size_t n;
	char no[8];

	/* libssh and libssh2 reach the same host as the program. */
	if (!transport || !parsed->server || !parsed->server[0] ||
	    (strcmp(transport, "+ssh") != 0 && strcmp(transport, "+libssh") != 0 &&
	     strcmp(transport, "+libssh2") != 0))
		return false;
	n = strlen(parsed->server);
	/* An IPv6 address stands in brackets, which ssh does not want. */
	if (parsed->server[0] == '[' && n > 2 && parsed->server[n - 1] == ']')
		snprintf(ssh.host, sizeof(ssh.host), "%.*s", (int)(n - 2), parsed->server + 1);
	else
		snprintf(ssh.host, sizeof(ssh.host), "%s", parsed->server);
	snprintf(ssh.user, sizeof(ssh.user), "%s", parsed->user ? parsed->user : "");
	if (parsed->port > 0)
		snprintf(ssh.port, sizeof(ssh.port), "%d", parsed->port);
	(void)parameter(parsed, "keyfile=", ssh.key, sizeof(ssh.key));
	if (!strcmp(transport, "+ssh"))
		(void)parameter(parsed, "command=", ssh.program, sizeof(ssh.program));
	ssh.no_verify = parameter(parsed, "no_verify=", no, sizeof(no)) && strcmp(no, "1") == 0;
	*ret = ssh;
	return true;
}

bool uri_simulated_host(const char *uri, char ret[static PATH_MAX])
{
	const size_t tail = sizeof(SOCKET_IN_HOST) - 1;
	char socket[PATH_MAX], lock[PATH_MAX + sizeof("/keeper.lock")];
	size_t n;

	if (!uri_socket(uri, socket))
		return false;
	n = strlen(socket);
	if (n <= tail || socket[0] != '/' || strcmp(socket + n - tail, SOCKET_IN_HOST) != 0)
		return false;
	socket[n - tail] = '\0';
	snprintf(lock, sizeof(lock), "%s/keeper.lock", socket);
	if (access(lock, F_OK) < 0)
		return false;
	memcpy(ret, socket, n - tail + 1);
	return true;
}
