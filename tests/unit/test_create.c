// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <fcntl.h>
#include <ftw.h>
#include <libvirt/virterror.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>

#include "../../launcher/cli/verb.h"
#include "domain/domain_read.h"
#include "domain_text.h"
#include "guest/apply.h"
#include "guest/create.h"
#include "guest/drift.h"
#include "guest/protection.h"
#include "host/lifecycle.h"
#include "ovmf_image.h"
#include "told.h"

/*
 * Making guests on libvirt's test driver, whose state is this process's alone: what is undone when a call
 * fails, and how the failure is told. (That a guest launches is for tests/e2e to show.) Calls of libvirt
 * go through the wrappers below, each of which can be made to fail once.
 */
static char root[] = "/tmp/snp-test-create-XXXXXX", state_path[64], firmware[64];
static struct hypervisor host;

enum call {
	CALL_NONE,
	CALL_DEFINE,
	CALL_AUTOSTART,
	CALL_START,
	CALL_DESTROY,
	CALL_SHUTDOWN,
	CALL_MOUNT,
	CALL_LOOKUP, /* never fails here, but ends the life of an error as every call of libvirt's does */
};

static enum call failing, then_failing;
static const char *failure;

static virError injected;

static bool fails(enum call call)
{
	injected.code = VIR_ERR_OK;
	if (failing != call)
		return false;
	failing = then_failing;
	injected = (virError){.code = VIR_ERR_INTERNAL_ERROR,
			      .domain = VIR_FROM_QEMU,
			      .level = VIR_ERR_ERROR,
			      .message = (char *)(uintptr_t)failure};
	return true;
}

virErrorPtr __real_virGetLastError(void);
virErrorPtr __wrap_virGetLastError(void);

virErrorPtr __wrap_virGetLastError(void)
{
	return injected.code != VIR_ERR_OK ? &injected : __real_virGetLastError();
}

#define WRAP(type, name, call, fail, parameters, arguments)          \
	type __real_##name parameters;                               \
	type __wrap_##name parameters;                               \
	type __wrap_##name parameters                                \
	{                                                            \
		return fails(call) ? fail : __real_##name arguments; \
	}

/* Another domain than was asked for is defined: in `altered` the first text becomes the second, once. */
static const char *altered[2];

static virDomainPtr define_altered(virConnectPtr c, const char *xml, unsigned int flags)
{
	virDomainPtr __real_virDomainDefineXMLFlags(virConnectPtr, const char *, unsigned int);
	_cleanup_(freep) char *other =
		altered[0] ? replace_once(xml, altered[0], altered[1]) : NULL;

	altered[0] = NULL;
	return __real_virDomainDefineXMLFlags(c, other ? other : xml, flags);
}

virDomainPtr __wrap_virDomainDefineXMLFlags(virConnectPtr c, const char *xml, unsigned int flags);

virDomainPtr __wrap_virDomainDefineXMLFlags(virConnectPtr c, const char *xml, unsigned int flags)
{
	return fails(CALL_DEFINE) ? NULL : define_altered(c, xml, flags);
}

WRAP(int, virDomainSetAutostart, CALL_AUTOSTART, -1, (virDomainPtr d, int autostart),
     (d, autostart))
/* What happens as a guest starts, before libvirt opens its files. */
static void (*at_start)(void);

static int start_after(virDomainPtr domain, unsigned int flags)
{
	int __real_virDomainCreateWithFlags(virDomainPtr, unsigned int);

	if (at_start)
		at_start();
	return __real_virDomainCreateWithFlags(domain, flags);
}

int __wrap_virDomainCreateWithFlags(virDomainPtr d, unsigned int flags);

int __wrap_virDomainCreateWithFlags(virDomainPtr d, unsigned int flags)
{
	return fails(CALL_START) ? -1 : start_after(d, flags);
}
WRAP(int, virDomainDestroy, CALL_DESTROY, -1, (virDomainPtr d), (d))

/* The test driver knows no power button. */
WRAP(int, virDomainShutdownFlags, CALL_SHUTDOWN, -1, (virDomainPtr d, unsigned int flags),
     (d, 0 * flags))

/* No mount can be made. */
WRAP(int, open_tree, CALL_MOUNT, -1, (int fd, const char *path, unsigned int flags),
     (fd, path, flags))

WRAP(virDomainPtr, virDomainLookupByName, CALL_LOOKUP, NULL, (virConnectPtr c, const char *name),
     (c, name))
WRAP(virDomainPtr, virDomainLookupByUUIDString, CALL_LOOKUP, NULL,
     (virConnectPtr c, const char *uuid), (c, uuid))

/* Calls that a create makes once or twice, and no more. */
static struct {
	unsigned int conversions, checks_of_file, checks_of_host, written, defined;
} count;

#define COUNTED(type, name, counter, parameters, arguments) \
	type __real_##name parameters;                      \
	type __wrap_##name parameters;                      \
	type __wrap_##name parameters                       \
	{                                                   \
		(counter)++;                                \
		return __real_##name arguments;             \
	}

