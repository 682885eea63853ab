// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/kernel.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/sha.h>

#include "image/pe.h"

/*
 * Offsets of the real-mode header (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"), and
 * the decisions of QEMU 10.0 hw/i386/x86-common.c, x86_load_linux(), in its order. QEMU does not look
 * for the PE header, compression or init_size; neither is done here.
 */
#define SETUP_SECTS	0x1f1
#define SYSSIZE		0x1f4
#define HEADER_MAGIC	0x202
#define PROTOCOL	0x206
#define INITRD_ADDR_MAX 0x22c
#define XLOADFLAGS	0x236

#define MAGIC_HDRS		   0x53726448u
#define MAGIC_ELF		   0x464c457fu
#define MAGIC_MULTIBOOT		   0x1badb002u
#define XLF_CAN_BE_LOADED_ABOVE_4G 0x2

/* A number as QEMU's qemu_strtoui() takes it with base 0, up to the end of the text or a blank. */
static bool is_video_mode(const char *text)
{
	size_t sign = strspn(text, " \t\n\v\f\r");
	unsigned long long n;
	char *end;

	sign += strspn(text + sign, "+-") > 0;
	/* A libc of C23 reads "0b1" as a number, an older one does not: refused. */
	if (text[sign] == '0' && (text[sign + 1] == 'b' || text[sign + 1] == 'B'))
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	return end != text && errno == 0 && (*end == '\0' || *end == ' ') &&
	       (n <= UINT_MAX || n >= -(unsigned long long)UINT_MAX);
}

/* QEMU looks for the first "vga=", wherever it stands, and exits if it does not know its value. */
static int check_video_mode(struct snp_span cmdline, struct snp_error *err)
{
	static const char *const names[] = {"normal", "ext", "ask"};
	const uint8_t *found =
		cmdline.size > 0 ? memmem(cmdline.data, cmdline.size, "vga=", 4) : NULL;
	_cleanup_(freep) char *value = NULL;

	if (!found)
		return 0;
	value = strndup((const char *)found + 4, cmdline.size - (size_t)(found + 4 - cmdline.data));
	if (!value)
		return out_of_memory(err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(value, names[i], strlen(names[i])) == 0)
			return 0;
	if (is_video_mode(value))
		return 0;
	return fail_with(
		err, SNP_E_BAD_CMDLINE, (uint64_t)(found - cmdline.data),
		"the first \"vga=\" of the command line must be followed by normal, ext, ask "
		"or a number; QEMU refuses it");
}

static int hash_cmdline(struct snp_span cmdline, uint8_t ret[static SNP_SHA256_SIZE],
			struct snp_error *err)
{
	/* QEMU takes a C string. */
	const uint8_t *nul = cmdline.size > 0 ? memchr(cmdline.data, 0, cmdline.size) : NULL;
	_cleanup_(hash_freep) struct hash *hash = NULL;
	int r;

	if (nul)
		return fail_with(
			err, SNP_E_BAD_CMDLINE, (uint64_t)(nul - cmdline.data),
			"the command line contains a NUL, where every VMM would cut it off");
	r = check_video_mode(cmdline, err);
	if (r < 0)
		return r;
	r = hash_new(SNP_SHA256, &hash, err);
	if (r < 0)
		return r;
	r = hash_update(hash, cmdline, err);
	if (r < 0)
		return r;
	r = hash_update(hash, (struct snp_span){(const uint8_t *)"", 1}, err);
	return r < 0 ? r : hash_final(hash, ret, err);
}

int snp_kernel_hashes_fill(const uint8_t kernel[static SNP_SHA256_SIZE], const uint8_t *initrd,
			   struct snp_span cmdline, struct snp_kernel_hashes *ret,
			   struct snp_error *err)
{
	int r = hash_cmdline(cmdline, ret->cmdline, err);

	if (r < 0)
		return r;
	memcpy(ret->kernel, kernel, SNP_SHA256_SIZE);
	memcpy(ret->initrd, initrd ? initrd : sha256_of_nothing, SNP_SHA256_SIZE);
	return 0;
}

/* hw/i386/multiboot.c, load_multiboot(): twelve words that begin anywhere in the first 8 KiB. */
static bool is_multiboot(struct snp_span head)
{
	uint32_t magic, flags, checksum;

	for (uint64_t at = 0; at + 48 < SNP_KERNEL_HEADER; at += 4) {
		if (!snp_span_le32(head, at, &magic) || !snp_span_le32(head, at + 4, &flags) ||
		    !snp_span_le32(head, at + 8, &checksum))
			return false;
		if (magic == MAGIC_MULTIBOOT && magic + flags + checksum == 0)
			return true;
	}
	return false;
}

/* Of a file without the header's magic: multiboot and ELF kernels are started without a hash. Everything
 * else has boot protocol 0 and is hashed as it is: a UKI or another PE image, and what no firmware starts. */
