// SPDX-License-Identifier: Apache-2.0
#include "report/certificates.h"

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

/* GHCB specification 56421, SNP Extended Guest Request: a table entry. */
enum {
	ENTRY_GUID = 0,
	ENTRY_OFFSET = 16,
	ENTRY_LENGTH = 20,
	ENTRY_SIZE = 24
};

#define PAGE_SIZE 4096u

static const struct {
	uint8_t guid[CERTIFICATE_GUID_SIZE];
	enum snp_certificate_kind kind;
} guids[] = {
	/* 63da758d-e664-4564-adc5-f4b93be8accd */
	{{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
	  0xcd},
	 SNP_VCEK},
	/* a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
	{{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
	  0xa1},
	 SNP_VLEK},
	/* 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
	{{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
	  0x82},
	 SNP_ASK},
	/* c0b406a4-a803-4952-9743-3fb6014cd0ae */
	{{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
	  0xae},
	 SNP_ARK},
};

enum snp_certificate_kind certificate_guid_kind(const uint8_t guid[static CERTIFICATE_GUID_SIZE])
{
	for (size_t i = 0; i < ARRAY_SIZE(guids); i++)
		if (memcmp(guid, guids[i].guid, CERTIFICATE_GUID_SIZE) == 0)
			return guids[i].kind;
	return SNP_CERTIFICATE_OTHER;
}

static int bad(struct snp_error *err, uint64_t offset, const char *what)
{
	return fail_with(err, SNP_E_BAD_CERTIFICATE_TABLE, offset, "certificate table: %s", what);
}

/* Read the entries up to the terminator; `ret_end` is the offset after it. */
static int read_entries(struct snp_span bytes, struct certificate_table *table, uint64_t *ret_end,
			struct snp_error *err)
{
	static const uint8_t terminator[ENTRY_SIZE];

	for (uint64_t at = 0;; at += ENTRY_SIZE) {
		struct certificate_entry *entry = &table->entries[table->n_entries];
		struct snp_span raw;
		uint32_t offset = 0, length = 0;

		if (!snp_span_sub(bytes, at, ENTRY_SIZE, &raw))
			return bad(err, at, "no terminator");
		if (memcmp(raw.data, terminator, ENTRY_SIZE) == 0) {
			if (at == 0)
				return bad(err, at, "no entry");
			*ret_end = at + ENTRY_SIZE;
			return 0;
		}
		if (table->n_entries == MAX_TABLE_ENTRIES)
			return bad(err, at, "more than 64 entries");
		(void)snp_span_le32(raw, ENTRY_OFFSET, &offset);
		(void)snp_span_le32(raw, ENTRY_LENGTH, &length);
		if (length == 0 || length > SNP_MAX_CERTIFICATE_SIZE)
			return bad(err, at + ENTRY_LENGTH, "an object is empty or over 16 KiB");
		if (!snp_span_sub(bytes, offset, length, &entry->object))
			return bad(err, at + ENTRY_OFFSET, "an object reaches beyond the table");
		memcpy(entry->guid, raw.data, CERTIFICATE_GUID_SIZE);
		for (size_t i = 0; i < table->n_entries; i++)
			if (memcmp(table->entries[i].guid, entry->guid, CERTIFICATE_GUID_SIZE) == 0)
				return bad(err, at, "a GUID appears twice");
		table->n_entries++;
	}
}

/* A table ends with its last object, as in Linux's configfs-tsm, or is made of whole pages, as in the GHCB
 * specification. */
static int check_size(struct snp_span bytes, const struct certificate_table *table,
		      struct snp_error *err)
{
	size_t end = 0, pages;

	for (size_t i = 0; i < table->n_entries; i++) {
		const struct snp_span *object = &table->entries[i].object;
		size_t object_end = (size_t)(object->data - bytes.data) + object->size;

		end = object_end > end ? object_end : end;
	}
	pages = (end + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	if (bytes.size == end || bytes.size == pages)
		return 0;
	return bad(err, end, "must end with its last object, or with the page of that");
}

/* Objects overlap neither the header nor each other, and all other bytes are zero. A map of the bytes is
 * simpler than intervals, and no table is large. */
static int check_cover(struct snp_span bytes, const struct certificate_table *table, uint64_t end,
		       struct snp_error *err)
{
	_cleanup_(freep) bool *taken = calloc(SNP_MAX_SMALL, sizeof(*taken));

	if (!taken)
		return out_of_memory(err);
	memset(taken, true, (size_t)end);
	for (size_t i = 0; i < table->n_entries; i++) {
		const struct snp_span *object = &table->entries[i].object;
		size_t offset = (size_t)(object->data - bytes.data);

		if (memchr(taken + offset, true, object->size))
			return bad(err, i * ENTRY_SIZE + ENTRY_OFFSET,
				   "an object overlaps the header or another object");
		memset(taken + offset, true, object->size);
	}
	for (size_t i = 0; i < bytes.size; i++)
		if (!taken[i] && bytes.data[i] != 0)
			return bad(err, i, "a byte outside all objects is not zero");
	return 0;
}

int certificate_table_parse(struct snp_span bytes, struct certificate_table *ret,
			    struct snp_error *err)
{
	struct certificate_table table = {0};
	uint64_t end = 0;
	int r;

	if (bytes.size > SNP_MAX_SMALL)
		return bad(err, SNP_NO_OFFSET, "over 64 KiB");
	r = read_entries(bytes, &table, &end, err);
	if (r < 0)
		return r;
	r = check_size(bytes, &table, err);
	if (r < 0)
		return r;
	r = check_cover(bytes, &table, end, err);
	if (r < 0)
		return r;
	*ret = table;
	return 0;
}
