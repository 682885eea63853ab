// SPDX-License-Identifier: Apache-2.0
#include "endorsement/uvm.h"

#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/sha.h>

#include "endorsement/cose.h"

DEFINE_CLEANUP(BIO *, BIO_free_all);
DEFINE_CLEANUP(EXTENDED_KEY_USAGE *, EXTENDED_KEY_USAGE_free);
DEFINE_CLEANUP(TS_VERIFY_CTX *, TS_VERIFY_CTX_free);
DEFINE_CLEANUP(TS_TST_INFO *, TS_TST_INFO_free);
DEFINE_CLEANUP(PKCS7 *, PKCS7_free);

struct uvm_endorsement {
	uint8_t *bytes; /* the spans of `cose` point into it */
	struct cose_sign1 cose;
	struct uvm_claims claims;
	X509 *certificates[COSE_MAX_CERTIFICATES];
};

/* Of Microsoft's CCF, include/ccf/pal/uvm_endorsements.h (default_uvm_roots_of_trust). The CA is Microsoft Supply Chain
 * RSA Root CA 2022. */
#define MICROSOFT_DID "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:"

static const struct uvm_root known_roots[] = {
	{"ContainerPlat-AMD-UVM", MICROSOFT_DID "1.3.6.1.4.1.311.76.59.1.2", 100},
	{"ConfAKS-AMD-UVM", MICROSOFT_DID "1.3.6.1.4.1.311.76.59.1.5", 1},
};

const struct uvm_root *uvm_root_of(const char *feed)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_roots); i++)
		if (strcmp(feed, known_roots[i].feed) == 0)
			return &known_roots[i];
	return NULL;
}

void uvm_free(struct uvm_endorsement *endorsement)
{
	if (!endorsement)
		return;
	for (size_t i = 0; i < endorsement->cose.n_certificates; i++)
		X509_free(endorsement->certificates[i]);
	free(endorsement->bytes);
	free(endorsement);
}

const struct uvm_claims *uvm_claims(const struct uvm_endorsement *endorsement)
{
	return &endorsement->claims;
}

void uvm_certificate_name(const struct uvm_endorsement *endorsement, size_t i,
			  char ret[static ENDORSEMENT_TEXT_SIZE])
{
	signer_name(endorsement->certificates[i], ret);
}

static int bad(struct snp_error *err, const char *what)
{
	return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET, "%s", what);
}

/* Decimal digits alone; the first endorsements have it as a string and later ones as a number. */
static int read_svn(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	const char *text;
	uint64_t svn = 0;
	int r;

	if (!json_is_string(value))
		return field_u64(value, field, at, err);
	r = json_string(value, &text, err);
	if (r < 0)
		return r;
	if (text[0] == '\0' || strlen(text) > 10 || text[strspn(text, "0123456789")] != '\0')
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "must be an SVN of at most 10 decimal digits");
	for (; *text; text++)
		svn = 10 * svn + (uint64_t)(*text - '0');
	*(uint64_t *)at = svn;
	return 0;
}

static const struct field payload_fields[] = {
	FIELD("x-ms-sevsnpvm-guestsvn", read_svn, uvm_claims, svn, .required = true),
	FIELD("x-ms-sevsnpvm-launchmeasurement", field_hex, uvm_claims, measurement,
	      .required = true),
	OTHER_KEYS,
};

static int read_payload(struct snp_span payload, struct uvm_claims *claims, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	struct snp_error why;
	int r = json_parse("", payload, &document, &why);

	if (r == 0)
		r = fields_read(json_root(document), payload_fields, claims, &why);
	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (r < 0)
		return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET, "its payload%s%s: %s",
				 why.pointer[0] ? ", " : "", why.pointer, why.message);
	return 0;
}

/* Text for comparisons and for people: no NUL, and nothing that does not show. */
static bool copy_text(struct snp_span text, char ret[static ENDORSEMENT_TEXT_SIZE])
{
	if (text.size >= ENDORSEMENT_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x21 || text.data[i] > 0x7e)
			return false;
	if (text.size > 0)
		memcpy(ret, text.data, text.size);
	ret[text.size] = '\0';
	return true;
}