COUNTED(int, launch_spec_from_config, count.conversions,
	(const struct vm_config *config, struct launch_spec **ret, struct snp_error *err),
	(config, ret, err))
void __real_checks_run(const struct launch_spec *spec, const struct check_options *options,
		       struct findings *ret);
void __wrap_checks_run(const struct launch_spec *spec, const struct check_options *options,
		       struct findings *ret);
void __wrap_checks_run(const struct launch_spec *spec, const struct check_options *options,
		       struct findings *ret)
{
	const enum check_part part = options ? options->part : CHECKS_ALL;

	count.checks_of_file += part != CHECKS_OF_HOST;
	count.checks_of_host += part != CHECKS_BEFORE_HOST;
	__real_checks_run(spec, options, ret);
}

COUNTED(int, domain_read, *(strcmp(name, "domain.xml") ? &count.defined : &count.written),
	(const char *name, struct snp_span xml, struct launch_spec **ret, struct snp_error *err),
	(name, xml, ret, err))

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* What the next guests ask for. */
static bool autostart = true, unbound, start_it = true, by_force;
static const char *members = ""; /* more of vm.json */

static struct vm_config *config_of(const char *name, uint32_t vcpus)
{
	struct vm_config *config = NULL;
	struct snp_error err = {0};
	char text[512];
	int n = snprintf(text, sizeof(text),
			 "{\"schema\": \"snp-launch/1\", \"name\": \"%s\", \"autostart\": %s,"
			 " \"firmware\": {\"path\": \"%s\"}, \"cpu\": {\"count\": %u},"
			 " \"memory\": {\"size\": \"128MiB\"}%s}",
			 name, autostart ? "true" : "false", firmware, vcpus, members);

