// SPDX-License-Identifier: Apache-2.0
#include "reference/image_read.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/policy.h>

int field_string(const struct json_value *object, const char *key, bool required, char **ret,
		 struct snp_error *err)
{
	const char *text;
	int r;

	if (!required && !json_get(object, key))
		return 0;
	r = json_need_string(object, key, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : out_of_memory(err);
}

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

	if (value && json_string(value, &text, NULL) == 0 && !is_plain_name(text))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "a name is not empty and has no control characters");
	return 0;
}

int field_name(const struct json_value *object, const char *key, bool required, char **ret,
	       struct snp_error *err)
{
	int r = check_name(json_get(object, key), err);

	return r < 0 ? r : field_string(object, key, required, ret, err);
}

int field_name_into(const struct json_value *object, const char *key, bool required, char *ret,
		    size_t size, struct snp_error *err)
{
	const struct json_value *value = json_get(object, key);
	int r = required ? json_need(object, key, &value, err) : 0;

	if (r == 0)
		r = check_name(value, err);
	return r < 0 || !value ? r : json_text(value, ret, size, err);
}

int field_base64(const struct json_value *object, const char *key, size_t size, uint8_t **ret,
		 struct snp_error *err)
{
	struct snp_error inner;
	const char *text;
	int r = json_need_string(object, key, &text, err);

	if (r < 0)
		return r;
	*ret = malloc(size);
	if (!*ret)
		return out_of_memory(err);
	r = base64_decode(text, key, *ret, size, &inner);
	return r < 0 ? json_fail(json_get(object, key), err, inner.code, "%s", inner.message) : 0;
}

int images_read(const struct json_value *root, snp_image_reader read, void *arg,
		struct snp_reference *reference, struct snp_error *err)
{
	const struct json_value *array, *value;
	size_t n;
	int r = json_need_array(root, "images", 1, SNP_MAX_IMAGES, &array, &n, err);

	if (r < 0)
		return r;
	reference->images = calloc(n, sizeof(*reference->images));
	if (!reference->images)
		return out_of_memory(err);
	for (value = json_first(array); value; value = json_next(value)) {
		struct snp_reference_image *image = &reference->images[reference->n_images++];

		r = read(value, arg, image, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i + 1 < reference->n_images; i++)
			if (strcmp(reference->images[i].name, image->name) == 0)
				return json_fail(value, err, SNP_E_JSON_VALUE,
						 "two images of one name");
	}
	return 0;
}

static int read_minimum_tcb(const struct json_value *object, struct snp_reference_image *image,
			    struct snp_error *err)
{
	static const char *const keys[] = {"Milan", "Genoa", "Turin", NULL};
	const struct json_value *products = json_get(object, "minimum_tcb");
	int r;

	if (!products)
		return 0;
	r = json_object(products, keys, err);
	if (r < 0)
		return r;
	for (const struct json_value *v = json_first(products); v; v = json_next(v)) {
		enum snp_product product = SNP_PRODUCT_UNKNOWN;
		struct snp_error inner;
		const char *text;
		uint64_t word;

		r = json_string(v, &text, err);
		if (r < 0)
			return r;
		r = snp_product_find(json_key(v), &product, &inner);
		if (r == 0)
			r = snp_tcb_parse(text, "minimum_tcb", &image->minimum_tcb[product],
					  &inner);
		if (r == 0)
			r = snp_tcb_encode(&image->minimum_tcb[product], product, &word, &inner);
		if (r < 0)
			return json_fail(v, err, inner.code, "%s", inner.message);
		image->has_minimum_tcb[product] = true;
	}
	return 0;
}

int image_identity_read(const struct json_value *object, struct snp_reference_image *image,
			struct snp_error *err)
{
	const struct json_value *value = json_get(object, "policy");
	struct snp_error inner;
	uint64_t number;
	int r;

	if (value) {
		r = json_hex_u64(value, &image->policy, err);
		if (r < 0)
			return r;
		if (snp_policy_check(image->policy, &inner) < 0)
			return json_fail(value, err, inner.code, "%s", inner.message);
	}
	value = json_get(object, "family_id");
	r = value ? json_hex(value, image->family_id, SNP_ID_SIZE, err) : 0;
	if (r < 0)
		return r;
	value = json_get(object, "image_id");
	r = value ? json_hex(value, image->image_id, SNP_ID_SIZE, err) : 0;
	if (r < 0)
		return r;
	value = json_get(object, "guest_svn");
	if (value) {
		r = json_integer(value, 0, UINT32_MAX, &number, err);
		if (r < 0)
			return r;
		image->guest_svn = (uint32_t)number;
	}
	return read_minimum_tcb(object, image, err);
}
