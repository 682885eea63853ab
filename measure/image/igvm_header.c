// SPDX-License-Identifier: Apache-2.0
#include "image/igvm.h"

#include <inttypes.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#define bad(err, offset, ...) fail_with(err, SNP_E_BAD_IGVM, offset, __VA_ARGS__)

/* The payload has the length of its kind, so that these always find their bytes. */
static uint32_t word(struct snp_span payload, uint64_t at)
{
	uint32_t v = 0;

	(void)snp_span_le32(payload, at, &v);
	return v;
}

static uint64_t quad(struct snp_span payload, uint64_t at)
{
	uint64_t v = 0;

	(void)snp_span_le64(payload, at, &v);
	return v;
}

static uint16_t half(struct snp_span payload, uint64_t at)
{
	uint16_t v = 0;

	(void)snp_span_le16(payload, at, &v);
	return v;
}

/* Contents that a header names lie in the file data. */
static int check_data(const struct snp_igvm *igvm, const struct snp_igvm_header *h, uint64_t size,
		      struct snp_error *err)
{
	const struct snp_igvm_info *info = &igvm->info;

	if (h->data < info->data_offset || size > info->size - h->data || h->data > info->size)
		return bad(err, h->offset,
			   "contents of %" PRIu64 " bytes at 0x%" PRIx32
			   " are outside the file data",
			   size, h->data);
	return 0;
}

static int check_aligned(const struct snp_igvm_header *h, struct snp_error *err)
{
	if (h->gpa % SNP_PAGE_SIZE != 0)
		return bad(err, h->offset, "address 0x%" PRIx64 " is inside a page", h->gpa);
	if (h->size % SNP_PAGE_SIZE != 0)
		return bad(err, h->offset,
			   "size is 0x%" PRIx64 " bytes; must be a multiple of 4 KiB", h->size);
	return 0;
}

static int check_reserved(const struct snp_igvm_header *h, uint32_t reserved, struct snp_error *err)
{
	if (reserved != 0)
		return bad(err, h->offset, "reserved bytes are not zero");
	return 0;
}

static int read_platform(struct snp_span p, struct snp_igvm_header *h, struct snp_error *err)
{
	h->mask = word(p, 0);
	h->flags = p.data[4];
	h->subtype = p.data[5];
	h->value = quad(p, 8);
	if (h->mask == 0 || (h->mask & (h->mask - 1)) != 0)
		return bad(err, h->offset,
			   "compatibility mask 0x%" PRIx32 " of a platform; must be one bit",
			   h->mask);
	if (h->flags != 0 && h->flags != 2)
		return bad(err, h->offset, "highest VTL %" PRIu32 "; must be 0 or 2", h->flags);
	if (h->subtype > SNP_IGVM_SEV_ES)
		return bad(err, h->offset, "unknown platform type %" PRIu32, h->subtype);
	if (half(p, 6) != 1)
		return bad(err, h->offset, "platform version %u; must be 1", half(p, 6));
	if (h->subtype <= SNP_IGVM_VSM && h->value != 0)
		return bad(err, h->offset, "shared GPA boundary of a platform without one");
	return 0;
}

static int read_relocatable(struct snp_span p, struct snp_igvm_header *h, struct snp_error *err)
{
	uint64_t alignment = quad(p, 8), end;

	h->mask = word(p, 0);
	h->index = half(p, 4);
	h->subtype = p.data[6];
	h->gpa = quad(p, 16);
	h->size = quad(p, 24);
	if (h->subtype > 2)
		return bad(err, h->offset, "VTL %" PRIu32 "; must be 0, 1 or 2", h->subtype);
	if (alignment == 0 || alignment % SNP_PAGE_SIZE != 0 || h->size == 0 ||
	    h->size % SNP_PAGE_SIZE != 0 || h->gpa % alignment != 0 ||
	    quad(p, 32) % alignment != 0 || quad(p, 40) % alignment != 0 ||
	    __builtin_add_overflow(h->gpa, h->size, &end))
		return bad(err, h->offset, "relocatable region is not aligned, or is empty");
	return 0;
}