	if (vm_config_parse("vm.json", (struct snp_span){(uint8_t *)text, (size_t)n}, &config,
			    &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

static int create(const char *name, uint32_t vcpus, bool replace, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = config_of(name, vcpus);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct create_request request = {
		.prepare = {.config = config, .unbound = unbound},
		.state = state_path,
		.start = start_it,
		.replace = replace,
		.seconds = 5,
		.force = by_force,
	};
	int r;

	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	request.prepare.spec = spec;
	r = guest_create(&host, &request, &record, err);
	assert_int_equal(record == NULL, r < 0);
	return r;
}

static bool has_domain(const char *name)
{
	_cleanup_(domain_freep) virDomainPtr domain = NULL;

	assert_int_equal(hypervisor_find_name(&host, name, &domain, NULL), 0);
	return domain;
}

static bool has_directory(const char *name)
{
	char path[128], next[128];

	snprintf(path, sizeof(path), "%s/%s", state_path, name);
	snprintf(next, sizeof(next), "%s/.%s.next", state_path, name);
	assert_int_equal(access(next, F_OK), -1);
	return access(path, F_OK) == 0;
}

static enum domain_state state_of(const char *name)
{
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	enum domain_state now;

	assert_int_equal(hypervisor_find(&host, name, &domain, NULL), 0);
	assert_int_equal(domain_state_of(domain, &now, NULL), 0);
	return now;
}

static const struct row {
	const char *name;
	enum call call;
	const char *failure;
	enum snp_code code;
	const char *told; /* part of the message */
} rows[] = {
	{"libvirt refuses the domain", CALL_DEFINE,
	 "unsupported configuration: 'sev-snp' launch security is not supported with this QEMU binary",
	 SNP_E_HOST, "rehearse"},
	{"libvirtd goes away at define", CALL_DEFINE, "Cannot recv data: client socket is closed",
	 SNP_E_LIBVIRT, "snp-launch list"},
	{"autostart fails", CALL_AUTOSTART, "Failed to create autostart directory", SNP_E_LIBVIRT,
	 "start with the host"},
	{"the secure processor refuses", CALL_START,
	 "internal error: QEMU unexpectedly closed the monitor (vm='web1'): 2026-01-01T00:00:00.0Z "
	 "qemu-system-x86_64: sev_snp_launch_finish: SNP_LAUNCH_FINISH ret=-5 fw_error=11 'Bad "
	 "measurement'",
	 SNP_E_LAUNCH_REFUSED, "0x0b BAD_MEASUREMENT"},
	{"KVM refuses", CALL_START,
	 "internal error: process exited while connecting to monitor: qemu-system-x86_64: -accel kvm: "
	 "vm-type SEV-SNP not supported by KVM",
	 SNP_E_HOST, "snp-launch check"},
	{"an unknown reason", CALL_START, "the moon is full", SNP_E_LIBVIRT, "the moon is full"},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_error err = {0};

	failing = row->call;
	failure = row->failure;
	assert_int_equal(create("web1", 2, false, &err), -(int)row->code);
	tell_result(row->name, -1, &err);
	assert_int_equal(failing, CALL_NONE);
	assert_non_null(strstr(err.message, row->told));
	assert_null(strchr(err.message, '\n'));
	assert_false(has_domain("web1"));
	assert_false(has_directory("web1"));
}

static void check_replacement(void **state)
{
	const struct row *row = *state;
	struct snp_error err = {0};

	assert_int_equal(create("old", 2, false, &err), 0);
	failing = row->call;
	failure = row->failure;
	assert_int_equal(create("old", 3, true, &err), -(int)row->code);
	assert_true(has_directory("old"));
	/* The old guest runs, if need be again: directory and definition are those of one guest, two vCPUs. */
	assert_int_equal(state_of("old"), DOMAIN_RUNNING);
	assert_int_equal(create("old", 1, true, &err), 0);
	assert_int_equal(guest_remove(&host, state_path, "old", true, &err), 0);
	assert_false(has_directory("old"));
}

/* What libvirt makes of a definition is read back before anything starts, and before a guest that is to be
 * replaced is ended. */
static const struct altering {
	const char *name, *old, *new, *told;
} alterings[] = {
	{"another policy", "<policy>0x00030000", "<policy>0x000b0000", "policy: recorded 0x30000"},
	{"fewer vCPUs", "<vcpu placement=\"static\"", "<vcpu current=\"1\"", "vCPUs: recorded 2"},
	{"another model", ">EPYC-v4<", ">EPYC-Milan<", "CPU model: recorded EPYC-v4"},
	{"the host's model", "<cpu mode=\"custom\" match=\"exact\"",
	 "<cpu mode=\"host-passthrough\"", "CPU model: recorded EPYC-v4, found host"},
	{"VCEK off", " vcek=\"yes\"", " vcek=\"no\"", "VCEK: recorded on, found off"},
	{"workarounds", "<policy>",
	 "<guestVisibleWorkarounds>AQAAAAAAAAAAAAAAAAAAAA==</guestVisibleWorkarounds><policy>",
	 "guest visible workarounds: recorded 00000000000000000000000000000000, found 0100"},
	{"SMM", "<smm state=\"off\"", "<smm state=\"on\"", "smm: recorded"},
};

static void check_altering(void **state)
{
	const struct altering *row = *state;
	struct snp_error err = {0};

	for (unsigned int replace = 0; replace < 2; replace++) {
		altered[0] = row->old;
		altered[1] = row->new;
		assert_int_equal(create("web1", 2, replace, &err), -SNP_E_DRIFT);
		assert_null(altered[0]);
		tell_result(row->name, -1, &err);
		if (!strstr(err.message, row->told))
			fail_msg("'%s' lacks '%s'", err.message, row->told);
		assert_int_equal(has_directory("web1"), replace);
		assert_int_equal(has_domain("web1"), replace);
		if (replace)
			assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
		else
			assert_int_equal(create("web1", 2, false, &err), 0);
	}
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

static void a_guest_that_cannot_be_ended_is_not_replaced(void **state)
{
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(create("web1", 2, false, &err), 0);
	failure = "the moon is full";
	for (unsigned int i = 0; i < 2; i++) {
		/* Asked to power off, or turned off. */
		by_force = i == 1;
		failing = by_force ? CALL_DESTROY : CALL_SHUTDOWN;
		assert_int_equal(create("web1", 1, true, &err), -SNP_E_LIBVIRT);
		assert_int_equal(failing, CALL_NONE);
		assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	}
	by_force = false;
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

static char *read_text(const char *name, const char *file, mode_t *ret_mode)
{
	char path[128];
	uint8_t *text;
	struct stat st;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s/%s", state_path, name, file);
	assert_int_equal(file_read(path, SNP_MAX_CONFIG, &text, &size, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	*ret_mode = st.st_mode & 07777;
	return (char *)text;
}

/* Byte for byte, for its owner alone; and what could not be replaced has its own again. */
static void what_was_asked_for_is_kept(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = config_of("kept", 2);
	const struct snp_span text = json_source(config->document);
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(create("kept", 2, false, &err), 0);
	for (unsigned int i = 0; i < 2; i++) {
		_cleanup_(freep) char *kept = NULL;
		mode_t mode;

		kept = read_text("kept", "vm.json", &mode);
		assert_int_equal(mode, 0600);
		assert_int_equal(strlen(kept), text.size);
		assert_memory_equal(kept, text.data, text.size);
		failing = CALL_DEFINE;
		failure = "the moon is full";
		assert_int_equal(create("kept", 3, true, &err), -SNP_E_LIBVIRT);
	}
	assert_int_equal(guest_remove(&host, state_path, "kept", true, &err), 0);
}

static int apply(const char *name, uint32_t vcpus, bool restart, bool new_digest,
		 struct apply_result *ret, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = config_of(name, vcpus);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct apply_request request = {
		.create = {.prepare = {.config = config},
			   .state = state_path,
			   .start = true,
			   .seconds = 5},
		.restart = restart,
		.new_digest = new_digest,
	};

	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	request.create.prepare.spec = spec;
	return guest_apply(&host, &request, ret, err);
}

/* A change that fails leaves everything as it was, and the guest runs; without the failure it is made, and the second
 * time nothing is. */
static const struct applying {
	const char *name, *members;
	uint32_t vcpus;
	bool restart, new_digest;
	enum call call;
	enum snp_code code;
} applyings[] = {
	{"a definition that libvirt refuses", ", \"rng\": false", 2, false, false, CALL_DEFINE,
	 SNP_E_LIBVIRT},
	{"a guest that does not stop", ", \"rng\": false", 2, true, false, CALL_SHUTDOWN,
	 SNP_E_LIBVIRT},
	{"a guest that does not start", ", \"rng\": false", 2, true, false, CALL_START,
	 SNP_E_LIBVIRT},
	{"a new digest that libvirt refuses", "", 3, true, true, CALL_DEFINE, SNP_E_LIBVIRT},
	{"another guest that does not stop", "", 3, true, true, CALL_SHUTDOWN, SNP_E_LIBVIRT},
	{"another guest that does not start", "", 3, true, true, CALL_START, SNP_E_LIBVIRT},
	{"a new digest that nobody confirmed", "", 3, true, false, CALL_NONE, SNP_E_DIGEST_DIFFERS},
	{"a guest that must be off", "", 3, false, true, CALL_NONE, SNP_E_GUEST_STATE},
	{"another policy", ", \"snp\": {\"policy\": {\"abi_min\": \"1.55\"}}", 2, true, false,
	 CALL_START, SNP_E_LIBVIRT},
	{"a TPM", ", \"tpm\": \"emulated\"", 2, false, false, CALL_NONE, SNP_E_GUEST_STATE},
};

/* Not what libvirt refused: these are its words. */
static void tell_apply(const char *name, int r, const struct apply_result *result,
		       const struct snp_error *err)
{
	const struct plan *plan = &result->plan;

	tell_result(name, r, err);
	tell("  %s%s%s%s%s", result->creates ? "creates " : "", result->changed ? "changed " : "",
	     result->restarted ? "restarted " : "", plan->replaces ? "replaces " : "",
	     plan->changes_digest ? "another digest" : "");
	for (size_t i = 0; i < plan->n_changes; i++) {
		const struct plan_change *c = &plan->changes[i];
		const bool hashed = strcmp(c->what, SETTING_VM_JSON) == 0; /* with paths in it */

		tell("  %s: %s -> %s%s, %d", c->what, hashed ? "" : c->from, hashed ? "" : c->to,
		     c->measured ? ", measured" : "", (int)c->moment);
	}
	for (size_t i = 0; i < result->n_pending; i++)
		tell("  pending %s: %s -> %s", result->pending[i].what, result->pending[i].from,
		     result->pending[i].to);
}

static void check_applying(void **state)
{
	const struct applying *row = *state;
	struct snp_error err = {0};
	struct apply_result result;

	members = "";
	assert_int_equal(apply("web1", 2, false, false, &result, &err), 0);
	assert_true(result.creates && result.changed);
	apply_done(&result);
	failing = row->call;
	failure = "the moon is full";
	members = row->members;
	assert_int_equal(apply("web1", row->vcpus, row->restart, row->new_digest, &result, &err),
			 -(int)row->code);
	tell_apply(row->name, -(int)row->code, &result, &err);
	assert_int_equal(failing, CALL_NONE);
	apply_done(&result);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	assert_true(has_directory("web1"));
	members = "";
	assert_int_equal(apply("web1", 2, false, false, &result, &err), 0);
	assert_true(!result.changed && result.n_pending == 0);
	apply_done(&result);
	members = row->members;
	assert_int_equal(apply("web1", row->vcpus, true, true, &result, &err), 0);
	assert_true(result.changed && result.restarted && result.n_pending == 0);
	tell_apply("  then", 0, &result, &err);
	apply_done(&result);
	assert_int_equal(apply("web1", row->vcpus, true, true, &result, &err), 0);
	assert_true(!result.changed && !result.restarted);
	tell_apply("  again", 0, &result, &err);
	apply_done(&result);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	members = "";
}

/* What libvirt cannot change while the guest runs waits, and is not asked for again and again. */
static void what_waits_is_told(void **state)
{
	struct snp_error err = {0};
	struct apply_result result;

	(void)state;
	assert_int_equal(apply("web1", 2, false, false, &result, &err), 0);
	apply_done(&result);
	members = ", \"rng\": false";
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(apply("web1", 2, false, false, &result, &err), 0);
		assert_int_equal(result.changed, i == 0);
		assert_int_equal(result.n_pending, 1);
		assert_string_equal(result.pending[0].what, "random number generator");
		apply_done(&result);
	}
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), 0);
	assert_int_equal(apply("web1", 2, false, false, &result, &err), 0);
	assert_true(!result.changed && result.n_pending == 0);
	apply_done(&result);
	members = "";
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

/* Where libvirt is gone for good, the directory stays: nobody else would remember the domain that may be
 * there. */
static void what_cannot_be_undone_is_kept_and_told(void **state)
{
	struct snp_error err = {0};

	(void)state;
	failing = CALL_START;
	then_failing = CALL_DESTROY;
	failure = "Cannot recv data: client socket is closed";
	assert_int_equal(create("lost", 2, false, &err), -SNP_E_LIBVIRT);
	assert_non_null(strstr(err.message, "snp-launch remove --force lost"));
	failing = then_failing = CALL_NONE;
	assert_true(has_directory("lost"));
	assert_true(has_domain("lost"));
	assert_int_equal(create("lost", 2, false, &err), -SNP_E_EXISTS);
	assert_int_equal(guest_remove(&host, state_path, "lost", true, &err), 0);
	assert_false(has_directory("lost"));
	assert_false(has_domain("lost"));
}

static void another_s_domain_is_left_alone(void **state)
{
	static const char xml[] = "<domain type='test'><name>theirs</name><memory>65536</memory>"
				  "<os><type>hvm</type></os></domain>";
	virDomainPtr domain = virDomainDefineXML(host.connection, xml);
	struct snp_error err = {0};

	(void)state;
	assert_non_null(domain);
	assert_int_equal(create("theirs", 1, false, &err), -SNP_E_EXISTS);
	assert_int_equal(create("theirs", 1, true, &err), -SNP_E_EXISTS);
	assert_false(has_directory("theirs"));
	assert_true(has_domain("theirs"));
	assert_int_equal(guest_remove(&host, state_path, "theirs", true, &err), -SNP_E_NOT_FOUND);
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
}

static char *copy_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s/boot/firmware", state_path, name);
	return path;
}

static void change_copy(const char *name)
{
	int fd = open(copy_of(name), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 0), 1);
	close(fd);
}

static void turn_off(const char *name)
{
	virDomainPtr domain = virDomainLookupByName(host.connection, name);

	assert_int_equal(virDomainDestroy(domain), 0);
	virDomainFree(domain);
}

/* Somebody else starts it. */
static void start_first(void)
{
	virDomainPtr domain = virDomainLookupByName(host.connection, "web1");

	at_start = NULL;
	assert_int_equal(virDomainCreate(domain), 0);
	virDomainFree(domain);
}

static void define_with(const char *text, const char *other)
{
	virDomainPtr domain = virDomainLookupByName(host.connection, "web1");
	char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);

	virDomainFree(domain);
	altered[0] = text;
	altered[1] = other;
	domain = define_altered(host.connection, xml, 0);
	assert_non_null(domain);
	virDomainFree(domain);
	free(xml);
}

static void redefine(void)
{
	define_with("EPYC-v4", "EPYC-Rome");
}

/* What libvirt starts is looked at when it runs, too. */
static void a_domain_that_is_changed_at_the_last_moment(void **state)
{
	struct snp_error err = {0};

	(void)state;
	start_it = false;
	assert_int_equal(create("web1", 2, false, &err), 0);
	at_start = redefine;
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), -SNP_E_DRIFT);
	at_start = NULL;
	assert_non_null(strstr(err.message, "and was turned off"));
	assert_int_equal(state_of("web1"), DOMAIN_OFF);
	define_with("EPYC-Rome", "EPYC-v4");
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), 0);
	start_it = true;
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

