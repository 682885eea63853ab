// SPDX-License-Identifier: Apache-2.0
#include "igvm_view.h"

#include <inttypes.h>
#include <string.h>

#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/tool.h>

#include "igvm_facts.h"
#include "plan_draw.h"

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

bool igvm_is(const char *path)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	uint8_t magic[4];

	return file_open(path, UINT64_MAX, &file, NULL) == 0 && file.size >= sizeof(magic) &&
	       file_read_piece(&file, 0, magic, sizeof(magic), NULL) == 0 &&
	       memcmp(magic, "IGVM", sizeof(magic)) == 0;
}

static uint64_t number(const uint8_t *bytes, size_t size)
{
	uint64_t v = 0;

	for (size_t i = size; i-- > 0;)
		v = v << 8 | bytes[i];
	return v;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return size > 8 ? number(bytes, 8) == 0 && number(bytes + 8, size - 8) == 0
			: number(bytes, size) == 0;
}

static void describe_field(const uint8_t *context, size_t i, char ret[static 96])
{
	const uint8_t *at = context + igvm_registers[i].at;

	if (igvm_registers[i].size != 16)
		snprintf(ret, 96, "0x%" PRIx64, number(at, igvm_registers[i].size));
	else
		snprintf(ret, 96,
			 "selector 0x%" PRIx64 ", attributes 0x%" PRIx64 ", limit 0x%" PRIx64
			 ", base 0x%" PRIx64,
			 number(at, 2), number(at + 2, 2), number(at + 4, 4), number(at + 8, 8));
}

static int print_context(const struct snp_igvm *igvm, const struct snp_igvm_header *h, FILE *out,
			 struct snp_error *err)
{
	uint8_t context[SNP_PAGE_SIZE];
	char text[96];
	int r = igvm_read_piece(igvm, h->data, context, sizeof(context), err);

	if (r < 0)
		return r;
	fprintf(out, "\nVP context of vCPU %" PRIu32 ", for %s, without fields of 0\n", h->index,
		snp_igvm_platform_name(h->platform));
	for (size_t i = 0; i < IGVM_N_REGISTERS; i++) {
		if (is_zero(context + igvm_registers[i].at, igvm_registers[i].size))
			continue;
		describe_field(context, i, text);
		fprintf(out, "  %-13s %s\n", igvm_registers[i].name, text);
	}
	if (igvm_find_other(context) < SNP_PAGE_SIZE)
		fprintf(out, "  other bytes   from 0x%" PRIx32 " on are not all zero\n",
			igvm_find_other(context));
	return 0;
}

static void print_outcomes(const struct igvm_inspected *f, FILE *out)
{
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	const char *profile;

	fprintf(out, "\nwhat a loader makes of it\n");
	for (size_t i = 0; (profile = igvm_profile_at(i)); i++) {
		struct igvm_outcome o;

		igvm_find_outcome(f, profile, &o);
		hex_encode(o.digest, sizeof(o.digest), hex);
		if (o.r < 0)
			fprintf(out, "  %-21s refused: %s [%s]\n", profile, o.err.message,
				snp_code_name(o.err.code));
		else
			fprintf(out, "  %-21s %" PRIu32 " vCPU%s  %s%s\n", profile,
				o.launch.vcpus.count, o.launch.vcpus.count == 1 ? "" : "s", hex,
				!o.has_id_block	  ? ""
				: o.id_block_fits ? "  as in the ID block"
						  : "  not as in the ID block");
	}
}

static void print_id_block(const struct snp_igvm *igvm, const struct snp_igvm_header *h, FILE *out)
{
	struct cli_id_block id;
	struct snp_error why = {0};

	fprintf(out, "\nID block, for QEMU with the file's policy\n");
	if (igvm_read_id_block(igvm, h, &id, &why) < 0)
		fprintf(out, "the secure processor would refuse it: %s [%s]\n", why.message,
			snp_code_name(why.code));
	cli_id_block_print(&id, out);
}

static void print_map(const struct igvm_map *map, FILE *out)
{
	if (map->n == 0)
		return;
	fprintf(out, "\nmemory of platform %s, by address\n",
		snp_igvm_platform_name(map->platform));
	for (size_t i = 0; i < map->n; i++) {
		const struct igvm_range *range = &map->ranges[i];

		fprintf(out, "  0x%012" PRIx64 "-0x%012" PRIx64 "  %s\n", range->gpa,
			range->gpa + range->size - 1, range->kind);
	}
}

