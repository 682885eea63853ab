// SPDX-License-Identifier: Apache-2.0
#include "report/certificates.h"

#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>

DEFINE_CLEANUP(BIO *, BIO_free_all);
DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

bool crypto_out_of_memory(void)
{
	bool found = false;

	for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error())
		found |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return found;
}

static int bad(struct snp_error *err, const char *what)
{
	if (crypto_out_of_memory())
		return out_of_memory(err);
	return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET, "%s", what);
}

static void opensslp(unsigned char **p)
{
	OPENSSL_free(*p);
}

static void certificate_free(struct certificate *c)
{
	if (!c)
		return;
	X509_free(c->x509);
	OPENSSL_free((void *)(uintptr_t)c->info.der.data);
	free(c);
}

DEFINE_CLEANUP(struct certificate *, certificate_free);

int snp_certificates_new(struct snp_certificates **ret, struct snp_error *err)
{
	struct snp_certificates *set = calloc(1, sizeof(*set));

	if (!set)
		return out_of_memory(err);
	*ret = set;
	return 0;
}

void snp_certificates_free(struct snp_certificates *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n_items; i++)
		certificate_free(set->items[i]);
	for (size_t i = 0; i < set->n_crls; i++)
		X509_CRL_free(set->crls[i]);
	free(set->items);
	free(set);
}

void snp_certificates_take(struct snp_certificates *set, enum snp_leaves leaves,
			   const struct snp_report *report)
{
	set->leaves = leaves;
	if (leaves != SNP_LEAVES_OF_REPORT)
		return;
	set->wanted_kind = report->signing_key == SNP_SIGNING_KEY_VLEK ? SNP_VLEK : SNP_VCEK;
	memcpy(set->wanted_chip, report->chip_id, sizeof(set->wanted_chip));
	set->wanted_tcb = report->reported_tcb;
}

/* Of a VLEK, which names no chip, the levels decide too. */
static bool takes(const struct snp_certificates *set, const struct snp_certificate *c)
{
	static const uint8_t hidden[SNP_CHIP_ID_SIZE];

	if (set->leaves == SNP_LEAVES_ALL || (c->kind != SNP_VCEK && c->kind != SNP_VLEK))
		return true;
	if (set->leaves == SNP_LEAVES_NONE || c->kind != set->wanted_kind)
		return false;
	if (c->kind == SNP_VLEK || memcmp(set->wanted_chip, hidden, sizeof(hidden)) == 0)
		return c->tcb == set->wanted_tcb;
	return c->hwid_size > 0 && memcmp(c->hwid, set->wanted_chip, c->hwid_size) == 0;
}

/* The one common name of a name; "" if there is none, more than one, or one with NUL or too long. */
static void common_name(const X509_NAME *name, char ret[static 64])
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	_cleanup_(opensslp) unsigned char *text = NULL;
	int n;

	ret[0] = '\0';
	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
		return;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n > 0 && n < 64 && !memchr(text, '\0', (size_t)n)) {
		memcpy(ret, text, (size_t)n);
		ret[n] = '\0';
	}
	ERR_clear_error();
}

static enum snp_product product_of_name(const char *name)
{
	const char *product;

	for (unsigned int i = SNP_PRODUCT_UNKNOWN + 1;
	     (product = snp_product_name((enum snp_product)i)); i++)
		if (strcmp(name, product) == 0)
			return (enum snp_product)i;
	return SNP_PRODUCT_UNKNOWN;
}

/* AMD's names: ARK-Milan, SEV-Milan, SEV-VLEK-Milan, SEV-VCEK, SEV-VLEK. */
static enum snp_certificate_kind kind_of_name(const char *name, enum snp_product *ret_product)
{
	static const struct {
		const char *prefix;
		enum snp_certificate_kind kind;
	} prefixes[] = {{"ARK-", SNP_ARK}, {"SEV-VLEK-", SNP_ASVK}, {"SEV-", SNP_ASK}};