static int read_claims(struct uvm_endorsement *e, struct snp_error *err)
{
	static const char json[] = "application/json";
	const struct cose_sign1 *cose = &e->cose;
	struct uvm_claims *claims = &e->claims;

	if (cose->content_type.size != sizeof(json) - 1 ||
	    memcmp(cose->content_type.data, json, sizeof(json) - 1) != 0)
		return bad(err, "its content type is not application/json");
	if (cose->issuer.size == 0 || !copy_text(cose->issuer, claims->issuer))
		return bad(err, "its issuer (iss) is missing, too long, or not plain text");
	if (cose->feed.size == 0 || !copy_text(cose->feed, claims->feed))
		return bad(err, "its feed is missing, too long, or not plain text");
	claims->has_signing_time = cose->has_signing_time;
	claims->signing_time = cose->signing_time;
	claims->has_timestamp = cose->timestamp.size > 0;
	claims->algorithm = cose->algorithm == COSE_PS384 ? "PS384" : "ES384";
	claims->n_certificates = cose->n_certificates;
	return read_payload(cose->payload, claims, err);
}

static int read_certificates(struct uvm_endorsement *e, struct snp_error *err)
{
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = sha256_of(e->cose.certificates[0], sha256, err);

	if (r < 0)
		return r;
	if (e->cose.x5t.size > 0 && memcmp(sha256, e->cose.x5t.data, sizeof(sha256)) != 0)
		return bad(err, "its x5t does not name the first certificate of x5chain");
	for (size_t i = 0; i < e->cose.n_certificates; i++) {
		struct snp_span der = e->cose.certificates[i];
		const unsigned char *at = der.data;

		if (der.size <= SNP_MAX_SMALL)
			e->certificates[i] = d2i_X509(NULL, &at, (long)der.size);
		ERR_clear_error();
		if (!e->certificates[i] || at != der.data + der.size)
			return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET,
					 "certificate %zu of its x5chain is not X.509 in DER", i);
	}
	return 0;
}

int uvm_read(struct snp_span bytes, struct uvm_endorsement **ret, struct snp_error *err)
{
	_cleanup_(uvm_freep) struct uvm_endorsement *e = calloc(1, sizeof(*e));
	size_t size = bytes.size;
	bool is_hex;
	int r = 0;

	if (!e)
		return out_of_memory(err);
	if (bytes.size > UVM_MAX_ENDORSEMENT)
		return bad(err, "not an endorsement: it is larger than 256 KiB");
	if (text_is_encoded(bytes)) {
		r = text_decode(bytes, "the endorsement", &is_hex, &e->bytes, &size, err);
	} else {
		e->bytes = malloc(size + 1);
		if (!e->bytes)
			return out_of_memory(err);
		if (size > 0)
			memcpy(e->bytes, bytes.data, size);
	}
	if (r == 0)
		r = cose_parse((struct snp_span){e->bytes, size}, &e->cose, err);
	if (r < 0)
		return r;
	r = read_claims(e, err);
	if (r < 0)
		return r;
	r = read_certificates(e, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(e);
	return 0;
}

#define NO(...) ((void)snprintf(why, ENDORSEMENT_WHY_SIZE, __VA_ARGS__), 0)

int uvm_check_signature(const struct uvm_endorsement *e, char why[static ENDORSEMENT_WHY_SIZE],
			struct snp_error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(e->certificates[0]);
	bool good = false;
	int r = key ? cose_verify(&e->cose, key, &good, err) : 0;

	ERR_clear_error();
	if (r < 0 || good)
		return r;
	return NO("the signer's key did not sign it with %s", e->claims.algorithm);
}

/* did:x509:0:sha256:FINGERPRINT::eku:OID, both as text. */
struct issuer {
	char fingerprint[44], eku[128];
};

/* No other version, hash or policy: one that is not understood cannot be held. */
static bool parse_issuer(const char *did, struct issuer *ret)
{
	static const char start[] = "did:x509:0:sha256:", middle[] = "::eku:";
	const char *at = did + sizeof(start) - 1;

	if (strncmp(did, start, sizeof(start) - 1) != 0 || strlen(at) < 43 + sizeof(middle))
		return false;
	snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%.43s", at);
	at += 43;
	if (strncmp(at, middle, sizeof(middle) - 1) != 0)
		return false;
	at += sizeof(middle) - 1;
	if (strlen(at) >= sizeof(ret->eku) || at[strspn(at, "0123456789.")] != '\0')
		return false;
	snprintf(ret->eku, sizeof(ret->eku), "%s", at);
	return true;
}

/* The first CA certificate with this fingerprint; 0: none. */
static int find_anchor(const struct uvm_endorsement *e, const char *fingerprint, size_t *ret,
		       struct snp_error *err)
{
	*ret = 0;
	for (size_t i = 1; i < e->cose.n_certificates; i++) {
		uint8_t sha256[SNP_SHA256_SIZE];
		_cleanup_(freep) char *text = NULL;
		int r = sha256_of(e->cose.certificates[i], sha256, err);

		if (r < 0)
			return r;
		text = base64url_encode(sha256, sizeof(sha256));
		if (!text)
			return out_of_memory(err);
		if (strcmp(text, fingerprint) == 0) {
			*ret = i;
			return 0;
		}
	}
	return 0;
}

static bool has_usage(X509 *certificate, const char *oid)
{
	_cleanup_(EXTENDED_KEY_USAGE_freep) EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);

	ERR_clear_error();
	for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage); i++) {
		char text[128];
		int n = OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(usage, i), 1);

		if (n > 0 && (size_t)n < sizeof(text) && strcmp(text, oid) == 0)
			return true;
	}
	return false;
}

