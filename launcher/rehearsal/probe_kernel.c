// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/probe_kernel.h"

#include <string.h>

#include <snp/span.h>

/* x86-64 machine code; the text follows it. */
#define CODE_LENGTH 13 /* offset of the text's length */
#define CODE_STATUS 24 /* of the code that QEMU ends with */
static const uint8_t code[] = {
	0xfc, /* cld */
	0x66, 0xba, PROBE_CONSOLE_PORT,
	0x00, /* mov $port, %dx */
	0x48, 0x8d, 0x35,
	0x14, 0,    0,
	0, /* lea text(%rip), %rsi: 0x14 bytes from here */
	0xb9, 0,    0,
	0,    0,    /* mov $length, %ecx */
	0xf3, 0x6e, /* rep outsb */
	0x66, 0xba, PROBE_EXIT_PORT,
	0x00, /* mov $port, %dx */
	0xb8, 0,    0,
	0,    0,	  /* mov $code, %eax */
	0xef,		  /* out %eax, (%dx): QEMU ends */
	0xf4, 0xeb, 0xfd, /* 1: hlt; jmp 1b */
};

/* The file: PE header, one section, which begins where Linux' setup ends. */
#define PE	   0x40
#define OPTIONAL   0x58
#define SECTION	   0xf8
#define CODE	   0x400
#define CODE_SIZE  0x200
#define CODE_RVA   0x1000
#define IMAGE_SIZE 0x2000
_Static_assert(CODE + CODE_SIZE == PROBE_KERNEL_SIZE, "the section ends with the file");
_Static_assert(sizeof(code) + PROBE_TEXT_MAX <= CODE_SIZE, "the text fits");

/* PE format, "PE32+": everything that is left out is 0. */
static void put_pe(uint8_t *file)
{
	memcpy(file, "MZ", 2);
	snp_put_le32(file + 0x3c, PE);
	memcpy(file + PE, "PE\0", 4);
	snp_put_le16(file + PE + 4, 0x8664);	   /* machine: x86-64 */
	snp_put_le16(file + PE + 6, 1);		   /* sections */
	snp_put_le16(file + PE + 20, 112 + 6 * 8); /* size of the optional header */
	snp_put_le16(file + PE + 22,
		     0x0022); /* executable, large addresses; relocations not stripped */

	snp_put_le16(file + OPTIONAL, 0x20b); /* PE32+ */
	snp_put_le32(file + OPTIONAL + 4, CODE_SIZE);
	snp_put_le32(file + OPTIONAL + 16, CODE_RVA); /* entry point */
	snp_put_le32(file + OPTIONAL + 20, CODE_RVA); /* base of code */
	snp_put_le32(file + OPTIONAL + 32, 0x1000);   /* alignment in memory */
	snp_put_le32(file + OPTIONAL + 36, 0x200);    /* alignment in the file */
	snp_put_le32(file + OPTIONAL + 56, IMAGE_SIZE);
	snp_put_le32(file + OPTIONAL + 60, CODE);   /* size of headers */
	snp_put_le16(file + OPTIONAL + 68, 10);	    /* subsystem: EFI application */
	snp_put_le16(file + OPTIONAL + 70, 0x0100); /* NX compatible */
	snp_put_le32(file + OPTIONAL + 108, 6);	    /* data directories, all empty */

	memcpy(file + SECTION, ".text", 5);
	snp_put_le32(file + SECTION + 8, CODE_SIZE);
	snp_put_le32(file + SECTION + 12, CODE_RVA);
	snp_put_le32(file + SECTION + 16, CODE_SIZE);
	snp_put_le32(file + SECTION + 20, CODE);
	snp_put_le32(file + SECTION + 36, 0x60000020); /* code, read, execute */
}

/* Linux boot protocol 2.03, the first that says where an initrd may lie. QEMU before 10.0 patches some of
 * these fields before the firmware sees them, when there is no SEV; they have the values already that it
 * would write (hw/i386/x86-common.c), so that the hash of the file stays right. */
static void put_setup(const struct probe_kernel *probe, uint8_t *file)
{
	file[0x1f1] = 1; /* setup_sects: with the boot sector, 0x400 bytes */
	snp_put_le16(file + 0x1fe, 0xaa55);
	memcpy(file + 0x202, "HdrS", 4);
	snp_put_le16(file + 0x206, 0x0203);
	file[0x210] = 0xb0; /* type_of_loader: QEMU */
	file[0x211] = 0x81; /* loadflags: LOADED_HIGH, CAN_USE_HEAP */
	if (probe->initrd_size > 0)
		snp_put_le32(file + 0x218, (probe->initrd_max - probe->initrd_size) & ~0xfffu);
	snp_put_le32(file + 0x21c, probe->initrd_size);
	snp_put_le16(file + 0x224, 0xfe00);  /* heap_end_ptr */
	snp_put_le32(file + 0x228, 0x20000); /* cmd_line_ptr */
	snp_put_le32(file + 0x22c, probe->initrd_max);
}

void probe_kernel_build(const struct probe_kernel *probe, uint8_t ret[static PROBE_KERNEL_SIZE])
{
	const uint32_t length = (uint32_t)strnlen(probe->text, PROBE_TEXT_MAX);

	memset(ret, 0, PROBE_KERNEL_SIZE);
	put_pe(ret);
	put_setup(probe, ret);
	memcpy(ret + CODE, code, sizeof(code));
	snp_put_le32(ret + CODE + CODE_LENGTH, length);
	snp_put_le32(ret + CODE + CODE_STATUS, probe->code);
	memcpy(ret + CODE + sizeof(code), probe->text, length);
}
