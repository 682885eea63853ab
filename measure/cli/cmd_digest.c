// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "verb.h"

static struct {
	const char *output_format, *dump_dir;
	bool dump_vmsa, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"output-format", .argument = "FORMAT", .text = &arg.output_format,
	 .help = "hex (default) or base64"},
	{"dump-vmsa", .argument = "DIR", .flag = &arg.dump_vmsa, .text = &arg.dump_dir,
	 .help = "write each vCPU's VMSA to vmsaN.bin in DIR (default: the current folder)"},
	{"verbose", 'v', .flag = &arg.verbose,
	 .help = "also print what is measured"},
	CLI_OPTION_LAUNCH_POLICY,
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* As sev-snp-measure -v calls them. */
static const char *const verbose_names[] = {
	[SNP_MODE_SNP] = "SEV_SNP",	      [SNP_MODE_SNP_SVSM] = "SEV_SNP_SVSM",
	[SNP_MODE_SEV_ES] = "SEV_ES",	      [SNP_MODE_SEV] = "SEV",
	[SNP_MODE_SNP_IGVM] = "SEV_SNP_IGVM",
};

struct digest {
	uint8_t bytes[SNP_LAUNCH_DIGEST_SIZE];
	size_t size;
};

struct dump {
	uint8_t (*pages)[SNP_PAGE_SIZE];
	struct output *files;
	char **paths;
	uint32_t n;
};

static void dump_done(struct dump *dump)
{
	for (uint32_t i = 0; dump->paths && i < dump->n; i++)
		free(dump->paths[i]);
	free(dump->paths);
	free(dump->files);
	free(dump->pages);
}

static int fill_dump(const struct cli_launch *l, struct dump *dump, struct snp_error *err)
{
	const char *dir = arg.dump_dir ? arg.dump_dir : ".";

	for (uint32_t i = 0; i < dump->n; i++) {
		int r = snp_launch_vmsa(&l->launch, i, dump->pages[i], err);

		if (r < 0)
			return r;
		dump->paths[i] = format_text("%s/vmsa%" PRIu32 ".bin", dir, i);
		if (!dump->paths[i])
			return out_of_memory(err);
		dump->files[i] = (struct output){dump->paths[i], {dump->pages[i], SNP_PAGE_SIZE}};
	}
	return 0;
}

/* All of them or none: some would pass for the dump of a guest with fewer vCPUs, and those of an earlier
 * run are not to be lost. */
static int dump_vmsas(const struct cli_launch *l, struct snp_error *err)
{
	const uint32_t n = l->launch.vcpus.count;
	_cleanup_(dump_done) struct dump dump = {.pages = calloc(n, sizeof(*dump.pages)),
						 .files = calloc(n, sizeof(*dump.files)),
						 .paths = calloc(n, sizeof(*dump.paths)),
						 .n = n};
	int r;

	if (!dump.pages || !dump.files || !dump.paths)
		return out_of_memory(err);
	r = fill_dump(l, &dump, err);
	return r < 0 ? r : files_write(dump.files, n, 0644, true, err);
}

static int print_json(const struct cli_launch *l, const struct digest *digest, FILE *out,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	int r;

	cli_json_begin(&json, l->igvm ? "snp-digest/2" : "snp-digest/1");
	json_out_hex(&json, json.root, "launch_digest", digest->bytes, digest->size);
	r = cli_launch_json(l, &json, err);
	if (r < 0)
		return r;
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int print_text(const struct cli_launch *l, const struct digest *digest, bool base64,
		      FILE *out, struct snp_error *err)
{
	_cleanup_(freep) char *text =
		base64 ? base64_encode(digest->bytes, digest->size) : malloc(2 * digest->size + 1);

	if (!text)
		return out_of_memory(err);
	if (!base64)
		hex_encode(digest->bytes, digest->size, text);
	if (arg.verbose && !l->firmware_only)
		fprintf(out, "Calculated %s guest measurement: ", verbose_names[l->launch.mode]);
	fprintf(out, "%s\n", text);
	return 0;
}

static int check_format(bool *ret_base64, struct snp_error *err)
{
	const char *format = arg.output_format ? arg.output_format : "hex";

	*ret_base64 = strcmp(format, "base64") == 0;
	if (!*ret_base64 && strcmp(format, "hex") != 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--output-format: invalid format '%s'; expected hex or base64",
				 format);
	if (arg.output_format && cli_json)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--output-format is for text; the JSON object has hex");
	if (cli_json && cli_wants_profiles())
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--profile list has no JSON form");
	return 0;
}

static int check_mode(const struct cli_launch *l, struct snp_error *err)
{
	if (l->firmware_only && cli_json)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "snp:ovmf-hash has no JSON form; use 'inspect --summary'");
	if (arg.dump_dir && arg.dump_dir[0] == '\0')
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--dump-vmsa: empty path; for the current folder, leave out the '='");
	if (arg.dump_vmsa && (l->firmware_only || l->launch.mode == SNP_MODE_SEV))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--dump-vmsa: this mode has no VMSA");
	return 0;
}

static int measure(const struct cli_launch *l, bool base64, FILE *out, struct snp_error *err)
{
	struct digest digest = {.size = sizeof(l->firmware_digest)};
	int r;

	r = check_mode(l, err);
	if (r < 0)
		return r;
	if (l->firmware_only) {
		memcpy(digest.bytes, l->firmware_digest, sizeof(l->firmware_digest));
		return print_text(l, &digest, base64, out, err);
	}
	r = snp_launch_digest(&l->launch, digest.bytes, &digest.size, err);
	if (r == 0 && arg.dump_vmsa)
		r = dump_vmsas(l, err);
	if (r < 0)
		return r;
	cli_launch_warn(l);
	return cli_json ? print_json(l, &digest, out, err)
			: print_text(l, &digest, base64, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch l = {0};
	bool base64;
	int r;

	(void)operands;
	r = check_format(&base64, err);
	if (r < 0)
		return r;
	if (cli_wants_profiles()) {
		cli_print_profiles(out);
		return 0;
	}
	r = cli_launch_open(false, &l, err);
	return r < 0 ? r : measure(&l, base64, out, err);
}

static const struct cli_option *const tables[] = {CLI_LAUNCH_OPTIONS, options, NULL};

const struct cli_verb verb_digest = {
	.name = "digest",
	.operands = "",
	.summary = "print the launch digest",
	.example =
		"--ovmf OVMF.fd --kernel vmlinuz --initrd initrd.img \\\n    --append console=ttyS0 --vcpus 4 --vcpu-type EPYC-v4",
	.options = tables,
	.run = run,
};
