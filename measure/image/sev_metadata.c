// SPDX-License-Identifier: Apache-2.0
#include "image/sev_metadata.h"

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

/* What QEMU demands (target/i386/sev.c, pc_system_parse_sev_metadata) and what it reads without a
 * look: the number of sections beside the length. */
static int check_header(struct snp_span image, uint32_t distance, uint64_t from,
			uint32_t *ret_version, uint32_t *ret_count, struct snp_error *err)
{
	struct snp_span signature;
	uint32_t length = 0, count = 0;
	uint64_t at, room;

	if (distance > image.size || distance < SEV_METADATA_HEADER)
		return fail_with(err, SNP_E_BAD_METADATA, from,
				 "SEV metadata 0x%" PRIx32
				 " bytes before the end of the image; must be 0x%x to 0x%zx",
				 distance, SEV_METADATA_HEADER, image.size);
	at = image.size - distance;
	if (!snp_span_sub(image, at, 4, &signature) || memcmp(signature.data, "ASEV", 4) != 0)
		return fail_with(err, SNP_E_BAD_METADATA, at,
				 "SEV metadata without signature ASEV");
	/* QEMU compares the length with the header's place, not with what is left after it. */
	room = at < distance ? at : distance;
	if (!snp_span_le32(image, at + 4, &length) || length < SEV_METADATA_HEADER || length > room)
		return fail_with(err, SNP_E_BAD_METADATA, at + 4,
				 "SEV metadata have %" PRIu32 " bytes; must have %d to %" PRIu64,
				 length, SEV_METADATA_HEADER, room);
	if (!snp_span_le32(image, at + 8, ret_version) || !snp_span_le32(image, at + 12, &count))
		return fail_with(err, SNP_E_BAD_METADATA, at, "SEV metadata cut off");
	if ((uint64_t)count * SEV_METADATA_SECTION != length - SEV_METADATA_HEADER)
		return fail_with(err, SNP_E_BAD_METADATA, at + 12,
				 "SEV metadata have %" PRIu32 " sections in %" PRIu32 " bytes",
				 count, length);
	if (count > SEV_METADATA_MAX)
		return fail_with(err, SNP_E_BAD_METADATA, at + 12,
				 "SEV metadata have %" PRIu32 " sections; must have at most %d",
				 count, SEV_METADATA_MAX);
	*ret_count = count;
	return 0;
}

int sev_metadata_read(struct snp_span image, uint32_t distance, uint64_t from, uint64_t *ret_offset,
		      uint32_t *ret_version, struct snp_section **ret, size_t *ret_count,
		      struct snp_error *err)
{
	_cleanup_(freep) struct snp_section *sections = NULL;
	uint32_t version = 0, count = 0;
	uint64_t at;
	int r;

	r = check_header(image, distance, from, &version, &count, err);
	if (r < 0)
		return r;
	sections = calloc(count ? count : 1, sizeof(*sections));
	if (!sections)
		return out_of_memory(err);
	at = image.size - distance + SEV_METADATA_HEADER;
	for (uint32_t i = 0; i < count; i++, at += SEV_METADATA_SECTION)
		if (!snp_span_le32(image, at, &sections[i].gpa) ||
		    !snp_span_le32(image, at + 4, &sections[i].size) ||
		    !snp_span_le32(image, at + 8, &sections[i].type))
			return fail_with(err, SNP_E_BAD_METADATA, at, "SEV metadata cut off");
	*ret_offset = image.size - distance;
	*ret_version = version;
	*ret_count = count;
	*ret = TAKE_PTR(sections);
	return 0;
}
