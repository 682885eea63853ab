// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "complaint.h"
#include "cpuid.h"
#include "guest_name.h"
#include "settings.h"

/*
 * QEMU learns the position of the C-bit, and what the host CPU is, by executing CPUID (QEMU 10.0
 * target/i386/sev.c, host-cpu.c), all through one function, host_cpuid(), which no preloaded library
 * can interpose because the calls are within the program. Debian's QEMU exports it for its modules,
 * so its entry can be found and overwritten with a jump.
 */
static bool cpuid_simulated;

/* jmp *0(%rip), followed by the address (Intel SDM vol. 2, JMP FF /4). */
#define JUMP_SIZE 14

static void simulated_host_cpuid(uint32_t function, uint32_t count, uint32_t *eax, uint32_t *ebx,
				 uint32_t *ecx, uint32_t *edx)
{
	struct cpuid_leaf leaf = cpuid_of_host(function, count);

	if (eax)
		*eax = leaf.eax;
	if (ebx)
		*ebx = leaf.ebx;
	if (ecx)
		*ecx = leaf.ecx;
	if (edx)
		*edx = leaf.edx;
}

static bool patch(void *entry)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)entry & ~(page - 1);
	size_t size = (((uintptr_t)entry + JUMP_SIZE + page - 1) & ~(page - 1)) - start;
	uintptr_t target = (uintptr_t)simulated_host_cpuid;
	uint8_t jump[JUMP_SIZE] = {0xff, 0x25};

	memcpy(jump + 6, &target, sizeof(target));
	if (mprotect((void *)start, size, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return false;
	memcpy(entry, jump, sizeof(jump));
	return mprotect((void *)start, size, PROT_READ | PROT_EXEC) == 0;
}

/* The only thing that happens in every program at its start, and it touches none but QEMU. */
__attribute__((constructor)) static void simulate_cpuid(void)
{
	void *symbol = NULL;
	void *entry = dlsym(RTLD_DEFAULT, "host_cpuid");
	Dl_info where;

	if (!entry || !settings()->usable)
		return;
	if (!dladdr1(entry, &where, &symbol, RTLD_DL_SYMENT) || !symbol ||
	    ((const ElfW(Sym) *)symbol)->st_size < JUMP_SIZE)
		return;
	cpuid_simulated = patch(entry);
}

bool program_cpuid_simulated(void)
{
	return cpuid_simulated;
}

bool program_is_qemu(void)
{
	return dlsym(RTLD_DEFAULT, "host_cpuid") || strstr(program_invocation_short_name, "qemu");
}

static char guest_name[256];
static pthread_once_t name_once = PTHREAD_ONCE_INIT;

static void read_guest_name(void)
{
	static char args[1 << 16];
	size_t size = 0;
	ssize_t n;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (size < sizeof(args) - 1 && (n = read(fd, args + size, sizeof(args) - 1 - size)) > 0)
		size += (size_t)n;
	syscall(SYS_close, fd);
	guest_name_find(args, size, guest_name, sizeof(guest_name));
}

const char *program_guest_name(void)
{
	pthread_once(&name_once, read_guest_name);
	return guest_name;
}

static void *wait_for_keeper(void *arg)
{
	int fd = *(const int *)arg;
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	/* The keeper holds the write lock until it dies, however it dies. */
	while (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return NULL;
	_exit(1);
}

void program_watch_keeper(void)
{
	static int fd = -1;
	char path[PATH_MAX + 16];
	pthread_t thread;

	if (fd >= 0)
		return;
	snprintf(path, sizeof(path), "%s/keeper.lock", settings()->host);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	/* Without a keeper (QEMU started by hand) there is nothing to wait for. */
	if (fd >= 0 && pthread_create(&thread, NULL, wait_for_keeper, &fd) == 0)
		pthread_detach(thread);
}
