// SPDX-License-Identifier: Apache-2.0
/* vm.json: what the guest computes with. */
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

#include "config/text_rule.h"
#include "config/vm_config_parts.h"

static int read_signature(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	uint32_t *ret = at;
	const char *text;
	uint64_t signature;
	int r = json_string(value, &text, err);

	(void)field;
	if (r < 0)
		return r;
	if (!text_keeps(text, &rule_signature) || hex_u64(text, "signature", &signature, NULL))
		return json_fail(value, err, SNP_E_JSON_VALUE, "%s is right",
				 rule_signature.wanted);
	*ret = (uint32_t)signature;
	return 0;
}

/* QEMU's own limit for q35 is 4096 (pc_q35_machine_options); what launches today is a named check. */
#define MAX_VCPUS 4096

#define COUNT(key, member, ...) \
	FIELD(key, field_u32, vm_config, member, .min = 1, .max = MAX_VCPUS, __VA_ARGS__)
const struct field vm_cpu_fields[] = {
	COUNT("count", cpu_count, .required = true),
	FIELD("model", field_text, vm_config, cpu_model, .rule = &rule_cpu_model),
	FIELD("signature", read_signature, vm_config, cpu_signature,
	      .has = HAS(vm_config, has_cpu_signature)),
	COUNT("sockets", cpu_sockets),
	COUNT("cores", cpu_cores),
	COUNT("threads", cpu_threads),
	{0},
};
#undef COUNT

/* Cores fill what sockets and threads leave; a product that misses the count is a check's. */
int vm_cpu_check(const struct json_value *value, void *at, struct snp_error *err)
{
	struct vm_config *config = at;

	(void)value;
	(void)err;
	if (config->cpu_cores == 0)
		config->cpu_cores = config->cpu_count / (config->cpu_sockets * config->cpu_threads);
	if (config->cpu_cores == 0)
		config->cpu_cores = 1;
	return 0;
}

static int read_size(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	static const char units[] = "KMGT";
	uint64_t *ret_kib = at, kib = 0;
	const char *text, *c;
	int r = json_string(value, &text, err);

	(void)field;
	if (r < 0)
		return r;
	if (!text_keeps(text, &rule_memory))
		return json_fail(value, err, SNP_E_JSON_VALUE, "%s is right", rule_memory.wanted);
	for (c = text; *c >= '0' && *c <= '9'; c++)
		kib = kib * 10 + (uint64_t)(*c - '0');
	*ret_kib = kib << 10 * (strchr(units, *c) - units);
	return 0;
}

static const char *const backings[] = {"memfd", "ram", NULL};

const struct field vm_memory_fields[] = {
	FIELD("size", read_size, vm_config, memory_kib, .required = true),
	FIELD("backing", field_choice, vm_config, memory_backing, .rule = backings),
	FIELD("hugepages", field_bool, vm_config, hugepages),
	FIELD("locked", field_bool, vm_config, memory_locked),
	{0},
};
