// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptors are handed out lowest first; QEMU with 255 vCPUs stays below a thousand. */
#define MAX_DESCRIPTORS 65536

static _Atomic(struct node *) nodes[MAX_DESCRIPTORS];

int node_open(enum node_kind kind, void *object, size_t size)
{
	struct node *node;
	int fd = memfd_create("simulated-device", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	node = malloc(sizeof(*node));
	if (!node) {
		syscall(SYS_close, fd);
		return -ENOMEM;
	}
	if (fd >= MAX_DESCRIPTORS || ftruncate(fd, (off_t)size) < 0) {
		syscall(SYS_close, fd);
		free(node);
		return -EMFILE;
	}
	*node = (struct node){kind, object};
	atomic_store(&nodes[fd], node);
	return fd;
}

struct node node_of(int fd)
{
	const struct node *node = NULL;

	if (fd >= 0 && fd < MAX_DESCRIPTORS)
		node = atomic_load(&nodes[fd]);
	return node ? *node : (struct node){NODE_NONE, NULL};
}

void node_forget(int fd)
{
	/* The sixteen bytes stay: close() also runs between fork and exec, where free() may not. */
	if (fd >= 0 && fd < MAX_DESCRIPTORS)
		atomic_store(&nodes[fd], NULL);
}
