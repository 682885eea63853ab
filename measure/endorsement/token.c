// SPDX-License-Identifier: Apache-2.0
#include "endorsement/token.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>

struct token {
	char *text; /* the JWS */
	size_t signed_size;
	uint8_t *signature;
	size_t signature_size;
	struct json *header, *payload;
	char kid[TOKEN_TEXT_SIZE], jku[TOKEN_TEXT_SIZE];
};

void token_free(struct token *token)
{
	if (!token)
		return;
	json_free(token->header);
	json_free(token->payload);
	free(token->signature);
	free(token->text);
	free(token);
}

const struct json_value *token_header(const struct token *token)
{
	return json_root(token->header);
}

const struct json_value *token_payload(const struct token *token)
{
	return json_root(token->payload);
}

const char *token_kid(const struct token *token)
{
	return token->kid;
}

struct snp_span token_signed(const struct token *token)
{
	return (struct snp_span){(const uint8_t *)token->text, token->signed_size};
}

struct snp_span token_signature(const struct token *token)
{
	return (struct snp_span){token->signature, token->signature_size};
}

static int bad(struct snp_error *err, const char *what)
{
	return fail_with(err, SNP_E_TOKEN, SNP_NO_OFFSET, "%s", what);
}

/* Every header is an object, `{"`, and that is this in base64url. */
bool token_is_text(struct snp_span bytes)
{
	return bytes.size > 3 && memcmp(bytes.data, "eyJ", 3) == 0 &&
	       memchr(bytes.data, '.', bytes.size);
}

static const char *const types[] = {"JWT", NULL};

static int read_algorithm(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	(void)field;
	(void)at;
	if (r == 0 && strcmp(text, "RS256") != 0)
		r = json_fail(value, err, SNP_E_TOKEN, "algorithm is '%s'; must be RS256", text);
	return r;
}

static int read_type(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	unsigned int which;

	(void)field;
	(void)at;
	return json_choice(value, types, &which, err);
}

/* Nothing else: each header that JOSE knows besides changes what the signature means, or offers a key. */
static const struct field header_fields[] = {
	SECTION("alg", read_algorithm, .required = true),
	FIELD("kid", field_chars, token, kid, .required = true),
	FIELD("jku", field_chars, token, jku, .required = true),
	SECTION("typ", read_type),
	{0},
};

static int read_segment(struct snp_span segment, const char *what, struct json **ret,
			struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = base64url_read(segment, what, &bytes, &size, err);

	return r < 0 ? r : json_parse("", (struct snp_span){bytes, size}, ret, err);
}

/* Segments between dots: exactly three, none of them empty. */
static int split(const char *text, struct snp_span ret[static 3], struct snp_error *err)
{
	for (unsigned int i = 0; i < 3; i++) {
		size_t n = strcspn(text, ".");

		ret[i] = (struct snp_span){(const uint8_t *)text, n};
		if (n == 0 || (text[n] == '.') != (i < 2))
			return bad(err, "must be three parts with a dot between: header, claims, "
					"signature");
		text += n + 1;
	}
	return 0;
}

static const struct field answer_fields[] = {
	{.key = "token", .read = field_copy, .required = true},
	OTHER_KEYS,
};

/* The JWS as a string, out of what it came in. */
static int take_text(struct snp_span bytes, char **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	size_t n = bytes.size;
	int r;

	if (bytes.size > TOKEN_MAX_SIZE)
		return bad(err, "larger than 64 KiB");
	if (json_is_text(bytes)) {
		r = json_parse("", bytes, &document, err);
		return r < 0 ? r : fields_read(json_root(document), answer_fields, ret, err);
	}
	if (n > 0 && bytes.data[n - 1] == '\n')
		n--;
	if (n > 0 && n < bytes.size && bytes.data[n - 1] == '\r')
		n--;
	if (memchr(bytes.data, '\0', n))
		return bad(err, "has a NUL byte");
	*ret = strndup((const char *)bytes.data, n);
	return *ret ? 0 : out_of_memory(err);
}

