// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/coverage.h>
#include <snp/hex.h>

#include "cli/check_options.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "guest/boot_file.h"
#include "guest/measurement.h"

static const char *root;

/* clang-format off */
static const struct cli_option options[] = {
	{"remote-root", .argument = "DIR", .text = &root,
	 .help = "local folder with the host's files"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, check_cli_options, options,
						  NULL};

static void add_file(struct json_out *json, struct cJSON *inputs, enum boot_part part,
		     const struct boot_file *file)
{
	struct cJSON *object = json_out_object(json, inputs, boot_part_names[part]);

	cli_json_text(json, object, "name", file->source);
	json_out_integer(json, object, "size", file->size);
	json_out_hex(json, object, "sha256", file->sha256, SNP_SHA256_SIZE);
}

/* As `snp-measure --json` prints it: what is not measured is no input. */
static void add_inputs(struct json_out *json, const struct subject *subject,
		       const struct guest_measurement *m,
		       const struct boot_file boot[static BOOT_PARTS])
{
	struct cJSON *inputs = json_out_object(json, json->root, "inputs"), *cmdline;

	add_file(json, inputs, BOOT_FIRMWARE, &boot[BOOT_FIRMWARE]);
	if (!m->has_kernel_hashes)
		return;
	add_file(json, inputs, BOOT_KERNEL, &boot[BOOT_KERNEL]);
	if (boot[BOOT_INITRD].source)
		add_file(json, inputs, BOOT_INITRD, &boot[BOOT_INITRD]);
	cmdline = json_out_object(json, inputs, "cmdline");
	json_out_integer(json, cmdline, "size",
			 subject->spec->cmdline ? strlen(subject->spec->cmdline) : 0);
	json_out_hex(json, cmdline, "sha256", m->kernel_hashes.cmdline, SNP_SHA256_SIZE);
}

static int print_json(FILE *out, const struct subject *subject, const struct guest_measurement *m,
		      const struct boot_file boot[static BOOT_PARTS], struct snp_error *err)
{
	const struct snp_launch launch = {
		.mode = SNP_MODE_SNP,
		.kernel_hashes = m->has_kernel_hashes ? &m->kernel_hashes : NULL,
	};
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *list;
	const char *text;

	cli_json_begin(&json, "snp-digest/1");
	json_out_hex(&json, json.root, "launch_digest", m->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	json_out_string(&json, json.root, "mode", "snp");
	json_out_string(&json, json.root, "vmm_profile", m->vcpus.profile);
	json_out_integer(&json, json.root, "vcpu_count", m->vcpus.count);
	if (subject->spec->cpu_model)
		json_out_string(&json, json.root, "cpu_model", subject->spec->cpu_model);
	json_out_u64(&json, json.root, "cpu_signature", m->vcpus.signature);
	json_out_u64(&json, json.root, "guest_features", m->vcpus.features);
	json_out_bool(&json, json.root, "kernel_hashes", m->has_kernel_hashes);
	list = json_out_array(&json, json.root, "not_covered");
	for (size_t i = 0; (text = launch_not_covered(&launch, i)); i++)
		json_out_string(&json, list, NULL, text);
	add_inputs(&json, subject, m, boot);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int measure(const struct subject *subject, struct boot_file boot[static BOOT_PARTS],
		   struct guest_measurement *ret, struct snp_error *err)
{
	struct check_options checks;
	int r;

	r = check_cli_read(NULL, &checks, err);
	if (r == 0 && subject->config)
		check_cli_cpu(session_uri(subject->config->connect), &checks);
	if (r < 0)
		return r;
	launch_spec_look(subject->spec, root);
	r = check_cli_apply(subject->spec, &checks, subject->name, err);
	return r < 0 ? r : guest_measure_files(subject->spec, root, boot, ret, err);
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
		r = print_json(out, &subject, &m, boot, err);
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
	.options = tables,
	.run = run,
};
