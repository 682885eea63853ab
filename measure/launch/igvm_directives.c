// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

/* 16 GiB of launched memory. Each page is a launch update, and a file of some bytes can ask for any number. */
#define PAGES_MAX    (4u << 20)
#define REQUIRED_MAX 1024u /* REQUIRED_MEMORY headers: each is compared with the pages before it */

struct maker {
	const struct snp_launch *launch;
	const struct igvm_rules *rules;
	struct igvm_layout *layout;
	struct igvm_memory *memory; /* NULL: the loader's is not modelled */
	bool any_memory;	    /* its size was not given */
	uint32_t *areas;	    /* numbers of the PARAMETER_AREA headers, by the areas' index */
	size_t n_areas;
	size_t run, run_pages; /* the pending run: its first header, and how many */
	size_t n_required;
};

#define refuse(err, header, ...) fail_with(err, SNP_E_IGVM_LAUNCH, (header)->offset, __VA_ARGS__)

static int add_piece(struct maker *m, struct igvm_piece piece, struct snp_error *err)
{
	struct igvm_layout *layout = m->layout;

	layout->pages += piece.pages;
	if (layout->pages > PAGES_MAX)
		return fail_with(err, SNP_E_TOO_LARGE, layout->info->headers[piece.header].offset,
				 "more than %u pages to launch", PAGES_MAX);
	if (!grow(&layout->pieces, layout->n_pieces, sizeof(piece)))
		return out_of_memory(err);
	if (piece.claims == 0)
		piece.claims = piece.pages;
	layout->pieces[layout->n_pieces++] = piece;
	return 0;
}

static int prepare(struct maker *m, uint64_t gpa, uint64_t size, const struct snp_igvm_header *h,
		   struct snp_error *err)
{
	if (!m->memory)
		return 0;
	if (m->any_memory && m->rules->ram == IGVM_RAM_QEMU && igvm_memory_may_end_in(gpa, size))
		return fail_with(err, SNP_E_NEEDS_MEMORY, h->offset,
				 "0x%" PRIx64 " bytes at 0x%" PRIx64
				 ": the guest's memory may end in them; give its size",
				 size, gpa);
	return igvm_memory_prepare(m->memory, gpa, size, h->offset, err);
}

static enum snp_page_type page_type(const struct igvm_rules *rules, const struct snp_igvm_header *h)
{
	switch (h->subtype) {
	case SNP_IGVM_PAGE_SECRETS:
		return SNP_PAGE_SECRETS;
	case SNP_IGVM_PAGE_CPUID:
	case SNP_IGVM_PAGE_CPUID_XF:
		return SNP_PAGE_CPUID;
	}
	if (h->flags & SNP_IGVM_PAGE_UNMEASURED)
		return SNP_PAGE_UNMEASURED;
	return h->data == 0 ? rules->zero_page : SNP_PAGE_NORMAL;
}

/* Launch the page of header `i` at `gpa`. */
static int add_page(struct maker *m, size_t i, uint64_t gpa, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];
	const bool is_cut = m->rules->large == IGVM_LARGE_CUT;

	return add_piece(
		m,
		(struct igvm_piece){.type = page_type(m->rules, h),
				    .pages = is_cut ? 1 : (uint32_t)(h->size / SNP_PAGE_SIZE),
				    .gpa = gpa,
				    .file_gpa = h->gpa,
				    .header = (uint32_t)i,
				    .data = h->data},
		err);
}

/*
 * QEMU gathers pages into runs: headers of the chosen platform that follow each other in the file and in
 * memory, equal but for their contents (qigvm_process_mem_page()). A run is launched when the next page
 * that does not belong to it comes, or at the end: after parameters that stand between the two.
 */
static int flush_run(struct maker *m, struct snp_error *err)
{
	const struct snp_igvm_header *first = &m->layout->info->headers[m->run];
	const bool is_cpuid = page_type(m->rules, first) == SNP_PAGE_CPUID;
	/* target/i386/sev.c, snp_launch_update_cpuid(uint32_t cpuid_addr, …) */
	const uint64_t base =
		is_cpuid && m->rules->cpuid_32_bits ? (uint32_t)first->gpa : first->gpa;
	int r = 0;

	if (m->run_pages == 0)
		return 0;
	r = prepare(m, first->gpa, m->run_pages * first->size, first, err);
	for (size_t i = 0; i < m->run_pages && r == 0; i++)
		r = add_page(m, m->run + i, base + i * first->size, err);
	m->run_pages = 0;
	return r;
}

