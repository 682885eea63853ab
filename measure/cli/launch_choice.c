// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/tool.h>

#include "launch/igvm.h"
#include "launch_input.h"

#define FIRMWARE_ONLY "snp:ovmf-hash"

struct cli_launch_arguments launch_args;

/* clang-format off */
const struct cli_option cli_launch_options[] = {
	{"mode", .argument = "MODE", .text = &launch_args.mode,
	 .help = "snp (default), snp:ovmf-hash, snp:svsm, snp:igvm, seves or sev"},
	{"ovmf", .argument = "PATH", .text = &launch_args.ovmf,
	 .help = "firmware image"},
	{"firmware-summary", .argument = "PATH", .text = &launch_args.firmware_summary,
	 .help = "output of 'inspect --summary', instead of the image"},
	{"igvm", .argument = "PATH", .text = &launch_args.igvm,
	 .help = "IGVM file, instead of firmware"},
	{"snp-ovmf-hash", .argument = "HEX", .text = &launch_args.snp_ovmf_hash,
	 .help = "digest after the firmware's pages, as printed by --mode snp:ovmf-hash"},
	{"guest-features", .argument = "N", .number = &launch_args.guest_features,
	 .help = "SEV_FEATURES of the VMSAs (default 0x1; 0 with seves)"},
	{"svsm", .argument = "PATH", .text = &launch_args.svsm,
	 .help = "with snp:svsm: the SVSM binary"},
	{"vars-size", .argument = "BYTES", .number = &launch_args.vars_size,
	 .help = "with snp:svsm: size of the variable store"},
	{"vars-file", .argument = "PATH", .text = &launch_args.vars_file,
	 .help = "with snp:svsm: the variable store, instead of its size"},
	{0},
};

const struct cli_option cli_kernel_options[] = {
	{"kernel", .argument = "PATH", .text = &launch_args.kernel,
	 .help = "kernel; turns kernel hashes on"},
	{"kernel-sha256", .argument = "HEX", .text = &launch_args.kernel_sha256,
	 .help = "SHA-256 of the kernel, instead of the file"},
	{"initrd", .argument = "PATH", .text = &launch_args.initrd,
	 .help = "initrd"},
	{"initrd-sha256", .argument = "HEX", .text = &launch_args.initrd_sha256,
	 .help = "SHA-256 of the initrd, instead of the file"},
	{"append", .argument = "CMDLINE", .text = &launch_args.append,
	 .help = "kernel command line"},
	{"append-file", .argument = "PATH", .text = &launch_args.append_file,
	 .help = "file with the command line, used byte for byte"},
	{"append-sha256", .argument = "HEX", .text = &launch_args.append_sha256,
	 .help = "SHA-256 of the command line followed by a NUL"},
	{0},
};

const struct cli_option cli_vcpu_options[] = {
	{"vmm-type", .argument = "VMM", .text = &launch_args.vmm_type,
	 .help = "QEMU (default), ec2, gce or igvm, with the current profile of this VMM"},
	{"profile", .argument = "PROFILE", .text = &launch_args.profile,
	 .help = "a VMM profile; 'list' prints all profiles"},
	{"memory", .argument = "SIZE", .text = &launch_args.memory,
	 .help = "--igvm: the guest's memory, such as 4G"},
	{"vcpus", .argument = "N", .number = &launch_args.vcpus,
	 .help = "number of vCPUs"},
	{"vcpu-type", .argument = "MODEL", .text = &launch_args.vcpu_type,
	 .help = "QEMU's name of the vCPU model, such as EPYC-v4"},
	{"vcpu-sig", .argument = "N", .number = &launch_args.vcpu_sig,
	 .help = "CPU signature (CPUID leaf 1 EAX)"},
	{"vcpu-family", .argument = "N", .number = &launch_args.vcpu_family,
	 .help = "CPU family; requires --vcpu-model and --vcpu-stepping"},
	{"vcpu-model", .argument = "N", .number = &launch_args.vcpu_model,
	 .help = "CPU model number"},
	{"vcpu-stepping", .argument = "N", .number = &launch_args.vcpu_stepping,
	 .help = "CPU stepping"},
	{0},
};
/* clang-format on */

