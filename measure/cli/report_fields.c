// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/policy.h>

#include "report_fields.h"

enum type {
	NUMBER, /* 32 bits */
	BYTES,
	FLAG,
	POLICY,
	PLATFORM,
	TCB,
	FIRMWARE,
	SIGNING_KEY,
	ALGORITHM,
	VECTOR, /* where the version has them */
	CPUID,
};

#define FIELD(name, type, field)                                   \
	{                                                          \
		name, type, offsetof(struct snp_report, field),    \
			sizeof(((struct snp_report *)NULL)->field) \
	}

static const struct field {
	const char *name;
	enum type type;
	size_t offset, size;
} fields[] = {
	FIELD("VERSION", NUMBER, version),
	FIELD("GUEST_SVN", NUMBER, guest_svn),
	FIELD("POLICY", POLICY, policy),
	FIELD("FAMILY_ID", BYTES, family_id),
	FIELD("IMAGE_ID", BYTES, image_id),
	FIELD("VMPL", NUMBER, vmpl),
	FIELD("SIGNATURE_ALGO", ALGORITHM, signature_algo),
	FIELD("CURRENT_TCB", TCB, current_tcb),
	FIELD("PLATFORM_INFO", PLATFORM, platform_info),
	FIELD("AUTHOR_KEY_EN", FLAG, author_key_en),
	FIELD("MASK_CHIP_KEY", FLAG, mask_chip_key),
	FIELD("SIGNING_KEY", SIGNING_KEY, signing_key),
	FIELD("REPORT_DATA", BYTES, report_data),
	FIELD("MEASUREMENT", BYTES, measurement),
	FIELD("HOST_DATA", BYTES, host_data),
	FIELD("ID_KEY_DIGEST", BYTES, id_key_digest),
	FIELD("AUTHOR_KEY_DIGEST", BYTES, author_key_digest),
	FIELD("REPORT_ID", BYTES, report_id),
	FIELD("REPORT_ID_MA", BYTES, report_id_ma),
	FIELD("REPORTED_TCB", TCB, reported_tcb),
	FIELD("CPUID_FAM_ID", CPUID, cpuid_family),
	FIELD("CPUID_MOD_ID", CPUID, cpuid_model),
	FIELD("CPUID_STEP", CPUID, cpuid_stepping),
	FIELD("CHIP_ID", BYTES, chip_id),
	FIELD("COMMITTED_TCB", TCB, committed_tcb),
	FIELD("CURRENT_VERSION", FIRMWARE, current),
	FIELD("COMMITTED_VERSION", FIRMWARE, committed),
	FIELD("LAUNCH_TCB", TCB, launch_tcb),
	FIELD("LAUNCH_MIT_VECTOR", VECTOR, launch_mit_vector),
	FIELD("CURRENT_MIT_VECTOR", VECTOR, current_mit_vector),
	FIELD("SIGNATURE_R", BYTES, signature_r),
	FIELD("SIGNATURE_S", BYTES, signature_s),
};

enum snp_product cli_report_layout(const struct snp_report *report)
{
	enum snp_product product = snp_report_product(report);

	return product == SNP_PRODUCT_UNKNOWN && !report->has_cpuid ? SNP_PRODUCT_MILAN : product;
}

/* A member of the report, by the type that the table says it has. */
#define MEMBER(type, report, field) \
	(*(const type *)(const void *)((const char *)(report) + (field)->offset))

static void describe_tcb(uint64_t word, enum snp_product product, char *ret, size_t size)
{
	char levels[SNP_TCB_TEXT_SIZE];
	struct snp_tcb tcb;

	if (snp_tcb_decode(word, product, &tcb, NULL) < 0) {
		snprintf(ret, size, "0x%016" PRIx64 " (not in a layout known here)", word);
		return;
	}
	snp_tcb_describe(&tcb, levels);
	snprintf(ret, size, "0x%016" PRIx64 " (%s)", word, levels);
}

