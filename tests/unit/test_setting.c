// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>

#include "config/setting.h"
#include "domain/domain_read.h"
#include "domain_text.h"

/*
 * What differs between two domains beside what is measured: one thing is changed in the first, and named with both
 * sides and the moment when it comes into force.
 */
static const char domain_text[] =
	"<domain type='kvm'><name>web1</name><title>a guest</title>\n"
	"<metadata><snp:launch xmlns:snp='urn:snp-launch:1'>\n"
	"<snp:input name='kernel' size='1' sha256='aa'/>\n"
	"<snp:input name='vm.json' size='1' sha256='bb'/>\n"
	"<snp:input name='libvirt_xml' size='1' sha256='cc'/>\n"
	"<snp:label key='app'>web</snp:label></snp:launch></metadata>\n"
	"<memory unit='MiB'>512</memory>\n"
	"<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>\n"
	"<vcpu>4</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>\n"
	"<cpu mode='custom'><model>EPYC-v4</model>"
	"<topology sockets='1' dies='1' cores='4' threads='1'/></cpu>\n"
	"<on_reboot>destroy</on_reboot>\n"
	"<devices>\n"
	"<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>"
	"<source file='/a'/><target dev='vda' bus='virtio'/></disk>\n"
	"<disk type='block' device='disk'><driver name='qemu' type='qcow2'/>"
	"<source dev='/dev/b'/><target dev='sda' bus='scsi'/><readonly/>"
	"<serial>S1</serial><boot order='1'/></disk>\n"
	"<interface type='network'><mac address='52:54:00:00:00:01'/>"
	"<source network='default'/></interface>\n"
	"<interface type='bridge'><mac address='52:54:00:00:00:02'/>"
	"<source bridge='br0'/></interface>\n"
	"<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x41'"
	" slot='0x00' function='0x0'/></source></hostdev>\n"
	"<serial type='pty'/><vsock model='virtio'><cid auto='yes'/></vsock>\n"
	"<rng model='virtio'/></devices>\n"
	"</domain>\n";

static struct launch_spec *read_domain(const char *text)
{
	struct launch_spec *spec;
	struct snp_error err;

	if (domain_read("domain.xml", (struct snp_span){(const uint8_t *)text, strlen(text)}, &spec,
			&err) < 0)
		fail_msg("%s", err.message);
	return spec;
}

/* "memory: 512 MiB -> 1 GiB, start", a line each. */
static void print(const struct setting_change *changes, size_t n, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(ret);
		char from[256], to[256];

		setting_text(changes[i].from, from, sizeof(from));
		setting_text(changes[i].to, to, sizeof(to));
		snprintf(ret + at, size - at, "%s: %s -> %s, %s\n", changes[i].what, from, to,
			 changes[i].moment == SETTING_NOW ? "now" : "start");
	}
}

static void compare(const char *from, const char *to, char *ret, size_t size)
{
	_cleanup_(launch_spec_freep) struct launch_spec *a = read_domain(from),
							*b = read_domain(to);
	_cleanup_(freep) struct setting_change *changes = NULL;
	size_t n;

	assert_int_equal(settings_compare(a, b, &changes, &n, NULL), 0);
	print(changes, n, ret, size);
}

#define SCSI "/dev/b, qcow2, scsi, read-only, serial S1, boot 1"

