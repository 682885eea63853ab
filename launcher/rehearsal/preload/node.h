/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the program's file descriptors are simulated devices. Each is a real descriptor, a memfd,
 * so that everything else the program does with it (mmap, fcntl, fallocate) works by itself. */
#ifndef REHEARSAL_PRELOAD_NODE_H
#define REHEARSAL_PRELOAD_NODE_H

#include <stddef.h>

enum node_kind {
	NODE_NONE,
	NODE_KVM,
	NODE_SEV,
	NODE_VM,
	NODE_VCPU,
	NODE_GUEST_MEMFD,
};

struct node {
	enum node_kind kind;
	void *object;
};

/* A new descriptor of `size` bytes. Returns it, or -errno. */
int node_open(enum node_kind kind, void *object, size_t size);

/* What `fd` is; kind NODE_NONE for everything that is not simulated. Safe in signal handlers and
 * between fork and exec. */
struct node node_of(int fd);

/* Forget `fd`, before it is closed. */
void node_forget(int fd);

#endif
