// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>

#include "host/hypervisor.h"

/* What a host's libvirt says in its capabilities, of a host at another URI than this test's driver. */
static const char *capabilities, *uri;

char *__wrap_virConnectGetCapabilities(virConnectPtr connection);
char *__wrap_virConnectGetURI(virConnectPtr connection);

char *__wrap_virConnectGetCapabilities(virConnectPtr connection)
{
	(void)connection;
	return capabilities ? strdup(capabilities) : NULL;
}

char *__wrap_virConnectGetURI(virConnectPtr connection)
{
	(void)connection;
	return strdup(uri);
}

#define CAPABILITIES(host, guests) "<capabilities><host>" host "</host>" guests "</capabilities>"
#define GUEST(arch, emulators)                                                                 \
	"<guest><os_type>hvm</os_type><arch name='" arch "'>" emulators "<domain type='kvm'/>" \
	"</arch></guest>"
#define REMOTE "qemu+ssh://host/system"

static const struct row {
	const char *name, *uri, *capabilities;
	const char *emulators; /* separated by blanks */
	uint32_t signature;    /* 0: unknown */
	unsigned int user;
} rows[] = {
	{"a remote host", REMOTE,
	 CAPABILITIES("<cpu><signature family='25' model='17' stepping='1'/></cpu>"
		      "<secmodel><model>dac</model><baselabel type='kvm'>+64055:+64056</baselabel>"
		      "</secmodel>",
		      GUEST("x86_64", "<emulator>/q</emulator>")),
	 "/q", 0xa10f11, 64055},
	{"two QEMUs", REMOTE,
	 CAPABILITIES("", "<guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/a</emulator>"
			  "<domain type='kvm'><emulator>/b</emulator></domain></arch></guest>"),
	 "/a /b", 0, (unsigned int)-1},
	{"of another architecture", REMOTE,
	 CAPABILITIES("", GUEST("aarch64", "<emulator>/a</emulator>")
				  GUEST("x86_64", "<emulator>/b</emulator>")),
	 "/b", 0, (unsigned int)-1},
	{"more than fit", REMOTE,
	 CAPABILITIES("", GUEST("x86_64", "<emulator>1</emulator><emulator>2</emulator>"
					  "<emulator>3</emulator><emulator>4</emulator>"
					  "<emulator>5</emulator><emulator>6</emulator>"
					  "<emulator>7</emulator><emulator>8</emulator>")),
	 "1 2 3 4 5 6 7", 0, (unsigned int)-1},
	{"half a signature", REMOTE,
	 CAPABILITIES("<cpu><signature family='25' model='17'/></cpu>", ""), "", 0,
	 (unsigned int)-1},
	{"a family that no CPU has", REMOTE,
	 CAPABILITIES("<cpu><signature family='999' model='17' stepping='1'/></cpu>", ""), "", 0,
	 (unsigned int)-1},
	{"no capabilities", REMOTE, NULL, "", 0, (unsigned int)-1},
	{"no XML", REMOTE, "<capabilities", "", 0, (unsigned int)-1},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(hypervisor_close) struct hypervisor host = {0};
	char emulators[64] = "";
	size_t n = 0;

	capabilities = row->capabilities;
	uri = row->uri;
	assert_int_equal(hypervisor_open("test:///default", &host, NULL), 0);
	for (size_t i = 0; host.emulators[i]; i++) {
		n += (size_t)snprintf(emulators + n, sizeof(emulators) - n, "%s%s", i ? " " : "",
				      host.emulators[i]);
		assert_true(hypervisor_has_emulator(&host, host.emulators[i]));
	}
	assert_string_equal(emulators, row->emulators);
	assert_int_equal(hypervisor_has_emulator(&host, "/wrapper"), emulators[0] == '\0');
	assert_true(hypervisor_has_emulator(&host, NULL));
	assert_int_equal(host.has_cpu_signature, row->signature != 0);
	if (row->signature)
		assert_int_equal(host.cpu_signature, row->signature);
	assert_int_equal(host.qemu_user, row->user);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("hypervisor", tests, n);
}