/* libvirt would restore what was saved, whatever that is, and neither start nor replace the guest. */
static void a_saved_state_is_not_restored(void **state)
{
	struct snp_error err = {0};
	struct differences d = {0};
	struct guest_record *record;
	virDomainPtr domain;
	char path[128];

	(void)state;
	assert_int_equal(create("web1", 2, false, &err), 0);
	domain = virDomainLookupByName(host.connection, "web1");
	assert_int_equal(virDomainManagedSave(domain, 0), 0);
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "saved state: recorded none"));
	assert_int_equal(create("web1", 2, true, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "saved state: recorded none"));
	snprintf(path, sizeof(path), "%s/web1", state_path);
	assert_int_equal(record_read(path, &record, &err), 0);
	assert_int_equal(guest_drift_all(record, domain, &host, &d, &err), 0);
	record_free(record);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.at[0].what, "saved state");
	assert_int_equal(virDomainManagedSaveRemove(domain, 0), 0);
	virDomainFree(domain);
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), 0);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

static void pause_guest(const char *name)
{
	virDomainPtr domain = virDomainLookupByName(host.connection, name);

	assert_int_equal(virDomainSuspend(domain), 0);
	virDomainFree(domain);
	assert_int_equal(state_of(name), DOMAIN_PAUSED);
}

