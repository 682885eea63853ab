// SPDX-License-Identifier: Apache-2.0
#include <snp/uki.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/sha.h>

#include "image/pe.h"

#define MACHINE_X86_64	0x8664
#define MAGIC_PE32_PLUS 0x20b

struct uki_scan {
	struct uki *uki;
	struct hash *whole, *section;
	struct uki_section
		*order[UKI_MAX_SECTIONS]; /* those that have bytes, as the file has them */
	size_t n, next;
	uint64_t done; /* bytes of the file that were seen */
};

static bool is_text(const char *name)
{
	static const char *const names[] = {".cmdline", ".osrel", ".profile", ".uname"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int by_offset(const void *a, const void *b)
{
	const struct pe_place *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* No byte of the file belongs to two sections: what is shown of a file stays within its size. */
static int check_places(const struct pe_place *given, size_t n, struct snp_error *err)
{
	struct pe_place places[UKI_MAX_SECTIONS];

	memcpy(places, given, n * sizeof(*places));
	qsort(places, n, sizeof(*places), by_offset);
	for (size_t i = 0, last = n; i < n; i++) {
		if (places[i].size == 0)
			continue;
		if (last < n &&
		    (uint64_t)places[last].offset + places[last].size > places[i].offset)
			return fail_with(err, SNP_E_BAD_PE, places[i].offset,
					 "sections '%s' and '%s' overlap in the file",
					 places[last].name, places[i].name);
		last = i;
	}
	return 0;
}

static int take_place(struct uki *uki, const struct pe_place *place, struct snp_error *err)
{
	struct uki_section *s = &uki->sections[uki->n_sections++];
	bool padded = place->memory_size > 0 && place->memory_size < place->size;

	*s = (struct uki_section){
		.offset = place->offset,
		.size = padded ? place->memory_size : place->size,
		.memory_size = place->memory_size,
	};
	memcpy(s->name, place->name, sizeof(s->name));
	memcpy(s->sha256, sha256_of_nothing, sizeof(s->sha256));
	if (!is_text(s->name))
		return 0;
	if (s->size > UKI_MAX_TEXT)
		return fail_with(err, SNP_E_TOO_LARGE, s->offset,
				 "section '%s' is %" PRIu32 " bytes; must be at most %u", s->name,
				 s->size, UKI_MAX_TEXT);
	s->text = calloc(1, (size_t)s->size + 1);
	return s->text ? 0 : out_of_memory(err);
}

static int read_places(struct snp_span head, const struct pe_header *pe, struct uki *uki,
		       struct snp_error *err)
{
	struct pe_place places[UKI_MAX_SECTIONS];
	int r = 0;

	if (pe->machine != MACHINE_X86_64 || pe->magic != MAGIC_PE32_PLUS)
		return fail_with(err, SNP_E_BAD_PE, 0, "a PE image, but not PE32+ for x86-64");
	if (pe->n_sections > UKI_MAX_SECTIONS)
		return fail_with(err, SNP_E_TOO_LARGE, 0,
				 "a PE image of %" PRIu16 " sections; must be at most %d",
				 pe->n_sections, UKI_MAX_SECTIONS);
	for (uint16_t i = 0; i < pe->n_sections; i++) {
		uint64_t at = pe->sections + (uint64_t)PE_SECTION_HEADER * i;

		if (!pe_place_read(head, pe, i, &places[i]))
			return fail_with(err, SNP_E_BAD_PE, at < head.size ? at : head.size,
					 "the section table does not lie within the first %u bytes",
					 UKI_HEAD);
		if (places[i].size > 0 && (uint64_t)places[i].offset + places[i].size > uki->size)
			return fail_with(err, SNP_E_BAD_PE, at, "section '%s' is outside the file",
					 places[i].name);
	}
	r = check_places(places, pe->n_sections, err);
	uki->sections = calloc((size_t)pe->n_sections + 1, sizeof(*uki->sections));
	if (r == 0 && !uki->sections)
		r = out_of_memory(err);
	for (uint16_t i = 0; r == 0 && i < pe->n_sections; i++)
		r = take_place(uki, &places[i], err);
	return r;
}

static int by_place(const void *a, const void *b)
{
	const struct uki_section *const *x = a, *const *y = b;

	return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

int uki_begin(struct snp_span head, uint64_t size, struct uki *ret, struct uki_scan **ret_scan,
	      struct snp_error *err)
{
	struct snp_span kernel = head;
	struct uki_scan *scan;
	struct pe_header pe;
	int r;

	*ret = (struct uki){.size = size};
	*ret_scan = NULL;
	if (!pe_header_read(head, &pe))
		return 0;
	if (size > SNP_MAX_KERNEL)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "size is %" PRIu64 " bytes; must be at most %llu for a kernel",
				 size, SNP_MAX_KERNEL);
	ret->is_pe = true;
	(void)snp_span_sub(head, 0, SNP_KERNEL_HEADER, &kernel);
	ret->kernel_status = snp_bzimage_parse(kernel, size, &ret->kernel, &ret->kernel_problem);
	r = read_places(head, &pe, ret, err);
	if (r < 0)
		return r;
	scan = *ret_scan = calloc(1, sizeof(*scan));
	if (!scan)
		return out_of_memory(err);
	scan->uki = ret;
	for (size_t i = 0; i < ret->n_sections; i++)
		if (ret->sections[i].size > 0)
			scan->order[scan->n++] = &ret->sections[i];
	qsort(scan->order, scan->n, sizeof(scan->order[0]), by_place);
	r = hash_new(SNP_SHA256, &scan->whole, err);
	return r < 0 ? r : hash_new(SNP_SHA256, &scan->section, err);
}

/* What of `piece` belongs to the next section; false if that begins after it. */
static bool next_part(const struct uki_scan *scan, struct snp_span piece, struct snp_span *ret,
		      bool *ret_ends)
{
	const struct uki_section *s = scan->order[scan->next];
	uint64_t begin = s->offset > scan->done ? s->offset : scan->done;
	uint64_t end = (uint64_t)s->offset + s->size, after = scan->done + piece.size;

	*ret_ends = end <= after;
	return begin < after &&
	       snp_span_sub(piece, begin - scan->done, (*ret_ends ? end : after) - begin, ret);
}

int uki_take(struct uki_scan *scan, struct snp_span piece, struct snp_error *err)
{
	int r = hash_update(scan->whole, piece, err);
	struct snp_span part;
	bool ends = true;

	while (r == 0 && ends && scan->next < scan->n && next_part(scan, piece, &part, &ends)) {
		struct uki_section *s = scan->order[scan->next];

		r = hash_update(scan->section, part, err);
		if (s->text)
			memcpy(s->text + (scan->done + (uint64_t)(part.data - piece.data) -
					  s->offset),
			       part.data, part.size);
		if (r == 0 && ends) {
			r = hash_final(scan->section, s->sha256, err);
			scan->next++;
		}
	}
	scan->done += piece.size;
	return r;
}

int uki_end(struct uki_scan *scan, struct snp_error *err)
{
	if (scan->done != scan->uki->size || scan->next != scan->n)
		return fail_with(err, SNP_E_CHANGED, SNP_NO_OFFSET,
				 "the file changed while it was read");
	return hash_final(scan->whole, scan->uki->sha256, err);
}

void uki_scan_free(struct uki_scan *scan)
{
	if (!scan)
		return;
	hash_free(scan->whole);
	hash_free(scan->section);
	free(scan);
}

void uki_done(struct uki *uki)
{
	for (size_t i = 0; uki->sections && i < uki->n_sections; i++)
		free(uki->sections[i].text);
	free(uki->sections);
	*uki = (struct uki){0};
}

static int take_piece(void *scan, struct snp_span piece, struct snp_error *err)
{
	return uki_take(scan, piece, err);
}

DEFINE_CLEANUP(struct uki_scan *, uki_scan_free);

int uki_read(const char *path, struct uki *ret, struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	_cleanup_(uki_scan_freep) struct uki_scan *scan = NULL;
	_cleanup_(freep) uint8_t *head = NULL;
	size_t size;
	int r;

	*ret = (struct uki){0};
	r = file_open(path, UINT64_MAX, &file, err);
	if (r < 0)
		return r;
	size = file.size < UKI_HEAD ? (size_t)file.size : UKI_HEAD;
	head = malloc(size + 1);
	if (!head)
		return out_of_memory(err);
	r = file_read_piece(&file, 0, head, size, err);
	if (r == 0)
		r = uki_begin((struct snp_span){head, size}, file.size, ret, &scan, err);
	if (r == 0 && scan) {
		r = file_stream(&file, take_piece, scan, NULL, NULL, err);
		if (r == 0)
			r = uki_end(scan, err);
	}
	if (r < 0)
		uki_done(ret);
	return in_file(err, r, path);
}

/* The value of an assignment, unquoted in place; NULL where a shell would make something else of it. */
static char *unquote(char *value)
{
	char quote = *value == '"' || *value == '\'' ? *value : '\0';
	char *from = value + (quote != '\0'), *to = value;

	for (; *from && (*from != quote || !quote); from++) {
		if (quote == '"' && *from == '\\' && from[1] && strchr("\"\\$`", from[1]))
			from++;
		else if (!quote &&
			 (isspace((unsigned char)*from) || strchr("\"'\\$`;&|<>()", *from)))
			return NULL;
		*to++ = *from;
	}
	if (quote && (*from != quote || from[1 + strspn(from + 1, " \t")] != '\0'))
		return NULL;
	*to = '\0';
	return value;
}

bool os_release_field(char *line, char **ret_name, char **ret_value)
{
	size_t name =
		strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	char *value;

	if (name == 0 || isdigit((unsigned char)*line) || line[name] != '=')
		return false;
	value = unquote(line + name + 1);
	if (!value)
		return false;
	line[name] = '\0';
	*ret_name = line;
	*ret_value = value;
	return true;
}
