// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/layout.h"

#include <dirent.h>
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
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/sha.h>

#define MAX_LIBRARY (16u << 20)

/* Where a session's libvirtd keeps what it learnt of each QEMU. */
#define CAPABILITIES "cache/libvirt/qemu/cache/capabilities"

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
	"cache/libvirt/qemu/cache",
	CAPABILITIES,
	"config",
	"config/libvirt",
};

const char *host_path(const struct host_layout *host, const char *name,
		      char ret[static HOST_PATH_MAX])
{
	return path_join(host->folder, name, ret, HOST_PATH_MAX);
}

/* Most of the host's folders belong to the user of its libvirtd, who may put links in their place. So root
 * follows none, and changes modes and owners through descriptors alone. */
static int open_in_host(const struct host_layout *host, const char *name, const char **ret_last)
{
	return open_above(host->folder, name, ret_last);
}

/* Whatever the umask: QEMU's user must get in. */
static int hand_over(const struct host_layout *host, int fd, mode_t mode)
{
	return fchmod(fd, mode) < 0 || (getuid() == 0 && fchown(fd, host->user, host->group) < 0)
		       ? -1
		       : 0;
}

static int write_new(const struct host_layout *host, int at, const char *name,
		     struct snp_span bytes, mode_t mode)
{
	_cleanup_(closep) int fd = -1;
	char fresh[NAME_MAX + 1];
	int r;

	snprintf(fresh, sizeof(fresh), ".%.200s.%d", name, (int)getpid());
	fd = openat(at, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes);
	if (r == 0 && (hand_over(host, fd, mode) < 0 || renameat(at, fresh, at, name) < 0))
		r = -errno;
	if (r < 0)
		unlinkat(at, fresh, 0);
	return r;
}

int host_write(const struct host_layout *host, const char *name, const void *bytes, size_t size,
	       mode_t mode, struct snp_error *err)
{
	const char *last;
	_cleanup_(closep) int at = open_in_host(host, name, &last);
	int r = at < 0 ? at : write_new(host, at, last, (struct snp_span){bytes, size}, mode);

	return r < 0 ? fail_errno(err, SNP_E_WRITE, -r, "%s/%s", host->folder, name) : 0;
}

/* The whole of a regular file that belongs to `owner`, or to us by no other name. */
static uint8_t *read_whole(int fd, uid_t owner, size_t max, size_t *ret_size)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (size_t)st.st_size > max)
		return NULL;
	/* A hard link may be of anybody's file. */
	if (st.st_uid != owner && (st.st_uid != getuid() || st.st_nlink > 1))
		return NULL;
	*ret_size = (size_t)st.st_size;
	bytes = malloc(*ret_size);
	return bytes && read(fd, bytes, *ret_size) == st.st_size ? TAKE_PTR(bytes) : NULL;
}

#define READ_UNLINKED (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

uint8_t *host_read(const struct host_layout *host, const char *name, size_t max, size_t *ret_size)
{
	_cleanup_(closep) int at = -1, fd = -1;
	const char *last;

	at = open_in_host(host, name, &last);
	if (at >= 0)
		fd = openat(at, last, READ_UNLINKED);
	return read_whole(fd, host->user, max, ret_size);
}

int host_new_log(const struct host_layout *host, const char *name)
{
	const char *last;
	_cleanup_(closep) int at = open_in_host(host, name, &last);

	return openat(at, last, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		      0644);
}

/* Root cannot have a session libvirtd; the user nobody can. */
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
				 "libvirtd cannot run: there is no user 'nobody'");
	ret->user = nobody->pw_uid;
	ret->group = nobody->pw_gid;
	return 0;
}

