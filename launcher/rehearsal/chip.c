// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/chip.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/span.h>

#include "rehearsal/chip_certificate.h"

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(BIO *, BIO_free_all);

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
			chip_ca_certificate("ARK-Simulated", 1, roots.ark.key, NULL, roots.ark.key);
	if (roots.ark.cert)
		roots.ask.cert = chip_ca_certificate("SEV-Simulated", 2, roots.ask.key,
						     roots.ark.cert, roots.ark.key);
	if (!roots.ask.cert) {
		roots_close(&roots);
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET,
				 "the simulated chip's root keys cannot be made");
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
					 "a certificate of the simulated chip is no certificate");
		i2d_X509(certs[i], &der);
		memcpy(entry, guids[i], sizeof(guids[i]));
		snp_put_le32(entry + 16, at);
		snp_put_le32(entry + 20, (uint32_t)size);
		r = host_write(host, names[i], table + at, (size_t)size, 0644, err);
		at += (uint32_t)size;
	}
	if (r == 0)
		r = host_write(host, "chip/certificates.bin", table, at, 0644, err);
	return r;
}

static int write_key(const struct host_layout *host, EVP_PKEY *key, struct snp_error *err)
{
	_cleanup_(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long size;

	if (!out || PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1)
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "the VCEK cannot be written");
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
		cert = chip_vcek_certificate(host->chip_id, vcek, roots.ask.cert, roots.ask.key);
	if (!cert)
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "the VCEK cannot be made");
	r = write_key(host, vcek, err);
	if (r == 0)
		r = write_certificates(host, (X509 *const[]){cert, roots.ask.cert, roots.ark.cert},
				       err);
	return r;
}
