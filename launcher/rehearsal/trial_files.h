/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_TRIAL_FILES_H
#define LAUNCHER_REHEARSAL_TRIAL_FILES_H

#include <snp/launch.h>

/* A folder with all that the boots of a trial are made of. The guest's own files are copied and hashed
 * together, so that what is hashed is what QEMU is given. */
struct trial_files {
	struct {
		const char *firmware, *kernel, *initrd; /* kernel NULL: the firmware alone */
	} source;
	const char *cmdline; /* NULL: empty */

	/* The rest is for these functions to fill. */
	char folder[32]; /* "/tmp/snp-boot-XXXXXX" */
	struct snp_firmware *firmware;
	uint64_t firmware_size, initrd_size;
	bool has_initrd, is_large; /* large: its boots need LARGE_MIB of memory */
	uint8_t firmware_sha256[SNP_SHA256_SIZE];
	uint8_t guest_kernel[SNP_SHA256_SIZE], initrd[SNP_SHA256_SIZE], probe[SNP_SHA256_SIZE];
	char text[64]; /* what the probe writes: of this run alone */
	enum snp_mode mode;
	char *changed_cmdline;
};

#define SMALL_MIB 256u
#define LARGE_MIB 2048u

/* The path of a file in the folder. The names that are used are all short. */
#define TRIAL_PATH_MAX 64
const char *trial_path(const struct trial_files *files, const char *name,
		       char ret[static TRIAL_PATH_MAX]);

/* Make the folder, and copy the sources into it as "firmware", "kernel" and "initrd". Without a kernel an
 * initrd and a command line are made up. For trial_files_remove(), also after a failure. */
SNP_MUST_USE int trial_files_make(struct trial_files *files, struct snp_error *err);
void trial_files_remove(struct trial_files *files);

/* The first mode in which the firmware can be launched with kernel hashes, or why there is none. */
SNP_MUST_USE int trial_files_choose_mode(struct trial_files *files, struct snp_error *err);

/* Add "probe", and what is not as the hash table says: "changed-probe", "changed-initrd", and the changed
 * command line. */
SNP_MUST_USE int trial_files_change(struct trial_files *files, struct snp_error *err);

/* Write "table", the hash table of a launch with this kernel, as its launch plan has it. */
SNP_MUST_USE int trial_files_write_table(const struct trial_files *files,
					 const uint8_t kernel[static SNP_SHA256_SIZE],
					 uint64_t *ret_gpa, struct snp_error *err);

#endif
