// SPDX-License-Identifier: Apache-2.0
#include "host/guest_needs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/policy.h>

#include "host/uri.h"

struct look {
	const struct hypervisor *host;
	const struct vm_config *config;
	struct host_needs *needs;
	char machine[PATH_MAX +
		     16];	    /* before the paths of the kernel's files; "" on this machine */
	bool has_files, has_kernel; /* files can be looked at; and those of the kernel */
	bool runs;		    /* the guest, and has what it needs */
};

static void __attribute__((format(printf, 4, 5)))
need(struct look *l, const char *check, bool met, const char *fmt, ...)
{
	struct host_need *n;
	va_list args;

	if (l->needs->n == HOST_NEEDS_MAX)
		return;
	n = &l->needs->at[l->needs->n++];
	n->check = check;
	n->met = met;
	va_start(args, fmt);
	vsnprintf(n->text, sizeof(n->text), fmt, args);
	va_end(args);
}

/* A file of the kernel: its path, and its first line; "" where there is none. */
static const char *kernel_path(const struct look *l, char ret[static 2 * PATH_MAX], const char *fmt,
			       const char *name)
{
	int n = snprintf(ret, 2 * PATH_MAX, "%s", l->machine);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(ret + n, 2 * PATH_MAX - (size_t)n, fmt, name);
#pragma GCC diagnostic pop
	return ret;
}

static bool kernel_has(const struct look *l, const char *fmt, const char *name)
{
	char path[2 * PATH_MAX];

	return access(kernel_path(l, path, fmt, name), F_OK) == 0;
}

static void kernel_line(const struct look *l, const char *fmt, const char *name, char *ret,
			size_t size)
{
	char path[2 * PATH_MAX];
	_cleanup_(fclosep) FILE *f = fopen(kernel_path(l, path, fmt, name), "re");

	ret[0] = '\0';
	if (f && fgets(ret, (int)size, f))
		ret[strcspn(ret, "\n")] = '\0';
}

static void look_at_networks(struct look *l)
{
	for (size_t i = 0; i < l->config->n_networks; i++) {
		const struct vm_network *n = &l->config->networks[i];
		virNetworkPtr network;
		bool active;

		if (n->type == VM_NETWORK_BRIDGE && l->has_kernel) {
			const bool there = kernel_has(l, "/sys/class/net/%s/bridge", n->source);

			need(l, "bridge", there, "%s: %s", n->source,
			     there ? "there"
			     : kernel_has(l, "/sys/class/net/%s", n->source)
				     ? "is not a bridge"
				     : "the host has no such interface");
		}
		if (n->type != VM_NETWORK_NETWORK || !l->host->connection)
			continue;
		network = virNetworkLookupByName(l->host->connection, n->source);
		active = network && virNetworkIsActive(network) == 1;
		need(l, "network", active, "%s: %s", n->source,
		     !network ? "libvirt has no such network"
		     : active ? "active"
			      : "not active");
		if (network)
			virNetworkFree(network);
	}
}

/* QEMU (block/file-posix.c, raw_check_lock_bytes) locks byte 100 + N of an image for what it does, and 200 + N for
 * what it lets nobody else do; 1 is writing. A reader lets others read alone, so every user of an image has 201. */
#define LOCK_WRITES   101
#define LOCK_NO_WRITE 201

static bool is_locked(int fd, off_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static void look_at_image(struct look *l, const char *path, bool qcow2, bool readonly)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char magic[4] = "";
	bool used, whole;

	if (fd < 0 || fstat(fd, &st) < 0) {
		need(l, "guest-disk", false, "%.160s: %s", path, strerrordesc_np(errno));
		return;
	}
	whole = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	need(l, "guest-disk", whole, "%.160s%s", path,
	     whole ? "" : ": is neither a file nor a block device");
	if (!whole)
		return;
	if (qcow2)
		need(l, "disk-format",
		     pread(fd, magic, 4, 0) == 4 && memcmp(magic, "QFI\xfb", 4) == 0,
		     "%.160s: is %sqcow2", path, memcmp(magic, "QFI\xfb", 4) == 0 ? "" : "not ");
	used = is_locked(fd, LOCK_WRITES) || (!readonly && is_locked(fd, LOCK_NO_WRITE));
	if (!l->runs)
		need(l, "disk-in-use", !used, "%.160s: %s", path,
		     used ? "another process has it open" : "free");
}

