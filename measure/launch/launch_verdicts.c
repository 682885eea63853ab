// SPDX-License-Identifier: Apache-2.0
#include "launch/layout.h"

#include <snp/cleanup.h>

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
			r = snp_launch_check(&launch, &err);
		verdict(arg, ways[i].way, r < 0 ? &err : NULL);
	}
}