static int check_other(struct snp_span head, struct snp_error *err)
{
	uint32_t magic = 0;

	(void)snp_span_le32(head, 0, &magic);
	if (is_multiboot(head))
		return fail_with(err, SNP_E_BAD_KERNEL, 0,
				 "a multiboot kernel, which QEMU loads without hashing it; give a "
				 "bzImage");
	if (magic == MAGIC_ELF)
		return fail_with(
			err, SNP_E_BAD_KERNEL, 0,
			"an ELF kernel (vmlinux), which QEMU loads without hashing it; give "
			"the bzImage");
	return 0;
}

/* initrd_max of x86_load_linux(), less what the guest's memory makes of it. */
static uint32_t initrd_max(struct snp_span head, uint16_t protocol)
{
	uint16_t flags = 0;
	uint32_t max = 0;

	if (protocol < 0x200)
		return 0; /* "linux kernel too old to load a ram disk" */
	(void)snp_span_le16(head, XLOADFLAGS, &flags);
	(void)snp_span_le32(head, INITRD_ADDR_MAX, &max);
	if (protocol >= 0x20c && (flags & XLF_CAN_BE_LOADED_ABOVE_4G))
		return UINT32_MAX;
	return protocol >= 0x203 ? max : 0x37ffffff;
}

/* syssize counts paragraphs of 16 bytes of what follows the setup; before 2.04 it had two bytes, too few. */
static bool is_cut_short(struct snp_span head, uint16_t protocol, uint32_t setup_size,
			 uint64_t size)
{
	uint32_t paragraphs = 0;

	(void)snp_span_le32(head, SYSSIZE, &paragraphs);
	return protocol >= 0x204 && (size - setup_size) / 16 < paragraphs;
}

/* The header of a PE32+ image for x86-64, by what edk2's PE loader asks of it (MdePkg BasePeCoffLib,
 * PeCoffLoaderGetPeHeader()). Since edk2-stable202511 no other kernel starts in a confidential guest. */
static bool is_efi_loadable(struct snp_span head, uint64_t size)
{
	struct pe_header pe;
	struct pe_place place;

	if (!pe_header_read(head, &pe) || pe.machine != 0x8664 || pe.magic != 0x20b ||
	    pe.entry == 0 || pe.headers_size > size || pe.n_directories > 16 ||
	    pe.optional_size != 112 + 8 * pe.n_directories ||
	    (pe.flags & 1) /* relocations stripped: it would have to lie at its own address */ ||
	    pe.subsystem < 10 || pe.subsystem > 12 /* EFI application or driver */)
		return false;
	/* Each section lies in the file. Headers past the first pages are not looked at. */
	for (uint16_t i = 0; i < pe.n_sections; i++)
		if (pe_place_read(head, &pe, i, &place) && place.size > 0 &&
		    (uint64_t)place.offset + place.size > size)
			return false;
	return true;
}

int snp_bzimage_parse(struct snp_span head, uint64_t size, struct snp_bzimage *ret,
		      struct snp_error *err)
{
	uint32_t magic = 0, setup_size;
	uint16_t protocol = 0;

	if (size > INT32_MAX)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "size is %" PRIu64 " bytes; QEMU takes a kernel of at most %d",
				 size, INT32_MAX);
	if (snp_span_le32(head, HEADER_MAGIC, &magic) && magic == MAGIC_HDRS) {
		(void)snp_span_le16(head, PROTOCOL, &protocol);
	} else {
		int r = check_other(head, err);

		if (r < 0)
			return r;
	}
	setup_size = head.size > SETUP_SECTS && head.data[SETUP_SECTS] ? head.data[SETUP_SECTS] : 4;
	setup_size = (setup_size + 1) * 512;
	if (setup_size > size)
		return fail_with(err, SNP_E_BAD_KERNEL,
				 head.size > SETUP_SECTS ? SETUP_SECTS : head.size,
				 "a kernel whose setup of %" PRIu32
				 " bytes is larger than the file; QEMU refuses it",
				 setup_size);
	*ret = (struct snp_bzimage){
		.size = size,
		.protocol = protocol,
		.setup_size = setup_size,
		.initrd_max = initrd_max(head, protocol),
		.is_efi_loadable = is_efi_loadable(head, size),
		.is_cut_short = is_cut_short(head, protocol, setup_size, size),
	};
	return 0;
}

int snp_bzimage_check_initrd(const struct snp_bzimage *kernel, uint64_t size, struct snp_error *err)
{
	if (kernel->protocol < 0x200)
		return fail_with(
			err, SNP_E_BAD_KERNEL, SNP_NO_OFFSET,
			"QEMU refuses an initrd with a kernel that is not a bzImage, or whose boot protocol is older than 2.00 (a UKI has its own initrd)");
	if (size >= kernel->initrd_max)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "size is %" PRIu64 " bytes; must be less than %" PRIu32
				 " for this kernel",
				 size, kernel->initrd_max);
	return 0;
}
