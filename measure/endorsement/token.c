// SPDX-License-Identifier: Apache-2.0
#include "endorsement/token.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/sha.h>

DEFINE_CLEANUP(struct json *, json_free);
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(ASN1_STRING *, ASN1_STRING_free);
DEFINE_CLEANUP(BIO *, BIO_free_all);

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

/* ---- keys ---- */

#define MAX_KEYS 64

struct jwk {
	const char *kid, *type, *algorithm, *use; /* NULL: not there */
	const char *certificate;		  /* base64, the first of x5c */
};

struct jwks {
	struct json *document;
	struct jwk *keys;
	size_t n_keys;
	X509 **certificates; /* by key; NULL: not one */
};

void jwks_free(struct jwks *jwks)
{
	if (!jwks)
		return;
	for (size_t i = 0; jwks->certificates && i < jwks->n_keys; i++)
		X509_free(jwks->certificates[i]);
	free(jwks->certificates);
	free(jwks->keys);
	json_free(jwks->document);
	free(jwks);
}

static int read_x5c(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	size_t n;
	int r = json_array(value, 1, 16, &n, err);

	(void)field;
	return r < 0 ? r : json_string(json_first(value), at, err);
}

/* Keys of other uses stand in a JWKS too, so what a key lacks is told when it is the one that is needed. */
static const struct field key_fields[] = {
	FIELD("kid", field_string, jwk, kid),	    FIELD("kty", field_string, jwk, type),
	FIELD("alg", field_string, jwk, algorithm), FIELD("use", field_string, jwk, use),
	FIELD("x5c", read_x5c, jwk, certificate),   OTHER_KEYS,
};

static const struct field jwks_fields[] = {
	FIELD_ARRAY("keys", key_fields, jwks, keys, n_keys, .required = true, .min = 1,
		    .max = MAX_KEYS),
	OTHER_KEYS,
};

/* Only the certificate that is used must be one. */
static int read_certificate(const struct jwk *key, X509 **ret, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *der = NULL;
	const unsigned char *at;
	size_t size;
	int r;

	*ret = NULL;
	if (!key->certificate)
		return 0;
	r = base64_read(key->certificate, "", &der, &size, NULL);
	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (r < 0)
		return 0;
	at = der;
	*ret = d2i_X509(NULL, &at, (long)size);
	ERR_clear_error();
	if (*ret && at != der + size) {
		X509_free(*ret);
		*ret = NULL;
	}
	return 0;
}

int jwks_read(struct snp_span text, struct jwks **ret, struct snp_error *err)
{
	_cleanup_(jwks_freep) struct jwks *jwks = calloc(1, sizeof(*jwks));
	int r;

	if (!jwks)
		return out_of_memory(err);
	r = json_parse("", text, &jwks->document, err);
	if (r < 0)
		return r;
	r = fields_read(json_root(jwks->document), jwks_fields, jwks, err);
	if (r < 0)
		return r;
	jwks->certificates = calloc(jwks->n_keys, sizeof(X509 *));
	if (!jwks->certificates)
		return out_of_memory(err);
	for (size_t i = 0; r == 0 && i < jwks->n_keys; i++)
		r = read_certificate(&jwks->keys[i], &jwks->certificates[i], err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(jwks);
	return 0;
}

#define NO(...) ((void)snprintf(why, TOKEN_WHY_SIZE, __VA_ARGS__), 0)

static bool is(const char *text, const char *wanted)
{
	return text && strcmp(text, wanted) == 0;
}

static bool is_valid_at(const X509 *x509, int64_t at)
{
	time_t t = (time_t)at;

	return X509_cmp_time(X509_get0_notBefore(x509), &t) == -1 &&
	       X509_cmp_time(X509_get0_notAfter(x509), &t) == 1;
}

int token_check_key(const struct token *token, const struct jwks *jwks, int64_t at, size_t *ret_key,
		    char why[static TOKEN_WHY_SIZE], struct snp_error *err)
{
	const struct jwk *key = NULL;
	const EVP_PKEY *public;
	const X509 *x509;

	(void)err;
	for (size_t i = 0; i < jwks->n_keys; i++) {
		if (!is(jwks->keys[i].kid, token->kid))
			continue;
		if (key)
			return NO("the JWKS has two keys '%.100s'", token->kid);
		key = &jwks->keys[i];
		*ret_key = i;
	}
	if (!key)
		return NO("the JWKS has no key '%.100s'", token->kid);
	if (!is(key->type, "RSA") || (key->algorithm && !is(key->algorithm, "RS256")) ||
	    (key->use && !is(key->use, "sig")))
		return NO("its key in the JWKS is not an RSA key for signatures with RS256");
	x509 = jwks->certificates[*ret_key];
	if (!x509)
		return NO("its key in the JWKS has no certificate (x5c) that can be read");
	if (!is_valid_at(x509, at))
		return NO("the certificate of its key is not valid at the time");
	public = X509_get0_pubkey(x509);
	ERR_clear_error();
	if (!public || !EVP_PKEY_is_a(public, "RSA") || EVP_PKEY_get_bits(public) < 2048)
		return NO("the certificate of its key has no RSA key of 2048 bits or more");
	return 0;
}

int token_check_signature(const struct token *token, const struct jwks *jwks, size_t key,
			  char why[static TOKEN_WHY_SIZE], struct snp_error *err)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context = NULL;
	bool good;

	if (!md)
		return out_of_memory(err);
	good = EVP_DigestVerifyInit_ex(md, &context, "SHA2-256", NULL, NULL,
				       X509_get0_pubkey(jwks->certificates[key]), NULL) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	       EVP_DigestVerify(md, token->signature, token->signature_size,
				(const uint8_t *)token->text, token->signed_size) == 1;
	ERR_clear_error();
	return good ? 0 : NO("the key did not sign this token");
}

