// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/leave_out.h"

#include <stdlib.h>

/* Each takes its thing out and says whether it was there. */
static bool no_disks(struct vm_config *config)
{
	const bool there = config->n_disks > 0;

	for (size_t i = 0; i < config->n_disks; i++) {
		free(config->disks[i].path);
		free(config->disks[i].serial);
	}
	config->n_disks = 0;
	return there;
}

static bool no_networks(struct vm_config *config)
{
	const bool there = config->n_networks > 0;

	for (size_t i = 0; i < config->n_networks; i++) {
		free(config->networks[i].source);
		free(config->networks[i].mac);
	}
	config->n_networks = 0;
	return there;
}

static bool no_vfio(struct vm_config *config)
{
	const bool there = config->n_vfio > 0;

	for (size_t i = 0; i < config->n_vfio; i++)
		free(config->vfio[i]);
	config->n_vfio = 0;
	return there;
}

static bool no_vsock(struct vm_config *config)
{
	const bool there = config->vsock != VM_VSOCK_NONE;

	config->vsock = VM_VSOCK_NONE;
	return there;
}

static bool no_tpm(struct vm_config *config)
{
	const bool there = config->tpm;

	config->tpm = false;
	return there;
}

static bool no_hugepages(struct vm_config *config)
{
	const bool there = config->hugepages;

	config->hugepages = false;
	return there;
}

static bool no_locked_memory(struct vm_config *config)
{
	const bool there = config->memory_locked;

	config->memory_locked = false;
	return there;
}

static bool no_autostart(struct vm_config *config)
{
	const bool there = config->autostart;

	config->autostart = false;
	return there;
}

/* The guest's word is heard on its console, whatever the real one's is. */
static bool own_console(struct vm_config *config)
{
	const bool there = config->console != VM_CONSOLE_PTY;

	config->console = VM_CONSOLE_PTY;
	return there;
}

static const struct {
	const char *pointer, *why;
	bool (*take_out)(struct vm_config *config);
} things[] = {
	{"/disks", "no guest code runs that would read them", no_disks},
	{"/networks", "an unprivileged libvirt has none of the host's", no_networks},
	{"/vfio", "devices of the real host", no_vfio},
	{"/vsock", "vhost-vsock is the real host's", no_vsock},
	{"/tpm", "swtpm is the real host's", no_tpm},
	{"/memory/hugepages", "pages of the real host", no_hugepages},
	{"/memory/locked", "the limit is the real host's", no_locked_memory},
	{"/autostart", "the simulated host does not come up again", no_autostart},
	{"/console", "replaced by the one that the digest is read from", own_console},
};

void rehearsal_leave_out(struct vm_config *config, rehearsal_left_out left_out, void *arg)
{
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		if (things[i].take_out(config))
			left_out(arg, things[i].pointer, things[i].why);
}
