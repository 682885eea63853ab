// SPDX-License-Identifier: Apache-2.0
#include <snp/svsm_manifest.h>

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>

/* Of all services: GUID, u32 length of the manifest, u32 number of services; then for each GUID, u32 offset from the
 * manifest's beginning, u32 length. */
#define HEADER 24u
#define ENTRY  24u

/* 63849ebb-3d92-4670-a1ff-58f9c94b87bb */
static const uint8_t all_services[SNP_GUID_SIZE] = {0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46,
						    0xa1, 0xff, 0x58, 0xf9, 0xc9, 0x4b, 0x87, 0xbb};
/* c476f1eb-0123-45a5-9641-b4e7dde5bfe3 */
static const uint8_t vtpm[SNP_GUID_SIZE] = {0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45,
					    0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3};
/* a4453a59-9e1b-4787-a033-1986d6adbe55 */
static const uint8_t uefi_variables[SNP_GUID_SIZE] = {0x59, 0x3a, 0x45, 0xa4, 0x1b, 0x9e,
						      0x87, 0x47, 0xa0, 0x33, 0x19, 0x86,
						      0xd6, 0xad, 0xbe, 0x55};
static const uint8_t no_guid[SNP_GUID_SIZE];

static bool begins_with(struct snp_span bytes, const uint8_t guid[static SNP_GUID_SIZE])
{
	return bytes.size >= SNP_GUID_SIZE && memcmp(bytes.data, guid, SNP_GUID_SIZE) == 0;
}

static int read_entry(struct snp_span bytes, uint32_t count, uint32_t i, struct svsm_service *ret,
		      struct snp_error *err)
{
	const uint64_t at = HEADER + i * (uint64_t)ENTRY, first = HEADER + count * (uint64_t)ENTRY;
	uint32_t offset = 0, length = 0;
	struct snp_span guid;

	if (!snp_span_sub(bytes, at, SNP_GUID_SIZE, &guid) ||
	    !snp_span_le32(bytes, at + 16, &offset) || !snp_span_le32(bytes, at + 20, &length))
		return fail_with(err, SNP_E_BAD_MANIFEST, bytes.size,
				 "the manifest ends before service %" PRIu32, i);
	if (offset < first || !snp_span_sub(bytes, offset, length, &ret->data))
		return fail_with(err, SNP_E_BAD_MANIFEST, at + 16,
				 "service %" PRIu32 " has 0x%" PRIx32 " bytes at 0x%" PRIx32
				 ", outside the manifest's data",
				 i, length, offset);
	memcpy(ret->guid, guid.data, SNP_GUID_SIZE);
	return 0;
}

static int read_all(struct snp_span bytes, struct svsm_manifest *ret, struct snp_error *err)
{
	struct svsm_manifest manifest = {0};
	uint32_t length = 0, count = 0;

	if (!snp_span_le32(bytes, 16, &length) || !snp_span_le32(bytes, 20, &count) ||
	    length != bytes.size)
		return fail_with(err, SNP_E_BAD_MANIFEST, 16,
				 "the manifest says 0x%" PRIx32 " bytes; it has 0x%zx", length,
				 bytes.size);
	if (count == 0 || count > SVSM_MAX_SERVICES)
		return fail_with(err, SNP_E_BAD_MANIFEST, 20,
				 "%" PRIu32 " services; must be 1 to %d", count, SVSM_MAX_SERVICES);
	for (uint32_t i = 0; i < count; i++) {
		int r = read_entry(bytes, count, i, &manifest.services[i], err);

		if (r < 0)
			return r;
	}
	manifest.n_services = count;
	*ret = manifest;
	return 0;
}

int svsm_manifest_read(struct snp_span bytes, struct svsm_manifest *ret, struct snp_error *err)
{
	if (bytes.size == 0)
		return fail_with(err, SNP_E_EMPTY_FILE, SNP_NO_OFFSET,
				 "file is empty; must be an SVSM's manifest");
	if (bytes.size > SVSM_MAX_MANIFEST)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "manifest of %zu bytes; must have at most %u", bytes.size,
				 SVSM_MAX_MANIFEST);
	if (begins_with(bytes, all_services))
		return read_all(bytes, ret, err);
	*ret = (struct svsm_manifest){.n_services = 1, .services[0].data = bytes};
	return 0;
}

int svsm_report_data(const uint8_t nonce[static SVSM_NONCE_SIZE], struct snp_span manifest,
		     uint8_t ret[static SNP_REPORT_DATA_SIZE], struct snp_error *err)
{
	_cleanup_(hash_freep) struct hash *hash = NULL;
	int r = hash_new(SNP_SHA512, &hash, err);

	if (r < 0)
		return r;
	r = hash_update(hash, (struct snp_span){nonce, SVSM_NONCE_SIZE}, err);
	if (r < 0)
		return r;
	r = hash_update(hash, manifest, err);
	return r < 0 ? r : hash_final(hash, ret, err);
}

/* The vTPM's data are the public area of its endorsement key, TPMT_PUBLIC: u16 type (TPM 2.0 Library, part 2,
 * 12.2.4), big-endian. A manifest of one service that begins like one is taken for it. */
static const char *key_type(struct snp_span data)
{
	if (data.size < 10 || data.data[0] != 0)
		return NULL;
	return data.data[1] == 0x01 ? "vTPM, EK RSA" : data.data[1] == 0x23 ? "vTPM, EK ECC" : NULL;
}

const char *svsm_service_name(const struct svsm_service *service)
{
	const bool is_vtpm = memcmp(service->guid, vtpm, SNP_GUID_SIZE) == 0;
	const char *key = key_type(service->data);

	if ((is_vtpm || memcmp(service->guid, no_guid, SNP_GUID_SIZE) == 0) && key)
		return key;
	if (is_vtpm)
		return "vTPM, unknown EK";
	return memcmp(service->guid, uefi_variables, SNP_GUID_SIZE) == 0 ? "UEFI variables"
									 : "unknown";
}
