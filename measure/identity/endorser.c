// SPDX-License-Identifier: Apache-2.0
#include "endorser.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include <snp/certificate.h>
#include <snp/fail.h>

#include "key.h"

DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(X509 *, X509_free);

/* What crypto/x509 of Go means by SHA256WithRSAPSS; MGF1 takes the hash of the message there and here. */
#define PSS_DIGEST "SHA256"
#define PSS_SALT   32

struct endorser {
	EVP_PKEY *private;
	struct snp_certificates *certificates; /* one */
	struct snp_span der;
};

void endorser_free(struct endorser *endorser)
{
	if (!endorser)
		return;
	EVP_PKEY_free(endorser->private);
	snp_certificates_free(endorser->certificates);
	free(endorser);
}

struct snp_span endorser_certificate(const struct endorser *endorser)
{
	return endorser->der;
}

static int check_rsa(const EVP_PKEY *pkey, struct snp_error *err)
{
	const char *type = EVP_PKEY_get0_type_name(pkey);
	int bits = EVP_PKEY_get_bits(pkey);

	/* RSA-PSS keys carry limits of their own, which crypto/x509 of Go does not read. */
	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET, "key type is %s; must be RSA",
				 type ? type : "unknown");
	if (bits < (int)SNP_ENDORSER_MIN_BITS || bits > (int)SNP_ENDORSER_MAX_BITS)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "RSA key has %d bits; must have %u to %u", bits,
				 SNP_ENDORSER_MIN_BITS, SNP_ENDORSER_MAX_BITS);
	return 0;
}

static const struct key_form form_rsa = {
	EVP_PKEY_KEYPAIR,
	{"PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", NULL},
	"private key",
	check_rsa,
};

/* The public key of a certificate in DER. */
static int certified_key(struct snp_span der, EVP_PKEY **ret, struct snp_error *err)
{
	const unsigned char *at = der.data;
	_cleanup_(X509_freep) X509 *x509 =
		der.size > SNP_MAX_CERTIFICATE_SIZE ? NULL : d2i_X509(NULL, &at, (long)der.size);
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = x509 ? X509_get_pubkey(x509) : NULL;
	struct snp_error why;

	ERR_clear_error();
	if (!pkey || at != der.data + der.size)
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "must be exactly one X.509 certificate with a public key");
	if (check_rsa(pkey, &why) < 0)
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "in the certificate: %s", why.message);
	*ret = TAKE_PTR(pkey);
	return 0;
}

static int take_certificate(struct endorser *endorser, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *certified = NULL;
	const struct snp_certificate *first = snp_certificates_at(endorser->certificates, 0);
	bool same;
	int r;

	if (!first || snp_certificates_at(endorser->certificates, 1))
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "must hold exactly one certificate, that of the key");
	r = certified_key(first->der, &certified, err);
	if (r < 0)
		return r;
	same = EVP_PKEY_eq(certified, endorser->private) == 1;
	ERR_clear_error();
	if (!same)
		return fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
				 "the certificate is for another key");
	endorser->der = first->der;
	return 0;
}

int endorser_read(const char *key, const char *certificate, snp_passphrase ask, void *arg,
		  struct endorser **ret, struct snp_error *err)
{
	_cleanup_(endorser_freep) struct endorser *endorser = calloc(1, sizeof(*endorser));
	int r;

	if (!endorser)
		return out_of_memory(err);
	r = key_load(key, &form_rsa, ask, arg, &endorser->private, err);
	if (r < 0)
		return r;
	r = snp_certificates_new(&endorser->certificates, err);
	if (r < 0)
		return r;
	r = snp_certificates_add_path(endorser->certificates, certificate, err);
	if (r < 0)
		return r;
	r = take_certificate(endorser, err);
	if (r < 0)
		return in_file(err, r, certificate);
	*ret = TAKE_PTR(endorser);
	return 0;
}

static bool set_pss(EVP_PKEY_CTX *context)
{
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, PSS_SALT) == 1;
}

static bool verifies(EVP_PKEY *public, struct snp_span bytes, struct snp_span signature)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context = NULL;
	bool good =
		md &&
		EVP_DigestVerifyInit_ex(md, &context, PSS_DIGEST, NULL, NULL, public, NULL) == 1 &&
		set_pss(context) &&
		EVP_DigestVerify(md, signature.data, signature.size, bytes.data, bytes.size) == 1;

	ERR_clear_error();
	return good;
}

int endorsement_verify(struct snp_span certificate, struct snp_span bytes,
		       struct snp_span signature, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *public = NULL;
	int r = certified_key(certificate, &public, err);

	if (r < 0)
		return r;
	return verifies(public, bytes, signature)
		       ? 0
		       : fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
				   "the signature does not verify with this certificate");
}

int endorser_sign(const struct endorser *endorser, struct snp_span bytes, uint8_t **ret,
		  size_t *ret_size, struct snp_error *err)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t size = SNP_ENDORSER_MAX_BITS / 8;
	_cleanup_(freep) uint8_t *signature = malloc(size);
	EVP_PKEY_CTX *context = NULL;
	int r;

	if (!md || !signature)
		return out_of_memory(err);
	if (EVP_DigestSignInit_ex(md, &context, PSS_DIGEST, NULL, NULL, endorser->private, NULL) !=
		    1 ||
	    !set_pss(context) || EVP_DigestSign(md, signature, &size, bytes.data, bytes.size) != 1)
		return crypto_failed(err, "sign with this key");
	/* A signature from a faulty computation can reveal the key. */
	r = endorsement_verify(endorser->der, bytes, (struct snp_span){signature, size}, err);
	if (r < 0)
		return crypto_failed(err, "verify what it just signed");
	*ret = TAKE_PTR(signature);
	*ret_size = size;
	return 0;
}
