// SPDX-License-Identifier: Apache-2.0
#include "uki_view.h"

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/firmware.h>
#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/memory.h>
#include <snp/tool.h>

static bool is_lines(const struct uki_section *s)
{
	return strcmp(s->name, ".osrel") == 0 || strcmp(s->name, ".profile") == 0;
}

/* A text of the image, for free(). A NUL inside does not hide what follows it. */
static char *escaped(const char *text, size_t size)
{
	_cleanup_(freep) char *copy = calloc(1, size + 1);
	char *ret = malloc(4 * size + 1);
	size_t at = 0;

	if (!copy || !ret) {
		free(ret);
		return NULL;
	}
	memcpy(copy, text, size);
	for (size_t i = 0; i <= size; i += strlen(copy + i) + 1) {
		if (i > 0)
			at += (size_t)snprintf(ret + at, 5, "\\x00");
		escape_text(copy + i, ret + at, (unsigned int)(4 * size + 1 - at));
		at += strlen(ret + at);
	}
	return ret;
}

/* The length of a section's text without the NULs that pad it. */
static size_t text_size(const struct uki_section *s)
{
	size_t n = s->size;

	while (n > 0 && s->text[n - 1] == '\0')
		n--;
	return n;
}

/* A line of os-release(5) or of what is written like it. `name` is NULL where it is no assignment. */
typedef void (*visit_field)(void *arg, const char *name, const char *value);

static int visit_line(const char *line, size_t size, visit_field visit, void *arg,
		      struct snp_error *err)
{
	_cleanup_(freep) char *whole = escaped(line, size);
	_cleanup_(freep) char *copy = strndup(line, size);
	_cleanup_(freep) char *shown = NULL;
	char *name = NULL, *value;

	if (!whole || !copy)
		return out_of_memory(err);
	if (size == 0 || *line == '#')
		return 0;
	if (strlen(copy) == size && os_release_field(copy, &name, &value)) {
		shown = escaped(value, strlen(value));
		if (!shown)
			return out_of_memory(err);
	}
	visit(arg, name, shown ? shown : whole);
	return 0;
}

static int visit_fields(const struct uki_section *s, visit_field visit, void *arg,
			struct snp_error *err)
{
	size_t size = text_size(s);

	for (size_t at = 0; at < size;) {
		const char *end = memchr(s->text + at, '\n', size - at);
		size_t n = end ? (size_t)(end - s->text) - at : size - at;
		int r = visit_line(s->text + at, n, visit, arg, err);

		if (r < 0)
			return r;
		at += n + 1;
	}
	return 0;
}

static void print_field(void *out, const char *name, const char *value)
{
	fprintf(out, "    %s%s%s\n", name ? name : "", name ? "=" : "", value);
}

struct fields {
	struct json_out *json;
	struct cJSON *array;
};

static void add_field(void *arg, const char *name, const char *value)
{
	const struct fields *f = arg;
	struct cJSON *field = json_out_object(f->json, f->array, NULL);

	if (name)
		json_out_string(f->json, field, "name", name);
	json_out_string(f->json, field, "value", value);
}

static int print_section(const struct uki_section *s, FILE *out, struct snp_error *err)
{
	char name[4 * sizeof(s->name)], hex[2 * SNP_SHA256_SIZE + 1];

	escape_text(s->name, name, sizeof(name));
	hex_encode(s->sha256, sizeof(s->sha256), hex);
	fprintf(out, "  %-9s %10" PRIu32 " bytes at 0x%08" PRIx32 "  %s\n", name, s->size,
		s->offset, hex);
	if (s->text && is_lines(s))
		return visit_fields(s, print_field, out, err);
	if (s->text) {
		_cleanup_(freep) char *text = escaped(s->text, text_size(s));

		if (!text)
			return out_of_memory(err);
		fprintf(out, "    %s\n", text);
	}
	return 0;
}

static int add_section(const struct uki_section *s, struct json_out *json, struct cJSON *array,
		       struct snp_error *err)
{
	struct cJSON *section = json_out_object(json, array, NULL);