	*ret_product = SNP_PRODUCT_UNKNOWN;
	if (strcmp(name, "SEV-VCEK") == 0)
		return SNP_VCEK;
	if (strcmp(name, "SEV-VLEK") == 0)
		return SNP_VLEK;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (strncmp(name, prefixes[i].prefix, n) != 0)
			continue;
		*ret_product = product_of_name(name + n);
		if (*ret_product != SNP_PRODUCT_UNKNOWN)
			return prefixes[i].kind;
	}
	return SNP_CERTIFICATE_OTHER;
}

static void describe(struct certificate *c)
{
	struct snp_certificate *info = &c->info;
	enum snp_product product;
	char subject[64];

	common_name(X509_get_subject_name(c->x509), subject);
	common_name(X509_get_issuer_name(c->x509), c->issuer);
	leaf_read(c->x509, &c->leaf);
	info->kind = kind_of_name(subject, &info->product);
	/* A leaf by another name is held to its name when it is checked. */
	if (c->leaf.present != 0 && info->kind != SNP_VCEK && info->kind != SNP_VLEK)
		info->kind = c->leaf.present & 1u << LEAF_CSP_ID ? SNP_VLEK : SNP_VCEK;
	if (info->kind == SNP_VCEK || info->kind == SNP_VLEK) {
		(void)kind_of_name(c->issuer, &product);
		info->product = product;
	}
	escape_text(subject, info->subject, sizeof(info->subject));
	escape_text(c->leaf.csp_id, info->csp, sizeof(info->csp));
	info->hwid_size = c->leaf.hwid_size;
	memcpy(info->hwid, c->leaf.hwid, sizeof(info->hwid));
	info->tcb = leaf_tcb(&c->leaf);
}

static bool encodes_as(const X509 *x509, struct snp_span der)
{
	_cleanup_(opensslp) unsigned char *again = NULL;
	int n = i2d_X509(x509, &again);

	return n >= 0 && (size_t)n == der.size && memcmp(again, der.data, der.size) == 0;
}

/* d2i_X509() reads BER too; what is in DER comes out of an encoding as it went in. The signed part is
 * kept as it came, so it is looked at a second time, encoded anew. */
static bool is_der(X509 *x509, struct snp_span der)
{
	_cleanup_(opensslp) unsigned char *tbs = NULL;

	return encodes_as(x509, der) && i2d_re_X509_tbs(x509, &tbs) > 0 && encodes_as(x509, der);
}

static int add_der(struct snp_certificates *set, struct snp_span der, struct snp_error *err)
{
	_cleanup_(certificate_freep) struct certificate *c = NULL;
	const unsigned char *p = der.data;
	uint8_t sha256[SNP_SHA256_SIZE];
	uint8_t *copy;
	int r;

	if (der.size > SNP_MAX_CERTIFICATE_SIZE)
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "not a certificate: size is %zu bytes; must be at most %u",
				 der.size, SNP_MAX_CERTIFICATE_SIZE);
	r = sha256_of(der, sha256, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < set->n_items; i++)
		if (memcmp(set->items[i]->info.sha256, sha256, sizeof(sha256)) == 0)
			return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return out_of_memory(err);
	c->x509 = d2i_X509(NULL, &p, (long)der.size);
	if (!c->x509 || p != der.data + der.size)
		return bad(err, "not a certificate: not one X.509 certificate in DER");
	if (!is_der(c->x509, der))
		return bad(err, "the certificate is not in DER");
	describe(c);
	if (!takes(set, &c->info))
		return 0;
	if (set->n_items == SNP_MAX_CERTIFICATES)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET, "more than %u certificates",
				 SNP_MAX_CERTIFICATES);
	copy = OPENSSL_memdup(der.data, der.size);
	if (!copy)
		return out_of_memory(err);
	c->info.der = (struct snp_span){copy, der.size};
	memcpy(c->info.sha256, sha256, sizeof(sha256));
	if (!grow(&set->items, set->n_items, sizeof(struct certificate *)))
		return out_of_memory(err);
	set->items[set->n_items++] = TAKE_PTR(c);
	return 0;
}

