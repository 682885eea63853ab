// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/leave_out.h"

#include <stdlib.h>

void rehearsal_leave_out(struct vm_config *config, rehearsal_left_out left_out, void *arg)
{
	const struct {
		const char *pointer, *why;
		bool *wanted;
	} switches[] = {
		{"/tpm", "swtpm belongs to the real host", &config->tpm},
		{"/memory/hugepages", "huge pages belong to the real host", &config->hugepages},
		{"/memory/locked", "the limit is the real host's", &config->memory_locked},
		{"/autostart", "a simulated host is never restarted", &config->autostart},
	};

	if (config->n_disks + config->n_cdroms > 0)
		left_out(arg, "/disks", "no guest code runs that could read them");
	if (config->cloud_init.user_data)
		left_out(arg, "/cloud_init", "no guest code runs that could read it");
	vm_config_drop_disks(config);
	if (config->n_folders > 0)
		left_out(arg, "/shared_folder", "no guest code runs that could read them");
	vm_config_drop_folders(config);
	if (config->n_nodes + config->n_pins > 0)
		left_out(arg, config->n_nodes > 0 ? "/numa" : "/cpu/pinning",
			 "the CPUs and nodes are the real host's");
	vm_config_drop_placement(config);
	if (config->n_networks > 0)
		left_out(arg, "/networks",
			 "an unprivileged libvirt cannot use the host's networks");
	vm_config_drop_networks(config);
	if (config->n_vfio > 0)
		left_out(arg, "/vfio", "the devices belong to the real host");
	vm_config_drop_vfio(config);
	if (config->user)
		left_out(arg, "/snp/user", "a simulated host runs every QEMU as one user");
	free(config->user);
	config->user = NULL;
	if (config->vsock != VM_VSOCK_NONE)
		left_out(arg, "/vsock", "vhost-vsock belongs to the real host");
	config->vsock = VM_VSOCK_NONE;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (*switches[i].wanted)
			left_out(arg, switches[i].pointer, switches[i].why);
		*switches[i].wanted = false;
	}
	/* The guest's digest is read from this console. */
	if (config->console != VM_CONSOLE_PTY)
		left_out(arg, "/console", "replaced by a console from which the digest is read");
	config->console = VM_CONSOLE_PTY;
}