static int usage(struct snp_error *err, const char *message)
{
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", message);
}

static int parse_mode(struct cli_launch *l, struct snp_error *err)
{
	const enum snp_mode usual = launch_args.igvm ? SNP_MODE_SNP_IGVM : SNP_MODE_SNP;
	const char *name = launch_args.mode ? launch_args.mode : snp_mode_name(usual);
	char names[128] = FIRMWARE_ONLY;
	size_t n = strlen(names);

	l->firmware_only = strcasecmp(name, FIRMWARE_ONLY) == 0;
	l->launch.mode = SNP_MODE_SNP;
	if (l->firmware_only)
		return 0;
	for (enum snp_mode mode = SNP_MODE_SNP; mode <= SNP_MODE_SNP_IGVM; mode++) {
		if (strcasecmp(name, snp_mode_name(mode)) == 0) {
			l->launch.mode = mode;
			return 0;
		}
		n += (size_t)snprintf(names + n, sizeof(names) - n, ", %s", snp_mode_name(mode));
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "--mode: unknown mode '%s'; expected one of %s", name, names);
}

bool cli_launch_is_given(void)
{
	static const struct cli_option *const tables[] = {CLI_LAUNCH_OPTIONS};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct cli_option *o = tables[i]; o->name; o++)
			if ((o->text && *o->text) || (o->number && o->number->given))
				return true;
	return false;
}

/* An empty value, from a variable that a script forgot to set, must not mean "leave it out". */
static int check_empty(struct snp_error *err)
{
	static const struct cli_option *const tables[] = {CLI_LAUNCH_OPTIONS};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct cli_option *o = tables[i]; o->name; o++)
			if (o->text && o->text != &launch_args.append && *o->text &&
			    **o->text == '\0')
				return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
						 "--%s is empty; leave it out or give a value",
						 o->name);
	return 0;
}

