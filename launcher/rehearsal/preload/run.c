// SPDX-License-Identifier: Apache-2.0
/* KVM_RUN: no guest code runs. A vCPU sleeps until it is kicked; the boot vCPU does what little the
 * guest does. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "complaint.h"
#include "software.h"
#include "vm.h"

/* Finish the port access that the last KVM_RUN left to QEMU. */
static void complete_access(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint32_t value = 0;

	if (run->exit_reason != KVM_EXIT_IO)
		return;
	run->exit_reason = KVM_EXIT_UNKNOWN;
	memcpy(&value, (const uint8_t *)run + RUN_PIO_OFFSET, run->io.size);
	software_done(&vcpu->software, le32toh(value));
}

static int leave_for(struct vcpu *vcpu, const struct port_access *access)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = access->is_write ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	run->io.size = access->size;
	run->io.port = access->port;
	run->io.count = 1;
	run->io.data_offset = RUN_PIO_OFFSET;
	put_le32((uint8_t *)run + RUN_PIO_OFFSET, access->value);
	return 0;
}

/* Sleep until a signal (the kick), an interrupt, or `timeout`. Signals are held from the look
 * at immediate_exit on, so that a kick in between is not lost. */
static int sleep_until_kicked(struct vcpu *vcpu, const struct timespec *timeout)
{
	struct pollfd wake = {vcpu->wake, POLLIN, 0};
	uint64_t count;
	sigset_t all, before;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (vcpu->run->immediate_exit || ppoll(&wake, 1, timeout, &before) < 0)
		r = -EINTR;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0 && (wake.revents & POLLIN))
		(void)!read(vcpu->wake, &count, sizeof(count));
	if (r < 0)
		vcpu->run->exit_reason = KVM_EXIT_INTR;
	return r;
}

int vcpu_run(struct vcpu *vcpu)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (!sev_guest_is_launched(vcpu->vm)) {
		complain("vCPU %u is run before the launch is finished", vcpu->id);
		return -EINVAL;
	}
	complete_access(vcpu);
	if (vcpu->run->immediate_exit) {
		vcpu->run->exit_reason = KVM_EXIT_INTR;
		return -EINTR;
	}
	for (;;) {
		struct port_access access;
		int r;

		switch (software_next(&vcpu->software, &access)) {
		case SOFTWARE_ACCESS:
			return leave_for(vcpu, &access);
		case SOFTWARE_PAUSE:
			r = sleep_until_kicked(vcpu, &pause);
			break;
		case SOFTWARE_SLEEP:
		default:
			r = sleep_until_kicked(vcpu, NULL);
			break;
		}
		if (r < 0)
			return r;
	}
}
