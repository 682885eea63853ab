// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/launch_document.h>

#include "cli/check_options.h"
#include "cli/launch_options.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "guest/boot_file.h"
#include "guest/measurement.h"
#include "guest/remote_measure.h"

static const char *root;
static bool there;

/* clang-format off */
static const struct cli_option options[] = {
	{"remote-root", .argument = "DIR", .text = &root,
	 .help = "local folder with copies of the remote host's files"},
	{"remote-measure", .flag = &there,
	 .help = "measure the files on the remote host, by snp-measure there, over ssh"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, check_cli_options, options,
						  NULL};

static struct launch_input input_of(const struct boot_file *file)
{
	struct launch_input input = {.present = file->source != NULL,
				     .has_size = true,
				     .name = file->source,
				     .size = file->size};

	memcpy(input.sha256, file->sha256, SNP_SHA256_SIZE);
	return input;
}

static int print_json(FILE *out, const struct launch_spec *spec, const struct guest_measurement *m,
		      const struct boot_file boot[static BOOT_PARTS], struct snp_error *err)
{
	const struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = SNP_MODE_SNP,
		.vcpus = m->vcpus,
		.kernel_hashes = m->has_kernel_hashes ? &m->kernel_hashes : NULL,
	};
	struct launch_inputs inputs = {.firmware = input_of(&boot[BOOT_FIRMWARE])};
	_cleanup_(json_out_done) struct json_out json;

	/* Files that are not measured are not inputs. */
	if (m->has_kernel_hashes) {
		inputs.kernel = input_of(&boot[BOOT_KERNEL]);
		inputs.initrd = input_of(&boot[BOOT_INITRD]);
		inputs.cmdline =
			(struct launch_input){.present = true,
					      .has_size = true,
					      .size = spec->cmdline ? strlen(spec->cmdline) : 0};
		memcpy(inputs.cmdline.sha256, m->kernel_hashes.cmdline, SNP_SHA256_SIZE);
	}
	cli_json_begin(&json, "snp-digest/1");
	json_out_hex(&json, json.root, "launch_digest", m->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	launch_document_add(&json, &launch, &inputs);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int measure(const struct subject *subject, struct boot_file boot[static BOOT_PARTS],
		   struct guest_measurement *ret, struct snp_error *err)
{
	const struct guest_record *record = subject->guest.record;
	struct check_options checks;
	int r;

	if (there && root)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--remote-measure and --remote-root cannot be combined here");
	r = check_cli_read(NULL, &checks, err);
	if (r == 0 && subject->config)
		check_cli_cpu(session_uri(subject->config->connect), &checks);
	if (r < 0)
		return r;
	checks.emulators = subject->session.host.emulators;
	if (record)
		checks.emulator = record->emulator;
	/* Its QEMU was asked when it was created. */
	if (record && record->is_igvm && subject->spec->is_igvm)
		snprintf(subject->spec->vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s",
			 record->vcpus.profile);
	launch_spec_look(subject->spec, root);
	r = check_cli_apply(subject->spec, &checks, subject->name, err);
	if (r < 0 || !there)
		return r < 0 ? r : guest_measure_files(subject->spec, root, boot, ret, err);
	warn_remote_word();
	return remote_measure(session_uri(subject->config ? subject->config->connect : NULL),
			      subject->spec, boot, ret, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(subject_close) struct subject subject = {0};
	struct boot_file boot[BOOT_PARTS] = {0};
	struct guest_measurement m;
	char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	int r;

	r = subject_open(operands[0], &subject, err);
	if (r == 0)
		r = measure(&subject, boot, &m, err);
	if (r == 0 && cli_json) {
		r = print_json(out, subject.spec, &m, boot, err);
	} else if (r == 0) {
		hex_encode(m.launch_digest, sizeof(m.launch_digest), digest);
		fprintf(out, "%s\n", digest);
	}
	boot_files_done(boot);
	return r;
}

const struct cli_verb verb_measure = {
	.name = "measure",
	.operands = "FILE|NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print the launch digest of a vm.json, a domain XML, or a libvirt domain",
	.example = "web1.json",
	.options = tables,
	.run = run,
};
