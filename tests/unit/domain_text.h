/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DOMAIN_TEXT_H
#define DOMAIN_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A domain to which nothing can be objected but that it is not bound, for tests that change one thing. */
#define GOOD_DOMAIN                                                                      \
	"<domain type='kvm'>\n"                                                          \
	"<name>web1</name>\n"                                                            \
	"<memory unit='GiB'>4</memory>\n"                                                \
	"<vcpu placement='static'>4</vcpu>\n"                                            \
	"<os><type arch='x86_64' machine='q35'>hvm</type>\n"                             \
	"<loader type='rom' stateless='yes'>/fw</loader>\n"                              \
	"<kernel>/k</kernel><initrd>/i</initrd><cmdline>console=ttyS0</cmdline></os>\n"  \
	"<features><acpi/><smm state='off'/></features>\n"                               \
	"<cpu mode='custom' match='exact'><model fallback='forbid'>EPYC-v4</model>\n"    \
	"<topology sockets='1' dies='1' cores='4' threads='1'/></cpu>\n"                 \
	"<on_reboot>destroy</on_reboot>\n"                                               \
	"<devices><disk type='file'><source file='/d'/></disk>\n"                        \
	"<interface type='network'><rom enabled='no'/></interface></devices>\n"          \
	"<launchSecurity type='sev-snp' kernelHashes='yes' authorKey='no' vcek='yes'>\n" \
	"<policy>0x00030000</policy></launchSecurity>\n"                                 \
	"</domain>\n"

/* `text` with its one `old` replaced by `new`; aborts if `old` is not there exactly once, so that no
 * test changes nothing. For free(). */
static inline char *replace_once(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	char *ret;

	if (!at || strstr(at + 1, old)) {
		fprintf(stderr, "'%s' is not there exactly once\n", old);
		abort();
	}
	if (asprintf(&ret, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) < 0)
		abort();
	return ret;
}

#endif