/* A folder of the launcher's, whatever the umask. */
static int make_folder(const char *path, mode_t mode, struct snp_error *err)
{
	if (mkdir(path, mode) < 0)
		return fail_errno(err, errno == EEXIST ? SNP_E_EXISTS : SNP_E_WRITE, errno,
				  "cannot make %s", path);
	if (chmod(path, mode) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	return 0;
}

static int make_subfolder(const struct host_layout *host, const char *name, struct snp_error *err)
{
	_cleanup_(closep) int at = -1, fd = -1;
	const char *last;
	struct stat st;

	at = open_in_host(host, name, &last);
	if (at >= 0 && mkdirat(at, last, 0700) == 0)
		fd = openat(at, last, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot make %s/%s", host->folder, name);
	if (st.st_uid != getuid())
		return fail_with(err, SNP_E_WRITE, SNP_NO_OFFSET, "%s/%s was replaced",
				 host->folder, name);
	if (hand_over(host, fd, 0755) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s/%s", host->folder, name);
	return 0;
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
			return fail_errno(err, SNP_E_WRITE, errno, "cannot make %s", fresh);
		folder = fresh;
	}
	if (folder[0] != '/' || strlen(folder) > HOST_FOLDER_MAX)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"the folder of a simulated host must be an absolute path of at most %d bytes",
			HOST_FOLDER_MAX);
	snprintf(host.folder, sizeof(host.folder), "%s", folder);
	r = make_folder(host.folder, getuid() == 0 ? 0711 : 0700, err);
	if (r < 0)
		return r;
	*ret = host;
	return 0;
}

static int make_subfolders(const struct host_layout *host, struct snp_error *err)
{
	char path[HOST_PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(subfolders); i++)
		r = make_subfolder(host, subfolders[i], err);
	/* QEMU's user must not change what is launched from here (guest/guest_dir.h). */
	return r < 0 ? r : make_folder(host_path(host, "guests", path), 0711, err);
}

int host_clear_run(const struct host_layout *host)
{
	const char *last;
	_cleanup_(closep) int at = open_in_host(host, "run", &last);
	int r = at < 0 ? at : remove_tree(at, last);

	return r < 0 ? r : make_subfolder(host, "run", NULL);
}

static int copy_library(const struct host_layout *host, const char *library, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(library, MAX_LIBRARY, &bytes, &size, err);

	return r < 0 ? r : host_write(host, HOST_LIBRARY, bytes, size, 0755, err);
}

int host_layout_fill(const struct host_layout *host, const char *library, const char *kernel,
		     const char *firmware, struct snp_error *err)
{
	/* No virtlogd and no confinement: there is nothing to confine, and nothing to do it with in a
	 * container. */
	static const char qemu_conf[] = "stdio_handler = \"file\"\n"
					"security_driver = \"none\"\n"
					"security_default_confined = 0\n"
					"namespaces = []\n"
					"cgroup_controllers = []\n";
	static const char libvirtd_conf[] = "log_outputs = \"3:stderr\"\n";
	char chip_id[2 * CHIP_ID_SIZE + 1], text[512];
	int r = make_subfolders(host, err);

	if (r < 0)
		return r;
	r = copy_library(host, library, err);
	if (r < 0)
		return r;
	r = host_write(host, "config/libvirt/qemu.conf", qemu_conf, strlen(qemu_conf), 0644, err);
	if (r < 0)
		return r;
	r = host_write(host, HOST_LIBVIRTD_CONF, libvirtd_conf, strlen(libvirtd_conf), 0644, err);
	if (r < 0)
		return r;
	hex_encode(host->chip_id, CHIP_ID_SIZE, chip_id);
	snprintf(text, sizeof(text),
		 "kernel=%s\nfirmware=%s\ntcb=bl=%d,tee=%d,snp=%d,ucode=%d\nchip_id=%s\n", kernel,
		 firmware, CHIP_TCB_BOOT_LOADER, CHIP_TCB_TEE, CHIP_TCB_SNP, CHIP_TCB_MICROCODE,
		 chip_id);
	return host_write(host, "host.conf", text, strlen(text), 0644, err);
}

#define MAX_DOCUMENT  (4u << 20)
#define MAX_DOCUMENTS 64

/* The folder for this build of the library: CACHE/libvirt-DIGEST. */
static bool find_folder(const struct host_layout *host, const char *cache,
			char ret[static HOST_PATH_MAX])
{
	_cleanup_(freep) uint8_t *library = NULL;
	uint8_t digest[SNP_SHA256_SIZE];
	char hex[17], path[HOST_PATH_MAX];
	size_t size;

	if (!*cache ||
	    file_read(host_path(host, HOST_LIBRARY, path), MAX_LIBRARY, &library, &size, NULL) <
		    0 ||
	    sha256_of((struct snp_span){library, size}, digest, NULL) < 0)
		return false;
	hex_encode(digest, 8, hex);
	if (snprintf(ret, HOST_PATH_MAX, "%s/libvirt-%s", cache, hex) >= HOST_PATH_MAX)
		return false;
	mkdir(ret, 0700);
	return true;
}

/* libvirt names them by the SHA-256 of QEMU's path. */
static int is_document(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return strspn(name, "0123456789abcdef") == 64 && strcmp(name + 64, ".xml") == 0;
}

/* What is handed to the host's user must be our own. */
static uint8_t *read_document(const char *folder, const char *name, size_t *ret_size)
{
	_cleanup_(closep) int fd = -1;
	char path[2 * HOST_PATH_MAX];

	fd = open(path_join(folder, name, path, sizeof(path)), READ_UNLINKED);
	return read_whole(fd, getuid(), MAX_DOCUMENT, ret_size);
}

static void load_document(const struct host_layout *host, const char *folder, const char *name)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	char path[HOST_PATH_MAX];
	size_t size;

	bytes = read_document(folder, name, &size);
	if (bytes)
		(void)!host_write(host, path_join(CAPABILITIES, name, path, sizeof(path)), bytes,
				  size, 0600, NULL);
}

static void save_document(const struct host_layout *host, const char *folder, const char *name)
{
	_cleanup_(freep) uint8_t *bytes = NULL, *known = NULL;
	char path[2 * HOST_PATH_MAX];
	size_t size, known_size;

	bytes = host_read(host, path_join(CAPABILITIES, name, path, sizeof(path)), MAX_DOCUMENT,
			  &size);
	known = read_document(folder, name, &known_size);
	if (!bytes || (known && known_size == size && memcmp(bytes, known, size) == 0))
		return;
	(void)!file_write(path_join(folder, name, path, sizeof(path)),
			  (struct snp_span){bytes, size}, 0600, true, NULL);
}

void host_capabilities(const struct host_layout *host, const char *cache, bool save)
{
	_cleanup_(closep) int at = AT_FDCWD;
	char folder[HOST_PATH_MAX];
	struct dirent **entries = NULL;
	const char *last;
	int n;

	if (!find_folder(host, cache, folder))
		return;
	if (save)
		at = open_in_host(host, CAPABILITIES "/.", &last);
	n = scandirat(at, save ? last : folder, &entries, is_document, NULL);
	for (int i = 0; i < n; i++) {
		if (i < MAX_DOCUMENTS)
			(save ? save_document : load_document)(host, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}
