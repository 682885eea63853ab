/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_SELFTEST_H
#define LAUNCHER_CLI_SELFTEST_H

#include <snp/firmware.h>
#include <snp/judge.h>

#include "cli/session.h"
#include "guest/evidence.h"
#include "guest/prepare.h"

/*
 * A launch of this host's own kernel, measured, bound and attested, in steps. Where the host cannot launch SEV-SNP
 * guests, the steps that need a secure processor run on a simulated host. A step that fails ends those that build on it.
 */
enum selftest_step {
	SELFTEST_HOST,	   /* it can launch SEV-SNP guests */
	SELFTEST_FIRMWARE, /* it is there, and checks kernel hashes */
	SELFTEST_GUEST,	   /* a minimal guest was made */
	SELFTEST_DIGEST,   /* its launch digest was predicted */
	SELFTEST_EMULATED, /* it boots under emulation, and the firmware refuses changes */
	SELFTEST_LAUNCH,   /* with an ID block over the predicted digest */
	SELFTEST_REPORT,   /* with a fresh nonce */
	SELFTEST_CHAIN,	   /* it verifies against AMD's roots, or those of the simulated chip */
	SELFTEST_CONTENTS, /* it has the predicted digest, the nonce, the policy, the ID key */
	SELFTEST_REFUSAL,  /* a changed kernel is refused by the processor */
	SELFTEST_STEPS
};

enum selftest_state {
	STEP_NOT_RUN,
	STEP_PASSED,
	STEP_SIMULATED, /* passed, and a simulated secure processor has answered */
	STEP_FAILED,
};

extern const char *const selftest_state_names[];

/* "host", and what the step shows. */
const char *selftest_step_name(enum selftest_step step);
const char *selftest_step_title(enum selftest_step step);

struct selftest_options {
	const char *firmware, *kernel; /* NULL: firmware.auto; the running kernel */
	const char *modules;	       /* NULL: /lib/modules/VERSION of the kernel */
	const char *model;	       /* of the vCPU */
	const struct cli_values *certificates;
	unsigned int timeout_ms;
};

struct selftest {
	const struct selftest_options *options;
	struct {
		enum selftest_state state;
		char found[512];
	} steps[SELFTEST_STEPS];
	bool on_hardware;

	char folder[64]; /* this run's own */
	char firmware[PATH_MAX], kernel[PATH_MAX], kernel_version[128], host_kernel[128];
	struct snp_firmware *image;
	struct guest_record *record; /* of the predicted launch; NULL: it was not reached */
	unsigned long libvirt_version, qemu_version;
	uint8_t nonce[SNP_REPORT_DATA_SIZE];
	struct evidence *answer; /* NULL: none came */
	struct cli_report report;
	struct snp_evidence evidence;
	struct snp_expectations expected;
	struct snp_verdict *verdict;
};

/* Run the steps. Errors are only what stops a run before it is one: SNP_E_NO_MEMORY, SNP_E_SYSTEM, SNP_E_INTERRUPTED; whatever else
 * goes wrong is said at its step. `ret` is for selftest_done() in any case. */
SNP_MUST_USE int selftest_run(const struct selftest_options *options, struct selftest *ret,
			      struct snp_error *err);
void selftest_done(struct selftest *test);

/* What it is made of. The guest, and where a file of this run lies. */
#define SELFTEST_GUEST_NAME "snp-selftest"
#define SELFTEST_CMDLINE    "console=ttyS0 quiet panic=-1"
const char *selftest_path(const struct selftest *test, const char *name, char ret[static PATH_MAX]);

/* What it says on its console. */
#define SELFTEST_SAYS	   "snp-selftest: "
#define SELFTEST_NO_DEVICE SELFTEST_SAYS "no sev-guest device"

/* The result of a step, and what was found. */
void selftest_note(struct selftest *test, enum selftest_step step, enum selftest_state state,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The failure of a step is its result, and 0 is returned; what stops the whole run is passed on. */
SNP_MUST_USE int selftest_failed(struct selftest *test, enum selftest_step step, int r,
				 struct snp_error *err);
/* Whether others can build on it. */
bool selftest_holds(const struct selftest *test, enum selftest_step step);

/* The steps from SELFTEST_LAUNCH on, on the host of `session`, or on a simulated one. */
SNP_MUST_USE int selftest_launch(struct selftest *test, const struct session *session,
				 const struct prepare_request *prepare, struct snp_error *err);
SNP_MUST_USE int selftest_launch_simulated(struct selftest *test,
					   const struct prepare_request *prepare,
					   struct snp_error *err);

/* The path of a script of libexec/snp-launch. Errors: SNP_E_NOT_FOUND. */
SNP_MUST_USE int selftest_script(const char *name, char ret[static PATH_MAX],
				 struct snp_error *err);

/* Find the kernel and make the initrd. Errors: SNP_E_OPEN, SNP_E_SYSTEM, those of selftest_script() and file_write(). */
SNP_MUST_USE int selftest_make_guest(struct selftest *test, struct snp_error *err);

/* The guest as a vm.json, as anybody would write one, with an ID key of this run alone.
 * Errors: those of vm_config_parse() and file_write(), SNP_E_CRYPTO. */
SNP_MUST_USE int selftest_config(const struct selftest *test, struct vm_config **ret,
				 struct snp_error *err);

/* Add "steps". */
void selftest_steps_json(const struct selftest *test, struct json_out *json);

/* An snp-witness/1 document of a run that has a report. Errors: SNP_E_NO_MEMORY, those of file_write(). */
SNP_MUST_USE int selftest_save(const struct selftest *test, const char *path,
			       struct snp_error *err);

#endif