/* Verify the chain up to certificate `anchor`, which is trusted. */
static int check_chain(const struct uvm_endorsement *e, size_t anchor, int64_t at,
		       char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	_cleanup_(signer_stack_freep) STACK_OF(X509) *trusted = sk_X509_new_null();
	_cleanup_(signer_stack_freep) STACK_OF(X509) *untrusted = sk_X509_new_null();
	bool ready = trusted && untrusted && sk_X509_push(trusted, e->certificates[anchor]) > 0;

	for (size_t i = 1; ready && i < anchor; i++)
		ready = sk_X509_push(untrusted, e->certificates[i]) > 0;
	if (!ready)
		return out_of_memory(err);
	return signer_check_chain(e->certificates[0], untrusted, trusted, at, why, err);
}

int uvm_check_issuer(const struct uvm_endorsement *e, const char *issuer, int64_t at,
		     char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	struct issuer did;
	size_t anchor;
	int r;

	if (strcmp(e->claims.issuer, issuer) != 0)
		return NO("is '%.200s'", e->claims.issuer);
	if (!parse_issuer(issuer, &did))
		return NO("not a did:x509:0:sha256 issuer with an eku policy");
	r = find_anchor(e, did.fingerprint, &anchor, err);
	if (r < 0)
		return r;
	if (anchor == 0)
		return NO("the CA certificate that the issuer names is not in its chain");
	if (!has_usage(e->certificates[0], did.eku))
		return NO("the signer's certificate lacks the key usage %s", did.eku);
	return check_chain(e, anchor, at, why, err);
}

static bool time_of(const TS_TST_INFO *info, int64_t *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

/* OpenSSL's own check of a whole token, TS_RESP_verify_token(), refuses those of Microsoft: the authority's key usage is
 * not marked as critical, and its ESS attribute names a certificate besides that is not in the chain. So the same is
 * asked here in steps: version and imprint, usage, chain, signature. */
static bool has_imprint(PKCS7 *token, const uint8_t imprint[static SNP_SHA384_SIZE])
{
	_cleanup_(TS_VERIFY_CTX_freep) TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
	unsigned char *copy = OPENSSL_memdup(imprint, SNP_SHA384_SIZE); /* OpenSSL frees it */

	if (!context || !copy) {
		OPENSSL_free(copy);
		return false;
	}
	(void)TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT);
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
	(void)TS_VERIFY_CTX_set0_imprint(context, copy, SNP_SHA384_SIZE);
#else
	(void)TS_VERIFY_CTX_set_imprint(context, copy, SNP_SHA384_SIZE);
#endif
	return TS_RESP_verify_token(context, token) == 1;
}