/* Whoever started a paused guest: what runs, and its copies, are what was measured, or it stays paused. */
static void a_paused_guest_is_compared(void **state)
{
	struct snp_error err = {0};
	char path[160];

	(void)state;
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), -SNP_E_GUEST_STATE);
	assert_non_null(strstr(err.message, "it is running, not paused"));
	pause_guest("web1");
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), 0);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	/* What starts next is no matter. */
	pause_guest("web1");
	redefine();
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), 0);
	turn_off("web1");
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), -SNP_E_GUEST_STATE);
	start_first();
	pause_guest("web1");
	define_with("EPYC-Rome", "EPYC-v4");
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "it stays paused; see snp-launch diff web1"));
	assert_int_equal(state_of("web1"), DOMAIN_PAUSED);
	turn_off("web1");
	start_first();
	pause_guest("web1");
	change_copy("web1");
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "has changed since it was measured"));
	assert_int_equal(state_of("web1"), DOMAIN_PAUSED);
	snprintf(path, sizeof(path), "%s/web1/record.json", state_path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), -SNP_E_NOT_FOUND);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

/* What could not be started again is not stopped. */
static void a_restart_checks_before_and_after(void **state)
{
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), 0);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	failing = CALL_SHUTDOWN;
	failure = "the moon is full";
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), -SNP_E_LIBVIRT);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	failing = CALL_START;
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), -SNP_E_LIBVIRT);
	assert_int_equal(state_of("web1"), DOMAIN_OFF);
	/* One that is off is started. */
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), 0);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	assert_int_equal(guest_remove(&host, state_path, "web1", false, &err), -SNP_E_GUEST_STATE);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	assert_int_equal(create("web1", 2, false, &err), 0);
	change_copy("web1");
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), -SNP_E_DRIFT);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err),
			 -SNP_E_GUEST_STATE);
	assert_non_null(strstr(err.message, "already running"));
	turn_off("web1");
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), -SNP_E_DRIFT);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err),
			 -SNP_E_NOT_FOUND);
}