	json_out_text(json, section, "name", s->name);
	json_out_u64(json, section, "offset", s->offset);
	json_out_integer(json, section, "size", s->size);
	json_out_integer(json, section, "memory_size", s->memory_size);
	json_out_hex(json, section, "sha256", s->sha256, sizeof(s->sha256));
	if (s->text && is_lines(s)) {
		struct fields fields = {json, json_out_array(json, section, "fields")};

		return visit_fields(s, add_field, &fields, err);
	}
	if (s->text) {
		_cleanup_(freep) char *text = escaped(s->text, text_size(s));

		if (!text)
			return out_of_memory(err);
		json_out_string(json, section, "text", text);
	}
	return 0;
}

static bool has(const struct uki *uki, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(uki->sections[i].name, name) == 0)
			return true;
	return false;
}

/* What systemd-stub or QEMU make of the image that a reader of the list would not expect. */
static void warn(void *unused, const char *name, const char *text)
{
	(void)unused;
	cli_warn(name, "%s", text);
}

static void warn_of(const struct uki *uki)
{
	char name[4 * sizeof(uki->sections[0].name)];

	snp_kernel_warnings(SNP_HASH_VERIFIER_PRESENT, "", &uki->kernel, warn, NULL);
	/* What stands behind a .profile belongs to that, and may come again. */
	for (size_t i = 0; i < uki->n_sections && strcmp(uki->sections[i].name, ".profile") != 0;
	     i++) {
		if (!has(uki, i, uki->sections[i].name))
			continue;
		escape_text(uki->sections[i].name, name, sizeof(name));
		cli_warn("duplicate-section",
			 "section '%s' is in the image more than once; systemd-stub uses the first",
			 name);
	}
}

static const char *kind(const struct uki *uki)
{
	return has(uki, uki->n_sections, ".linux") ? "UKI"
	       : uki->kernel.protocol > 0	   ? "bzImage"
						   : "EFI image";
}

static int print_text(const struct uki *uki, FILE *out, struct snp_error *err)
{
	char hex[2 * SNP_SHA256_SIZE + 1];
	int r = 0;

	hex_encode(uki->sha256, sizeof(uki->sha256), hex);
	fprintf(out,
		"kind             %s\nsize             %" PRIu64 " bytes\nSHA-256          %s\n",
		kind(uki), uki->size, hex);
	if (uki->kernel_status < 0)
		fprintf(out, "as a kernel      no: %s [%s]\n", uki->kernel_problem.message,
			snp_code_name(uki->kernel_problem.code));
	else if (uki->kernel.protocol > 0)
		fprintf(out, "as a kernel      boot protocol %d.%02d\n", uki->kernel.protocol >> 8,
			uki->kernel.protocol & 0xff);
	else
		fprintf(out, "as a kernel      yes, without a separate initrd\n");
	fprintf(out, "sections         %zu\n", uki->n_sections);
	for (size_t i = 0; r == 0 && i < uki->n_sections; i++)
		r = print_section(&uki->sections[i], out, err);
	return r;
}

static int print_json(const struct uki *uki, const char *path, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array, *object;
	int r = 0;

	cli_json_begin(&json, "snp-kernel/1");
	json_out_text(&json, json.root, "path", path);
	json_out_string(&json, json.root, "kind", kind(uki));
	json_out_integer(&json, json.root, "size", uki->size);
	json_out_hex(&json, json.root, "sha256", uki->sha256, sizeof(uki->sha256));
	if (uki->kernel_status < 0) {
		object = json_out_object(&json, json.root, "problem");
		json_out_string(&json, object, "name", snp_code_name(uki->kernel_problem.code));
		json_out_string(&json, object, "message", uki->kernel_problem.message);
	} else {
		json_out_u64(&json, json.root, "boot_protocol", uki->kernel.protocol);
		json_out_bool(&json, json.root, "efi_loadable", uki->kernel.is_efi_loadable);
	}
	array = json_out_array(&json, json.root, "sections");
	for (size_t i = 0; r == 0 && i < uki->n_sections; i++)
		r = add_section(&uki->sections[i], &json, array, err);
	if (r < 0)
		return r;
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

int uki_print(const struct uki *uki, const char *path, FILE *out, struct snp_error *err)
{
	warn_of(uki);
	return cli_json ? print_json(uki, path, out, err) : print_text(uki, out, err);
}