static void look_at_files(struct look *l)
{
	const struct vm_config *c = l->config;
	const char *const seeds[] = {c->cloud_init.user_data, c->cloud_init.meta_data,
				     c->cloud_init.network_config};

	for (size_t i = 0; i < c->n_disks; i++)
		look_at_image(l, c->disks[i].path, c->disks[i].format == VM_DISK_QCOW2,
			      c->disks[i].readonly);
	for (size_t i = 0; i < c->n_cdroms; i++)
		look_at_image(l, c->cdroms[i].path, false, true);
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		if (seeds[i])
			need(l, "cloud-init-file", access(seeds[i], R_OK) == 0, "%.160s%s%s",
			     seeds[i], access(seeds[i], R_OK) == 0 ? "" : ": ",
			     access(seeds[i], R_OK) == 0 ? "" : strerrordesc_np(errno));
	for (size_t i = 0; i < c->n_folders; i++) {
		struct stat st;
		const bool there = stat(c->folders[i].path, &st) == 0 && S_ISDIR(st.st_mode);

		need(l, "shared-folder", there, "%.160s%s", c->folders[i].path,
		     there ? "" : ": is not a folder");
	}
	if (c->console == VM_CONSOLE_FILE) {
		char folder[PATH_MAX];
		char *slash;

		snprintf(folder, sizeof(folder), "%s", c->console_path);
		slash = strrchr(folder, '/');
		slash[slash == folder] = '\0';
		need(l, "console-file", access(folder, F_OK) == 0, "%.160s%s", folder,
		     access(folder, F_OK) == 0 ? "" : ": is not a folder");
	}
}

static bool has_program(const char *name)
{
	const char *at = getenv("PATH");

	for (at = at ? at : "/usr/bin:/bin"; *at; at += *at == ':') {
		char path[PATH_MAX];
		const int n = (int)strcspn(at, ":");

		snprintf(path, sizeof(path), "%.*s/%s", n, at, name);
		if (n > 0 && access(path, X_OK) == 0)
			return true;
		at += n;
	}
	return false;
}

static void look_at_programs(struct look *l)
{
	const struct vm_config *c = l->config;
	size_t forwards = 0;

	for (size_t i = 0; i < c->n_networks; i++)
		forwards += c->networks[i].n_forwards;
	if (c->tpm)
		need(l, "tpm-emulator", has_program("swtpm") && has_program("swtpm_setup"),
		     "swtpm is %sinstalled",
		     has_program("swtpm") && has_program("swtpm_setup") ? "" : "not ");
	if (c->cloud_init.user_data)
		need(l, "xorriso", has_program("xorriso"), "xorriso is %sinstalled",
		     has_program("xorriso") ? "" : "not ");
	if (forwards > 0)
		need(l, "passt", has_program("passt"), "passt is %sinstalled",
		     has_program("passt") ? "" : "not ");
	if (c->n_folders > 0) {
		const bool there = access("/usr/libexec/virtiofsd", X_OK) == 0 ||
				   access("/usr/lib/qemu/virtiofsd", X_OK) == 0;

		need(l, "virtiofsd", there, "virtiofsd is %sinstalled", there ? "" : "not ");
	}
}

/* The last part of where a symbolic link leads; "" if there is none. */
static void link_name(const char *path, char ret[static NAME_MAX + 1])
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	target[n < 0 ? 0 : n] = '\0';
	slash = strrchr(target, '/');
	snprintf(ret, NAME_MAX + 1, "%.*s", NAME_MAX, slash ? slash + 1 : target);
}