/* Hand each PEM block, which must have this label, to `add`; text between blocks is skipped. Returns the
 * number of blocks. */
typedef int (*pem_sink)(struct snp_certificates *set, struct snp_span der, struct snp_error *err);
static int pem_each(struct snp_span text, const char *label, struct snp_certificates *set,
		    pem_sink add, struct snp_error *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
	int n = 0;

	if (!bio)
		return out_of_memory(err);
	for (;; n++) {
		char *name = NULL, *header = NULL;
		unsigned char *der = NULL;
		long size = 0;
		int r;

		if (PEM_read_bio(bio, &name, &header, &der, &size) != 1)
			break;
		if (strcmp(name, label) != 0 || header[0] != '\0')
			r = bad(err, "PEM of an unexpected kind");
		else
			r = add(set, (struct snp_span){der, (size_t)size}, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
		if (r < 0)
			return r;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return bad(err, "PEM is cut off or not base64");
	ERR_clear_error();
	return n;
}

int snp_certificates_add_table(struct snp_certificates *set, struct snp_span bytes,
			       struct snp_error *err)
{
	struct certificate_table table;
	int r;

	r = certificate_table_parse(bytes, &table, err);
	for (size_t i = 0; r == 0 && i < table.n_entries; i++) {
		enum snp_certificate_kind kind = certificate_guid_kind(table.entries[i].guid);

		if (kind == SNP_VCEK || kind == SNP_VLEK)
			r = add_der(set, table.entries[i].object, err);
		else if (kind != SNP_CERTIFICATE_OTHER &&
			 add_der(set, table.entries[i].object, NULL) == -SNP_E_NO_MEMORY)
			r = out_of_memory(err);
	}
	return r;
}

/* What hosts of Azure say of their certificates: host-amd-cert, as THIM answers. */
struct host_certificates {
	const char *vcek, *chain; /* PEM */
	const char *tcbm;	  /* TCB_VERSION as a number: 16 hex digits */
};

static const struct field host_fields[] = {
	FIELD("vcekCert", field_string, host_certificates, vcek, .required = true),
	FIELD("certificateChain", field_string, host_certificates, chain, .required = true),
	FIELD("tcbm", field_string, host_certificates, tcbm, .required = true),
	OTHER_KEYS,
};

/* A verdict holds REPORTED_TCB to the VCEK's levels; here the host's word is held to them too. */
static int check_tcbm(const struct json_value *root, const struct host_certificates *host,
		      struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	const struct json_value *value = json_get(root, "tcbm");
	const struct snp_certificate *vcek;
	int r = snp_certificates_new(&set, err);

	if (r == 0)
		r = snp_certificates_add(set, text_span(host->vcek), err);
	if (r < 0)
		return json_in(err, r, json_get(root, "vcekCert"));
	vcek = snp_certificates_at(set, 0);
	if (!vcek || vcek->kind != SNP_VCEK || snp_certificates_at(set, 1))
		return json_fail(json_get(root, "vcekCert"), err, SNP_E_BAD_CERTIFICATE,
				 "must be one VCEK");
	if (strlen(host->tcbm) != 16 || host->tcbm[strspn(host->tcbm, "0123456789abcdefABCDEF")])
		return json_fail(value, err, SNP_E_JSON_VALUE, "must be 16 hex digits");
	if (strtoull(host->tcbm, NULL, 16) != vcek->tcb)
		return json_fail(value, err, SNP_E_BAD_CERTIFICATE,
				 "is %s; the VCEK is for %016" PRIx64, host->tcbm, vcek->tcb);
	return 0;
}

static int add_host(struct snp_certificates *set, struct snp_span text, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	struct host_certificates host = {0};
	const struct json_value *root;
	int r = json_parse("", text, &document, err);

	if (r < 0)
		return r;
	root = json_root(document);
	if (!json_get(root, "vcekCert"))
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "not a certificate: JSON without a vcekCert");
	r = fields_read(root, host_fields, &host, err);
	if (r < 0)
		return r;
	r = check_tcbm(root, &host, err);
	if (r < 0)
		return r;
	r = snp_certificates_add(set, text_span(host.vcek), err);
	return r < 0 ? r
		     : json_in(err, snp_certificates_add(set, text_span(host.chain), err),
			       json_get(root, "certificateChain"));
}

int snp_certificates_add(struct snp_certificates *set, struct snp_span bytes, struct snp_error *err)
{
	static const char begin[] = "-----BEGIN ";
	_cleanup_(freep) uint8_t *decoded = NULL;
	struct snp_span guid;
	bool is_hex;
	size_t size;
	int n;

	if (bytes.size <= SNP_MAX_SMALL && text_is_encoded(bytes)) {
		n = text_decode(bytes, "", &is_hex, &decoded, &size, NULL);
		if (n == -SNP_E_NO_MEMORY)
			return out_of_memory(err);
		if (n == 0)
			bytes = (struct snp_span){decoded, size};
	}
	if (bytes.size > 0 && bytes.data[0] == 0x30)
		return add_der(set, bytes, err);
	if (bytes.size <= SNP_MAX_SMALL && json_is_text(bytes))
		return add_host(set, bytes, err);
	if (snp_span_sub(bytes, 0, CERTIFICATE_GUID_SIZE, &guid) &&
	    certificate_guid_kind(guid.data) != SNP_CERTIFICATE_OTHER)
		return snp_certificates_add_table(set, bytes, err);
	if (bytes.size == 0 || bytes.size > SNP_MAX_SMALL ||
	    !memmem(bytes.data, bytes.size, begin, sizeof(begin) - 1))
		return bad(err, "not a certificate: neither DER, PEM nor a certificate table");
	n = pem_each(bytes, PEM_STRING_X509, set, add_der, err);
	if (n == 0)
		return bad(err, "not a certificate: PEM without a certificate");
	return n < 0 ? n : 0;
}

static int add_crl_der(struct snp_certificates *set, struct snp_span der, struct snp_error *err)
{
	const unsigned char *p = der.data;
	_cleanup_(X509_CRL_freep) X509_CRL *crl = NULL;

	if (der.size <= SNP_MAX_CRL_SIZE)
		crl = d2i_X509_CRL(NULL, &p, (long)der.size);
	if (crypto_out_of_memory())
		return out_of_memory(err);
	if (!crl || p != der.data + der.size)
		return fail_with(err, SNP_E_BAD_CRL, SNP_NO_OFFSET,
				 "not a CRL: not one CertificateList in DER");
	if (set->n_crls == ARRAY_SIZE(set->crls))
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET, "more than %zu CRLs",
				 ARRAY_SIZE(set->crls));
	set->crls[set->n_crls++] = TAKE_PTR(crl);
	return 0;
}