/* libvirt lost the domain, or somebody renamed it; a directory lost its record. */
static void whose_domain_it_is(void **state)
{
	struct snp_error err = {0};
	virDomainPtr domain;
	char record[128];

	(void)state;
	autostart = false;
	start_it = false;
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_int_equal(state_of("web1"), DOMAIN_OFF);
	domain = virDomainLookupByName(host.connection, "web1");
	assert_non_null(domain);
	assert_int_equal(virDomainRename(domain, "web2", 0), 0);
	virDomainFree(domain);
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), 0);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	assert_false(has_domain("web2"));

	assert_int_equal(create("web1", 2, false, &err), 0);
	domain = virDomainLookupByName(host.connection, "web1");
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err),
			 -SNP_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "--replace"));
	/* Replaced, it comes back; what has no record is cleared for that. */
	assert_int_equal(create("web1", 2, true, &err), 0);
	snprintf(record, sizeof(record), "%s/web1/record.json", state_path);
	assert_int_equal(unlink(record), 0);
	assert_int_equal(create("web1", 2, true, &err), -SNP_E_EXISTS);
	assert_false(has_directory("web1"));
	assert_true(has_domain("web1"));
	domain = virDomainLookupByName(host.connection, "web1");
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);

	/* Another's domain took the name of a directory without record. */
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_int_equal(unlink(record), 0);
	domain = virDomainLookupByName(host.connection, "web1");
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
	domain = virDomainDefineXML(host.connection,
				    "<domain type='test'><name>web1</name><memory>65536</memory>"
				    "<os><type>hvm</type></os></domain>");
	assert_int_equal(guest_remove(&host, state_path, "web1", false, &err), -SNP_E_EXISTS);
	assert_true(has_directory("web1") && has_domain("web1"));
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
	assert_int_equal(guest_remove(&host, state_path, "web1", false, &err), 0);

	/* A directory without record, and with a domain of ours. */
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_int_equal(unlink(record), 0);
	assert_int_equal(guest_remove(&host, state_path, "web1", false, &err), 0);
	assert_false(has_domain("web1"));
	autostart = start_it = true;
}

/* A replacement keeps the UUID of what it replaces, so vm.json can name no other. */
static void a_replacement_keeps_the_uuid(void **state)
{
	static const char first[] = ", \"uuid\": \"9df77f02-4e40-4dd4-9308-c438bf0730f1\"",
			  other[] = ", \"uuid\": \"9df77f02-4e40-4dd4-9308-c438bf0730f2\"";
	struct snp_error err = {0};

	(void)state;
	members = first;
	assert_int_equal(create("web1", 2, false, &err), 0);
	members = other;
	assert_int_equal(create("web1", 2, true, &err), -SNP_E_EXISTS);
	assert_non_null(strstr(err.message, "9df77f02-4e40-4dd4-9308-c438bf0730f1"));
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	members = first;
	assert_int_equal(create("web1", 1, true, &err), 0);
	members = "";
	assert_int_equal(create("web1", 2, true, &err), 0);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
}

