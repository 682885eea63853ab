// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>

#include "cli/check_options.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "guest/boot_file.h"
#include "guest/measurement.h"
#include "host/firmware_search.h"

static const char *root;

/* clang-format off */
static const struct cli_option options[] = {
	{"remote-root", .argument = "DIR", .text = &root,
	 .help = "where the host's files lie here"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, check_cli_options, options,
						  NULL};

static void boot_done(struct boot_file boot[static BOOT_PARTS])
{
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		boot_file_done(&boot[i]);
}

static int print_json(FILE *out, const struct subject *subject, const struct guest_measurement *m,
		      const struct boot_file boot[static BOOT_PARTS], struct snp_error *err)
{
	_cleanup_(snp_json_out_done)
	struct snp_json_out json;
	struct cJSON *inputs;

	cli_json_begin(&json, "snp-digest/1");
	snp_json_out_hex(&json, json.root, "launch_digest", m->launch_digest,
			 SNP_LAUNCH_DIGEST_SIZE);
	snp_json_out_string(&json, json.root, "vmm_profile", snp_profile_name(m->profile));
	snp_json_out_integer(&json, json.root, "vcpu_count", m->vcpu_count);
	if (subject->spec->cpu_model)
		snp_json_out_string(&json, json.root, "cpu_model", subject->spec->cpu_model);
	snp_json_out_u64(&json, json.root, "cpu_signature", m->cpu_signature);
	snp_json_out_u64(&json, json.root, "guest_features", m->guest_features);
	inputs = snp_json_out_object(&json, json.root, "inputs");
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		struct cJSON *file;

		if (!boot[i].source)
			continue;
		file = snp_json_out_object(&json, inputs, boot_part_names[i]);
		cli_json_text(&json, file, "name", boot[i].source);
		snp_json_out_integer(&json, file, "size", boot[i].size);
		snp_json_out_hex(&json, file, "sha256", boot[i].sha256, SNP_SHA256_SIZE);
	}
	if (m->has_kernel_hashes)
		snp_json_out_hex(&json, inputs, "cmdline_sha256", m->kernel_hashes.cmdline,
				 SNP_SHA256_SIZE);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int measure(const struct subject *subject, struct boot_file boot[static BOOT_PARTS],
		   struct guest_measurement *ret, struct snp_error *err)
{
	char firmware[PATH_MAX];
	struct check_options checks;
	bool automatic = !subject->spec->firmware && subject->spec->firmware_auto;
	int r;

	r = check_cli_read(NULL, &checks, err);
	if (r == 0)
		r = check_cli_apply(subject->spec, &checks, subject->name, err);
	if (r == 0 && automatic)
		r = firmware_search(firmware, err);
	if (r == 0)
		r = guest_hash_boot(subject->spec, automatic ? firmware : NULL, root, boot, err);
	return r < 0 ? r : guest_measure(subject->spec, boot, ret, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(subject_close)
	struct subject subject = {0};
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
		snp_hex_encode(m.launch_digest, sizeof(m.launch_digest), digest);
		fprintf(out, "%s\n", digest);
	}
	boot_done(boot);
	return r;
}

const struct cli_verb verb_measure = {
	.name = "measure",
	.operands = "FILE|NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary =
		"print the launch digest of a vm.json, a domain XML, or any SNP domain of libvirt's",
	.options = tables,
	.run = run,
};
