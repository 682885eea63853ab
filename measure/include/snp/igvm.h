/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_IGVM_H
#define SNP_IGVM_H

#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

SNP_API_BEGIN

/*
 * An IGVM file: the initial memory and vCPU state of a guest, for one or more platforms, as a list of
 * headers (microsoft/igvm, igvm_defs). Its file data stay on disk; a launch reads the pages that it needs.
 */
struct snp_igvm;

/* Types of headers, by igvm_defs' names less IGVM_VHT_. */
enum snp_igvm_type {
	SNP_IGVM_SUPPORTED_PLATFORM = 0x001,
	SNP_IGVM_GUEST_POLICY = 0x101,
	SNP_IGVM_RELOCATABLE_REGION = 0x102,
	SNP_IGVM_PAGE_TABLE_RELOCATION = 0x103,
	SNP_IGVM_PARAMETER_AREA = 0x301,
	SNP_IGVM_PAGE_DATA = 0x302,
	SNP_IGVM_PARAMETER_INSERT = 0x303,
	SNP_IGVM_VP_CONTEXT = 0x304,
	SNP_IGVM_REQUIRED_MEMORY = 0x305,
	SNP_IGVM_VP_COUNT = 0x307,
	SNP_IGVM_SRAT = 0x308,
	SNP_IGVM_MADT = 0x309,
	SNP_IGVM_MMIO_RANGES = 0x30a,
	SNP_IGVM_SNP_ID_BLOCK = 0x30b,
	SNP_IGVM_MEMORY_MAP = 0x30c,
	SNP_IGVM_ERROR_RANGE = 0x30d,
	SNP_IGVM_COMMAND_LINE = 0x30e,
	SNP_IGVM_SLIT = 0x30f,
	SNP_IGVM_PPTT = 0x310,
	SNP_IGVM_VBS_MEASUREMENT = 0x311,
	SNP_IGVM_DEVICE_TREE = 0x312,
	SNP_IGVM_ENVIRONMENT_INFO = 0x313,
};

enum snp_igvm_platform {
	SNP_IGVM_NATIVE,
	SNP_IGVM_VSM,
	SNP_IGVM_SEV_SNP,
	SNP_IGVM_TDX,
	SNP_IGVM_SEV,
	SNP_IGVM_SEV_ES,
};

/* Flags and data types of PAGE_DATA. */
#define SNP_IGVM_PAGE_2M	 1u
#define SNP_IGVM_PAGE_UNMEASURED 2u
#define SNP_IGVM_PAGE_SHARED	 4u
enum snp_igvm_page {
	SNP_IGVM_PAGE_NORMAL,
	SNP_IGVM_PAGE_SECRETS,
	SNP_IGVM_PAGE_CPUID,
	SNP_IGVM_PAGE_CPUID_XF,
};

/* One header. Those whose compatibility mask is 0 belong to no platform and are left out, as libigvm does. */
struct snp_igvm_header {
	uint32_t type; /* enum snp_igvm_type */
	uint32_t
		mask; /* compatibility mask: the platforms that it is for; 0: parameters, for all */
	uint32_t offset; /* where it stands in the file */
	uint32_t data;	 /* offset of its contents in the file; 0: none */
	uint64_t gpa;
	uint64_t size;	   /* bytes of guest memory; of a page 4 KiB or 2 MiB */
	uint64_t value;	   /* platform: shared GPA boundary; policy: the policy */
	uint32_t flags;	   /* page; platform: highest VTL */
	uint32_t index;	   /* area, parameter and insert: of the area; VP context: of the vCPU */
	uint32_t subtype;  /* page: enum snp_igvm_page; platform: enum snp_igvm_platform;
			    * parameter: byte offset in its area */
	uint32_t platform; /* VP context: the platform that its contents are for */
};

struct snp_igvm_info {
	const char *path;
	uint64_t size;	       /* bytes */
	uint32_t version;      /* of the format: 1 or 2 */
	uint32_t headers_size; /* bytes of all headers */
	uint64_t data_offset;  /* where the file data begin */
	const struct snp_igvm_header *headers;
	size_t n_headers;
};

/* Read and check the headers of the IGVM file `path`. It accepts what libigvm accepts, except for
 * files that are not for x86, parameters outside their area and addresses past 52 bits. The file stays
 * open: reading it later fails if it changed. For snp_igvm_free().
 * Errors: SNP_E_OPEN, SNP_E_READ, SNP_E_NOT_REGULAR, SNP_E_CHANGED, SNP_E_TOO_LARGE, SNP_E_BAD_IGVM,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_igvm_read(const char *path, struct snp_igvm **ret, struct snp_error *err);
void snp_igvm_free(struct snp_igvm *igvm);

/* What was read. It belongs to `igvm`. */
const struct snp_igvm_info *snp_igvm_info(const struct snp_igvm *igvm);

/* SHA-256 of the whole file. Errors: SNP_E_READ, SNP_E_CHANGED, SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_igvm_sha256(const struct snp_igvm *igvm,
				 uint8_t ret[SNP_STATIC SNP_SHA256_SIZE], struct snp_error *err);

/* "PAGE_DATA" and so on, or "unknown"; "SEV-SNP" and so on. */
const char *snp_igvm_type_name(uint32_t type);
const char *snp_igvm_platform_name(uint32_t platform);

SNP_API_END

#endif