/* Whether it starts with the host is no part of a definition, and comes back all the same. */
static void a_failed_replacement_restores_autostart(void **state)
{
	struct snp_error err = {0};
	int now;

	(void)state;
	for (unsigned int was = 0; was < 2; was++) {
		virDomainPtr domain;

		autostart = was;
		assert_int_equal(create("web1", 2, false, &err), 0);
		autostart = !was;
		failing = CALL_START;
		failure = "the moon is full";
		assert_int_equal(create("web1", 3, true, &err), -SNP_E_LIBVIRT);
		domain = virDomainLookupByName(host.connection, "web1");
		assert_int_equal(virDomainGetAutostart(domain, &now), 0);
		assert_int_equal(now, was);
		virDomainFree(domain);
		assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	}
	autostart = true;
}

/* Of one user's guests each could write into the others. */
static void a_user_has_one_guest(void **state)
{
	struct guest_record record = {.state = RECORD_DEFINED};
	_cleanup_(record_freep) struct guest_record *other = NULL;
	struct snp_error err = {0};
	char path[128];

	(void)state;
	start_it = false;
	assert_int_equal(create("other", 2, false, &err), 0);
	assert_int_equal(create("another", 2, false, &err), 0);
	snprintf(path, sizeof(path), "%s/other", state_path);
	assert_int_equal(record_read(path, &other, NULL), 0);
	record = *other;
	record.has_qemu = true;
	record.user = (char[]){"web1"};
	assert_int_equal(record_write(&record, path, NULL), 0);
	members = ", \"snp\": {\"user\": \"web1\"}";
	assert_int_equal(create("web1", 2, false, &err), -SNP_E_EXISTS);
	assert_non_null(strstr(err.message, "already runs the guest \"other\""));
	assert_false(has_directory("web1"));
	members = "";
	assert_int_equal(guest_remove(&host, state_path, "other", true, &err), 0);
	assert_int_equal(guest_remove(&host, state_path, "another", true, &err), 0);
	start_it = true;
}

static void give_away(void)
{
	struct guest_dir dir;

	snprintf(dir.path, sizeof(dir.path), "%s/web1", state_path);
	guest_dir_unmount(&dir);
	assert_int_equal(lchown(copy_of("web1"), 65534, 65534), 0);
}

static void write_to_copy(void)
{
	change_copy("web1");
}

/* As under a system daemon, whose QEMU runs as another user: the copies are mounted read-only. */
static void a_guest_that_the_mount_guards(void **state)
{
	char uri[] = "qemu:///system", *own = host.uri, path[128];
	struct snp_error err = {0};
	struct stat before, now;
	virDomainPtr domain;
	int held;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	snprintf(path, sizeof(path), "%s/web1", state_path);
	host.uri = uri;
	host.qemu_user = host.qemu_group = 65534;
	assert_int_equal(create("web1", 2, false, &err), -SNP_E_BOOT_FILES);
	assert_non_null(strstr(err.message, "autostart: "));
	assert_false(has_directory("web1"));
	autostart = false;
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_true(boot_files_are_mounted(path));
	/* Kept open, its inode's number stays taken. */
	held = open(copy_of("web1"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(held, &before), 0);
	/* QEMU's user has run/; log/ is opened by the daemon, which is root. */
	snprintf(path, sizeof(path), "%s/web1/run", state_path);
	assert_int_equal(stat(path, &now), 0);
	assert_true(now.st_uid == 65534 && now.st_gid == 65534);
	snprintf(path, sizeof(path), "%s/web1/log", state_path);
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_uid, 0);
	snprintf(path, sizeof(path), "%s/web1", state_path);
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), 0);
	assert_int_equal(stat(copy_of("web1"), &now), 0);
	assert_int_not_equal(now.st_ino, before.st_ino);
	close(held);
	assert_true(boot_files_are_mounted(path));
	pause_guest("web1");
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), 0);
	assert_int_equal(create("web1", 3, true, &err), 0);
	assert_true(boot_files_are_mounted(path));
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	assert_false(has_directory("web1"));

	failing = CALL_MOUNT;
	assert_int_equal(create("web1", 2, false, &err), -SNP_E_BOOT_FILES);
	assert_false(has_directory("web1"));
	failing = CALL_MOUNT;
	unbound = true;
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_int_equal(failing, CALL_NONE);
	assert_false(boot_files_are_mounted(path));
	unbound = false;
	domain = virDomainLookupByName(host.connection, "web1");
	assert_int_equal(virDomainDestroy(domain), 0);
	virDomainFree(domain);
	failing = CALL_MOUNT;
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err),
			 -SNP_E_BOOT_FILES);
	assert_int_equal(state_of("web1"), DOMAIN_OFF);
	failing = CALL_MOUNT;
	assert_int_equal(guest_start(&host, state_path, "web1", false, true, &err), 0);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	pause_guest("web1");
	assert_int_equal(guest_resume(&host, state_path, "web1", false, &err), -SNP_E_BOOT_FILES);
	assert_non_null(strstr(err.message, "started without the read-only mount"));
	assert_int_equal(state_of("web1"), DOMAIN_PAUSED);
	assert_int_equal(guest_resume(&host, state_path, "web1", true, &err), 0);
	/* One that runs without the mount never gets it, whoever starts it, and whatever fails. */
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err),
			 -SNP_E_GUEST_STATE);
	assert_false(boot_files_are_mounted(path));
	failing = CALL_SHUTDOWN;
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err), -SNP_E_LIBVIRT);
	assert_false(boot_files_are_mounted(path));
	turn_off("web1");
	at_start = start_first;
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err),
			 -SNP_E_LIBVIRT);
	assert_int_equal(state_of("web1"), DOMAIN_RUNNING);
	assert_false(boot_files_are_mounted(path));
	at_start = give_away;
	assert_int_equal(guest_restart(&host, state_path, "web1", 5, false, &err),
			 -SNP_E_BOOT_FILES);
	assert_int_equal(state_of("web1"), DOMAIN_OFF);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	assert_int_equal(create("web1", 2, false, &err), -SNP_E_BOOT_FILES);
	at_start = NULL;
	assert_false(has_directory("web1"));
	assert_false(has_domain("web1"));

	/* Where libvirt leaves the owners alone there is no mount, and a device may write to the copies. */
	members = ", \"relabel\": false";
	at_start = write_to_copy;
	assert_int_equal(create("web1", 2, false, &err), -SNP_E_DRIFT);
	assert_false(has_directory("web1"));
	at_start = NULL;
	assert_int_equal(create("web1", 2, false, &err), 0);
	assert_false(boot_files_are_mounted(path));
	turn_off("web1");
	at_start = write_to_copy;
	assert_int_equal(guest_start(&host, state_path, "web1", false, false, &err), -SNP_E_DRIFT);
	at_start = NULL;
	assert_non_null(strstr(err.message, "was turned off"));
	assert_int_equal(state_of("web1"), DOMAIN_OFF);
	assert_int_equal(guest_remove(&host, state_path, "web1", true, &err), 0);
	members = "";
	host.uri = own;
	autostart = true;
}

