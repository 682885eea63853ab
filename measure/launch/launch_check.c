// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sized.h>

/* SEV_FEATURES: APM vol. 2, table B-4, offset 0x3b0. */
#define SNP_ACTIVE 1u

int mode_check_features(enum snp_mode mode, uint64_t features, struct snp_error *err)
{
	switch (mode) {
	case SNP_MODE_SNP:
	case SNP_MODE_SNP_IGVM:
		if (features & SNP_ACTIVE)
			return 0;
		return fail_with(err, SNP_E_BAD_FEATURES, SNP_NO_OFFSET,
				 "guest features 0x%" PRIx64
				 " lack bit 0 (SNP_ACTIVE), which every SEV-SNP guest has",
				 features);
	case SNP_MODE_SNP_SVSM:
		if (features == SNP_ACTIVE)
			return 0;
		return fail_with(err, SNP_E_BAD_FEATURES, SNP_NO_OFFSET,
				 "guest features 0x%" PRIx64 "; must be 0x1 in mode snp:svsm",
				 features);
	case SNP_MODE_SEV_ES:
		if (!(features & SNP_ACTIVE))
			return 0;
		return fail_with(err, SNP_E_BAD_FEATURES, SNP_NO_OFFSET,
				 "guest features 0x%" PRIx64 " have bit 0 (SNP_ACTIVE), which no "
				 "SEV-ES guest has; must be 0x0, or 0x20 on Linux 6.6 to 6.8 with "
				 "debug_swap",
				 features);
	case SNP_MODE_SEV:
		if (features == 0)
			return 0;
		return fail_with(err, SNP_E_BAD_FEATURES, SNP_NO_OFFSET,
				 "guest features 0x%" PRIx64 "; must be 0x0 in mode sev", features);
	}
	return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET, "unknown mode");
}

static int check_parameters(const struct snp_launch *launch, struct snp_error *err)
{
	int r = snp_profile_check(launch->vcpus.profile, launch->mode, err);

	if (r < 0)
		return r;
	if (launch->mode != SNP_MODE_SEV &&
	    (launch->vcpus.count == 0 || launch->vcpus.count > SNP_MAX_VCPUS))
		return fail_with(err, SNP_E_BAD_VCPU_COUNT, SNP_NO_OFFSET,
				 "%" PRIu32 " vCPUs; must be 1 to %d", launch->vcpus.count,
				 SNP_MAX_VCPUS);
	return mode_check_features(launch->mode, launch->vcpus.features, err);
}

/* QEMU target/i386/sev.c, sev_es_save_reset_vector(): whatever the number of vCPUs. */
static int check_reset(const struct snp_firmware *firmware, struct snp_error *err)
{
	int r = firmware_need_table(firmware, err);

	if (r < 0)
		return r;
	if (firmware->info.reset_source == SNP_RESET_ABSENT)
		return fail_with(
			err, SNP_E_NO_RESET_ADDRESS, SNP_NO_OFFSET,
			"no SEV-ES reset block (00f771de-1a7e-4fcb-890e-68c77e2fb44e); QEMU needs "
			"it to start an SEV-ES or SEV-SNP guest; use an OVMF of 2020 or later");
	if (firmware->info.reset_address == 0)
		return fail_with(err, SNP_E_NO_RESET_ADDRESS,
				 firmware->info.is_summary ? SNP_NO_OFFSET : firmware->reset_offset,
				 "SEV-ES reset address 0, which QEMU refuses");
	return 0;
}

/* SEV and SEV-ES digests are over the bytes themselves. */
static int check_image(const struct snp_launch *launch, struct snp_error *err)
{
	if (launch->firmware->info.is_summary || launch->firmware_digest)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "mode %s needs the firmware image itself",
				 snp_mode_name(launch->mode));
	return 0;
}

static int check_svsm(const struct snp_launch *launch, struct snp_error *err)
{
	const struct snp_firmware_info *svsm = &launch->svsm->info;
	uint64_t firmware = launch->firmware->info.size;
	int r;

	if (svsm->is_summary || launch->firmware->info.is_summary)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "mode snp:svsm needs the images themselves");
	if (launch->kernel_hashes)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "mode snp:svsm measures no kernel");
	if (launch->vars_size % SNP_PAGE_SIZE != 0 ||
	    launch->vars_size > FIRMWARE_END - RAM_END - firmware - svsm->size)
		return fail_with(err, SNP_E_FIRMWARE_SIZE, SNP_NO_OFFSET,
				 "size of the variable store is %" PRIu64
				 " bytes; must be a multiple of 4 KiB and leave room for the SVSM",
				 launch->vars_size);
	r = firmware_need_table(launch->svsm, err);
	if (r < 0)
		return in_file(err, r, svsm->path);
	if (!svsm->has_svsm)
		r = fail_with(
			err, SNP_E_NO_SVSM, SNP_NO_OFFSET,
			"no SVSM info entry (a789a612-0597-4c4b-a49f-cbb1fe9d1ddd), which says "
			"where the SVSM starts");
	else if (svsm->svsm_launch_offset >= svsm->size)
		r = fail_with(err, SNP_E_NO_SVSM, SNP_NO_OFFSET,
			      "SVSM start at 0x%" PRIx32 ", outside its own 0x%" PRIx64 " bytes",
			      svsm->svsm_launch_offset, svsm->size);
	else
		r = section_check(launch->svsm, launch_svsm_gpa(launch),
				  launch_profile(launch)->vmm, err);
	return in_file(err, r, svsm->path);
}

