// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/chip_certificate.h"

#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

#include "rehearsal/chip.h"

#define YEAR (365L * 24 * 3600)

/* AMD's extensions (57230, table "VCEK Certificate Fields"). */
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

X509 *chip_ca_certificate(const char *name, long serial, EVP_PKEY *key, X509 *issuer,
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

X509 *chip_vcek_certificate(const uint8_t chip_id[static CHIP_ID_SIZE], EVP_PKEY *key, X509 *issuer,
			    EVP_PKEY *issuer_key)
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
