/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_KERNEL_H
#define SNP_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

SNP_API_BEGIN

/*
 * What is booted directly: kernel, initrd and command line. They enter a launch digest only by their
 * SHA-256, in the SEV hash table that the VMM writes and the firmware checks against.
 */

/* SHA-256 of what goes into the SEV hash table (QEMU target/i386/sev.c, PaddedSevHashTable). */
struct snp_kernel_hashes {
	uint8_t kernel[SNP_SHA256_SIZE];  /* the whole file */
	uint8_t initrd[SNP_SHA256_SIZE];  /* the whole file; of no bytes if there is none */
	uint8_t cmdline[SNP_SHA256_SIZE]; /* the bytes and one NUL, as QEMU hashes it */
};

/* That table's size in bytes (ROUND_UP(sizeof(SevHashTable), 16)). */
#define SNP_HASH_TABLE_SIZE 176

/* Fill the hashes from the SHA-256 of the kernel, that of the initrd (NULL: no initrd), and the text of
 * the command line, without a closing NUL; nothing is trimmed. Errors: SNP_E_BAD_CMDLINE for a NUL in
 * the command line, with its offset; SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_kernel_hashes_fill(const uint8_t kernel[SNP_STATIC SNP_SHA256_SIZE],
					const uint8_t *initrd, struct snp_span cmdline,
					struct snp_kernel_hashes *ret, struct snp_error *err);

/* Linux boot protocol header (Documentation/arch/x86/boot.rst), as far as QEMU looks at it. */
struct snp_bzimage {
	uint64_t size;
	uint16_t protocol;   /* 0x020f is 2.15 */
	uint32_t setup_size; /* bytes of boot sector and setup */
	uint32_t initrd_max; /* so large an initrd is refused by QEMU whatever the guest's memory */
	bool is_efi_loadable; /* a PE image that UEFI's LoadImage takes, as far as its headers say */
	bool is_cut_short; /* fewer bytes than the header tells of: it cannot boot, QEMU launches it */
};

/* Judge the first bytes of a kernel of `size` bytes (the first SNP_KERNEL_HEADER, or all if fewer) as
 * QEMU does (hw/i386/x86-common.c, x86_load_linux): only what it loads by its Linux road does it
 * hash. Refused: ELF and multiboot, which QEMU loads and does not hash; a setup larger than the file.
 * Errors: SNP_E_BAD_KERNEL with the offset; SNP_E_TOO_LARGE, over 2 GiB. */
#define SNP_KERNEL_HEADER 8192
SNP_MUST_USE int snp_bzimage_parse(struct snp_span head, uint64_t size, struct snp_bzimage *ret,
				   struct snp_error *err);

/* What to boot, by path. */
struct snp_boot_request {
	const char *kernel;    /* NULL: not to be read */
	const char *initrd;    /* NULL: none */
	snp_progress progress; /* of the initrd, or of the kernel where there is none; NULL: none.
				* Called from another thread */
	void *progress_arg;
};

struct snp_boot {
	struct snp_bzimage kernel; /* zeros if not read */
	uint64_t initrd_size;
	uint8_t kernel_sha256[SNP_SHA256_SIZE]; /* zeros if not read */
	uint8_t initrd_sha256[SNP_SHA256_SIZE]; /* of no bytes where there is none */
};

/* Start to read, check and hash kernel and initrd, each in a thread of its own, so that the caller may
 * look at the firmware meanwhile; then wait for them. The strings of the request must live until
 * then. finish() frees the job, also where it fails; it must be called.
 * Errors of start: SNP_E_NO_MEMORY. Of finish: those of file_open() and file_stream();
 * SNP_E_EMPTY_FILE, SNP_E_BAD_KERNEL; SNP_E_TOO_LARGE for an initrd that the kernel's header or QEMU
 * cannot take. The kernel's error comes first where both fail. */
struct snp_boot_job;
SNP_MUST_USE int snp_boot_start(const struct snp_boot_request *request, struct snp_boot_job **ret,
				struct snp_error *err);
SNP_MUST_USE int snp_boot_finish(struct snp_boot_job *job, struct snp_boot *ret,
				 struct snp_error *err);

SNP_API_END

#endif
