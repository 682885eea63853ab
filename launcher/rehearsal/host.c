// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/host.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>

#include "host/hypervisor.h"
#include "host/installed.h"
#include "rehearsal/chip.h"
#include "rehearsal/keeper.h"
#include "rehearsal/layout.h"

#define PATIENCE_SECONDS 60
#define HOST_URI	 "qemu+unix:///session?socket=%s/" HOST_SOCKET

/* The shared folder, made if it is missing; "" if there is no home for it. */
static void find_cache(const char *option, char ret[static PATH_MAX])
{
	bool known = true;

	if (option)
		known = snprintf(ret, PATH_MAX, "%s", option) < PATH_MAX;
	else
		known = user_folder(USER_CACHE, "snp-launch", ret);
	if (known)
		(void)make_folders(ret, 0700, 0700);
	else
		ret[0] = '\0';
}

/* The last line of a log of the host, or "". */
static void read_last_line(const struct host_layout *host, const char *name, char ret[static 512])
{
	size_t size, start;
	_cleanup_(freep) uint8_t *text = host_read(host, name, SNP_MAX_CONFIG, &size);

	ret[0] = '\0';
	if (!text)
		return;
	while (size > 0 && text[size - 1] == '\n')
		size--;
	for (start = size; start > 0 && text[start - 1] != '\n'; start--)
		continue;
	snprintf(ret, 512, "%.*s", (int)(size - start), (const char *)text + start);
}

static int fail_with_logs(const struct host_layout *host, const char *what, const char *why,
			  struct snp_error *err)
{
	char libvirtd[512], simulation[512];

	read_last_line(host, "log/libvirtd.log", libvirtd);
	read_last_line(host, "log/simulation.log", simulation);
	return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "%s%s; libvirtd: %s; simulation: %s",
			 what, why, libvirtd, simulation);
}

/* Connect as soon as libvirtd listens, unless its keeper ends first. */
static int reach(const struct host_layout *host, const char *uri, int alive, struct hypervisor *ret,
		 struct snp_error *err)
{
	struct pollfd keeper = {alive, 0, 0};
	struct snp_error last = {0};
	char path[HOST_PATH_MAX];

	for (int i = 0; i < PATIENCE_SECONDS * 50; i++) {
		if (access(host_path(host, HOST_SOCKET, path), F_OK) == 0 &&
		    hypervisor_open(uri, ret, &last) == 0)
			return 0;
		if (poll(&keeper, 1, 20) > 0)
			return fail_with_logs(
				host, "libvirtd of the simulated host exited immediately", "", err);
	}
	return fail_with_logs(
		host, "libvirtd of the simulated host does not answer: ", last.message, err);
}

static int check_snp(const struct host_layout *host, const struct hypervisor *libvirt,
		     const char *emulator, struct snp_error *err)
{
	struct domain_capabilities caps;
	struct snp_error why;

	if (hypervisor_capabilities(libvirt, emulator, NULL, &caps, &why) < 0)
		return fail_with_logs(host, "libvirt has no QEMU for SNP guests: ", why.message,
				      err);
	if (!caps.has_kvm || !caps.has_sev_snp)
		return fail_with_logs(host, "libvirt of the simulated host does not offer sev-snp",
				      " (it needs libvirt 10.5 and QEMU 9.1)", err);
	return 0;
}

/* What happens between the keeper's start and the host's being ready. */
static int complete(const struct host_layout *host, const struct simulated_host_options *options,
		    const char *cache, const char *uri, int alive, struct snp_error *err)
{
	_cleanup_(hypervisor_close) struct hypervisor libvirt = {0};
	int r = chip_make(host, cache, err);

	if (r < 0)
		return r;
	r = reach(host, uri, alive, &libvirt, err);
	if (r < 0)
		return r;
	r = check_snp(host, &libvirt, options->emulator, err);
	if (r < 0)
		return r;
	host_capabilities(host, cache, true);
	return 0;
}

static int prepare(const struct host_layout *host, const struct simulated_host_options *options,
		   const char *cache, struct snp_error *err)
{
	char library[PATH_MAX];
	int r = 0;

	if (!options->library)
		r = installed_find("../" SNP_LIBDIR "/snp-launch/libsnp-rehearsal.so",
				   "rehearsal/libsnp-rehearsal.so", library, err);
	if (r < 0)
		return r;
	r = host_layout_fill(host, options->library ? options->library : library,
			     options->kernel ? options->kernel : "6.12",
			     options->firmware ? options->firmware : "1.55.35", err);
	if (r < 0)
		return r;
	host_capabilities(host, cache, false);
	return 0;
}

static int check_options(const struct simulated_host_options *options, struct snp_error *err)
{
	unsigned int major, minor, build;
	int end = 0;

	if (options->kernel && strcmp(options->kernel, "6.12") != 0 &&
	    strcmp(options->kernel, "6.19") != 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "cannot simulate kernel %s; choose 6.12 or 6.19", options->kernel);
	if (options->firmware &&
	    (sscanf(options->firmware, "%3u.%3u.%3u%n", &major, &minor, &build, &end) != 3 ||
	     options->firmware[end] != '\0' || major > 255 || minor > 255 || build > 255))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "invalid firmware version '%s'; expected MAJOR.MINOR.BUILD",
				 options->firmware);
	return 0;
}

int simulated_host_start(const struct simulated_host_options *options, struct simulated_host *ret,
			 struct snp_error *err)
{
	const struct simulated_host_options defaults = {0};
	struct simulated_host started;
	struct host_layout host;
	char cache[PATH_MAX];
	_cleanup_(closep) int alive = -1;
	int r, lock = -1;

	if (!options)
		options = &defaults;
	r = check_options(options, err);
	if (r < 0)
		return r;
	keeper_sweep();
	find_cache(options->cache, cache);
	r = host_layout_make(options->folder, &host, err);
	if (r < 0)
		return r;
	r = lock = keeper_lock(&host, err);
	if (r >= 0)
		r = 0;
	if (r == 0 && RAND_bytes(host.chip_id, sizeof(host.chip_id)) != 1)
		r = fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "no random numbers");
	if (r == 0)
		r = prepare(&host, options, cache, err);
	if (r == 0)
		r = keeper_start(&host, lock, options->ends_with_caller, &alive, err);
	else if (lock >= 0)
		close(lock);
	if (r < 0) {
		remove_tree(AT_FDCWD, host.folder);
		return r;
	}
	snprintf(started.folder, sizeof(started.folder), "%s", host.folder);
	snprintf(started.uri, sizeof(started.uri), HOST_URI, host.folder);
	r = complete(&host, options, cache, started.uri, alive, err);
	if (r < 0) {
		(void)!keeper_stop(host.folder, NULL);
		return r;
	}
	*ret = started;
	return 0;
}

int simulated_host_restart(const char *folder, bool reboot, struct snp_error *err)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	char uri[PATH_MAX + 64];
	int r = keeper_restart(folder, reboot, err);

	if (r < 0)
		return r;
	snprintf(uri, sizeof(uri), HOST_URI, folder);
	for (int i = 0; i < PATIENCE_SECONDS * 50; i++) {
		_cleanup_(hypervisor_close) struct hypervisor libvirt = {0};

		if (hypervisor_open(uri, &libvirt, err) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET,
			 "libvirtd of the simulated host does not answer after its restart");
}

int simulated_host_stop(const char *folder, struct snp_error *err)
{
	return keeper_stop(folder, err);
}