/* `snp-launch create FILE`: the configuration becomes one spec; each check looks at that once and at the written
 * domain once; the domain is read back once as written, and once as libvirt has it. */
static void each_step_is_done_once(void **state)
{
	char text[512], path[80];
	char *const operands[] = {path, NULL};
	struct snp_error err = {0};
	FILE *f, *out = fopen("/dev/null", "w");

	(void)state;
	snprintf(path, sizeof(path), "%s/once.json", root);
	snprintf(text, sizeof(text),
		 "{\"schema\": \"snp-launch/1\", \"name\": \"once\", \"connect\": \"%s\","
		 " \"firmware\": {\"path\": \"%s\"}, \"cpu\": {\"count\": 2},"
		 " \"memory\": {\"size\": \"128MiB\"}}",
		 "test:///default", firmware);
	f = fopen(path, "w");
	assert_true(out && f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(setenv("SNP_LAUNCH_STATE_DIR", state_path, 1), 0);
	memset(&count, 0, sizeof(count));
	if (verb_create.run(out, operands, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(count.conversions, 1);
	assert_int_equal(count.checks_of_file, 2);
	assert_int_equal(count.checks_of_host, 2);
	assert_int_equal(count.written, 1);
	assert_int_equal(count.defined, 1);
	assert_int_equal(guest_remove(&host, state_path, "once", true, &err), 0);
	fclose(out);
}

static void put(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	uint8_t image[IMAGE_SIZE];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(state_path, sizeof(state_path), "%s/state", root);
	snprintf(firmware, sizeof(firmware), "%s/OVMF.fd", root);
	image_build(image);
	put(firmware, image, sizeof(image));
	return hypervisor_open("test:///default", &host, NULL);
}

static int teardown(void **state)
{
	(void)state;
	hypervisor_close(&host);
	return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void as_told(void **state)
{
	(void)state;
	told("create");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(a_guest_that_cannot_be_ended_is_not_replaced),
		cmocka_unit_test(what_cannot_be_undone_is_kept_and_told),
		cmocka_unit_test(what_was_asked_for_is_kept),
		cmocka_unit_test(what_waits_is_told),
		cmocka_unit_test(another_s_domain_is_left_alone),
		cmocka_unit_test(each_step_is_done_once),
		cmocka_unit_test(a_restart_checks_before_and_after),
		cmocka_unit_test(a_paused_guest_is_compared),
		cmocka_unit_test(a_domain_that_is_changed_at_the_last_moment),
		cmocka_unit_test(a_saved_state_is_not_restored),
		cmocka_unit_test(whose_domain_it_is),
		cmocka_unit_test(a_replacement_keeps_the_uuid),
		cmocka_unit_test(a_failed_replacement_restores_autostart),
		cmocka_unit_test(a_user_has_one_guest),
		cmocka_unit_test(a_guest_that_the_mount_guards),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_replacement, rows);
	ADD_ROWS(tests, n, check_applying, applyings);
	ADD_ROWS(tests, n, check_altering, alterings);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return _cmocka_run_group_tests("create", tests, n, setup, teardown);
}
