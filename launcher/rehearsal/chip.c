// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/chip.h"

#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/span.h>

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(BIO *, BIO_free_all);

/* Certificates in the form of AMD's (VCEK Certificate and KDS Interface Specification, publication
 * 57230). */
#define YEAR (365L * 24 * 3600)

/* AMD's extensions (table "VCEK Certificate Fields"). */
#define AMD_OID "1.3.6.1.4.1.3704.1."

static bool set_name(X509_NAME *name, const char *common_name)
{
	const unsigned char *cn = (const unsigned char *)common_name;
	const unsigned char *org = (const unsigned char *)"Simulated secure processor";

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, org, -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, -1, -1, 0) == 1;
}

static X509 *begin(const char *common_name, long serial, long years, EVP_PKEY *key, X509 *issuer)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -24L * 3600) &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), years * YEAR) &&
	    set_name(X509_get_subject_name(cert), common_name) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert)) == 1 &&
	    X509_set_pubkey(cert, key) == 1)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool sign(X509 *cert, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL;
	bool done = ctx && EVP_DigestSignInit(ctx, &pkey_ctx, EVP_sha384(), NULL, key) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, 48) == 1 &&
		    X509_sign_ctx(cert, ctx) > 0;

	EVP_MD_CTX_free(ctx);
	return done;
}

static bool add(X509 *cert, X509_EXTENSION *extension)
{
	bool done = extension && X509_add_ext(cert, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return done;
}

static bool add_standard(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer ? issuer : cert, cert, NULL, NULL, 0);
	return add(cert, X509V3_EXT_conf_nid(NULL, &ctx, nid, value));
}

/* NULL if libcrypto fails. The root signs itself (`issuer` NULL). */
static X509 *ca_certificate(const char *name, long serial, EVP_PKEY *key, X509 *issuer,
			    EVP_PKEY *issuer_key)
{
	X509 *cert = begin(name, serial, 25, key, issuer);

	if (cert && add_standard(cert, issuer, NID_subject_key_identifier, "hash") &&
	    (!issuer || add_standard(cert, issuer, NID_authority_key_identifier, "keyid:always")) &&
	    add_standard(cert, issuer, NID_basic_constraints,
			 issuer ? "critical,CA:TRUE,pathlen:0" : "critical,CA:TRUE") &&
	    add_standard(cert, issuer, NID_key_usage,
			 issuer ? "critical,keyCertSign" : "critical,keyCertSign,cRLSign") &&
	    sign(cert, issuer_key))
		return cert;
	X509_free(cert);
	return NULL;
}

/* An extension of AMD's: not critical, its value `size` bytes as they are. */
static bool add_amd(X509 *cert, const char *suffix, const uint8_t *value, int size)
{
	char oid[64];
	ASN1_OBJECT *object;
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;

	snprintf(oid, sizeof(oid), "%s%s", AMD_OID, suffix);
	object = OBJ_txt2obj(oid, 1);
	if (object && octets && ASN1_OCTET_STRING_set(octets, value, size) == 1)
		extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(octets);
	return add(cert, extension);
}

static bool add_integer(X509 *cert, const char *suffix, long value)
{
	ASN1_INTEGER *integer = ASN1_INTEGER_new();
	uint8_t *der = NULL;
	int size = 0;
	bool done;

	if (integer && ASN1_INTEGER_set(integer, value) == 1)
		size = i2d_ASN1_INTEGER(integer, &der);
	done = size > 0 && add_amd(cert, suffix, der, size);
	OPENSSL_free(der);
	ASN1_INTEGER_free(integer);
	return done;
}

static bool add_product(X509 *cert)
{
	/* IA5String "Simulated" */
	static const uint8_t product[] = {0x16, 9, 'S', 'i', 'm', 'u', 'l', 'a', 't', 'e', 'd'};

	return add_amd(cert, "2", product, sizeof(product));
}

static X509 *vcek_certificate(const uint8_t chip_id[static CHIP_ID_SIZE], EVP_PKEY *key,
			      X509 *issuer, EVP_PKEY *issuer_key)
{
	/* Serial number 0 as in every VCEK of AMD's. */
	X509 *cert = begin("SEV-VCEK", 0, 7, key, issuer);

	if (cert && add_integer(cert, "1", 0) && add_product(cert) &&
	    add_integer(cert, "3.1", CHIP_TCB_BOOT_LOADER) &&
	    add_integer(cert, "3.2", CHIP_TCB_TEE) && add_integer(cert, "3.3", CHIP_TCB_SNP) &&
	    add_integer(cert, "3.4", 0) && add_integer(cert, "3.5", 0) &&
	    add_integer(cert, "3.6", 0) && add_integer(cert, "3.7", 0) &&
	    add_integer(cert, "3.8", CHIP_TCB_MICROCODE) &&
	    add_amd(cert, "4", chip_id, CHIP_ID_SIZE) && sign(cert, issuer_key))
		return cert;
	X509_free(cert);
	return NULL;
}

struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

struct roots {
	struct authority ark;
	struct authority ask;
};

static void roots_close(struct roots *roots)
{
	EVP_PKEY_free(roots->ark.key);
	EVP_PKEY_free(roots->ask.key);
	X509_free(roots->ark.cert);
	X509_free(roots->ask.cert);
}