/* ---- the service's own evidence ---- */

#define OID_EVIDENCE "1.3.6.1.4.1.311.105.1000.1"
#define OID_TEE_KIND "1.3.6.1.4.1.311.105.1000.2"

void service_evidence_done(struct service_evidence *evidence)
{
	free(evidence->report);
	free(evidence->certificates);
	free(evidence->endorsement);
}

/* The one extension of this OID, a UTF8String; NULL if there is none, or it is something else. */
static ASN1_UTF8STRING *text_extension(const X509 *x509, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at = object ? X509_get_ext_by_OBJ(x509, object, -1) : -1;
	const ASN1_OCTET_STRING *value;
	const unsigned char *der;
	ASN1_UTF8STRING *text = NULL;

	if (at >= 0 && X509_get_ext_by_OBJ(x509, object, at) < 0) {
		value = X509_EXTENSION_get_data(X509_get_ext(x509, at));
		der = ASN1_STRING_get0_data(value);
		text = d2i_ASN1_UTF8STRING(NULL, &der, ASN1_STRING_length(value));
	}
	ASN1_OBJECT_free(object);
	ERR_clear_error();
	return text;
}

static struct snp_span span_of(const ASN1_STRING *text)
{
	return (struct snp_span){ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)};
}

/* Strings in base64url, borrowed from their document. */
struct service_document {
	const char *report, *certificates, *endorsements;
};

static const struct field service_fields[] = {
	FIELD("SnpReport", field_string, service_document, report, .required = true),
	FIELD("VcekCertChain", field_string, service_document, certificates, .required = true),
	FIELD("Endorsements", field_string, service_document, endorsements, .required = true),
	OTHER_KEYS,
};

static int read_text(const char *text, const char *what, uint8_t **ret, size_t *ret_size,
		     struct snp_error *err)
{
	return base64url_read(text_span(text), what, ret, ret_size, err);
}

/* {"Uvm": [COSE in base64url]} */
static int read_uvm(struct snp_span json, struct service_evidence *ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json_value *value;
	const char *text;
	size_t n;
	int r = json_parse("", json, &document, err);

	if (r < 0)
		return r;
	r = json_need(json_root(document), "Uvm", &value, err);
	if (r < 0)
		return r;
	r = json_array(value, 1, 1, &n, err);
	if (r < 0)
		return r;
	r = json_string(json_first(value), &text, err);
	return r < 0 ? r : read_text(text, "Uvm", &ret->endorsement, &ret->endorsement_size, err);
}

static int read_service(struct snp_span json, struct service_evidence *ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(freep) uint8_t *endorsements = NULL;
	struct service_document service = {0};
	size_t size;
	int r = json_parse("", json, &document, err);

	if (r < 0)
		return r;
	r = fields_read(json_root(document), service_fields, &service, err);
	if (r < 0)
		return r;
	r = read_text(service.report, "SnpReport", &ret->report, &ret->report_size, err);
	if (r < 0)
		return r;
	r = read_text(service.certificates, "VcekCertChain", &ret->certificates,
		      &ret->certificates_size, err);
	if (r < 0)
		return r;
	r = read_text(service.endorsements, "Endorsements", &endorsements, &size, err);
	return r < 0 ? r : read_uvm((struct snp_span){endorsements, size}, ret, err);
}

/* The service hashes its key as PEM, with the NUL that ends the string. */
static int hash_key(const X509 *x509, uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	struct snp_span pem;
	char *data;
	long n;

	if (!bio || PEM_write_bio_PUBKEY(bio, X509_get0_pubkey(x509)) != 1 ||
	    BIO_write(bio, "", 1) != 1) {
		ERR_clear_error();
		return out_of_memory(err);
	}
	n = BIO_get_mem_data(bio, &data);
	pem = (struct snp_span){(const uint8_t *)data, (size_t)n};
	return sha256_of(pem, ret, err);
}

int token_service_evidence(const struct jwks *jwks, size_t key, struct service_evidence *ret,
			   char why[static TOKEN_WHY_SIZE], struct snp_error *err)
{
	static const char kind_snp[] = "acisevsnp";
	const X509 *x509 = jwks->certificates[key];
	_cleanup_(ASN1_STRING_freep) ASN1_UTF8STRING *json = text_extension(x509, OID_EVIDENCE);
	_cleanup_(ASN1_STRING_freep) ASN1_UTF8STRING *kind = text_extension(x509, OID_TEE_KIND);
	struct snp_error cause = {0};
	int r;

	if (!json)
		return NO("not carried: the certificate of the key has no evidence");
	if (!kind || span_of(kind).size != sizeof(kind_snp) - 1 ||
	    memcmp(span_of(kind).data, kind_snp, sizeof(kind_snp) - 1) != 0)
		return NO("the evidence in the certificate is not of kind acisevsnp");
	r = read_service(span_of(json), ret, &cause);
	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (r < 0)
		return NO("the evidence in the certificate: %.150s", cause.message);
	return hash_key(x509, ret->key_hash, err);
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
