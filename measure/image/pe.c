// SPDX-License-Identifier: Apache-2.0
#include "image/pe.h"

#include <string.h>

#define FILE_HEADER	   24u /* with the signature before it */
#define DOS_HEADER_ADDRESS 0x3c

bool pe_header_read(struct snp_span head, struct pe_header *ret)
{
	struct pe_header pe;
	uint32_t at = 0, signature = 0;
	uint16_t dos = 0;
	struct snp_span h;

	if (!snp_span_le16(head, 0, &dos) || dos != 0x5a4d ||
	    !snp_span_le32(head, DOS_HEADER_ADDRESS, &at) || at > head.size ||
	    !snp_span_sub(head, at, head.size - at, &h) || !snp_span_le32(h, 0, &signature) ||
	    signature != 0x00004550 || !snp_span_le16(h, 4, &pe.machine) ||
	    !snp_span_le16(h, 6, &pe.n_sections) || !snp_span_le16(h, 20, &pe.optional_size) ||
	    !snp_span_le16(h, 22, &pe.flags) || !snp_span_le16(h, 24, &pe.magic) ||
	    !snp_span_le32(h, 40, &pe.entry) || !snp_span_le32(h, 84, &pe.headers_size) ||
	    !snp_span_le16(h, 92, &pe.subsystem) || !snp_span_le32(h, 132, &pe.n_directories))
		return false;
	pe.sections = (uint64_t)at + FILE_HEADER + pe.optional_size;
	*ret = pe;
	return true;
}

bool pe_place_read(struct snp_span head, const struct pe_header *pe, uint32_t i,
		   struct pe_place *ret)
{
	struct pe_place place = {0};
	struct snp_span header;

	if (!snp_span_sub(head, pe->sections + (uint64_t)PE_SECTION_HEADER * i, PE_SECTION_HEADER,
			  &header) ||
	    !snp_span_le32(header, 8, &place.memory_size) ||
	    !snp_span_le32(header, 16, &place.size) || !snp_span_le32(header, 20, &place.offset))
		return false;
	memcpy(place.name, header.data, 8);
	*ret = place;
	return true;
}
