// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>

#include "rehearsal/chip.h"

/* sun_path has 108 bytes; libvirt and QEMU make sockets some 30 bytes below the folder. */
#define MAX_FOLDER 70

#define MAX_LIBRARY (16u << 20)

static const char *const subfolders[] = {
	"lib",
	"chip",
	"run",
	"log",
	"foreign",
	"home",
	"tmp",
	"data",
	"cache",
	"cache/libvirt",
	"cache/libvirt/qemu",
	"cache/libvirt/qemu/capabilities",
	"config",
	"config/libvirt",
};

const char *host_path(const struct host_layout *host, const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", host->folder, name);
	return path;
}

int host_write(const struct host_layout *host, const char *name, const void *bytes, size_t size,
	       mode_t mode, struct snp_error *err)
{
	const char *path = host_path(host, name);
	int r = file_write(path, (struct snp_span){bytes, size}, mode, true, err);

	if (r < 0)
		return r;
	/* Whatever the umask: QEMU's user must get in. */
	if (chmod(path, mode) < 0 || (getuid() == 0 && chown(path, host->user, host->group) < 0))
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	return 0;
}

/* Root has no session libvirtd; nobody has. */
static int find_user(struct host_layout *ret, struct snp_error *err)
{
	const struct passwd *nobody;

	ret->user = getuid();
	ret->group = getgid();
	if (ret->user != 0)
		return 0;
	nobody = getpwnam("nobody");
	if (!nobody)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET,
				 "there is no user nobody for libvirtd to run as");
	ret->user = nobody->pw_uid;
	ret->group = nobody->pw_gid;
	return 0;
}

/* A folder of the launcher's, whatever the umask. */
static int make_folder(const char *path, mode_t mode, struct snp_error *err)
{
	if (mkdir(path, mode) < 0)
		return fail_errno(err, errno == EEXIST ? SNP_E_EXISTS : SNP_E_WRITE, errno,
				  "%s: cannot be made", path);
	if (chmod(path, mode) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	return 0;
}

static int make_subfolder(const struct host_layout *host, const char *name, struct snp_error *err)
{
	const char *path = host_path(host, name);
	int r = make_folder(path, 0755, err);

	if (r == 0 && getuid() == 0 && chown(path, host->user, host->group) < 0)
		r = fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	return r;
}

int host_layout_make(const char *folder, struct host_layout *ret, struct snp_error *err)
{
	struct host_layout host = {0};
	char fresh[] = "/tmp/snp-host-XXXXXX";
	int r = find_user(&host, err);

	if (r < 0)
		return r;
	if (!folder) {
		/* Made and removed, for its name: make_folder() then says if another was faster. */
		if (!mkdtemp(fresh) || rmdir(fresh) < 0)
			return fail_errno(err, SNP_E_WRITE, errno, "%s: cannot be made", fresh);
		folder = fresh;
	}
	if (folder[0] != '/' || strlen(folder) > MAX_FOLDER)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"a simulated host's folder is an absolute path of at most %d bytes",
			MAX_FOLDER);
	snprintf(host.folder, sizeof(host.folder), "%s", folder);
	r = make_folder(host.folder, getuid() == 0 ? 0711 : 0700, err);
	if (r < 0)
		return r;
	*ret = host;
	return 0;
}

int host_layout_subfolders(const struct host_layout *host, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(subfolders); i++)
		r = make_subfolder(host, subfolders[i], err);
	/* What is launched from here is not QEMU's user's to change (guest/own_folder.h). */
	return r < 0 ? r : make_folder(host_path(host, "guests"), 0711, err);
}

int host_layout_library(const struct host_layout *host, const char *library, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(library, MAX_LIBRARY, &bytes, &size, err);

	if (r < 0)
		return r;
	return host_write(host, HOST_LIBRARY, bytes, size, 0755, err);
}

int host_layout_configure(const struct host_layout *host, const char *kernel, const char *firmware,
			  struct snp_error *err)
{
	/* No virtlogd, no confinement: there is nothing to confine, and nothing to do it with in a
	 * container. */
	static const char qemu_conf[] = "stdio_handler = \"file\"\n"
					"security_driver = \"none\"\n"
					"security_default_confined = 0\n"
					"namespaces = []\n"
					"cgroup_controllers = []\n";
	static const char libvirtd_conf[] = "log_outputs = \"3:stderr\"\n";
	char chip_id[2 * CHIP_ID_SIZE + 1], text[512];
	int r = host_write(host, "config/libvirt/qemu.conf", qemu_conf, strlen(qemu_conf), 0644,
			   err);

	if (r == 0)
		r = host_write(host, "config/libvirt/libvirtd.conf", libvirtd_conf,
			       strlen(libvirtd_conf), 0644, err);
	if (r < 0)
		return r;
	hex_encode(host->chip_id, CHIP_ID_SIZE, chip_id);
	snprintf(text, sizeof(text),
		 "kernel=%s\nfirmware=%s\ntcb=bl=%d,tee=%d,snp=%d,ucode=%d\nchip_id=%s\n", kernel,
		 firmware, CHIP_TCB_BOOT_LOADER, CHIP_TCB_TEE, CHIP_TCB_SNP, CHIP_TCB_MICROCODE,
		 chip_id);
	return host_write(host, "host.conf", text, strlen(text), 0644, err);
}
