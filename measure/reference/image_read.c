// SPDX-License-Identifier: Apache-2.0
#include "reference/image_read.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/memory.h>

bool is_plain_name(const char *text)
{
	const char *at = text;

	while ((unsigned char)*at >= 0x20 && *at != 0x7f)
		at++;
	return at != text && *at == '\0';
}

static int check_name(const struct json_value *value, struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0 || is_plain_name(text))
		return r;
	return json_fail(value, err, SNP_E_JSON_VALUE,
			 "a name must not be empty and must have no control characters");
}

int field_name(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	int r = check_name(value, err);

	return r < 0 ? r : field_copy(value, field, at, err);
}

int field_name_chars(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	int r = check_name(value, err);

	return r < 0 ? r : field_chars(value, field, at, err);
}

const struct field release_name_fields[] = {
	FIELD("name", field_name, snp_reference, release.name, .required = true),
	FIELD("version", field_name, snp_reference, release.version, .required = true),
	FIELD("date", field_name, snp_reference, release.date),
	FIELD("url", field_name, snp_reference, release.url),
	FIELD("source_revision", field_name, snp_reference, release.source_revision),
	{0},
};

int field_images(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	int r = field_array(value, field, at, err);
	const struct snp_reference_image *images;
	size_t n = 0;

	if (r < 0)
		return r;
	images = *(struct snp_reference_image **)at;
	for (const struct json_value *v = json_first(value); v; v = json_next(v), n++)
		for (size_t i = 0; i < n; i++)
			if (strcmp(images[i].name, images[n].name) == 0)
				return json_fail(v, err, SNP_E_JSON_VALUE,
						 "two images have the name '%s'", images[n].name);
	return 0;
}

int field_policy(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	uint64_t policy;
	int r = field_hex_u64(value, field, &policy, err);

	if (r < 0)
		return r;
	r = snp_policy_check(policy, err);
	if (r < 0)
		return json_in(err, r, value);
	*(uint64_t *)at = policy;
	return 0;
}

static int read_tcb(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	struct snp_reference_image *image = at;
	struct snp_minimum_tcb minimum = {.product = (enum snp_product)field->min};
	const char *text;
	uint64_t word;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	r = snp_tcb_parse(text, "minimum_tcb", &minimum.tcb, err);
	if (r == 0)
		r = snp_tcb_encode(&minimum.tcb, minimum.product, &word, err);
	if (r < 0)
		return json_in(err, r, value);
	if (!grow(&image->minimum_tcb, image->n_minimum_tcb, sizeof(minimum)))
		return out_of_memory(err);
	image->minimum_tcb[image->n_minimum_tcb++] = minimum;
	return 0;
}

int field_minimum_tcb(const struct json_value *value, const struct field *field, void *at,
		      struct snp_error *err)
{
	/* In the order of the enumeration, for the order of the list. */
	static const struct field products[] = {
		SECTION("Milan", read_tcb, .min = SNP_PRODUCT_MILAN),
		SECTION("Genoa", read_tcb, .min = SNP_PRODUCT_GENOA),
		SECTION("Turin", read_tcb, .min = SNP_PRODUCT_TURIN),
		{0},
	};

	(void)field;
	return fields_read(value, products, at, err);
}

/* A host and nothing else, in letters that mean one thing everywhere it is written. */
int field_issuer(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	static const char scheme[] = "https://";
	const char *text, *host;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	host = text + sizeof(scheme) - 1;
	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0 || *host == '\0' ||
	    host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-")] != '\0')
		return json_fail(
			value, err, SNP_E_JSON_VALUE,
			"must be https:// and a host name in lower case, without a slash at its "
			"end");
	return field_copy(value, field, at, err);
}