int token_read(struct snp_span bytes, struct token **ret, struct snp_error *err)
{
	_cleanup_(token_freep) struct token *token = calloc(1, sizeof(*token));
	struct snp_span parts[3];
	int r;

	if (!token)
		return out_of_memory(err);
	r = take_text(bytes, &token->text, err);
	if (r < 0)
		return r;
	r = split(token->text, parts, err);
	if (r < 0)
		return r;
	r = read_segment(parts[0], "the token's header", &token->header, err);
	if (r < 0)
		return r;
	r = fields_read(json_root(token->header), header_fields, token, err);
	if (r < 0)
		return r;
	r = read_segment(parts[1], "the token's claims", &token->payload, err);
	if (r < 0)
		return r;
	r = base64url_read(parts[2], "the token's signature", &token->signature,
			   &token->signature_size, err);
	if (r < 0)
		return r;
	if (!json_is_object(json_root(token->payload)))
		return bad(err, "its claims are not an object");
	token->signed_size = parts[0].size + 1 + parts[1].size;
	*ret = TAKE_PTR(token);
	return 0;
}

#define SNP "x-ms-sevsnpvm-"

static const struct field general_fields[] = {
	FIELD("iss", field_chars, token_claims, issuer, .required = true),
	FIELD("exp", field_u64, token_claims, expires, .required = true),
	FIELD("iat", field_u64, token_claims, issued_at, .required = true),
	FIELD("nbf", field_u64, token_claims, not_before, .required = true),
	FIELD("x-ms-compliance-status", field_chars, token_claims, compliance),
	OTHER_KEYS,
};

/* clang-format off */
static const struct field guest_fields[] = {
	FIELD(SNP "launchmeasurement", field_hex, token_claims, report.measurement, .required = true),
	FIELD(SNP "hostdata", field_hex, token_claims, report.host_data, .required = true),
	FIELD(SNP "reportdata", field_hex, token_claims, report.report_data, .required = true),
	FIELD(SNP "reportid", field_hex, token_claims, report.report_id, .required = true),
	FIELD(SNP "familyId", field_hex, token_claims, report.family_id, .required = true),
	FIELD(SNP "imageId", field_hex, token_claims, report.image_id, .required = true),
	FIELD(SNP "idkeydigest", field_hex, token_claims, report.id_key_digest, .required = true),
	FIELD(SNP "authorkeydigest", field_hex, token_claims, report.author_key_digest, .required = true),
	FIELD(SNP "guestsvn", field_u32, token_claims, report.guest_svn, .required = true),
	FIELD(SNP "vmpl", field_u32, token_claims, report.vmpl, .required = true),
	FIELD(SNP "chipid", field_hex, token_claims, report.chip_id, .has = HAS(token_claims, has_chip_id)),
	OTHER_KEYS,
};

/* Levels are bytes. */
struct levels {
	uint32_t boot_loader, tee, snp, microcode;
};

static const struct field level_fields[] = {
	FIELD(SNP "bootloader-svn", field_u32, levels, boot_loader, .required = true, .max = 255),
	FIELD(SNP "tee-svn", field_u32, levels, tee, .required = true, .max = 255),
	FIELD(SNP "snpfw-svn", field_u32, levels, snp, .required = true, .max = 255),
	FIELD(SNP "microcode-svn", field_u32, levels, microcode, .required = true, .max = 255),
	OTHER_KEYS,
};

/* The first three are in every token, the others since 2026. */
static const struct {
	const char *claim;
	uint64_t bit;
	bool required;
} policy_claims[] = {
	{SNP "is-debuggable", SNP_POLICY_DEBUG, true},
	{SNP "migration-allowed", SNP_POLICY_MIGRATE_MA, true},
	{SNP "smt-allowed", SNP_POLICY_SMT, true},
	{SNP "singlesocket", SNP_POLICY_SINGLE_SOCKET, false},
	{SNP "cxl-allowed", SNP_POLICY_CXL_ALLOW, false},
	{SNP "mem-aes256-xts-required", SNP_POLICY_MEM_AES_256_XTS, false},
	{SNP "rapl-disabled", SNP_POLICY_RAPL_DIS, false},
	{SNP "ciphertext-hiding-dram-enabled", SNP_POLICY_CIPHERTEXT_HIDING_DRAM, false},
	{SNP "page-swap-disabled", SNP_POLICY_PAGE_SWAP_DISABLE, false},
};
/* clang-format on */

static int read_policy(const struct json_value *claims, struct token_claims *ret,
		       struct snp_error *err)
{
	ret->report.policy = SNP_POLICY_RESERVED_MBO;
	ret->policy_known = SNP_POLICY_RESERVED_MBO | SNP_POLICY_RESERVED_MBZ;
	for (size_t i = 0; i < ARRAY_SIZE(policy_claims); i++) {
		const struct json_value *value = json_get(claims, policy_claims[i].claim);
		bool set;
		int r;

		if (!value && !policy_claims[i].required)
			continue;
		r = value ? 0 : json_need(claims, policy_claims[i].claim, &value, err);
		if (r == 0)
			r = json_bool(value, &set, err);
		if (r < 0)
			return r;
		ret->policy_known |= policy_claims[i].bit;
		if (set)
			ret->report.policy |= policy_claims[i].bit;
	}
	return 0;
}

