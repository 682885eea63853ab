/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_KERNEL_H
#define SNP_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
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
 * the command line, with its offset, and for a "vga=" that QEMU refuses; SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_kernel_hashes_fill(const uint8_t kernel[SNP_STATIC SNP_SHA256_SIZE],
					const uint8_t *initrd, struct snp_span cmdline,
					struct snp_kernel_hashes *ret, struct snp_error *err);

/* What QEMU sees in a kernel: the Linux boot protocol's header (Documentation/arch/x86/boot.rst), or none,
 * as in a UKI, which has protocol 0. */
struct snp_bzimage {
	uint64_t size;
	uint16_t protocol;    /* 0x020f is 2.15 */
	uint32_t setup_size;  /* bytes of boot sector and setup */
	uint32_t initrd_max;  /* bytes; QEMU refuses an initrd of this size or more */
	bool is_efi_loadable; /* a PE image that UEFI's LoadImage takes, as far as its headers say */
	bool is_cut_short; /* shorter than its header says: QEMU launches it, but it cannot boot */
};

/* Read the header of a kernel of `size` bytes from `head`, its first SNP_KERNEL_HEADER bytes (all, if it
 * has fewer), as QEMU does (hw/i386/x86-common.c, x86_load_linux). Refused: ELF and multiboot, which QEMU
 * loads without hashing them, and a setup larger than the file. QEMU hashes any other file as a whole.
 * Errors: SNP_E_BAD_KERNEL with the offset; SNP_E_TOO_LARGE over 2 GiB. */
#define SNP_KERNEL_HEADER 8192
SNP_MUST_USE int snp_bzimage_parse(struct snp_span head, uint64_t size, struct snp_bzimage *ret,
				   struct snp_error *err);

/* Refuse an initrd of `size` bytes that QEMU refuses beside this kernel. Errors: SNP_E_BAD_KERNEL for a
 * kernel that takes none; SNP_E_TOO_LARGE. */
SNP_MUST_USE int snp_bzimage_check_initrd(const struct snp_bzimage *kernel, uint64_t size,
					  struct snp_error *err);

/* What to boot, by path. */
struct snp_boot_request {
	size_t size;	       /* sizeof(struct snp_boot_request) */
	const char *kernel;    /* NULL: not to be read */
	const char *initrd;    /* NULL: none */
	snp_progress progress; /* of the initrd, or of the kernel if there is none; NULL: none.
				* Called from another thread */
	void *progress_arg;
};

struct snp_boot {
	struct snp_bzimage kernel; /* zeros if not read */
	uint64_t initrd_size;
	uint8_t kernel_sha256[SNP_SHA256_SIZE]; /* zeros if not read */
	uint8_t initrd_sha256[SNP_SHA256_SIZE]; /* of no bytes if there is none */
};

/* Read, check and hash kernel and initrd: snp_boot_start() starts a thread for each, so that the caller can
 * read the firmware meanwhile; snp_boot_finish() waits for them and frees the job, also if it fails. It
 * must be called. The strings of the request must live until then.
 * Errors of snp_boot_start(): SNP_E_NO_MEMORY, SNP_E_USAGE for the request's size. Of snp_boot_finish(): SNP_E_OPEN, SNP_E_READ,
 * SNP_E_NOT_REGULAR, SNP_E_CHANGED, SNP_E_EMPTY_FILE, SNP_E_BAD_KERNEL; SNP_E_TOO_LARGE for a file
 * over its limit, or an initrd too large for the kernel. If both fail, the error is the kernel's. */
struct snp_boot_job;
SNP_MUST_USE int snp_boot_start(const struct snp_boot_request *request, struct snp_boot_job **ret,
				struct snp_error *err);
SNP_MUST_USE int snp_boot_finish(struct snp_boot_job *job, struct snp_boot *ret,
				 struct snp_error *err);

SNP_API_END

#endif
