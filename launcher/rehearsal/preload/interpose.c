// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's functions through which libvirtd and QEMU meet the devices. What is not about a
 * simulated device goes to the kernel as it came: by system call, so that it also works between fork
 * and exec and in signal handlers.
 */
/* Both names of each function are defined here, so the headers must not rename one to the other. */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "node.h"
#include "processor.h"
#include "program.h"
#include "settings.h"
#include "vm.h"

#define EXPORT __attribute__((visibility("default")))

/* Not declared by the headers of a program that is not fortified. */
EXPORT int __open_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags);
EXPORT int __openat_2(int dir, const char *path, int flags);
EXPORT int __openat64_2(int dir, const char *path, int flags);

static enum node_kind device_of(const char *path)
{
	/* The settings are read only once somebody asks for a device. */
	if (!path || strncmp(path, "/dev/", 5) != 0)
		return NODE_NONE;
	if (strcmp(path, "/dev/kvm") == 0)
		return settings()->usable ? NODE_KVM : NODE_NONE;
	if (strcmp(path, "/dev/sev") == 0)
		return settings()->usable ? NODE_SEV : NODE_NONE;
	return NODE_NONE;
}

/* As a system call returns: -errno becomes -1 and errno. */
static int finish(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
	enum node_kind device = device_of(path);

	if (device == NODE_SEV && !cpuid_is_simulated()) {
		complain(
			"this QEMU does not export host_cpuid(), which the simulation replaces to set the C-bit's position; use one that does, such as Debian's");
		return finish(-ENODEV);
	}
	if (device != NODE_NONE)
		return finish(node_open(device, NULL, 0));
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static bool takes_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

/* The 64-bit names are the same functions: off_t has 64 bits on x86-64. */
#define SAME_AS(name) __attribute__((alias(#name)))

EXPORT int open(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = open_at(AT_FDCWD, path, flags, takes_mode(flags) ? va_arg(ap, mode_t) : 0);
	va_end(ap);
	return fd;
}

EXPORT int open64(const char *path, int flags, ...) SAME_AS(open);

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = open_at(dir, path, flags, takes_mode(flags) ? va_arg(ap, mode_t) : 0);
	va_end(ap);
	return fd;
}

EXPORT int openat64(int dir, const char *path, int flags, ...) SAME_AS(openat);

EXPORT int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags) SAME_AS(__open_2);

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return open_at(dir, path, flags, 0);
}

EXPORT int __openat64_2(int dir, const char *path, int flags) SAME_AS(__openat_2);

EXPORT int close(int fd)
{
	node_forget(fd);
	return (int)syscall(SYS_close, fd);
}

static int vcpu_request(struct vcpu *vcpu, unsigned long request, void *arg)
{
	int r;

	/* KVM_RUN sleeps, and must not hold others off. */
	if (request == KVM_RUN)
		return vcpu_run(vcpu);
	pthread_mutex_lock(&vcpu->vm->lock);
	r = vcpu_ioctl(vcpu, request, arg);
	pthread_mutex_unlock(&vcpu->vm->lock);
	return r;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	struct node node = node_of(fd);
	void *arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	/* QEMU keeps requests in an int and so extends their sign. */
	if (node.kind != NODE_NONE)
		request &= 0xffffffff;
	switch (node.kind) {
	case NODE_KVM:
		return finish(kvm_device_ioctl(request, arg));
	case NODE_VM:
		return finish(vm_ioctl(node.object, request, arg));
	case NODE_VCPU:
		return finish(vcpu_request(node.object, request, arg));
	case NODE_SEV:
		return finish(sev_device_ioctl(request, arg));
	case NODE_GUEST_MEMFD:
	case NODE_NONE:
	default:
		return (int)syscall(SYS_ioctl, fd, request, arg);
	}
}

EXPORT int access(const char *path, int mode)
{
	if (device_of(path) != NODE_NONE)
		return 0;
	return (int)syscall(SYS_access, path, mode);
}

static int fill_stat(enum node_kind device, struct stat *ret)
{
	/* Linux Documentation/admin-guide/devices.txt: misc devices, kvm 232; sev is dynamic. */
	unsigned int minor_number = device == NODE_KVM ? 232 : 125;

	*ret = (struct stat){
		.st_mode = S_IFCHR | 0666,
		.st_nlink = 1,
		.st_rdev = makedev(10, minor_number),
		.st_ino = minor_number,
		.st_blksize = 4096,
	};
	return 0;
}

EXPORT int stat(const char *restrict path, struct stat *restrict ret)
{
	enum node_kind device = device_of(path);

	if (device != NODE_NONE)
		return fill_stat(device, ret);
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, ret, 0);
}

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct on x86-64");

EXPORT int stat64(const char *restrict path, struct stat64 *restrict ret)
{
	enum node_kind device = device_of(path);

	if (device != NODE_NONE)
		return fill_stat(device, (struct stat *)ret);
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, ret, 0);
}
