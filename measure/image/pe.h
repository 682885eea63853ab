/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_PE_H
#define IMAGE_PE_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/span.h>

/* The headers of a PE image. Microsoft's "PE Format" has the layout, edk2's MdePkg/Library/BasePeCoffLib what a
 * loader asks of it. */
struct pe_header {
	uint16_t machine, n_sections, optional_size, flags, magic, subsystem;
	uint32_t entry, headers_size, n_directories;
	uint64_t sections; /* offset of the section table */
};

/* False, and `ret` untouched, if `head` does not begin as a PE image does, with whole headers. */
bool pe_header_read(struct snp_span head, struct pe_header *ret);

#define PE_SECTION_HEADER 40u /* bytes of one in the table */

/* Section `i` of the table; false if it does not lie in `head`. */
struct pe_place {
	char name[9];
	uint32_t memory_size, offset, size; /* of the bytes that the file has, padding included */
};
bool pe_place_read(struct snp_span head, const struct pe_header *pe, uint32_t i,
		   struct pe_place *ret);

#endif
