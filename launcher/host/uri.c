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

bool uri_socket(const char *uri, char ret[static PATH_MAX])
{
	static const char key[] = "socket=";
	_cleanup_(xmlFreeURIp) xmlURIPtr parsed = xmlParseURI(uri);
	const char *at = parsed ? parsed->query_raw : NULL;

	/* Parameters are parted by "&". */
	while (at && strncmp(at, key, sizeof(key) - 1) != 0) {
		at = strchr(at, '&');
		if (at)
			at++;
	}
	if (!at)
		return false;
	at += sizeof(key) - 1;
	if (strcspn(at, "&") >= PATH_MAX)
		return false;
	return xmlURIUnescapeString(at, (int)strcspn(at, "&"), ret) != NULL;
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