static int check_firmware(const struct snp_launch *launch, struct snp_error *err)
{
	const struct snp_firmware *firmware = launch->firmware;
	int r = 0;

	if (launch->mode != SNP_MODE_SNP)
		r = check_image(launch, err);
	else
		r = section_check(firmware, launch_firmware_gpa(launch),
				  launch_profile(launch)->vmm, err);
	if (r == 0 && launch->mode != SNP_MODE_SEV)
		r = check_reset(firmware, err);
	if (r == 0 && launch->kernel_hashes)
		r = hash_table_check(firmware, launch->mode, err);
	return in_file(err, r, firmware->path);
}

int launch_take(const struct snp_launch *given, struct snp_launch *ret, struct snp_error *err)
{
	return SIZED_TAKE(given, snp_launch, vcpus, ret, err);
}

int snp_launch_check(const struct snp_launch *launch, struct snp_error *err)
{
	struct snp_launch l;
	int r = launch_take(launch, &l, err);

	return r < 0 ? r : launch_check(&l, err);
}

int igvm_launch_check(const struct snp_launch *launch, struct igvm_layout *ret,
		      struct snp_error *err)
{
	const struct snp_igvm_info *info = snp_igvm_info(launch->igvm);
	int r = check_parameters(launch, err);

	if (r < 0)
		return r;
	if (launch->kernel_hashes)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "mode snp:igvm measures no kernel");
	r = igvm_layout_make(launch, ret, err);
	if (r < 0 || ret->features == launch->vcpus.features)
		return r;
	r = fail_with(err, SNP_E_BAD_FEATURES, SNP_NO_OFFSET,
		      "guest features 0x%" PRIx64 "; the file has 0x%" PRIx64,
		      launch->vcpus.features, ret->features);
	igvm_layout_done(ret);
	return in_file(err, r, info->path);
}

static int check_igvm(const struct snp_launch *launch, struct snp_error *err)
{
	struct igvm_layout layout;
	int r = igvm_launch_check(launch, &layout, err);

	if (r < 0)
		return r;
	igvm_layout_done(&layout);
	return 0;
}

int snp_launch_igvm_features(const struct snp_launch *launch, uint64_t *ret, struct snp_error *err)
{
	struct igvm_layout layout;
	struct snp_launch l;
	int r = launch_take(launch, &l, err);

	if (r < 0)
		return r;
	r = snp_profile_check(l.vcpus.profile, SNP_MODE_SNP_IGVM, err);
	if (r < 0)
		return r;
	r = igvm_layout_make(&l, &layout, err);
	if (r < 0)
		return r;
	*ret = layout.features;
	igvm_layout_done(&layout);
	return 0;
}

int launch_check(const struct snp_launch *launch, struct snp_error *err)
{
	int r;

	if (launch->mode == SNP_MODE_SNP_IGVM)
		return check_igvm(launch, err);
	r = check_parameters(launch, err);
	if (r < 0)
		return r;
	return launch->mode == SNP_MODE_SNP_SVSM ? check_svsm(launch, err)
						 : check_firmware(launch, err);
}

void snp_launch_verdicts(const struct snp_firmware *firmware, snp_launch_verdict verdict, void *arg)
{
	static const struct snp_kernel_hashes hashes;
	static const struct {
		const char *way;
		enum snp_mode mode;
		bool kernel_hashes;
	} ways[] = {
		{"SEV-SNP", SNP_MODE_SNP, false},
		{"SEV-SNP with kernel hashes", SNP_MODE_SNP, true},
		{"SEV-ES", SNP_MODE_SEV_ES, false},
		{"SEV-ES with kernel hashes", SNP_MODE_SEV_ES, true},
		{"SEV", SNP_MODE_SEV, false},
		{"SEV with kernel hashes", SNP_MODE_SEV, true},
		{"SVSM", SNP_MODE_SNP_SVSM, false},
	};
	/* What an SVSM lies under: an image of one page. */
	static const struct snp_firmware above = {.info = {.path = "", .size = SNP_PAGE_SIZE}};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		bool is_svsm = ways[i].mode == SNP_MODE_SNP_SVSM;
		struct snp_launch launch = {
			.size = sizeof(struct snp_launch),
			.mode = ways[i].mode,
			.firmware = is_svsm ? &above : firmware,
			.svsm = is_svsm ? firmware : NULL,
			.kernel_hashes = ways[i].kernel_hashes ? &hashes : NULL,
			.vcpus.count = 2,
			.vcpus.features = snp_mode_default_features(ways[i].mode),
		};
		struct snp_error err = {0};
		int r;

		r = snp_profile_current(SNP_VMM_QEMU, ways[i].mode, launch.vcpus.profile, &err);
		if (r == 0)
			r = launch_check(&launch, &err);
		verdict(arg, ways[i].way, r < 0 ? &err : NULL);
	}
}