static int read_page_table(struct snp_span p, struct snp_igvm_header *h, struct snp_error *err)
{
	uint64_t used = quad(p, 24), end;
	int r;

	h->mask = word(p, 0);
	h->index = half(p, 4);
	h->subtype = p.data[6];
	h->gpa = quad(p, 8);
	h->size = quad(p, 16);
	if (h->subtype > 2)
		return bad(err, h->offset, "VTL %" PRIu32 "; must be 0, 1 or 2", h->subtype);
	r = check_reserved(h, p.data[7], err);
	if (r < 0)
		return r;
	r = check_aligned(h, err);
	if (r < 0)
		return r;
	if (h->size == 0 || used % SNP_PAGE_SIZE != 0 || used > h->size ||
	    __builtin_add_overflow(h->gpa, h->size, &end))
		return bad(err, h->offset,
			   "page table region is empty or smaller than what is used");
	return 0;
}

static int read_area(const struct snp_igvm *igvm, struct snp_span p, struct snp_igvm_header *h,
		     struct snp_error *err)
{
	int r;

	h->size = quad(p, 0);
	h->index = word(p, 8);
	h->data = word(p, 12);
	r = check_aligned(h, err);
	return r < 0 || h->data == 0 ? r : check_data(igvm, h, h->size, err);
}

/* Of a page of 2 MiB, too, 4 KiB of contents are in the file. */
static int read_page(const struct snp_igvm *igvm, struct snp_span p, struct snp_igvm_header *h,
		     struct snp_error *err)
{
	int r;

	h->gpa = quad(p, 0);
	h->mask = word(p, 8);
	h->data = word(p, 12);
	h->flags = word(p, 16);
	h->subtype = half(p, 20);
	h->size = h->flags & SNP_IGVM_PAGE_2M ? 2u << 20 : SNP_PAGE_SIZE;
	r = h->data == 0 ? 0 : check_data(igvm, h, SNP_PAGE_SIZE, err);
	if (r < 0)
		return r;
	r = check_reserved(h, half(p, 22), err);
	if (r < 0)
		return r;
	r = check_aligned(h, err);
	if (r < 0 || h->subtype <= SNP_IGVM_PAGE_CPUID_XF)
		return r;
	return bad(err, h->offset, "unknown page data type %" PRIu32, h->subtype);
}

