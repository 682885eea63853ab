/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FIRMWARE_H
#define SNP_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

SNP_API_BEGIN

/*
 * A firmware image (OVMF, or an SVSM binary of the same footer): what the VMM loads, and what its
 * OVMF table and SEV metadata say (edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm and
 * X64/OvmfSevMetadata.asm; QEMU hw/i386/pc_sysfw_ovmf.c, target/i386/sev.c). Instead of the image
 * there may be its summary, an snp-firmware/1 document: enough for every SEV-SNP launch digest.
 */
struct snp_firmware;

#define SNP_PAGE_SIZE 4096u

/* Section types of the SEV metadata (edk2 OvmfSevMetadata.asm; QEMU target/i386/sev.c). */
enum snp_section_type {
	SNP_SECTION_SEC_MEM = 1,
	SNP_SECTION_SECRETS = 2,
	SNP_SECTION_CPUID = 3,
	SNP_SECTION_SVSM_CAA = 4,
	SNP_SECTION_KERNEL_HASHES = 0x10,
};

struct snp_section {
	uint32_t gpa;
	uint32_t size; /* bytes */
	uint32_t type;
};

#define SNP_GUID_SIZE	     16
#define SNP_GUID_STRING_SIZE 37

/* One entry of the OVMF table. */
struct snp_table_entry {
	uint8_t guid
		[SNP_GUID_SIZE]; /* as it stands in the file: first three groups little-endian */
	uint64_t offset;	 /* of its data in the file */
	uint32_t size;		 /* of its data in bytes */
};

/* Where the address at which all vCPUs but the first start comes from. */
enum snp_reset_source {
	SNP_RESET_ABSENT,
	SNP_RESET_TABLE,   /* SEV-ES reset block in the OVMF table */
	SNP_RESET_LEGACY,  /* the same block alone, where newer firmware has the table's footer */
	SNP_RESET_SUMMARY, /* the document says so */
};

struct snp_firmware_info {
	const char *path;
	bool is_summary;
	uint64_t size;	       /* bytes; 0 for a summary */
	uint64_t summary_size; /* of a summary: size of the document in bytes, and its SHA-256 */
	uint8_t summary_sha256[SNP_SHA256_SIZE];

	/* The first thing wrong with table or metadata, or NULL. A launch that does not need the broken
	 * part, such as SEV without a kernel, is still possible. What was read before it is below. */
	const struct snp_error *problem;

	bool has_table;
	const struct snp_table_entry *entries; /* from the footer down, as QEMU looks */
	size_t n_entries;

	bool has_metadata;
	uint64_t metadata_offset; /* in the file */
	uint32_t metadata_version;
	const struct snp_section *sections; /* in the order of the file, which is that of launch */
	size_t n_sections;

	enum snp_reset_source reset_source;
	uint32_t reset_address; /* 0: absent, or 0 in the image; QEMU refuses both */

	bool has_hash_table; /* a summary: it has a hash_table_gpa */
	uint32_t hash_table_gpa, hash_table_size;

	bool has_svsm;
	uint32_t svsm_launch_offset; /* of the entry point, from where the binary is loaded */
};

/* Read and parse the image `path`, at most SNP_MAX_FIRMWARE bytes. Only what no VMM loads is refused; a
 * broken table or broken metadata is kept as `problem` of the info, and launches that need it are refused.
 * Pages are hashed by the first digest that needs them. For snp_firmware_free(). Errors: SNP_E_OPEN,
 * SNP_E_READ, SNP_E_NOT_REGULAR, SNP_E_CHANGED, SNP_E_TOO_LARGE, SNP_E_FIRMWARE_SIZE, SNP_E_EMPTY_FILE,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_firmware_read(const char *path, struct snp_firmware **ret,
				   struct snp_error *err);

/* The same for the bytes `image`, which are copied; errors call them `name`. */
SNP_MUST_USE int snp_firmware_parse(const char *name, struct snp_span image,
				    struct snp_firmware **ret, struct snp_error *err);

/* Read an snp-firmware/1 document in place of the image: firmware_digest (48 bytes hex: the launch digest
 * after the image's own pages), sections [{type, gpa, size}], and, if the image has them, reset_address
 * and hash_table_gpa. Errors: as above, and SNP_E_JSON_* with the place in the document. */
SNP_MUST_USE int snp_firmware_read_summary(const char *path, struct snp_firmware **ret,
					   struct snp_error *err);
void snp_firmware_free(struct snp_firmware *firmware);

/* What was read. It belongs to `firmware`. */
const struct snp_firmware_info *snp_firmware_info(const struct snp_firmware *firmware);

/* SHA-256 of the image, computed at each call. Errors: SNP_E_NO_DIGEST for a summary, SNP_E_CRYPTO. */
SNP_MUST_USE int snp_firmware_sha256(const struct snp_firmware *firmware,
				     uint8_t ret[SNP_STATIC SNP_SHA256_SIZE],
				     struct snp_error *err);

/* Has the image the code that compares kernel, initrd and command line with the SEV hash table? Without
 * it the digest covers the hashes and the host can boot anything else. PRESENT says that the code is in
 * the image, which only a boot proves to run; UNKNOWN that the image has no firmware volume, or one that
 * cannot be unpacked. Of a summary: what it says. Takes some 0.03 s; no other function here calls it.
 * Errors: SNP_E_NO_MEMORY. */
enum snp_hash_verifier {
	SNP_HASH_VERIFIER_UNKNOWN,
	SNP_HASH_VERIFIER_ABSENT,
	SNP_HASH_VERIFIER_PRESENT,
};
SNP_MUST_USE int snp_firmware_hash_verifier(const struct snp_firmware *firmware,
					    enum snp_hash_verifier *ret, struct snp_error *err);

/* "unknown", "absent" or "present". */
const char *snp_hash_verifier_name(enum snp_hash_verifier verifier);

/* What a GUID of the table stands for ("SEV metadata"), or NULL. And its usual spelling, in lower case. */
const char *snp_guid_name(const uint8_t guid[SNP_STATIC SNP_GUID_SIZE]);
void snp_guid_string(const uint8_t guid[SNP_STATIC SNP_GUID_SIZE],
		     char ret[SNP_STATIC SNP_GUID_STRING_SIZE]);

/* "SNP_SEC_MEM" and so on, as edk2 calls a section type, or NULL. */
const char *snp_section_type_name(uint32_t type);

SNP_API_END

#endif