static int print_text(const struct igvm_inspected *f, FILE *out, struct snp_error *err)
{
	const struct snp_igvm *igvm = f->igvm;
	const struct snp_igvm_info *info = snp_igvm_info(igvm);
	char hex[2 * SNP_SHA384_SIZE + 1], text[160], range[48];
	int r = 0;

	hex_encode(f->sha256, SNP_SHA256_SIZE, hex);
	fprintf(out, "IGVM file, version %" PRIu32 ", of %" PRIu64 " bytes\nsha256 %s\n\n",
		info->version, info->size, hex);
	fprintf(out, "%-10s  %-20s  %-6s  %-35s  %s\n", "offset", "header", "mask", "gpa",
		"meaning");
	for (size_t i = 0, n; i < info->n_headers; i += n) {
		const struct snp_igvm_header *h = &info->headers[i];

		n = igvm_run_length(info, i);
		range[0] = '\0';
		if (igvm_has_address(h) && h->size > 0)
			snprintf(range, sizeof(range), "0x%" PRIx64 "-0x%" PRIx64, h->gpa,
				 h->gpa + n * h->size - 1);
		else if (igvm_has_address(h))
			snprintf(range, sizeof(range), "0x%" PRIx64, h->gpa);
		igvm_describe(h, text);
		fprintf(out, "0x%-8" PRIx32 "  %-20.20s  0x%-4" PRIx32 "  %-35s  %s\n", h->offset,
			snp_igvm_type_name(h->type), h->mask, range, text);
	}
	print_map(&f->map, out);
	for (size_t i = 0; i < info->n_headers && r == 0; i++)
		if (igvm_has_vmsa(&info->headers[i]))
			r = print_context(igvm, &info->headers[i], out, err);
	for (size_t i = 0; i < info->n_headers && r == 0; i++)
		if (info->headers[i].type == SNP_IGVM_SNP_ID_BLOCK)
			print_id_block(igvm, &info->headers[i], out);
	if (r < 0)
		return r;
	print_outcomes(f, out);
	return 0;
}

static int add_context(struct json_out *json, struct cJSON *object, const struct snp_igvm *igvm,
		       const struct snp_igvm_header *h, struct snp_error *err)
{
	struct cJSON *registers = json_out_object(json, object, "registers");
	uint8_t context[SNP_PAGE_SIZE];
	int r = igvm_read_piece(igvm, h->data, context, sizeof(context), err);

	for (size_t i = 0; i < IGVM_N_REGISTERS && r == 0; i++) {
		const uint8_t *at = context + igvm_registers[i].at;
		struct cJSON *segment;

		if (igvm_registers[i].size != 16) {
			json_out_u64(json, registers, igvm_registers[i].name,
				     number(at, igvm_registers[i].size));
			continue;
		}
		segment = json_out_object(json, registers, igvm_registers[i].name);
		json_out_u64(json, segment, "selector", number(at, 2));
		json_out_u64(json, segment, "attributes", number(at + 2, 2));
		json_out_u64(json, segment, "limit", number(at + 4, 4));
		json_out_u64(json, segment, "base", number(at + 8, 8));
	}
	if (r == 0 && igvm_find_other(context) < SNP_PAGE_SIZE)
		json_out_u64(json, object, "other_bytes_at", igvm_find_other(context));
	return r;
}

static void add_problem(struct json_out *json, struct cJSON *parent, const struct snp_error *err)
{
	struct cJSON *problem = json_out_object(json, parent, "problem");

	json_out_string(json, problem, "name", snp_code_name(err->code));
	json_out_string(json, problem, "message", err->message);
	if (err->offset != SNP_NO_OFFSET)
		json_out_u64(json, problem, "offset", err->offset);
}

static void add_id_block(struct json_out *json, struct cJSON *object, const struct snp_igvm *igvm,
			 const struct snp_igvm_header *h)
{
	struct cli_id_block id;
	struct snp_error why = {0};
	int r = igvm_read_id_block(igvm, h, &id, &why);

	json_out_hex(json, object, "launch_digest", id.fields.launch_digest,
		     SNP_LAUNCH_DIGEST_SIZE);
	json_out_u64(json, object, "policy", id.fields.policy);
	json_out_hex(json, object, "family_id", id.fields.family_id, SNP_ID_SIZE);
	json_out_hex(json, object, "image_id", id.fields.image_id, SNP_ID_SIZE);
	json_out_integer(json, object, "guest_svn", id.fields.guest_svn);
	if (r < 0) {
		add_problem(json, object, &why);
		return;
	}
	json_out_hex(json, object, "id_key_digest", id.info.id_key_digest, SNP_KEY_DIGEST_SIZE);
	if (id.info.has_author)
		json_out_hex(json, object, "author_key_digest", id.info.author_key_digest,
			     SNP_KEY_DIGEST_SIZE);
}

