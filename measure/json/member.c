// SPDX-License-Identifier: Apache-2.0
#include <snp/json.h>

int json_need_string(const struct json_value *object, const char *key, const char **ret,
		     struct snp_error *err)
{
	const struct json_value *value;
	int r = json_need(object, key, &value, err);

	return r < 0 ? r : json_string(value, ret, err);
}

int json_need_integer(const struct json_value *object, const char *key, uint64_t min, uint64_t max,
		      uint64_t *ret, struct snp_error *err)
{
	const struct json_value *value;
	int r = json_need(object, key, &value, err);

	return r < 0 ? r : json_integer(value, min, max, ret, err);
}

int json_need_hex_u64(const struct json_value *object, const char *key, uint64_t max, uint64_t *ret,
		      struct snp_error *err)
{
	const struct json_value *value;
	uint64_t word;
	int r = json_need(object, key, &value, err);

	if (r == 0)
		r = json_hex_u64(value, &word, err);
	if (r < 0)
		return r;
	if (word > max)
		return json_fail(value, err, SNP_E_JSON_VALUE, "more than 0x%jx", (uintmax_t)max);
	*ret = word;
	return 0;
}

int json_need_hex(const struct json_value *object, const char *key, uint8_t *ret, size_t size,
		  struct snp_error *err)
{
	const struct json_value *value;
	int r = json_need(object, key, &value, err);

	return r < 0 ? r : json_hex(value, ret, size, err);
}

int json_need_array(const struct json_value *object, const char *key, size_t min, size_t max,
		    const struct json_value **ret, size_t *ret_size, struct snp_error *err)
{
	const struct json_value *value;
	int r = json_need(object, key, &value, err);

	if (r == 0)
		r = json_array(value, min, max, ret_size, err);
	if (r == 0)
		*ret = value;
	return r;
}