static const struct row {
	const char *name, *old, *new, *found;
} rows[] = {
	{"nothing", "<on_reboot>", "<on_reboot>", ""},
	{"what is measured", "<model>EPYC-v4", "<model>EPYC-v3", ""},
	{"a measured input", "sha256='aa'", "sha256='ab'", ""},
	{"what libvirt adds", "</devices>",
	 "<controller type='pci' model='pcie-root-port'/><input type='mouse' bus='ps2'/>"
	 "<audio id='1' type='none'/></devices>",
	 ""},
	{"an address", "<target dev='vda' bus='virtio'/>",
	 "<target dev='vda' bus='virtio'/><address type='pci' bus='0x01'/>", ""},
	{"a disk's name", "dev='vda'", "dev='vdb'", ""},
	{"a pty's path", "<serial type='pty'/>",
	 "<serial type='pty'><source path='/dev/pts/1'/></serial>", ""},
	{"a network that leads to a bridge", "<interface type='network'>",
	 "<interface type='bridge'>", ""},
	{"a CID that libvirt chose", "auto='yes'", "auto='yes' address='3'", ""},
	{"memory", ">512<", ">1024<", "memory: 512 MiB -> 1 GiB, start\n"},
	{"memory of an odd size", "unit='MiB'>512", "unit='KiB'>524289",
	 "memory: 512 MiB -> 524289 KiB, start\n"},
	{"backing", "type='memfd'", "type='anonymous'", "memory backing: memfd -> ram, start\n"},
	{"huge pages", "<memoryBacking>", "<memoryBacking><hugepages/>",
	 "huge pages: no -> yes, start\n"},
	{"locked memory", "<memoryBacking>", "<memoryBacking><locked/>",
	 "locked memory: no -> yes, start\n"},
	{"topology", "cores='4' threads='1'", "cores='2' threads='2'",
	 "CPU topology: sockets 1, cores 4, threads 1 -> sockets 1, cores 2, threads 2, start\n"},
	{"on reboot", ">destroy<", ">restart<", "on reboot: destroy -> restart, start\n"},
	{"title", ">a guest<", ">another<", "title: a guest -> another, now\n"},
	{"no title", "<title>a guest</title>", "", "title: a guest -> none, now\n"},
	{"description", "<memory ", "<description>d</description><memory ",
	 "description: none -> d, now\n"},
	{"label", ">web<", ">db<", "label app: web -> db, now\n"},
	{"another label", "<snp:label", "<snp:label key='b'>c</snp:label><snp:label",
	 "label b: none -> c, now\n"},
	{"no label", "<snp:label key='app'>web</snp:label>", "", "label app: web -> none, now\n"},
	{"vm.json", "sha256='bb'", "sha256='bc'", "vm.json: bb -> bc, now\n"},
	{"fragment", "sha256='cc'", "sha256='cd'", "libvirt_xml: cc -> cd, start\n"},
	{"template", "<snp:label", "<snp:input name='template' sha256='dd'/><snp:label",
	 "template: none -> dd, start\n"},
	{"a disk's path", "file='/a'", "file='/c'",
	 "disk[0]: none -> /c, raw, virtio, cache none, now\n"
	 "disk[0]: /a, raw, virtio, cache none -> none, now\n"},
	{"a disk's format", "type='raw' cache='none'", "type='qcow2' cache='none'",
	 "disk[0]: none -> /a, qcow2, virtio, cache none, now\n"
	 "disk[0]: /a, raw, virtio, cache none -> none, now\n"},
	{"a disk that can be written", "<readonly/>", "",
	 "disk[1]: none -> /dev/b, qcow2, scsi, serial S1, boot 1, now\n"
	 "disk[1]: " SCSI " -> none, now\n"},
	{"one more disk", "<interface type='bridge'>",
	 "<disk type='file' device='cdrom'><source file='/c'/><target dev='vdb' bus='virtio'/></disk>"
	 "<interface type='bridge'>",
	 "cdrom[0]: none -> /c, cdrom, raw, virtio, start\n"},
	{"one more network", "<hostdev ", "<interface type='user'/><hostdev ",
	 "network[2]: none -> user, now\n"},
	{"no MAC any more", "<mac address='52:54:00:00:00:01'/>", "", ""},
	{"another MAC", "00:00:01", "00:00:03",
	 "network[0]: none -> network default, MAC 52:54:00:00:00:03, now\n"
	 "network[0]: network default, MAC 52:54:00:00:00:01 -> none, now\n"},
	{"another bridge", "'br0'", "'br1'",
	 "network[1]: none -> bridge br1, MAC 52:54:00:00:00:02, now\n"
	 "network[1]: bridge br0, MAC 52:54:00:00:00:02 -> none, now\n"},
	{"a device of the host", "bus='0x41'", "bus='0x42'",
	 "vfio[0]: none -> 0000:42:00.0, start\nvfio[0]: 0000:41:00.0 -> none, start\n"},
	{"console", "<serial type='pty'/>", "<serial type='file'><source path='/log'/></serial>",
	 "console: pty -> file /log, start\n"},
	{"no console", "<serial type='pty'/>", "", "console: pty -> none, start\n"},
	{"vsock", "<cid auto='yes'/>", "<cid auto='no' address='7'/>", "vsock: auto -> 7, start\n"},
	{"huge pages of a size", "<memoryBacking>",
	 "<memoryBacking><hugepages><page size='1048576' unit='KiB'/></hugepages>",
	 "huge pages: no -> yes, 1048576 KiB, start\n"},
	{"nodes and pinning", "<cpu mode='custom'>",
	 "<cputune><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5'/></cputune>"
	 "<numatune><memnode cellid='1' mode='strict' nodeset='0'/></numatune>"
	 "<cpu mode='custom'><numa><cell id='0' cpus='0' memory='1' unit='GiB'/><cell id='1' cpus='1' memory='2'/></numa>",
	 "CPU pinning: none -> 0: 4; 1: 5, start\n"
	 "NUMA nodes: none -> vCPUs 0, 1 GiB; vCPUs 1, 2 KiB from node 0, start\n"},
	{"shared folder", "<rng ",
	 "<filesystem type='mount'><driver type='virtiofs'/><source dir='/s'/><target dir='t'/></filesystem><rng ",
	 "shared folder[0]: none -> /s as t, virtiofs, start\n"},
	{"no vsock", "<vsock model='virtio'><cid auto='yes'/></vsock>", "",
	 "vsock: auto -> none, start\n"},
	{"no random numbers", "<rng model='virtio'/>", "",
	 "random number generator: yes -> no, start\n"},
	{"what the record has", "<rng ", "<tpm model='tpm-crb'/><rng ", ""},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(freep) char *changed = replace_once(domain_text, row->old, row->new);
	char found[2048];

	compare(domain_text, changed, found, sizeof(found));
	assert_string_equal(found, row->found);
}