/* Every device of a group must be the guest's, have no driver, or have one that keeps out of the way (Linux,
 * drivers/vfio/pci): libvirt gives those that vm.json names to vfio-pci itself. */
static bool find_foreign(const struct look *l, const char *address, char *ret, size_t size)
{
	char group[2 * PATH_MAX], driver[4 * PATH_MAX], name[NAME_MAX + 1];
	DIR *dir = opendir(
		kernel_path(l, group, "/sys/bus/pci/devices/%s/iommu_group/devices", address));
	bool found = false;

	for (struct dirent *e; !found && dir && (e = readdir(dir));) {
		bool ours = e->d_name[0] == '.';

		for (size_t i = 0; i < l->config->n_vfio; i++)
			ours |= strcmp(e->d_name, l->config->vfio[i].address) == 0;
		snprintf(driver, sizeof(driver), "%s/%s/driver", group, e->d_name);
		link_name(driver, name);
		if (ours || !name[0] || strcmp(name, "vfio-pci") == 0 ||
		    strcmp(name, "pcieport") == 0 || strcmp(name, "pci-stub") == 0)
			continue;
		snprintf(ret, size, "%.40s has the driver %.40s", e->d_name, name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void look_at_devices(struct look *l)
{
	const struct vm_config *c = l->config;

	for (size_t i = 0; i < c->n_vfio; i++) {
		const char *address = c->vfio[i].address;
		char foreign[160];

		if (!kernel_has(l, "/sys/bus/pci/devices/%s", address))
			need(l, "vfio-device", false, "%s: the host has no such device", address);
		else if (!kernel_has(l, "/sys/bus/pci/devices/%s/iommu_group", address))
			need(l, "vfio-device", false, "%s: has no IOMMU group", address);
		else if (find_foreign(l, address, foreign, sizeof(foreign)))
			need(l, "vfio-device", false, "%s: in its IOMMU group %s", address,
			     foreign);
		else if (c->vfio[i].iommufd && !kernel_has(l, "/dev/iommu%s", ""))
			need(l, "vfio-device", false, "%s: there is no /dev/iommu", address);
		else
			need(l, "vfio-device", true, "%s", address);
	}
	if (c->vsock != VM_VSOCK_NONE) {
		const bool there = kernel_has(l, "/dev/vhost-vsock%s", "");

		need(l, "vsock", there, "/dev/vhost-vsock is %s", there ? "there" : "absent");
	}
}

static uint64_t kernel_number(const struct look *l, const char *file, const char *format)
{
	char path[2 * PATH_MAX], line[128];
	_cleanup_(fclosep) FILE *f = fopen(kernel_path(l, path, "%s", file), "re");
	uint64_t ret = 0;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	while (f && fgets(line, sizeof(line), f) && sscanf(line, format, &ret) != 1)
		continue;
#pragma GCC diagnostic pop
	return ret;
}

static void look_at_memory(struct look *l)
{
	const struct vm_config *c = l->config;
	uint64_t available = kernel_number(l, "/proc/meminfo", "MemAvailable: %" SCNu64), size;
	char folder[96];
	struct rlimit limit;

	need(l, "guest-memory", available >= c->memory_kib,
	     "%" PRIu64 " MiB of %" PRIu64 " MiB available", c->memory_kib / 1024,
	     available / 1024);
	size = c->hugepage_kib ? c->hugepage_kib
			       : kernel_number(l, "/proc/meminfo", "Hugepagesize: %" SCNu64);
	if (c->hugepages) {
		uint64_t pages;

		snprintf(folder, sizeof(folder),
			 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/free_hugepages", size);
		pages = kernel_number(l, folder, "%" SCNu64);
		need(l, "huge-pages", size > 0 && pages * size >= c->memory_kib,
		     "%" PRIu64 " free pages of %" PRIu64 " KiB for %" PRIu64 " MiB", pages, size,
		     c->memory_kib / 1024);
	}
	/* libvirt as root raises the limit of QEMU; a session cannot. */
	if ((c->memory_locked || c->n_vfio > 0) && l->host->uri && uri_is_session(l->host->uri) &&
	    getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
		const bool enough =
			limit.rlim_max == RLIM_INFINITY || limit.rlim_max / 1024 >= c->memory_kib;

		need(l, "memory-lock", enough, "a session may lock %ju MiB",
		     (uintmax_t)limit.rlim_max >> 20);
	}
}

/* Whether a list of the kernel ("0-3,8") has all that another names. */
static bool has_all(const char *list, const char *wanted)
{
	while (*wanted) {
		char *end;
		unsigned long n = strtoul(wanted, &end, 10), last = n;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; n <= last; n++) {
			const char *c = list;
			bool found = false;

			while (*c && !found) {
				char *after;
				unsigned long from = strtoul(c, &after, 10), to = from;

				if (*after == '-')
					to = strtoul(after + 1, &after, 10);
				found = n >= from && n <= to;
				c = after + (*after == ',');
				if (after == c)
					break;
			}
			if (!found)
				return false;
		}
		wanted = end + (*end == ',');
	}
	return true;
}

static void look_at_cpus(struct look *l)
{
	const struct vm_config *c = l->config;
	char online[256], smt[16];
	uint64_t capacity = kernel_number(l, "/sys/fs/cgroup/misc.capacity", "sev_es %" SCNu64),
		 used = kernel_number(l, "/sys/fs/cgroup/misc.current", "sev_es %" SCNu64);

	kernel_line(l, "/sys/devices/system/cpu/online%s", "", online, sizeof(online));
	for (size_t i = 0; i < c->n_pins && online[0]; i++)
		if (!has_all(online, c->pins[i])) {
			need(l, "host-cpus", false, "vCPU %zu: %s, and the host has CPUs %.60s", i,
			     c->pins[i], online);
			break;
		}
	kernel_line(l, "/sys/devices/system/node/online%s", "", online, sizeof(online));
	for (size_t i = 0; i < c->n_nodes && online[0]; i++)
		if (c->nodes[i].host_nodes && !has_all(online, c->nodes[i].host_nodes)) {
			need(l, "host-cpus", false, "node %zu: %s, and the host has nodes %.60s", i,
			     c->nodes[i].host_nodes, online);
			break;
		}
	kernel_line(l, "/sys/devices/system/cpu/smt/active%s", "", smt, sizeof(smt));
	if (!(c->policy & SNP_POLICY_SMT) && smt[0])
		need(l, "smt", strcmp(smt, "0") == 0, "the host runs with SMT %s",
		     strcmp(smt, "0") == 0 ? "off" : "on");
	if (capacity > 0)
		need(l, "asids", used < capacity, "%" PRIu64 " of %" PRIu64 " ASIDs in use", used,
		     capacity);
}

static bool is_running(const struct look *l)
{
	_cleanup_(domain_freep) virDomainPtr domain =
		l->host->connection ? virDomainLookupByName(l->host->connection, l->config->name)
				    : NULL;

	return domain && virDomainIsActive(domain) == 1;
}

void guest_needs(const struct hypervisor *host, const struct vm_config *config,
		 struct host_needs *ret)
{
	struct look l = {.host = host, .config = config, .needs = ret};
	char folder[PATH_MAX];

	*ret = (struct host_needs){0};
	/* Another driver than QEMU's has guests without devices. */
	if (!host || host->qemu_version == 0)
		return;
	l.has_files = !uri_is_remote(host->uri);
	l.has_kernel = l.has_files;
	if (uri_simulated_host(host->uri, folder)) {
		snprintf(l.machine, sizeof(l.machine), "%s/machine", folder);
		l.has_kernel = access(l.machine, F_OK) == 0;
	}
	l.runs = is_running(&l);
	look_at_networks(&l);
	if (l.has_files) {
		look_at_files(&l);
		look_at_programs(&l);
	}
	if (!l.has_kernel)
		return;
	look_at_devices(&l);
	if (!l.runs) {
		look_at_memory(&l);
		look_at_cpus(&l);
	}
}
