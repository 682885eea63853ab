// SPDX-License-Identifier: Apache-2.0
#include "launch_input.h"

#include <string.h>
#include <threads.h>

#include <snp/boot_job.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>
#include <snp/tool.h>

#include <snp/progress.h>

static int read_vars_size(struct cli_launch *l, struct snp_error *err)
{
	_cleanup_(file_close) struct file vars = {.fd = -1};
	int r;

	l->launch.vars_size = launch_args.vars_size.value;
	if (!launch_args.vars_file)
		return 0;
	r = file_open(launch_args.vars_file, SNP_MAX_FIRMWARE, &vars, err);
	if (r < 0)
		return r;
	l->launch.vars_size = vars.size;
	return 0;
}

static int read_firmware(struct cli_launch *l, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	int r;

	if (a->igvm) {
		r = snp_igvm_read(a->igvm, &l->igvm, err);
		l->launch.igvm = l->igvm;
		return r < 0 ? r
			     : snp_launch_igvm_features(&l->launch, &l->launch.vcpus.features, err);
	}
	r = a->ovmf ? snp_firmware_read(a->ovmf, &l->firmware, err)
		    : snp_firmware_read_summary(a->firmware_summary, &l->firmware, err);
	l->launch.firmware = l->firmware;
	if (r < 0 || !a->svsm)
		return r;
	r = snp_firmware_read(a->svsm, &l->svsm, err);
	l->launch.svsm = l->svsm;
	return r < 0 ? r : read_vars_size(l, err);
}

static int given_by_digest(struct launch_input *input, const char *hex, const char *option,
			   struct snp_error *err)
{
	input->present = true;
	return hex_decode(hex, option, input->sha256, sizeof(input->sha256), err);
}

static int read_cmdline(struct cli_launch *l, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	const char *text = a->append ? a->append : "";
	struct snp_span cmdline = text_span(text);
	int r;

	if (a->append_sha256)
		return given_by_digest(&l->inputs.cmdline, a->append_sha256, "--append-sha256",
				       err);
	if (a->append_file) {
		r = file_read(a->append_file, SNP_MAX_CMDLINE, &l->cmdline_bytes, &cmdline.size,
			      err);
		if (r < 0)
			return r;
		cmdline.data = l->cmdline_bytes;
		if (cmdline.size > 0 && cmdline.data[cmdline.size - 1] == '\n')
			cli_warn(
				"cmdline-newline",
				"%s ends with a newline, which is measured as part of the command line",
				a->append_file);
	}
	/* A page and more is more than any kernel reads; Linux on x86 has COMMAND_LINE_SIZE, 2048 with the NUL. */
	if (cmdline.size > 4096)
		cli_warn("long-cmdline",
			 "the command line has %zu bytes; Linux reads only the first 2047",
			 cmdline.size);
	l->inputs.cmdline = (struct launch_input){
		.present = true, .has_size = true, .name = a->append_file, .size = cmdline.size};
	l->cmdline_text = cmdline;
	return 0;
}

/* Hash the firmware's pages while other threads are at kernel and initrd. */
static int hash_firmware(struct cli_launch *l, bool by_page, struct snp_error *err)
{
	int r;

	if (l->launch.mode != SNP_MODE_SNP || l->launch.firmware_digest)
		return 0;
	r = snp_launch_firmware_digest(l->firmware, l->firmware_digest, err);
	if (r == 0 && !by_page)
		l->launch.firmware_digest = l->firmware_digest;
	return r;
}

/* Look whether the firmware checks the kernel, while another thread hashes kernel or initrd: with one of
 * 40 MB or more that takes no time of its own. */
static int find_verifier(struct cli_launch *l, struct snp_boot_job *job, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;

	if ((!a->kernel && !a->kernel_sha256) || l->firmware_only)
		return 0;
	boot_wait_smaller(job);
	return snp_firmware_hash_verifier(l->firmware, &l->hash_verifier, err);
}

/* libcrypto's first hash sets up its tables, which takes as long as reading the firmware. */
static int wake_libcrypto(void *unused)
{
	uint8_t digest[SNP_SHA256_SIZE];

	(void)unused;
	return sha256_of((struct snp_span){0}, digest, NULL);
}

static int read_firmware_meanwhile(struct cli_launch *l, struct snp_error *err)
{
	thrd_t thread;
	bool started = thrd_create(&thread, wake_libcrypto, NULL) == thrd_success;
	int r = read_firmware(l, err);

	if (started)
		thrd_join(thread, NULL);
	return r;
}

void cli_warn_cut_short(const char *kernel, bool is_cut_short)
{
	if (is_cut_short)
		cli_warn(
			"cut-short-kernel",
			"%s is shorter than its header says: QEMU launches it, but it cannot boot; copy it again",
			kernel);
}

static int read_files(struct cli_launch *l, bool by_page, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	struct cli_progress bar;
	struct snp_boot_request request = {.size = sizeof(struct snp_boot_request),
					   .kernel = a->kernel,
					   .initrd = a->initrd,
					   .progress = cli_progress_move,
					   .progress_arg = &bar};
	struct snp_boot_job *job;
	struct snp_boot boot;
	struct snp_error boot_err = {0};
	int r, boot_r;

	cli_progress_begin(&bar, "hashing");
	r = snp_boot_start(&request, &job, err);
	if (r < 0)
		return r;
	r = read_firmware_meanwhile(l, err);
	if (r == 0)
		r = hash_firmware(l, by_page, err);
	if (r == 0)
		r = find_verifier(l, job, err);
	boot_r = snp_boot_finish(job, &boot, &boot_err);
	cli_progress_end(&bar);
	if (r < 0)
		return r;
	if (boot_r < 0) {
		*err = boot_err;
		return boot_r;
	}
	if (a->kernel) {
		cli_warn_cut_short(a->kernel, boot.kernel.is_cut_short);
		l->bzimage = boot.kernel;
		l->inputs.kernel = (struct launch_input){.present = true,
							 .has_size = true,
							 .name = a->kernel,
							 .size = boot.kernel.size};
		memcpy(l->inputs.kernel.sha256, boot.kernel_sha256, SNP_SHA256_SIZE);
	}
	if (a->initrd) {
		l->inputs.initrd = (struct launch_input){.present = true,
							 .has_size = true,
							 .name = a->initrd,
							 .size = boot.initrd_size};
		memcpy(l->inputs.initrd.sha256, boot.initrd_sha256, SNP_SHA256_SIZE);
	}
	return 0;
}

