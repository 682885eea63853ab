// SPDX-License-Identifier: Apache-2.0
/* What is expected of a report, as JSON: one table writes it and reads it. */
#include <snp/evidence_folder.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/fields.h>

/* An array of byte strings of `min` bytes each; `at` points to it, n_offset counts them. */
static int read_list(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	size_t *n_members = (size_t *)(void *)((char *)at - field->offset + field->n_offset), n;
	uint8_t *bytes;
	int r = json_array(value, 1, CLI_MAX_VALUES, &n, err);

	if (r < 0)
		return r;
	bytes = malloc(n * field->min);
	if (!bytes)
		return out_of_memory(err);
	memcpy(at, &bytes, sizeof(bytes));
	*n_members = n;
	for (value = json_first(value); r == 0 && value;
	     value = json_next(value), bytes += field->min)
		r = json_hex(value, bytes, field->min, err);
	return r;
}

static int read_tcb(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	return r < 0 ? r : json_in(err, snp_tcb_parse(text, field->key, at, err), value);
}

static int read_version(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	return r < 0 ? r : json_in(err, cli_firmware_version(text, field->key, at, err), value);
}

static int read_product(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	(void)field;
	return r < 0 ? r : json_in(err, snp_product_find(text, at, err), value);
}

static int read_products(const struct json_value *value, const struct field *field, void *at,
			 struct snp_error *err)
{
	uint64_t *ret = at;
	size_t n;
	int r = json_array(value, 1, SNP_PRODUCT_TURIN, &n, err);

	for (value = r == 0 ? json_first(value) : NULL; r == 0 && value; value = json_next(value)) {
		enum snp_product product;

		r = read_product(value, field, &product, err);
		if (r == 0)
			*ret |= 1ull << product;
	}
	return r;
}

static const struct field minimum_fields[] = {
	FIELD("product", read_product, snp_minimum_tcb, product, .required = true),
	FIELD("tcb", read_tcb, snp_minimum_tcb, tcb, .required = true),
	{0},
};