/* The same devices in another order; and each card with a MAC goes to its own. */
static void the_order_of_devices_does_not_matter(void **state)
{
	static const char
		a[] = "<interface type='user'><mac address='52:54:00:00:00:0a'/></interface>",
		b[] = "<interface type='user'><mac address='52:54:00:00:00:0B'/></interface>",
		any[] = "<interface type='user'/>",
		c[] = "<interface type='user'><mac address='52:54:00:00:00:0c'/></interface>";
	static const struct {
		const char *from[3], *to[3], *found;
	} orders[] = {
		{{a, b, c}, {c, a, b}, ""},
		{{a, b, c}, {any, any, any}, ""},
		{{a, b, c}, {any, b, any}, ""},
		{{a, b, ""}, {any, any, any}, "network[2]: none -> user, now\n"},
		{{a, b, c}, {any, c, ""}, "network[1]: user, MAC 52:54:00:00:00:0B -> none, now\n"},
		{{a, a, ""}, {a, "", ""}, "network[1]: user, MAC 52:54:00:00:00:0a -> none, now\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		char from[1024], to[1024], found[1024];
		char *const texts[] = {from, to};

		for (size_t side = 0; side < 2; side++) {
			const char *const *d = side ? orders[i].to : orders[i].from;

			snprintf(texts[side], 1024,
				 "<domain type='kvm'><memory>1024</memory><devices>%s%s%s</devices>"
				 "</domain>",
				 d[0], d[1], d[2]);
		}
		compare(from, to, found, sizeof(found));
		assert_string_equal(found, orders[i].found);
	}
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(the_order_of_devices_does_not_matter),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("setting", tests, n);
}
