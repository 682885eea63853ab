/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_URI_H
#define LAUNCHER_HOST_URI_H

#include <limits.h>
#include <stdbool.h>

/* Which host a libvirt URI names. */

/* True if the files that `uri` would launch lie on another machine: it names a server, or a transport
 * that leaves this one. A forwarded socket (qemu+unix:///…?socket=) cannot be told from a local one
 * here; --remote-root says so. */
bool uri_is_remote(const char *uri);

/* True if it names a session daemon: one that runs QEMU as itself. A simulated host has one. */
bool uri_is_session(const char *uri);

/* The value of its parameter socket=; false if it has none. */
bool uri_socket(const char *uri, char ret[static PATH_MAX]);

/* How libvirt's ssh transport reaches the host of a URI: "" where the URI does not say. */
struct uri_ssh {
	char program[PATH_MAX]; /* ssh, or what command= names */
	char user[256], host[256], port[16];
	char key[PATH_MAX]; /* keyfile= */
	bool no_verify;
};
bool uri_ssh(const char *uri, struct uri_ssh *ret);

/* The folder of the simulated host that `uri` belongs to; false if it is none: the socket's name is
 * not FOLDER/run/libvirt/libvirt-sock, or FOLDER has no keeper.lock. */
bool uri_simulated_host(const char *uri, char ret[static PATH_MAX]);

/* CPUID leaf 1 EAX of every simulated host's CPU. */
#define SIMULATED_CPU_SIGNATURE 0x00af0f00u

#endif
