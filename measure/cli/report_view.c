// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/policy.h>
#include <snp/tool.h>

#include "report/certificates.h"
#include "report_view.h"

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
	VECTOR, /* mitigations; from version 4 */
	CPUID,
	ETCB, /* from version 6 */
};

/* clang-format off */
#define FIELD(name, type, field)                                   \
	{                                                          \
		name, type, offsetof(struct snp_report, field),    \
			sizeof(((struct snp_report *)NULL)->field) \
	}
/* clang-format on */

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
	FIELD("CURRENT_ETCB", ETCB, current_etcb),
	FIELD("LAUNCH_ETCB", ETCB, launch_etcb),
	FIELD("COMMITTED_ETCB", ETCB, committed_etcb),
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
		snprintf(ret, size, "0x%016" PRIx64 " (unknown layout)", word);
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
			 report->has_mit_vectors ? "" : " (undocumented in version 4)");
		return report->version >= 4;
	case CPUID:
		snprintf(ret, size, "0x%x", MEMBER(uint8_t, report, f));
		return report->has_cpuid;
	case ETCB:
		hex_encode((const uint8_t *)report + f->offset, f->size, ret);
		return report->has_etcbs;
	}
	return false;
}

void cli_report_each(const struct snp_report *report, enum snp_product product,
		     void (*visit)(const char *name, const char *value, FILE *out), FILE *out)
{
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t n;

		if (!describe(report, product, &fields[i], text, sizeof(text)))
			continue;
		n = strlen(text);
		if (fields[i].type == ETCB)
			snprintf(text + n, sizeof(text) - n, " (not judged)");
		visit(fields[i].name, text, out);
	}
}

static void print_field(const char *name, const char *value, FILE *out)
{
	fprintf(out, "%-18s  %s\n", name, value);
}

void cli_report_print(const struct snp_report *report, enum snp_product product, FILE *out)
{
	cli_report_each(report, product, print_field, out);
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
		case ETCB:
			json_out_string(json, object, key, text);
			break;
		}
	}
}

/* Of a certificate, a chain and a CRL, for up to two products. */
struct paths {
	size_t n;
	char at[6][SNP_FETCH_PATH_SIZE];
	bool leaf; /* that of the leaf certificate is among them */
};

static void find_paths(const struct snp_report *report, enum snp_product product,
		       unsigned int which, struct paths *paths)
{
	bool vlek = report->signing_key == SNP_SIGNING_KEY_VLEK;

	if ((which & FETCH_LEAF) &&
	    snp_fetch_path(report, product, vlek ? SNP_VLEK : SNP_VCEK, paths->at[paths->n])) {
		paths->leaf = true;
		paths->n++;
	}
	if ((which & FETCH_CA) &&
	    snp_fetch_path(report, product, vlek ? SNP_ASVK : SNP_ASK, paths->at[paths->n]))
		paths->n++;
	if ((which & FETCH_CRL) && snp_fetch_path_crl(report, product, paths->at[paths->n]))
		paths->n++;
}

/* Say why a path that was asked for is missing. */
static void warn_missing(const struct snp_report *report, enum snp_product product)
{
	if (product == SNP_PRODUCT_UNKNOWN && report->has_cpuid)
		cli_warn("no-fetch-path", "no path: unknown product: CPUID family 0x%x model 0x%x",
			 report->cpuid_family, report->cpuid_model);
	else if (product == SNP_PRODUCT_VENICE)
		cli_warn("no-fetch-path", "no path: AMD has published none for Venice");
	else if (report->signing_key == SNP_SIGNING_KEY_VLEK)
		cli_warn("no-fetch-path",
			 "no path of the VLEK: get it from the cloud provider, not from AMD");
	else if (report_chip_id_masked(report))
		cli_warn("no-fetch-path", "no path of the VCEK: CHIP_ID is masked");
	else
		cli_warn("no-fetch-path",
			 "no path of the VCEK: REPORTED_TCB has an unknown layout");
}

static int print_paths_json(const struct paths *paths, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array;

	cli_json_begin(&json, "snp-fetch-paths/1");
	json_out_string(&json, json.root, "server", SNP_KEY_SERVER);
	array = json_out_array(&json, json.root, "paths");
	for (size_t i = 0; i < paths->n; i++)
		json_out_string(&json, array, NULL, paths->at[i]);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

int fetch_paths_print(const struct snp_report *report, enum snp_product product, unsigned int which,
		      FILE *out, struct snp_error *err)
{
	struct paths paths = {0};

	if (product == SNP_PRODUCT_UNKNOWN && !report->has_cpuid) {
		find_paths(report, SNP_PRODUCT_MILAN, which, &paths);
		find_paths(report, SNP_PRODUCT_GENOA, which, &paths);
	} else {
		find_paths(report, product, which, &paths);
	}
	if (which != 0 && (paths.n == 0 || ((which & FETCH_LEAF) && !paths.leaf)))
		warn_missing(report, product);
	if (cli_json)
		return print_paths_json(&paths, out, err);
	for (size_t i = 0; i < paths.n; i++)
		fprintf(out, "%s%s\n", SNP_KEY_SERVER, paths.at[i]);
	return 0;
}