static void describe_signing_key(unsigned int key, char *ret, size_t size)
{
	snprintf(ret, size, "%u (%s)", key,
		 key == SNP_SIGNING_KEY_VCEK   ? "VCEK"
		 : key == SNP_SIGNING_KEY_VLEK ? "VLEK"
		 : key == SNP_SIGNING_KEY_NONE ? "none"
					       : "reserved");
}

/* False where this version of the report has no such field. */
static bool describe(const struct snp_report *report, enum snp_product product,
		     const struct field *f, char *ret, size_t size)
{
	struct snp_firmware_version v;

	switch (f->type) {
	case NUMBER:
		snprintf(ret, size, "%" PRIu32, MEMBER(uint32_t, report, f));
		return true;
	case BYTES:
		hex_encode((const uint8_t *)report + f->offset, f->size, ret);
		return true;
	case FLAG:
		snprintf(ret, size, "%u", MEMBER(bool, report, f));
		return true;
	case POLICY:
		snp_policy_describe(MEMBER(uint64_t, report, f), ret, size);
		return true;
	case PLATFORM:
		snp_platform_describe(MEMBER(uint64_t, report, f), ret, size);
		return true;
	case TCB:
		describe_tcb(MEMBER(uint64_t, report, f), product, ret, size);
		return true;
	case FIRMWARE:
		v = MEMBER(struct snp_firmware_version, report, f);
		snprintf(ret, size, "%u.%u.%u", v.major, v.minor, v.build);
		return true;
	case SIGNING_KEY:
		describe_signing_key(MEMBER(unsigned int, report, f), ret, size);
		return true;
	case ALGORITHM:
		snprintf(ret, size, "%" PRIu32 " (%s)", MEMBER(uint32_t, report, f),
			 MEMBER(uint32_t, report, f) == 1 ? "ECDSA P-384 with SHA-384" : "unknown");
		return true;
	case VECTOR:
		snprintf(ret, size, "0x%" PRIx64 "%s", MEMBER(uint64_t, report, f),
			 report->has_mit_vectors ? "" : " (version 4 does not say what this is)");
		return report->version >= 4;
	case CPUID:
		snprintf(ret, size, "0x%x", MEMBER(uint8_t, report, f));
		return report->has_cpuid;
	}
	return false;
}

void cli_report_print(const struct snp_report *report, enum snp_product product, FILE *out)
{
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (describe(report, product, &fields[i], text, sizeof(text)))
			fprintf(out, "%-18s  %s\n", fields[i].name, text);
}

static void json_tcb(struct json_out *json, struct cJSON *object, const char *key, uint64_t word,
		     enum snp_product product)
{
	struct cJSON *member = json_out_object(json, object, key);
	char levels[SNP_TCB_TEXT_SIZE];
	struct snp_tcb tcb;

	json_out_u64(json, member, "raw", word);
	if (snp_tcb_decode(word, product, &tcb, NULL) < 0)
		return;
	snp_tcb_describe(&tcb, levels);
	json_out_string(json, member, "levels", levels);
}

void cli_report_json(const struct snp_report *report, enum snp_product product,
		     struct json_out *json, struct cJSON *object)
{
	char text[512], key[32];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];

		if (!describe(report, product, f, text, sizeof(text)))
			continue;
		snprintf(key, sizeof(key), "%s", f->name);
		for (char *s = key; *s; s++)
			*s = (char)tolower((unsigned char)*s);
		switch (f->type) {
		case NUMBER:
		case ALGORITHM:
		case SIGNING_KEY:
			json_out_integer(json, object, key, MEMBER(uint32_t, report, f));
			break;
		case POLICY:
		case PLATFORM:
		case VECTOR:
			json_out_u64(json, object, key, MEMBER(uint64_t, report, f));
			break;
		case FLAG:
			json_out_bool(json, object, key, MEMBER(bool, report, f));
			break;
		case TCB:
			json_tcb(json, object, key, MEMBER(uint64_t, report, f), product);
			break;
		case BYTES:
		case FIRMWARE:
		case CPUID:
			json_out_string(json, object, key, text);
			break;
		}
	}
}