static int roots_make(struct roots *ret, struct snp_error *err)
{
	struct roots roots = {{EVP_RSA_gen(4096), NULL}, {EVP_RSA_gen(4096), NULL}};

	if (roots.ark.key && roots.ask.key)
		roots.ark.cert =
			ca_certificate("ARK-Simulated", 1, roots.ark.key, NULL, roots.ark.key);
	if (roots.ark.cert)
		roots.ask.cert = ca_certificate("SEV-Simulated", 2, roots.ask.key, roots.ark.cert,
						roots.ark.key);
	if (!roots.ask.cert) {
		roots_close(&roots);
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET,
				 "cannot make the simulated chip's root keys");
	}
	*ret = roots;
	return 0;
}

/* One file with both keys and certificates, so that a reader has all of one making. */
static int roots_write(const struct roots *roots, const char *path)
{
	_cleanup_(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long size;

	if (!out || PEM_write_bio_X509(out, roots->ark.cert) != 1 ||
	    PEM_write_bio_PrivateKey(out, roots->ark.key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_X509(out, roots->ask.cert) != 1 ||
	    PEM_write_bio_PrivateKey(out, roots->ask.key, NULL, NULL, 0, NULL, NULL) != 1)
		return -1;
	size = BIO_get_mem_data(out, &text);
	return file_write(path, (struct snp_span){(const uint8_t *)text, (size_t)size}, 0600, true,
			  NULL);
}

static bool roots_read(const char *path, struct roots *ret)
{
	_cleanup_(BIO_free_allp) BIO *in = BIO_new_file(path, "re");
	struct roots roots = {0};

	if (!in)
		return false;
	roots.ark.cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
	roots.ark.key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	roots.ask.cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
	roots.ask.key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	/* What another user or another version left there is made anew. */
	if (!roots.ask.key || !roots.ark.key ||
	    X509_check_private_key(roots.ark.cert, roots.ark.key) != 1 ||
	    X509_check_private_key(roots.ask.cert, roots.ask.key) != 1 ||
	    X509_cmp_current_time(X509_get0_notAfter(roots.ask.cert)) <= 0) {
		roots_close(&roots);
		return false;
	}
	*ret = roots;
	return true;
}

static int roots_get(const char *cache, struct roots *ret, struct snp_error *err)
{
	char path[PATH_MAX + 32];
	int r;

	snprintf(path, sizeof(path), "%s/simulated-roots.pem", cache);
	if (*cache && roots_read(path, ret))
		return 0;
	r = roots_make(ret, err);
	/* A cache that cannot be written only costs time. */
	if (r == 0 && *cache)
		(void)!roots_write(ret, path);
	return r;
}

/* Certificate table (GHCB specification 56421, "certificate table"): GUID in text order, offset,
 * length. */
#define ENTRY_SIZE  24
#define HEADER_SIZE (4 * ENTRY_SIZE) /* three certificates and the entry of zeros */
#define MAX_TABLE   16384

static const uint8_t guids[3][16] = {
	/* VCEK 63da758d-e664-4564-adc5-f4b93be8accd */
	{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
	 0xcd},
	/* ASK 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
	{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
	 0x82},
	/* ARK c0b406a4-a803-4952-9743-3fb6014cd0ae */
	{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
	 0xae},
};

static int write_certificates(const struct host_layout *host, X509 *const certs[static 3],
			      struct snp_error *err)
{
	static const char *const names[] = {"chip/vcek.der", "chip/ask.der", "chip/ark.der"};
	uint8_t table[MAX_TABLE] = {0};
	uint32_t at = HEADER_SIZE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 3; i++) {
		uint8_t *entry = table + i * ENTRY_SIZE;
		uint8_t *der = table + at;
		int size = i2d_X509(certs[i], NULL);

		if (size <= 0 || (size_t)size > sizeof(table) - at)
			return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET,
					 "cannot encode a certificate of the simulated chip");
		i2d_X509(certs[i], &der);
		memcpy(entry, guids[i], sizeof(guids[i]));
		snp_put_le32(entry + 16, at);
		snp_put_le32(entry + 20, (uint32_t)size);
		r = host_write(host, names[i], table + at, (size_t)size, 0644, err);
		at += (uint32_t)size;
	}
	if (r < 0)
		return r;
	return host_write(host, "chip/certificates.bin", table, at, 0644, err);
}

static int write_key(const struct host_layout *host, EVP_PKEY *key, struct snp_error *err)
{
	_cleanup_(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long size;

	if (!out || PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1)
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "cannot write the VCEK");
	size = BIO_get_mem_data(out, &text);
	return host_write(host, "chip/vcek.key", text, (size_t)size, 0600, err);
}

int chip_make(const struct host_layout *host, const char *cache, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *vcek = EVP_EC_gen("P-384");
	_cleanup_(X509_freep) X509 *cert = NULL;
	_cleanup_(roots_close) struct roots roots = {0};
	int r = roots_get(cache, &roots, err);

	if (r < 0)
		return r;
	if (vcek)
		cert = vcek_certificate(host->chip_id, vcek, roots.ask.cert, roots.ask.key);
	if (!cert)
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "cannot make the VCEK");
	r = write_key(host, vcek, err);
	if (r < 0)
		return r;
	return write_certificates(host, (X509 *const[]){cert, roots.ask.cert, roots.ark.cert}, err);
}
