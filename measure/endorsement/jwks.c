// SPDX-License-Identifier: Apache-2.0
#include "endorsement/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
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
#include <snp/sha.h>

DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(ASN1_STRING *, ASN1_STRING_free);
DEFINE_CLEANUP(BIO *, BIO_free_all);
DEFINE_CLEANUP(BIGNUM *, BN_free);

#define MAX_KEYS 64

struct jwk {
	const char *kid, *type, *algorithm, *use; /* NULL: not there */
	const char *modulus, *exponent;		  /* base64url */
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
	FIELD("n", field_string, jwk, modulus),	    FIELD("e", field_string, jwk, exponent),
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

/* Is this number of an RSA key the one of the JWK's member, if it has that? */
static int check_number(const EVP_PKEY *key, const char *name, const char *member, bool *ret_same,
			struct snp_error *err)
{
	_cleanup_(BN_freep) BIGNUM *number = NULL, *said = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = member ? base64url_read(text_span(member), "", &bytes, &size, NULL) : 0;

	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	*ret_same = !member;
	if (r < 0 || !member)
		return 0;
	said = BN_bin2bn(bytes, (int)size, NULL);
	if (!said || EVP_PKEY_get_bn_param(key, name, &number) != 1)
		return out_of_memory(err);
	*ret_same = BN_cmp(said, number) == 0;
	return 0;
}

int token_check_key(const struct token *token, const struct jwks *jwks, int64_t at, size_t *ret_key,
		    char why[static TOKEN_WHY_SIZE], struct snp_error *err)
{
	const struct jwk *key = NULL;
	const EVP_PKEY *public;
	const X509 *x509;
	bool same_n, same_e;
	int r;

	for (size_t i = 0; i < jwks->n_keys; i++) {
		if (!is(jwks->keys[i].kid, token_kid(token)))
			continue;
		if (key)
			return NO("the JWKS has two keys '%.100s'", token_kid(token));
		key = &jwks->keys[i];
		*ret_key = i;
	}
	if (!key)
		return NO("the JWKS has no key '%.100s'", token_kid(token));
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
	/* RFC 7517 section 4.7: other readers take n and e. */
	r = check_number(public, OSSL_PKEY_PARAM_RSA_N, key->modulus, &same_n, err);
	if (r < 0)
		return r;
	r = check_number(public, OSSL_PKEY_PARAM_RSA_E, key->exponent, &same_e, err);
	if (r < 0)
		return r;
	if (!same_n || !same_e)
		return NO("the certificate of its key in the JWKS is that of another key");
	return 0;
}

int token_check_signature(const struct token *token, const struct jwks *jwks, size_t key,
			  char why[static TOKEN_WHY_SIZE], struct snp_error *err)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	const struct snp_span bytes = token_signed(token), signature = token_signature(token);
	EVP_PKEY_CTX *context = NULL;
	bool good;

	if (!md)
		return out_of_memory(err);
	good = EVP_DigestVerifyInit_ex(md, &context, "SHA2-256", NULL, NULL,
				       X509_get0_pubkey(jwks->certificates[key]), NULL) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	       EVP_DigestVerify(md, signature.data, signature.size, bytes.data, bytes.size) == 1;
	ERR_clear_error();
	return good ? 0 : NO("the key did not sign this token");
}

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