int snp_certificates_add_crl(struct snp_certificates *set, struct snp_span bytes,
			     struct snp_error *err)
{
	struct snp_error why = {0};
	int n;

	if (bytes.size == 0 || bytes.data[0] == 0x30 || bytes.size > 2 * SNP_MAX_CRL_SIZE)
		return add_crl_der(set, bytes, err);
	n = pem_each(bytes, PEM_STRING_X509_CRL, set, add_crl_der, &why);
	if (n == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (n < 1)
		return fail_with(err, SNP_E_BAD_CRL, SNP_NO_OFFSET,
				 "not a CRL: neither DER nor PEM%s%s", n < 0 ? ": " : "",
				 n < 0 ? why.message : "");
	return 0;
}

const struct snp_certificate *snp_certificates_at(const struct snp_certificates *set, size_t i)
{
	return i < set->n_items ? &set->items[i]->info : NULL;
}

const char *snp_certificate_kind_name(enum snp_certificate_kind kind)
{
	static const char *const names[] = {
		[SNP_ARK] = "ARK",   [SNP_ASK] = "ASK",	  [SNP_ASVK] = "ASVK",
		[SNP_VCEK] = "VCEK", [SNP_VLEK] = "VLEK", [SNP_CERTIFICATE_OTHER] = "other",
	};

	return names[kind];
}