static int read_family(const struct json_value *claims, struct token_claims *ret,
		       struct snp_error *err)
{
	const struct json_value *value = json_get(claims, SNP "chip-family");
	const char *name;
	int r = value ? json_string(value, &name, err) : 0;

	if (r < 0 || !value)
		return r;
	return json_in(
		err,
		snp_product_find(name, &ret->product, err) < 0
			? fail_with(err, SNP_E_TOKEN, SNP_NO_OFFSET, "unknown product '%s'", name)
			: 0,
		value);
}

static int check_type(const struct json_value *claims, struct snp_error *err)
{
	const struct json_value *value;
	const char *text;
	int r = json_need(claims, "x-ms-attestation-type", &value, err);

	if (r < 0)
		return r;
	r = json_string(value, &text, err);
	if (r < 0 || strcmp(text, "sevsnpvm") == 0)
		return r;
	return json_fail(value, err, SNP_E_TOKEN, "attestation type is '%s'; must be sevsnpvm%s",
			 text,
			 strcmp(text, "azurevm") == 0 ? ": this token is about a virtual TPM" : "");
}

int token_claims_read(const struct token *token, struct token_claims *ret, struct snp_error *err)
{
	const struct json_value *root = json_root(token->payload);
	struct token_claims claims = {0};
	struct levels levels = {0};
	int r = check_type(root, err);

	if (r < 0)
		return r;
	r = fields_read(root, general_fields, &claims, err);
	if (r < 0)
		return r;
	r = fields_read(root, guest_fields, &claims, err);
	if (r < 0)
		return r;
	r = fields_read(root, level_fields, &levels, err);
	if (r < 0)
		return r;
	r = read_policy(root, &claims, err);
	if (r < 0)
		return r;
	r = read_family(root, &claims, err);
	if (r < 0)
		return r;
	claims.tcb = (struct snp_tcb){.boot_loader = (uint8_t)levels.boot_loader,
				      .tee = (uint8_t)levels.tee,
				      .snp = (uint8_t)levels.snp,
				      .microcode = (uint8_t)levels.microcode};
	memcpy(claims.kid, token->kid, sizeof(claims.kid));
	memcpy(claims.jku, token->jku, sizeof(claims.jku));
	*ret = claims;
	return 0;
}

bool token_of_utility_vm(const struct token_claims *claims)
{
	return strcmp(claims->compliance, "azure-compliant-uvm") == 0 ||
	       strcmp(claims->compliance, "azure-signed-katacc-uvm") == 0;
}

const char *token_differs(const struct token_claims *c, const struct snp_report *report,
			  enum snp_product product)
{
	const struct snp_report *said = &c->report;
	struct snp_tcb tcb;

#define SAME(field) (memcmp(said->field, report->field, sizeof(said->field)) == 0)
	const struct {
		const char *claim;
		bool same;
	} all[] = {
		{"launchmeasurement", SAME(measurement)},
		{"hostdata", SAME(host_data)},
		{"reportdata", SAME(report_data)},
		{"reportid", SAME(report_id)},
		{"familyId", SAME(family_id)},
		{"imageId", SAME(image_id)},
		{"idkeydigest", SAME(id_key_digest)},
		{"authorkeydigest", SAME(author_key_digest)},
		{"chipid", !c->has_chip_id || SAME(chip_id)},
		{"guestsvn", said->guest_svn == report->guest_svn},
		{"vmpl", said->vmpl == report->vmpl},
		{"policy bits", ((said->policy ^ report->policy) & c->policy_known) == 0},
		{"chip-family", c->product == SNP_PRODUCT_UNKNOWN || c->product == product},
	};
#undef SAME

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!all[i].same)
			return all[i].claim;
	if (snp_tcb_decode(report->reported_tcb, product, &tcb, NULL) < 0 ||
	    tcb.boot_loader != c->tcb.boot_loader || tcb.tee != c->tcb.tee ||
	    tcb.snp != c->tcb.snp || tcb.microcode != c->tcb.microcode)
		return "SVNs of the TCB";
	return NULL;
}
