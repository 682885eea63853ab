// SPDX-License-Identifier: Apache-2.0
#include "host/lifecycle.h"

#include <libvirt/virterror.h>
#include <string.h>
#include <time.h>

#include <snp/fail.h>

#include "host/explain.h"
#include "host/interrupt.h"
#include "host/qemu_file.h"

const char *const domain_state_names[] = {
	[DOMAIN_ABSENT] = "absent", [DOMAIN_OFF] = "off",	    [DOMAIN_RUNNING] = "running",
	[DOMAIN_PAUSED] = "paused", [DOMAIN_STOPPING] = "stopping", [DOMAIN_CRASHED] = "crashed",
};

bool domain_state_is_active(enum domain_state state)
{
	return state == DOMAIN_RUNNING || state == DOMAIN_PAUSED || state == DOMAIN_STOPPING;
}

int domain_state_of(virDomainPtr domain, enum domain_state *ret, struct snp_error *err)
{
	int state, reason;

	if (virDomainGetState(domain, &state, &reason, 0) < 0) {
		virErrorPtr error = virGetLastError();

		if (!error || error->code != VIR_ERR_NO_DOMAIN)
			return hypervisor_fail(err, "cannot read the guest's state");
		*ret = DOMAIN_ABSENT;
		return 0;
	}
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		*ret = DOMAIN_RUNNING;
		break;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		*ret = DOMAIN_PAUSED;
		break;
	case VIR_DOMAIN_SHUTDOWN:
		*ret = DOMAIN_STOPPING;
		break;
	case VIR_DOMAIN_CRASHED:
		*ret = DOMAIN_CRASHED;
		break;
	case VIR_DOMAIN_SHUTOFF:
		*ret = reason == VIR_DOMAIN_SHUTOFF_CRASHED ? DOMAIN_CRASHED : DOMAIN_OFF;
		break;
	default:
		*ret = DOMAIN_OFF;
	}
	return 0;
}

int domain_to_argv(const struct hypervisor *host, const char *xml, char **ret,
		   struct snp_error *err)
{
	char *argv = virConnectDomainXMLToNative(host->connection, "qemu-argv", xml, 0);

	if (!argv)
		return hypervisor_fail(err, "libvirt refuses the domain");
	*ret = argv;
	return 0;
}

int domain_define(const struct hypervisor *host, const char *xml, virDomainPtr *ret,
		  struct snp_error *err)
{
	virDomainPtr domain =
		virDomainDefineXMLFlags(host->connection, xml, VIR_DOMAIN_DEFINE_VALIDATE);

	if (!domain)
		return hypervisor_fail(err, "libvirt refuses the domain");
	*ret = domain;
	return 0;
}

/* A launch that failed. libvirt may have seen QEMU end before its words were in the log. */
static int launch_fail(virDomainPtr domain, const char *what, struct snp_error *err)
{
	virErrorPtr error = virGetLastError();
	_cleanup_(freep) char *message = strdup(error && error->message ? error->message : "");
	_cleanup_(freep) char *uri = NULL;
	struct snp_error failure;
	char said[QEMU_SAID_MAX];
	int r = hypervisor_fail(&failure, what);

	uri = virConnectGetURI(virDomainGetConnect(domain));
	if (message && uri && qemu_log_cause(uri, virDomainGetName(domain), message, said))
		return explain_fail(err, what, said);
	if (err)
		*err = failure;
	return r;
}

int domain_start(virDomainPtr domain, bool paused, struct snp_error *err)
{
	virErrorPtr error;

	if (virDomainCreateWithFlags(domain, paused ? VIR_DOMAIN_START_PAUSED : 0) == 0)
		return 0;
	error = virGetLastError();
	if (error && error->code == VIR_ERR_OPERATION_INVALID)
		return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
				 "cannot start the guest: it is already running");
	return launch_fail(domain, "cannot start the guest", err);
}

int domain_resume(virDomainPtr domain, struct snp_error *err)
{
	enum domain_state state;
	int r;

	r = domain_state_of(domain, &state, err);
	if (r < 0)
		return r;
	if (state != DOMAIN_PAUSED)
		return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
				 "cannot resume the guest: it is %s, not paused",
				 domain_state_names[state]);
	if (virDomainResume(domain) < 0)
		return launch_fail(domain, "cannot resume the guest", err);
	return 0;
}

static void pause_for(long milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int wait_until_off(virDomainPtr domain, unsigned int seconds, struct snp_error *err)
{
	double end = now() + seconds;
	enum domain_state state;
	int r;

	for (long step = 10;; step = step < 200 ? 2 * step : step) {
		r = domain_state_of(domain, &state, err);
		if (r < 0 || !domain_state_is_active(state))
			return r;
		r = interrupt_check(err);
		if (r < 0)
			return r;
		if (now() >= end)
			return fail_with(
				err, SNP_E_TIMEOUT, SNP_NO_OFFSET,
				"the guest is still running after %u seconds; it may ignore the ACPI power "
				"button: snp-launch kill turns it off",
				seconds);
		pause_for(step);
	}
}

int domain_stop(virDomainPtr domain, unsigned int seconds, struct snp_error *err)
{
	enum domain_state state = DOMAIN_ABSENT;
	int r;

	r = domain_state_of(domain, &state, err);
	if (r < 0)
		return r;
	if (!domain_state_is_active(state))
		return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
				 "cannot stop the guest: it is not running");
	if (state == DOMAIN_PAUSED)
		return fail_with(
			err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
			"cannot stop the guest: it is paused; resume it first, or kill it");
	if (virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) < 0)
		return hypervisor_fail(err, "cannot ask the guest to stop");
	return seconds == 0 ? 0 : wait_until_off(domain, seconds, err);
}

int domain_kill(virDomainPtr domain, struct snp_error *err)
{
	enum domain_state state;
	struct snp_error failure;
	int r;

	if (virDomainDestroy(domain) == 0)
		return 0;
	r = hypervisor_fail(&failure, "cannot turn the guest off");
	/* It may have ended by itself meanwhile. */
	if (domain_state_of(domain, &state, NULL) == 0 && !domain_state_is_active(state))
		return 0;
	if (err)
		*err = failure;
	return r;
}

int domain_undefine(virDomainPtr domain, struct snp_error *err)
{
	const unsigned int flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
				   VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
				   VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
				   VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_TPM;
	virErrorPtr error;

	if (virDomainUndefineFlags(domain, flags) == 0)
		return 0;
	/* Older drivers, and the test driver, know fewer flags. */
	error = virGetLastError();
	if (error &&
	    (error->code == VIR_ERR_INVALID_ARG || error->code == VIR_ERR_NO_SUPPORT ||
	     error->code == VIR_ERR_ARGUMENT_UNSUPPORTED) &&
	    virDomainUndefine(domain) == 0)
		return 0;
	error = virGetLastError();
	if (error && error->code == VIR_ERR_NO_DOMAIN)
		return 0;
	return hypervisor_fail(err, "cannot undefine the guest");
}