static bool continues_run(const struct maker *m, size_t i)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i], *last = h - 1;

	return m->run_pages > 0 && m->run + m->run_pages == i && h->flags == last->flags &&
	       h->subtype == last->subtype && h->mask == last->mask &&
	       (h->data == 0) == (last->data == 0) && h->gpa == last->gpa + last->size;
}

/* Memory that stays the host's: no other page may be there. */
static int add_shared(struct maker *m, size_t i, uint64_t size, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];

	return add_piece(m,
			 (struct igvm_piece){.type = SNP_PAGE_UNMEASURED,
					     .claims = (uint32_t)(size / SNP_PAGE_SIZE),
					     .gpa = h->gpa,
					     .file_gpa = h->gpa,
					     .header = (uint32_t)i},
			 err);
}

static int take_page_alone(struct maker *m, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];
	const bool is_shared = h->subtype == SNP_IGVM_PAGE_NORMAL &&
			       (h->flags & SNP_IGVM_PAGE_SHARED) &&
			       !(h->flags & SNP_IGVM_PAGE_UNMEASURED);
	const uint64_t size = m->rules->large == IGVM_LARGE_CUT ? SNP_PAGE_SIZE : h->size;
	int r;

	if (m->rules->no_cpuid_xf && h->subtype == SNP_IGVM_PAGE_CPUID_XF)
		return refuse(err, h, "a CPUID_XF page, which this loader does not accept");
	r = prepare(m, h->gpa, size, h, err);
	if (r < 0)
		return r;
	return is_shared && m->rules->skips_shared ? add_shared(m, i, size, err)
						   : add_page(m, i, h->gpa, err);
}

static int take_page(struct maker *m, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];
	int r = 0;

	if (m->rules->large != IGVM_LARGE_FILLED && (h->flags & SNP_IGVM_PAGE_2M) && h->data != 0)
		return refuse(err, h,
			      "a page of 2 MiB with contents, which this loader does not accept");
	if (m->rules->order != IGVM_PAGE_RUNS)
		return take_page_alone(m, i, err);
	if (!continues_run(m, i)) {
		r = flush_run(m, err);
		m->run = i;
	}
	m->run_pages++;
	return r;
}

static int compare_areas(const void *a, const void *b, void *arg)
{
	const struct snp_igvm_header *headers = arg;
	const uint32_t x = headers[*(const uint32_t *)a].index;
	const uint32_t y = headers[*(const uint32_t *)b].index;

	return x < y ? -1 : x > y;
}

static int list_areas(struct maker *m, struct snp_error *err)
{
	const struct snp_igvm_info *info = m->layout->info;

	m->areas = calloc(info->n_headers + 1, sizeof(*m->areas));
	if (!m->areas)
		return out_of_memory(err);
	for (size_t i = 0; i < info->n_headers; i++)
		if (info->headers[i].type == SNP_IGVM_PARAMETER_AREA)
			m->areas[m->n_areas++] = (uint32_t)i;
	qsort_r(m->areas, m->n_areas, sizeof(*m->areas), compare_areas,
		(void *)(uintptr_t)info->headers);
	return 0;
}

/* The area that a parameter or an insert names: igvm_check() has found it. */
static const struct snp_igvm_header *area_of(const struct maker *m, const struct snp_igvm_header *h)
{
	size_t low = 0, high = m->n_areas;

	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;

		if (m->layout->info->headers[m->areas[middle]].index > h->index)
			high = middle;
		else
			low = middle;
	}
	return &m->layout->info->headers[m->areas[low]];
}