static int read_boot_digests(struct cli_launch *l, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	int r = 0;

	if (a->kernel_sha256)
		r = given_by_digest(&l->inputs.kernel, a->kernel_sha256, "--kernel-sha256", err);
	if (r == 0 && a->initrd_sha256)
		r = given_by_digest(&l->inputs.initrd, a->initrd_sha256, "--initrd-sha256", err);
	if (r == 0 && (a->kernel || a->kernel_sha256))
		r = read_cmdline(l, err);
	return r;
}

static int set_kernel_hashes(struct cli_launch *l, struct snp_error *err)
{
	struct snp_kernel_hashes *hashes = &l->kernel_hashes;
	int r;

	if (!l->inputs.kernel.present)
		return 0;
	r = snp_kernel_hashes_fill(l->inputs.kernel.sha256,
				   l->inputs.initrd.present ? l->inputs.initrd.sha256 : NULL,
				   l->cmdline_text, hashes, err);
	if (launch_args.append_sha256)
		memcpy(hashes->cmdline, l->inputs.cmdline.sha256, SNP_SHA256_SIZE);
	else
		memcpy(l->inputs.cmdline.sha256, hashes->cmdline, SNP_SHA256_SIZE);
	l->launch.kernel_hashes = hashes;
	return launch_args.append_file ? in_file(err, r, launch_args.append_file) : r;
}

static int open_all(bool by_page, struct cli_launch *l, struct snp_error *err)
{
	int r;

	r = cli_launch_choose(l, err);
	if (r == 0 && launch_args.snp_ovmf_hash) {
		r = hex_decode(launch_args.snp_ovmf_hash, "--snp-ovmf-hash", l->firmware_digest,
			       sizeof(l->firmware_digest), err);
		l->launch.firmware_digest = l->firmware_digest;
	}
	if (r < 0)
		return r;
	r = read_boot_digests(l, err);
	if (r < 0)
		return r;
	r = read_files(l, by_page, err);
	return r < 0 ? r : set_kernel_hashes(l, err);
}

int cli_launch_open(bool by_page, struct cli_launch *ret, struct snp_error *err)
{
	int r;

	*ret = (struct cli_launch){.launch.size = sizeof(ret->launch)};
	r = open_all(by_page, ret, err);
	if (r < 0)
		cli_launch_close(ret);
	return r;
}

void cli_launch_close(struct cli_launch *launch)
{
	snp_firmware_free(launch->firmware);
	snp_firmware_free(launch->svsm);
	snp_igvm_free(launch->igvm);
	free(launch->cmdline_bytes);
	*launch = (struct cli_launch){0};
}

static void warn(void *arg, const char *name, const char *text)
{
	(void)arg;
	/* Who named the profile has chosen between the two. */
	if (!launch_args.profile || strcmp(name, "two-es-digests") != 0)
		cli_warn(name, "%s", text);
}

void cli_launch_warn(const struct cli_launch *l)
{
	snp_launch_warnings(&l->launch, warn, NULL);
	if (l->inputs.kernel.present)
		snp_kernel_warnings(l->hash_verifier, snp_firmware_info(l->firmware)->path,
				    l->inputs.kernel.name ? &l->bzimage : NULL, warn, NULL);
}

static int describe_firmware(const struct snp_firmware *firmware, struct launch_input *ret,
			     struct snp_error *err)
{
	const struct snp_firmware_info *info = snp_firmware_info(firmware);

	*ret = (struct launch_input){.present = true,
				     .has_size = true,
				     .name = info->path,
				     .size = info->size,
				     .is_summary = info->is_summary};
	if (!info->is_summary)
		return snp_firmware_sha256(firmware, ret->sha256, err);
	ret->size = info->summary_size;
	memcpy(ret->sha256, info->summary_sha256, sizeof(ret->sha256));
	return snp_launch_firmware_digest(firmware, ret->firmware_digest, err);
}

static int describe_igvm(const struct snp_igvm *igvm, struct launch_input *ret,
			 struct snp_error *err)
{
	const struct snp_igvm_info *info = snp_igvm_info(igvm);

	*ret = (struct launch_input){
		.present = true, .has_size = true, .name = info->path, .size = info->size};
	return snp_igvm_sha256(igvm, ret->sha256, err);
}

int cli_launch_json(const struct cli_launch *l, struct json_out *json, struct snp_error *err)
{
	struct launch_inputs inputs = l->inputs;
	int r = l->igvm ? describe_igvm(l->igvm, &inputs.igvm, err)
			: describe_firmware(l->firmware, &inputs.firmware, err);

	if (r == 0 && l->svsm)
		r = describe_firmware(l->svsm, &inputs.svsm, err);
	if (r < 0)
		return r;
	if (launch_args.snp_ovmf_hash)
		inputs.firmware_digest = l->firmware_digest;
	launch_document_add(json, &l->launch, &inputs);
	return 0;
}