/* OpenSSL compares the imprints' bytes; that they are of SHA-384 is for us to see. */
static bool is_sha384(TS_TST_INFO *info)
{
	const ASN1_OBJECT *algorithm = NULL;

	X509_ALGOR_get0(&algorithm, NULL, NULL,
			TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));
	return OBJ_obj2nid(algorithm) == NID_sha384;
}

/* RFC 3161 section 2.3: it may sign timestamps, and nothing else. */
static bool may_stamp(X509 *signer)
{
	uint32_t usage = X509_get_key_usage(signer); /* all bits if it has none */

	return X509_get_extended_key_usage(signer) == XKU_TIMESTAMP &&
	       (usage == UINT32_MAX ||
		(usage != 0 &&
		 (usage & ~(uint32_t)(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0));
}

/* The authority's certificate in a token with one signature, by which it is signed. Borrowed; NULL: not so. */
static X509 *stamped_by(PKCS7 *token)
{
	_cleanup_(signer_stack_freep) STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
	STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(token);
	_cleanup_(BIO_free_allp) BIO *bio = PKCS7_dataInit(token, NULL);
	X509 *signer = signers ? sk_X509_value(signers, 0) : NULL;
	char chunk[512];

	if (!signer || !bio || sk_PKCS7_SIGNER_INFO_num(infos) != 1)
		return NULL;
	while (BIO_read(bio, chunk, sizeof(chunk)) > 0)
		;
	return PKCS7_signatureVerify(bio, token, sk_PKCS7_SIGNER_INFO_value(infos, 0), signer) == 1
		       ? signer
		       : NULL;
}

/* Verify the authority's chain up to these roots, or for want of them to a CA certificate in the token itself, if it
 * has one. */
static int check_authority(PKCS7 *token, X509 *signer, struct snp_span roots, int64_t at,
			   char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	_cleanup_(signer_certificates_freep) STACK_OF(X509) *given = NULL;
	_cleanup_(signer_stack_freep) STACK_OF(X509) *own = sk_X509_new_null();
	STACK_OF(X509) *carried = token->d.sign->cert;
	int r = roots.size > 0 ? signer_read_roots(roots, &given, err) : 0;

	if (r < 0)
		return r;
	if (!own)
		return out_of_memory(err);
	for (int i = 0; i < sk_X509_num(carried); i++)
		if (X509_check_ca(sk_X509_value(carried, i)) != 0 &&
		    sk_X509_push(own, sk_X509_value(carried, i)) <= 0)
			return out_of_memory(err);
	if (!given && sk_X509_num(own) == 0)
		return 0; /* it leads nowhere */
	return signer_check_chain(signer, carried, given ? given : own, at, why, err);
}

int uvm_check_timestamp(const struct uvm_endorsement *e, struct snp_span roots, int64_t *ret_time,
			char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err)
{
	struct snp_span der = e->cose.timestamp;
	const unsigned char *at = der.data;
	_cleanup_(PKCS7_freep) PKCS7 *token = NULL;
	_cleanup_(TS_TST_INFO_freep) TS_TST_INFO *info = NULL;
	uint8_t imprint[SNP_SHA384_SIZE];
	X509 *signer = NULL;
	int64_t time = 0;
	int r = sha384_of(e->cose.signature, imprint, err);

	if (r < 0)
		return r;
	if (der.size == 0)
		return NO("it has no timestamp");
	token = d2i_PKCS7(NULL, &at, (long)der.size);
	if (token && at == der.data + der.size && PKCS7_type_is_signed(token))
		info = PKCS7_to_TS_TST_INFO(token);
	if (!info || !time_of(info, &time) || !is_sha384(info))
		(void)NO("not a timestamp token over SHA-384");
	else if (!has_imprint(token, imprint))
		(void)NO("the timestamp is over another signature");
	else if (!(signer = stamped_by(token)))
		(void)NO("the authority's key did not sign the timestamp");
	else if (!may_stamp(signer))
		(void)NO("the authority's certificate is not for timestamps alone");
	ERR_clear_error();
	if (why[0])
		return 0;
	/* The authority's own certificate expires too. */
	r = check_authority(token, signer, roots, time, why, err);
	if (r == 0 && !why[0] && roots.size > 0)
		*ret_time = time;
	return r;
}