static int take_insert(struct maker *m, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];
	uint64_t size = area_of(m, h)->size;
	int r;

	if (m->rules->insert == IGVM_INSERT_ONE_PAGE)
		size = SNP_PAGE_SIZE;
	else if (m->rules->insert == IGVM_INSERT_32_BITS) /* QEMU, QIgvmParameterData */
		size = (uint32_t)size;
	if (size > IGVM_ADDRESS_END - h->gpa)
		return refuse(err, h,
			      "0x%" PRIx64 " bytes of parameter area %" PRIu32 " at 0x%" PRIx64
			      " run past 52 bits of address",
			      size, h->index, h->gpa);
	r = prepare(m, h->gpa, size, h, err);
	if (r < 0)
		return r;
	return add_piece(m,
			 (struct igvm_piece){.type = SNP_PAGE_UNMEASURED,
					     .pages = (uint32_t)(size / SNP_PAGE_SIZE),
					     .gpa = h->gpa,
					     .file_gpa = h->gpa,
					     .header = (uint32_t)i},
			 err);
}

/* What QEMU writes into memory for the header: contents of one page, its CPUID table, or parameters. */
static uint64_t written(const struct maker *m, const struct igvm_piece *piece)
{
	if (m->layout->info->headers[piece->header].type == SNP_IGVM_PARAMETER_INSERT)
		return piece->pages * (uint64_t)SNP_PAGE_SIZE;
	return piece->data != 0 || piece->type == SNP_PAGE_CPUID ? SNP_PAGE_SIZE : 0;
}

/* QEMU makes the memory private at once, which discards what was written there (accel/kvm/kvm-all.c,
 * kvm_convert_memory()), while the pages are launched, from memory, when the guest starts. */
static int take_required(struct maker *m, const struct snp_igvm_header *h, struct snp_error *err)
{
	int r;

	if (++m->n_required > REQUIRED_MAX)
		return fail_with(err, SNP_E_TOO_LARGE, h->offset,
				 "more than %u REQUIRED_MEMORY headers", REQUIRED_MAX);
	if (m->rules->vmsa == IGVM_VMSA_OPENVMM && h->flags != 0)
		return refuse(err, h, "memory for VTL2, which an SEV-SNP guest here does not have");
	r = prepare(m, h->gpa, h->size, h, err);
	for (size_t i = 0; i < m->layout->n_pieces && r == 0 && m->rules->discards; i++) {
		struct igvm_piece *piece = &m->layout->pieces[i];

		if (piece->file_gpa >= h->gpa + h->size ||
		    piece->file_gpa + written(m, piece) <= h->gpa)
			continue;
		piece->is_wiped |= written(m, piece) != 0;
		piece->data = 0;
	}
	return r;
}

/* QEMU writes a parameter into the area it has made, whose size it keeps in 32 bits; the ACPI table has an
 * entry for each vCPU. */
static int take_parameter(struct maker *m, const struct snp_igvm_header *h, struct snp_error *err)
{
	const struct snp_igvm_header *area = area_of(m, h);
	uint64_t size = (uint32_t)area->size, least = 4;

	if (m->rules->insert != IGVM_INSERT_32_BITS)
		return 0; /* igvm_check() has seen that it is inside */
	if (h->type == SNP_IGVM_MADT)
		least = 128 + 16 * (uint64_t)m->launch->vcpus.count;
	if (size < least || (h->type != SNP_IGVM_MADT && h->subtype > size - least))
		return refuse(err, h,
			      "%s does not fit the 0x%" PRIx64 " bytes of parameter area %" PRIu32,
			      snp_igvm_type_name(h->type), size, h->index);
	return 0;
}

static int take_id_block(struct maker *m, const struct snp_igvm_header *h, struct snp_error *err)
{
	if (m->layout->id_block && m->rules->id_block == IGVM_ID_BLOCK_QEMU && m->rules->is_kvm)
		return refuse(err, h, "a second ID block; QEMU refuses that");
	m->layout->id_block = h;
	return 0;
}

/* A VMSA that is launched as the file has it. igvmmeasure does not look at the mask. */
static int take_vmsa(struct maker *m, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];

	if (m->rules->vmsa != IGVM_VMSA_IN_FILE ||
	    (h->platform != SNP_IGVM_SEV_SNP && h->platform != SNP_IGVM_SEV_ES))
		return 0;
	return add_piece(m,
			 (struct igvm_piece){.type = SNP_PAGE_VMSA,
					     .pages = 1,
					     .gpa = h->gpa,
					     .file_gpa = h->gpa,
					     .header = (uint32_t)i,
					     .data = h->data},
			 err);
}

