// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/profile.h>

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>

#include "launch/launch.h"

/* family, model, stepping of QEMU's CPU models (target/i386/cpu.c, builtin_x86_defs, through 11.1) as
 * CPUID leaf 1 EAX. A version never changes them. */
#define EPYC	   0x00800f12u /* 23, 1, 2 */
#define EPYC_ROME  0x00830f10u /* 23, 49, 0 */
#define EPYC_MILAN 0x00a00f11u /* 25, 1, 1 */
#define EPYC_GENOA 0x00a10f10u /* 25, 17, 0 */
#define EPYC_TURIN 0x00b00f00u /* 26, 0, 0 */
#define DHYANA	   0x00900f01u /* 24, 0, 1 */

static const struct {
	const char *name;
	uint32_t signature;
} models[] = {
	{"EPYC", EPYC},
	{"EPYC-v1", EPYC},
	{"EPYC-v2", EPYC},
	{"EPYC-IBPB", EPYC},
	{"EPYC-v3", EPYC},
	{"EPYC-v4", EPYC},
	{"EPYC-v5", EPYC},
	{"EPYC-Rome", EPYC_ROME},
	{"EPYC-Rome-v1", EPYC_ROME},
	{"EPYC-Rome-v2", EPYC_ROME},
	{"EPYC-Rome-v3", EPYC_ROME},
	{"EPYC-Rome-v4", EPYC_ROME},
	{"EPYC-Rome-v5", EPYC_ROME},
	{"EPYC-Milan", EPYC_MILAN},
	{"EPYC-Milan-v1", EPYC_MILAN},
	{"EPYC-Milan-v2", EPYC_MILAN},
	{"EPYC-Milan-v3", EPYC_MILAN},
	{"EPYC-Milan-v4", EPYC_MILAN},
	{"EPYC-Genoa", EPYC_GENOA},
	{"EPYC-Genoa-v1", EPYC_GENOA},
	{"EPYC-Genoa-v2", EPYC_GENOA},
	{"EPYC-Genoa-v3", EPYC_GENOA},
	{"EPYC-Turin", EPYC_TURIN},
	{"EPYC-Turin-v1", EPYC_TURIN},
	{"EPYC-Turin-v2", EPYC_TURIN},
	{"Dhyana", DHYANA},
	{"Dhyana-v1", DHYANA},
	{"Dhyana-v2", DHYANA},
};

/* QEMU target/i386/cpu.c, builtin_x86_defs. All of them have SSE, SMEP, SMAP, FSGSBASE and XSAVE, and none
 * has PKS, LAM or CET. */
static const struct {
	uint32_t signature, features;
} feature_sets[] = {
	{EPYC, 0},
	{DHYANA, 0},
	{EPYC_ROME, CPU_UMIP},
	{EPYC_MILAN, CPU_UMIP | CPU_PCID | CPU_PKU},
	{EPYC_GENOA, CPU_UMIP | CPU_PCID | CPU_PKU | CPU_LA57 | CPU_AVX512},
	{EPYC_TURIN, CPU_UMIP | CPU_PCID | CPU_PKU | CPU_LA57 | CPU_AVX512},
};

bool cpu_features(uint32_t signature, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(feature_sets); i++) {
		if (feature_sets[i].signature == signature) {
			*ret = feature_sets[i].features;
			return true;
		}
	}
	return false;
}

int snp_cpu_signature(uint64_t family, uint64_t model, uint64_t stepping, uint32_t *ret,
		      struct snp_error *err)
{
	uint32_t f = (uint32_t)family, m = (uint32_t)model;

	/* Extended family and base family 15 together; two nibbles of model; one of stepping. */
	if (family > 0xff + 0xf || model > 0xff || stepping > 0xf)
		return fail_with(err, SNP_E_BAD_CPU_MODEL, SNP_NO_OFFSET,
				 "CPU family %" PRIu64 ", model %" PRIu64 ", stepping %" PRIu64
				 "; must be at most 270, 255 and 15",
				 family, model, stepping);
	f = f > 0xf ? (f - 0xf) << 20 | 0xf00 : f << 8;
	*ret = f | m >> 4 << 16 | (m & 0xf) << 4 | (uint32_t)stepping;
	return 0;
}

int snp_cpu_model_find(const char *name, uint32_t *ret_signature, struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		if (strcmp(name, models[i].name) == 0) {
			*ret_signature = models[i].signature;
			return 0;
		}
	}
	return fail_with(
		err, SNP_E_BAD_CPU_MODEL, SNP_NO_OFFSET,
		"unknown vCPU model '%s'; expected EPYC, EPYC-Rome, EPYC-Milan, EPYC-Genoa, "
		"EPYC-Turin or Dhyana, or a version such as EPYC-v4; for any other processor "
		"give its signature",
		name);
}

const char *snp_cpu_model_at(size_t i, uint32_t *ret_signature)
{
	if (i >= ARRAY_SIZE(models))
		return NULL;
	*ret_signature = models[i].signature;
	return models[i].name;
}

const char *cpu_model_of(uint32_t signature)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].signature == signature)
			return models[i].name;
	return signature == 0 ? "none" : "no QEMU model";
}