static int add_header(struct json_out *json, struct cJSON *array, const struct snp_igvm *igvm,
		      size_t i, size_t count, struct snp_error *err)
{
	const struct snp_igvm_header *h = &snp_igvm_info(igvm)->headers[i];
	struct cJSON *object = json_out_object(json, array, NULL);
	char text[160];

	igvm_describe(h, text);
	json_out_integer(json, object, "index", i);
	json_out_integer(json, object, "count", count);
	json_out_u64(json, object, "offset", h->offset);
	json_out_string(json, object, "type", snp_igvm_type_name(h->type));
	json_out_u64(json, object, "mask", h->mask);
	if (igvm_has_address(h)) {
		json_out_u64(json, object, "gpa", h->gpa);
		json_out_u64(json, object, "size", count * h->size);
	}
	if (text[0])
		json_out_string(json, object, "meaning", text);
	if (h->type == SNP_IGVM_GUEST_POLICY)
		json_out_u64(json, object, "policy", h->value);
	if (h->type == SNP_IGVM_SNP_ID_BLOCK)
		add_id_block(json, object, igvm, h);
	return igvm_has_vmsa(h) ? add_context(json, object, igvm, h, err) : 0;
}

static void add_outcome(struct json_out *json, struct cJSON *array, const struct igvm_inspected *f,
			const char *profile)
{
	struct cJSON *object = json_out_object(json, array, NULL);
	struct igvm_outcome o;

	igvm_find_outcome(f, profile, &o);
	json_out_string(json, object, "vmm_profile", profile);
	json_out_integer(json, object, "vcpu_count", o.launch.vcpus.count);
	if (o.r == 0) {
		json_out_hex(json, object, "launch_digest", o.digest, sizeof(o.digest));
		if (o.has_id_block)
			json_out_bool(json, object, "id_block_fits", o.id_block_fits);
		return;
	}
	add_problem(json, object, &o.err);
}

static int print_json(const struct igvm_inspected *f, FILE *out, struct snp_error *err)
{
	const struct snp_igvm_info *info = snp_igvm_info(f->igvm);
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array, *object;
	const char *profile;
	int r = 0;

	cli_json_begin(&json, "snp-igvm/1");
	json_out_text(&json, json.root, "name", info->path);
	json_out_integer(&json, json.root, "size", info->size);
	json_out_hex(&json, json.root, "sha256", f->sha256, SNP_SHA256_SIZE);
	json_out_integer(&json, json.root, "format_version", info->version);
	array = json_out_array(&json, json.root, "headers");
	for (size_t i = 0, n; i < info->n_headers && r == 0; i += n) {
		n = igvm_run_length(info, i);
		r = add_header(&json, array, f->igvm, i, n, err);
	}
	if (r < 0)
		return r;
	array = json_out_array(&json, json.root, "memory");
	for (size_t i = 0; i < f->map.n; i++) {
		object = json_out_object(&json, array, NULL);
		json_out_string(&json, object, "kind", f->map.ranges[i].kind);
		json_out_u64(&json, object, "gpa", f->map.ranges[i].gpa);
		json_out_u64(&json, object, "size", f->map.ranges[i].size);
	}
	array = json_out_array(&json, json.root, "launches");
	for (size_t i = 0; (profile = igvm_profile_at(i)); i++)
		add_outcome(&json, array, f, profile);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* As the default profile launches it, whether or not its ID block is for that. */
static int draw(const struct igvm_inspected *f, const char *path, const char *svg,
		struct snp_error *err)
{
	struct snp_launch launch = f->launch;
	int r = snp_launch_igvm_features(&launch, &launch.vcpus.features, err);

	return r < 0 ? r : plan_draw_launch(&launch, true, path, svg, err);
}

int igvm_print(const char *path, const char *svg, FILE *out, struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	struct igvm_inspected f = {0};
	int r = igvm_open(path, &f, &igvm, err);

	if (r == 0 && svg)
		r = draw(&f, path, svg, err);
	if (r == 0)
		r = cli_json ? print_json(&f, out, err) : print_text(&f, out, err);
	igvm_map_done(&f.map);
	return r;
}