static int check_combination(const struct cli_launch *l, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	const bool svsm = l->launch.mode == SNP_MODE_SNP_SVSM;
	const bool initrd = a->initrd || a->initrd_sha256;
	const bool append = a->append || a->append_file || a->append_sha256;
	const bool kernel = a->kernel || a->kernel_sha256;
	const bool igvm = l->launch.mode == SNP_MODE_SNP_IGVM;
	const struct {
		bool wrong;
		const char *message;
	} rules[] = {
		{igvm && !a->igvm, "--igvm is missing: give the IGVM file"},
		{!igvm && a->igvm, "--igvm is for --mode snp:igvm"},
		{igvm && (a->ovmf || a->firmware_summary || a->snp_ovmf_hash),
		 "an IGVM file has its own firmware; leave out --ovmf, --firmware-summary and "
		 "--snp-ovmf-hash"},
		{igvm && kernel, "snp:igvm measures no kernel; leave it out"},
		{igvm && a->guest_features.given,
		 "snp:igvm takes the guest features from the file; leave out --guest-features"},
		{!igvm && (a->memory || a->policy), "--memory and --policy are for --igvm"},
		{!igvm && !a->ovmf && !a->firmware_summary,
		 "--ovmf is missing: give the firmware image"},
		{a->ovmf && a->firmware_summary, "give only one of --ovmf and --firmware-summary"},
		{a->firmware_summary && a->snp_ovmf_hash,
		 "give only one of --snp-ovmf-hash and --firmware-summary"},
		{a->profile && a->vmm_type, "give only one of --profile and --vmm-type"},
		{a->kernel && a->kernel_sha256, "give only one of --kernel and --kernel-sha256"},
		{a->initrd && a->initrd_sha256, "give only one of --initrd and --initrd-sha256"},
		{!!a->append + !!a->append_file + !!a->append_sha256 > 1,
		 "give only one of --append, --append-file and --append-sha256"},
		{initrd && !kernel, "an initrd is measured only with a kernel: give --kernel"},
		{append && !kernel, "a command line is measured only with a kernel: give --kernel"},
		{svsm && !a->svsm, "--svsm is missing: give the SVSM binary"},
		{svsm && a->vars_size.given == !!a->vars_file,
		 "snp:svsm needs one of --vars-size and --vars-file"},
		{!svsm && (a->svsm || a->vars_size.given || a->vars_file),
		 "--svsm, --vars-size and --vars-file are for --mode snp:svsm"},
		{svsm && kernel, "snp:svsm cannot measure a kernel; remove the kernel options"},
		{a->snp_ovmf_hash && l->launch.mode != SNP_MODE_SNP,
		 "--snp-ovmf-hash is for --mode snp"},
		{l->firmware_only && kernel,
		 "snp:ovmf-hash cannot measure a kernel; remove the kernel options"},
		{a->snp_ovmf_hash && l->firmware_only,
		 "--snp-ovmf-hash cannot be used with --mode snp:ovmf-hash, which computes it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].wrong)
			return usage(err, rules[i].message);
	return check_empty(err);
}

static int choose_profile(struct cli_launch *l, struct snp_error *err)
{
	char *profile = l->launch.vcpus.profile;
	enum snp_vmm vmm = SNP_VMM_QEMU;
	int r = 0;

	if (launch_args.profile) {
		r = snp_profile_check(launch_args.profile, l->launch.mode, err);
		snprintf(profile, SNP_PROFILE_NAME_SIZE, "%s", launch_args.profile);
		return r;
	}
	if (launch_args.vmm_type)
		r = snp_vmm_find(launch_args.vmm_type, &vmm, err);
	return r < 0 ? r : snp_profile_current(vmm, l->launch.mode, profile, err);
}

static int choose_cpu(struct cli_launch *l, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	const unsigned int parts = (unsigned int)a->vcpu_family.given +
				   (unsigned int)a->vcpu_model.given +
				   (unsigned int)a->vcpu_stepping.given;

	if (!!a->vcpu_type + a->vcpu_sig.given + (parts > 0) > 1)
		return usage(err, "give only one of --vcpu-type, --vcpu-sig and --vcpu-family");
	if (parts % 3 != 0)
		return usage(err, "--vcpu-family, --vcpu-model and --vcpu-stepping go together");
	if (parts > 0)
		return snp_cpu_signature(a->vcpu_family.value, a->vcpu_model.value,
					 a->vcpu_stepping.value, &l->launch.vcpus.signature, err);
	if (a->vcpu_type) {
		snprintf(l->launch.vcpus.model, SNP_CPU_MODEL_SIZE, "%s", a->vcpu_type);
		return snp_cpu_model_find(a->vcpu_type, &l->launch.vcpus.signature, err);
	}
	if (a->vcpu_sig.value > UINT32_MAX)
		return usage(err, "--vcpu-sig: must fit in 32 bits");
	l->launch.vcpus.signature = (uint32_t)a->vcpu_sig.value;
	if (!a->vcpu_sig.given && l->launch.mode != SNP_MODE_SEV &&
	    l->launch.mode != SNP_MODE_SNP_IGVM && !l->firmware_only &&
	    snp_profile_uses_signature(l->launch.vcpus.profile))
		return usage(err, "the vCPU model is missing: give --vcpu-type, --vcpu-sig or "
				  "--vcpu-family, --vcpu-model and --vcpu-stepping");
	return 0;
}

/* sev-snp-measure takes --guest-features in every mode, 0x1 unless told otherwise, and leaves it out of the
 * digest where the mode is not SEV-SNP. So 0x1 is taken as not given; another value is refused. */
static void choose_features(struct cli_launch *l)
{
	const bool is_given = launch_args.guest_features.given;
	const uint64_t given = launch_args.guest_features.value;
	const bool is_snp = l->launch.mode != SNP_MODE_SEV_ES && l->launch.mode != SNP_MODE_SEV;

	l->launch.vcpus.features = is_given ? given : snp_mode_default_features(l->launch.mode);
	if (!is_given || is_snp || given != 1)
		return;
	cli_warn("snp-guest-features",
		 "guest features 0x1 (SNP_ACTIVE) are only for SEV-SNP; measured with 0x0 for %s",
		 l->launch.mode == SNP_MODE_SEV ? "SEV" : "SEV-ES");
	l->launch.vcpus.features = snp_mode_default_features(l->launch.mode);
}

static int choose_vcpus(struct cli_launch *l, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;

	if (!a->vcpus.given && l->launch.mode != SNP_MODE_SEV && !l->firmware_only)
		return usage(err, "--vcpus is missing: give the number of vCPUs");
	if (a->vcpus.value > UINT32_MAX)
		return usage(err, "--vcpus: must fit in 32 bits");
	l->launch.vcpus.count = a->vcpus.given ? (uint32_t)a->vcpus.value : 1;
	choose_features(l);
	return choose_cpu(l, err);
}

/* "4G", "512M", "524288K" or bytes. QEMU rounds it up to a multiple of 8 KiB (system/vl.c). */
static int parse_memory(const char *text, uint64_t *ret, struct snp_error *err)
{
	static const char units[] = "KMGT";
	const size_t n = strlen(text);
	const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
	char number[32];
	uint64_t size;
	int r;

	if (n >= sizeof(number))
		return usage(err, "--memory: not a size; write it as 4G or 512M");
	memcpy(number, text, n + 1);
	if (unit)
		number[n - 1] = '\0';
	r = cli_parse_number(number, "--memory", &size, err);
	if (r < 0)
		return r;
	for (size_t i = 0; unit && i <= (size_t)(unit - units); i++)
		if (__builtin_mul_overflow(size, 1024u, &size))
			size = UINT64_MAX;
	if (size < 2u << 20 || size > 896ull << 30)
		return usage(err, "--memory: must be 2M to 896G");
	*ret = (size + 8191) & ~(uint64_t)8191;
	return 0;
}

static int choose_igvm(struct cli_launch *l, struct snp_error *err)
{
	int r = 0;

	l->launch.policy = 0x30000; /* QEMU target/i386/sev.c, sev_snp_guest_instance_init() */
	if (launch_args.policy)
		r = cli_parse_number(launch_args.policy, "--policy", &l->launch.policy, err);
	if (r == 0 && launch_args.memory)
		r = parse_memory(launch_args.memory, &l->launch.memory_size, err);
	return r;
}

int cli_launch_choose(struct cli_launch *l, struct snp_error *err)
{
	int r;

	r = parse_mode(l, err);
	if (r < 0)
		return r;
	r = check_combination(l, err);
	if (r < 0)
		return r;
	r = choose_profile(l, err);
	if (r == 0 && l->launch.mode == SNP_MODE_SNP_IGVM)
		r = choose_igvm(l, err);
	return r < 0 ? r : choose_vcpus(l, err);
}

bool cli_wants_profiles(void)
{
	return launch_args.profile && strcmp(launch_args.profile, "list") == 0;
}

void cli_print_profiles(FILE *out)
{
	const char *name;

	for (size_t i = 0; (name = snp_profile_at(i)); i++) {
		struct snp_launch launch = {0};
		const struct igvm_rules *rules;

		snprintf(launch.vcpus.profile, sizeof(launch.vcpus.profile), "%s", name);
		rules = launch_profile(&launch)->igvm;
		fprintf(out, "%-21s %s%s\n", name, snp_profile_summary(name),
			!rules		? ""
			: rules->is_run ? " (witnessed by runs)"
					: " (read in source, not run)");
	}
}