/* Registers that libigvm knows in a context for VSM (Hyper-V TLFS, "Register names"). */
static bool is_vsm_register(uint32_t name)
{
	static const struct {
		uint32_t first, last;
	} known[] = {
		{0x20004, 0x20006}, /* RSP, RBP, RSI */
		{0x20008, 0x2000c}, /* R8 to R12 */
		{0x20010, 0x20011}, /* RIP, RFLAGS */
		{0x40000, 0x40000}, /* CR0 */
		{0x40002, 0x40003}, /* CR3, CR4 */
		{0x60000, 0x60005}, /* ES, CS, SS, DS, FS, GS */
		{0x60007, 0x60007}, /* TR */
		{0x70000, 0x70001}, /* IDTR, GDTR */
		{0x80001, 0x80001}, /* EFER */
		{0x80004, 0x80004}, /* PAT */
		{0x8000d, 0x8000d}, /* MTRR_DEF_TYPE */
		{0x80010, 0x80014}, /* MTRR_PHYS_BASE0 to 4 */
		{0x80040, 0x80044}, /* MTRR_PHYS_MASK0 to 4 */
		{0x80070, 0x80071}, /* MTRR_FIX64K_00000, MTRR_FIX16K_80000 */
		{0x80077, 0x8007a}, /* MTRR_FIX4K_E0000 to F8000 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (name >= known[i].first && name <= known[i].last)
			return true;
	return false;
}

/* u32 number of registers, then 32 bytes each: u8 VTL, u32 name, 11 bytes of zeros, 16 bytes of value. */
static int check_vsm_context(const struct snp_igvm *igvm, struct snp_igvm_header *h,
			     struct snp_error *err)
{
	uint8_t count_bytes[4], registers[IGVM_MAX_REGISTERS][32];
	uint32_t count;
	int r = check_data(igvm, h, sizeof(count_bytes), err);

	if (r < 0)
		return r;
	r = igvm_read_piece(igvm, h->data, count_bytes, sizeof(count_bytes), err);
	if (r < 0)
		return r;
	count = word((struct snp_span){count_bytes, sizeof(count_bytes)}, 0);
	if (h->index != 0 || count == 0)
		return bad(err, h->offset,
			   "VP context for VSM: not of vCPU 0, or without registers");
	if (count > IGVM_MAX_REGISTERS)
		return fail_with(err, SNP_E_TOO_LARGE, h->offset,
				 "VP context of %" PRIu32 " registers; must have at most %u", count,
				 IGVM_MAX_REGISTERS);
	r = check_data(igvm, h, sizeof(count_bytes) + count * (uint64_t)sizeof(*registers), err);
	if (r < 0)
		return r;
	r = igvm_read_piece(igvm, h->data + sizeof(count_bytes), registers[0],
			    count * sizeof(*registers), err);
	if (r < 0)
		return r;
	h->subtype = registers[0][0];
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *reg = registers[i];

		if (reg[0] > 2 || reg[0] != h->subtype ||
		    !is_vsm_register(word((struct snp_span){reg, sizeof(*registers)}, 1)))
			return bad(err, h->offset,
				   "VP context for VSM: register %" PRIu32
				   " is unknown or of another VTL",
				   i);
	}
	return 0;
}

static int check_native_context(const struct snp_igvm *igvm, const struct snp_igvm_header *h,
				struct snp_error *err)
{
	enum {
		USED = 224
	}; /* IgvmNativeVpContextX64 */
	uint8_t page[SNP_PAGE_SIZE];
	int r = igvm_read_piece(igvm, h->data, page, sizeof(page), err);

	for (size_t i = USED; r == 0 && i < sizeof(page); i++)
		if (page[i] != 0)
			r = bad(err, h->offset, "VP context has bytes after its registers");
	return r;
}

static int read_context(const struct snp_igvm *igvm, struct snp_span p, struct snp_igvm_header *h,
			struct snp_error *err)
{
	bool found = false;
	int r;

	h->gpa = quad(p, 0);
	h->mask = word(p, 8);
	h->data = word(p, 12);
	h->index = half(p, 16);
	/* Of two platforms with one mask the later counts. */
	for (size_t i = 0; i < igvm->info.n_headers; i++) {
		if (igvm->headers[i].type != SNP_IGVM_SUPPORTED_PLATFORM)
			break;
		if (igvm->headers[i].mask == h->mask) {
			h->platform = igvm->headers[i].subtype;
			found = true;
		}
	}
	if (!found || h->platform == SNP_IGVM_TDX)
		return bad(err, h->offset,
			   "VP context with compatibility mask 0x%" PRIx32
			   "; must be that of one platform that has contexts",
			   h->mask);
	if (h->platform == SNP_IGVM_VSM)
		return check_vsm_context(igvm, h, err);
	r = check_data(igvm, h, SNP_PAGE_SIZE, err);
	if (r == 0 && (h->platform == SNP_IGVM_NATIVE || h->platform == SNP_IGVM_SEV))
		return check_native_context(igvm, h, err);
	return r < 0 ? r : check_aligned(h, err);
}

static int read_payload(const struct snp_igvm *igvm, enum igvm_shape shape, struct snp_span p,
			struct snp_igvm_header *h, struct snp_error *err)
{
	int r = 0;

	switch (shape) {
	case IGVM_SHAPE_PLATFORM:
		return read_platform(p, h, err);
	case IGVM_SHAPE_POLICY:
		h->value = quad(p, 0);
		h->mask = word(p, 8);
		return check_reserved(h, word(p, 12), err);
	case IGVM_SHAPE_RELOCATABLE:
		return read_relocatable(p, h, err);
	case IGVM_SHAPE_PAGE_TABLE:
		return read_page_table(p, h, err);
	case IGVM_SHAPE_AREA:
		return read_area(igvm, p, h, err);
	case IGVM_SHAPE_PAGE:
		return read_page(igvm, p, h, err);
	case IGVM_SHAPE_INSERT:
		h->gpa = quad(p, 0);
		h->mask = word(p, 8);
		h->index = word(p, 12);
		return check_aligned(h, err);
	case IGVM_SHAPE_CONTEXT:
		return read_context(igvm, p, h, err);
	case IGVM_SHAPE_REQUIRED:
		h->gpa = quad(p, 0);
		h->mask = word(p, 8);
		h->size = word(p, 12);
		h->flags = word(p, 16);
		r = check_reserved(h, word(p, 20), err);
		return r < 0 ? r : check_aligned(h, err);
	case IGVM_SHAPE_PARAMETER:
		h->index = word(p, 0);
		h->subtype = word(p, 4);
		return 0;
	case IGVM_SHAPE_RANGE:
		h->gpa = quad(p, 0);
		h->mask = word(p, 8);
		r = check_aligned(h, err);
		h->size = word(p, 12);
		return r;
	case IGVM_SHAPE_ID_BLOCK:
	case IGVM_SHAPE_MEASUREMENT:
		h->mask = word(p, 0);
		return 0;
	}
	return 0;
}

static int check_address(const struct snp_igvm_header *h, struct snp_error *err)
{
	uint64_t end;

	if (h->type == SNP_IGVM_PARAMETER_AREA)
		return 0;
	if (__builtin_add_overflow(h->gpa, h->size, &end) || end > IGVM_ADDRESS_END)
		return bad(err, h->offset,
			   "0x%" PRIx64 " bytes at 0x%" PRIx64 " run past 52 bits of address",
			   h->size, h->gpa);
	return 0;
}

/* Platform headers, then those of initialisation, then directives (igvm_defs, IGVM_VHT_RANGE_*). */
static int section_of(uint32_t type)
{
	return type >= 0x1 && type <= 0x100	? 1
	       : type >= 0x101 && type <= 0x200 ? 2
	       : type >= 0x301 && type <= 0x400 ? 3
						: 0;
}

int igvm_header_read(struct snp_igvm *igvm, struct snp_span section, uint64_t at, int *stage,
		     uint64_t *ret_size, struct snp_error *err)
{
	struct snp_igvm_header h = {.offset = igvm->section_offset + (uint32_t)at};
	struct snp_span head, payload;
	const struct igvm_kind *kind;
	uint32_t length;
	int stage_of, r;

	if (!snp_span_sub(section, at, 8, &head))
		return bad(err, h.offset, "the last header is cut short");
	h.type = word(head, 0);
	length = word(head, 4);
	kind = igvm_kind_find(h.type);
	stage_of = section_of(h.type);
	if (!kind || stage_of == 0)
		return bad(err, h.offset, "unknown header type 0x%" PRIx32, h.type);
	if (stage_of < *stage)
		return bad(err, h.offset, "%s stands after a header of a later section",
			   kind->name);
	*stage = stage_of;
	if (length != kind->length)
		return bad(err, h.offset, "%s of %" PRIu32 " bytes; must have %" PRIu32, kind->name,
			   length, kind->length);
	*ret_size = igvm_header_size(length);
	if (!snp_span_sub(section, at + 8, *ret_size - 8, &payload))
		return bad(err, h.offset, "the last header is cut short");
	r = read_payload(igvm, kind->shape, payload, &h, err);
	if (r < 0)
		return r;
	if (h.mask == 0 && kind->shape != IGVM_SHAPE_AREA && kind->shape != IGVM_SHAPE_PARAMETER)
		return 0;
	r = check_address(&h, err);
	if (r < 0)
		return r;
	if (igvm->info.n_headers == IGVM_MAX_HEADERS)
		return fail_with(err, SNP_E_TOO_LARGE, h.offset, "more than %u headers",
				 IGVM_MAX_HEADERS);
	if (!grow(&igvm->headers, igvm->info.n_headers, sizeof(h)))
		return out_of_memory(err);
	igvm->headers[igvm->info.n_headers++] = h;
	igvm->info.headers = igvm->headers;
	return 0;
}