/* OpenVMM gives the pages of an error range to the host. */
static int take_error_range(struct maker *m, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];
	int r;

	if (h->size % SNP_PAGE_SIZE != 0)
		return refuse(err, h, "an error range of 0x%" PRIx64 " bytes; must be whole pages",
			      h->size);
	r = prepare(m, h->gpa, h->size, h, err);
	return r < 0 ? r : add_shared(m, i, h->size, err);
}

/* Of a type that the loader does not know, whichever platform it is for. */
static int take_unknown(const struct maker *m, const struct snp_igvm_header *h,
			struct snp_error *err)
{
	if (m->rules->ignores_unknown)
		return 0;
	return refuse(err, h, "%s (0x%" PRIx32 "): this loader does not know it",
		      snp_igvm_type_name(h->type), h->type);
}

static int take_directive(struct maker *m, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &m->layout->info->headers[i];
	const bool is_ours = (h->mask & m->layout->mask) != 0;

	if (m->rules->filters && h->mask != 0 && !is_ours)
		return 0;
	if (!(m->rules->known >> (h->type - SNP_IGVM_PARAMETER_AREA) & 1))
		return take_unknown(m, h, err);
	switch (h->type) {
	case SNP_IGVM_PAGE_DATA:
		return is_ours ? take_page(m, i, err) : 0;
	case SNP_IGVM_PARAMETER_INSERT:
		return is_ours ? take_insert(m, i, err) : 0;
	case SNP_IGVM_REQUIRED_MEMORY:
		return is_ours ? take_required(m, h, err) : 0;
	case SNP_IGVM_SNP_ID_BLOCK:
		return is_ours ? take_id_block(m, h, err) : 0;
	case SNP_IGVM_VP_CONTEXT:
		return take_vmsa(m, i, err);
	case SNP_IGVM_ERROR_RANGE:
		return is_ours ? take_error_range(m, i, err) : 0;
	case SNP_IGVM_PARAMETER_AREA:
		return 0;
	default:
		return take_parameter(m, h, err);
	}
}

static int take_initialization(struct maker *m, const struct snp_igvm_header *h,
			       struct snp_error *err)
{
	const bool is_ours = (h->mask & m->layout->mask) != 0;

	if (m->rules->filters && !is_ours)
		return 0;
	if (h->type != SNP_IGVM_GUEST_POLICY)
		return take_unknown(m, h, err);
	if (is_ours) {
		m->layout->has_policy = true;
		m->layout->policy = h->value;
	}
	return 0;
}

static int take_headers(struct maker *m, struct snp_error *err)
{
	const struct snp_igvm_info *info = m->layout->info;
	size_t directives = 0;
	int r = 0;

	for (size_t i = 0; i < info->n_headers && r == 0; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->type >= SNP_IGVM_PARAMETER_AREA) {
			directives++;
			r = take_directive(m, i, err);
		} else if (h->type != SNP_IGVM_SUPPORTED_PLATFORM) {
			r = take_initialization(m, h, err);
		}
	}
	if (r == 0 && directives == 0 && m->rules->is_kvm)
		return fail_with(err, SNP_E_IGVM_LAUNCH, SNP_NO_OFFSET,
				 "the file has no directives; the loader refuses that");
	if (r == 0 && m->rules->policy == IGVM_POLICY_NEEDED && !m->layout->has_policy)
		return fail_with(err, SNP_E_IGVM_LAUNCH, SNP_NO_OFFSET,
				 "the file has no guest policy; %s refuses that", m->rules->loader);
	return r < 0 ? r : flush_run(m, err);
}

int igvm_directives_take(const struct snp_launch *launch, struct igvm_memory *memory,
			 struct igvm_layout *layout, struct snp_error *err)
{
	struct maker m = {.launch = launch,
			  .rules = launch_profile(launch)->igvm,
			  .layout = layout,
			  .memory = memory,
			  .any_memory = launch->memory_size == 0};
	int r = list_areas(&m, err);

	if (r == 0)
		r = take_headers(&m, err);
	free(m.areas);
	return r;
}
