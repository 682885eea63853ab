// SPDX-License-Identifier: Apache-2.0
/* Answers each line "FILE PROFILE VCPUS SIGNATURE MEMORY" of stdin with the launch digest, or with the name of
 * the error. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/hex.h>
#include <snp/launch.h>

static void answer(const char *path, struct snp_launch *launch)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	size_t size;
	int r = snp_igvm_read(path, &igvm, &err);

	launch->igvm = igvm;
	if (r == 0)
		r = snp_launch_igvm_features(launch, &launch->vcpus.features, &err);
	if (r == 0)
		r = snp_launch_digest(launch, digest, &size, &err);
	if (r == 0) {
		hex_encode(digest, sizeof(digest), hex);
		printf("%s\n", hex);
	} else {
		printf("%s: %s\n", snp_code_name(err.code), err.message);
	}
	snp_igvm_free(igvm);
}

int main(void)
{
	char path[4096], profile[32];
	uint32_t vcpus, signature;
	uint64_t memory;

	while (scanf("%4095s %31s %" SCNu32 " %" SCNx32 " %" SCNu64, path, profile, &vcpus,
		     &signature, &memory) == 5) {
		struct snp_launch launch = {.size = sizeof(launch),
					    .mode = SNP_MODE_SNP_IGVM,
					    .vcpus.count = vcpus,
					    .vcpus.signature = signature,
					    .memory_size = memory,
					    .policy = 0x30000};

		snprintf(launch.vcpus.profile, sizeof(launch.vcpus.profile), "%s", profile);
		answer(path, &launch);
	}
	return ferror(stdin) || fflush(stdout) != 0;
}