/* clang-format off */
#define X(reader, member, ...) FIELD(#member, reader, snp_expectations, member, __VA_ARGS__)
#define WITH(reader, member)   X(reader, member, .has = HAS(snp_expectations, has_##member))
#define LIST(member, bytes)                                                                \
	X(read_list, member, .min = bytes, .n_offset = offsetof(struct snp_expectations, n_##member))

static const struct field expected_fields[] = {
	X(field_bool, any_measurement),
	LIST(measurements, SNP_MEASUREMENT_SIZE),
	X(field_bool, endorsed),
	X(field_string, uvm_issuer),
	X(field_string, uvm_feed),
	X(field_u64, uvm_svn_min, .has = HAS(snp_expectations, has_uvm_svn_min)),
	X(field_u32, endorsement_vcpu_count),
	X(field_u32, endorsement_svn_min),
	X(field_string, maa_issuer),
	X(field_string, maa_compliance),
	X(field_hex, maa_host_data, .has = HAS(snp_expectations, maa_evidence)),
	WITH(field_hex_u64, policy),
	WITH(field_hex_u64, policy_at_most),
	X(field_bool, allow_debug),
	WITH(field_u32, guest_svn),
	WITH(field_u32, guest_svn_min),
	WITH(field_hex, family_id),
	WITH(field_hex, image_id),
	WITH(field_hex, host_data),
	X(field_bool, any_host_data),
	WITH(field_hex, report_data),
	WITH(field_u32, vmpl),
	LIST(id_key_digests, 48),
	LIST(author_key_digests, 48),
	LIST(chip_ids, SNP_CHIP_ID_SIZE),
	X(field_bool, allow_masked_chip_id),
	WITH(field_hex, report_id),
	WITH(read_tcb, minimum_tcb),
	FIELD_ARRAY("minimum_tcbs", minimum_fields, snp_expectations, minimum_tcbs, n_minimum_tcbs,
		    .min = 1, .max = SNP_PRODUCT_TURIN),
	WITH(read_tcb, minimum_launch_tcb),
	WITH(read_version, firmware_min),
	X(field_bool, no_provisional_firmware),
	WITH(field_hex_u64, platform_require),
	WITH(field_hex_u64, platform_forbid),
	WITH(field_hex_u64, launch_mitigations),
	WITH(field_hex_u64, current_mitigations),
	X(read_products, denied_products),
	{0},
};
/* clang-format on */

static bool is_given(const struct snp_expectations *expected, const struct field *field)
{
	const char *at = (const char *)expected;
	char zeros[sizeof(struct snp_tcb) + SNP_CHIP_ID_SIZE] = {0};

	if (field->has)
		return *(const bool *)(at + field->has - 1);
	if (field->n_offset)
		return *(const size_t *)(const void *)(at + field->n_offset) > 0;
	return memcmp(at + field->offset, zeros, field->size) != 0;
}

static void print_list(const uint8_t *bytes, size_t n, size_t size, struct json_out *json,
		       struct cJSON *array)
{
	for (size_t i = 0; i < n; i++)
		json_out_hex(json, array, NULL, bytes + i * size, size);
}

static void print_products(uint64_t products, struct json_out *json, struct cJSON *array)
{
	for (unsigned int i = 0; snp_product_name(i); i++)
		if (products & 1ull << i)
			json_out_string(json, array, NULL, snp_product_name(i));
}

static void print_tcb(const struct snp_tcb *tcb, struct json_out *json, struct cJSON *object,
		      const char *key)
{
	char text[SNP_TCB_TEXT_SIZE];

	snp_tcb_describe(tcb, text);
	json_out_string(json, object, key, text);
}

static void print_version(const struct snp_firmware_version *v, struct json_out *json,
			  struct cJSON *object, const char *key)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u", v->major, v->minor, v->build);
	json_out_string(json, object, key, text);
}

static void print_minima(const struct snp_expectations *x, struct json_out *json,
			 struct cJSON *array)
{
	for (size_t i = 0; i < x->n_minimum_tcbs; i++) {
		struct cJSON *object = json_out_object(json, array, NULL);

		json_out_string(json, object, "product",
				snp_product_name(x->minimum_tcbs[i].product));
		print_tcb(&x->minimum_tcbs[i].tcb, json, object, "tcb");
	}
}

#define MEMBER(type) (*(type const *)(const void *)at)

static void print_field(const struct snp_expectations *x, const struct field *field,
			struct json_out *json, struct cJSON *object)
{
	const char *at = (const char *)x + field->offset, *key = field->key;

	if (field->read == field_bool)
		json_out_bool(json, object, key, true);
	else if (field->read == field_string)
		json_out_string(json, object, key, MEMBER(char *));
	else if (field->read == field_u32)
		json_out_integer(json, object, key, MEMBER(uint32_t));
	else if (field->read == field_u64)
		json_out_integer(json, object, key, MEMBER(uint64_t));
	else if (field->read == field_hex_u64)
		json_out_u64(json, object, key, MEMBER(uint64_t));
	else if (field->read == field_hex)
		json_out_hex(json, object, key, (const uint8_t *)at, field->size);
	else if (field->read == read_tcb)
		print_tcb((const void *)at, json, object, key);
	else if (field->read == read_version)
		print_version((const void *)at, json, object, key);
	else if (field->read == read_products)
		print_products(MEMBER(uint64_t), json, json_out_array(json, object, key));
	else if (field->read == read_list)
		print_list(MEMBER(uint8_t *),
			   *(const size_t *)(const void *)((const char *)x + field->n_offset),
			   field->min, json, json_out_array(json, object, key));
	else
		print_minima(x, json, json_out_array(json, object, key));
}

void expected_print(const struct snp_expectations *expected, struct json_out *json,
		    struct cJSON *object)
{
	for (const struct field *field = expected_fields; field->key; field++)
		if (is_given(expected, field))
			print_field(expected, field, json, object);
}

static int read_expected(const struct json_value *value, const struct field *field, void *at,
			 struct snp_error *err)
{
	(void)field;
	return fields_read(value, expected_fields, at, err);
}

static const struct field document_fields[] = {
	SCHEMA("snp-evidence/1"),
	SECTION("tool", field_skip),
	FIELD("at_time", field_u64, evidence_document, at_time, .required = true,
	      .max = 253402300799),
	FIELD("references", field_u32, evidence_document, n_references, .max = CLI_MAX_VALUES),
	FIELD("expected", read_expected, evidence_document, expected, .required = true),
	{0},
};

int evidence_document_parse(const char *name, struct snp_span text, struct evidence_document *ret,
			    struct snp_error *err)
{
	struct evidence_document document = {.expected = {.size = sizeof(document.expected)}};
	int r = json_parse(name, text, &document.json, err);

	if (r == 0)
		r = fields_read(json_root(document.json), document_fields, &document, err);
	if (r == 0)
		*ret = document;
	else
		evidence_document_done(&document);
	return r;
}

/* Arrays that a reader made; callers see them as constant. */
static void free_array(const void *array)
{
	free((void *)(uintptr_t)array);
}

void evidence_document_done(struct evidence_document *document)
{
	free_array(document->expected.measurements);
	free_array(document->expected.id_key_digests);
	free_array(document->expected.author_key_digests);
	free_array(document->expected.chip_ids);
	free_array(document->expected.minimum_tcbs);
	json_free(document->json);
}
