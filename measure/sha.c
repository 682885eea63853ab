// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/sha.h>

#include <openssl/evp.h>
#include <threads.h>

#include <snp/cleanup.h>

static const struct {
	const char *name;
	unsigned int size;
} algorithms[] = {
	[SNP_SHA256] = {"SHA2-256", SNP_SHA256_SIZE},
	[SNP_SHA384] = {"SHA2-384", SNP_SHA384_SIZE},
	[SNP_SHA512] = {"SHA2-512", 64},
};

static EVP_MD *fetched[ARRAY_SIZE(algorithms)]; /* lives as long as the process */
static once_flag fetch_once = ONCE_FLAG_INIT;

static void fetch(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
		fetched[i] = EVP_MD_fetch(NULL, algorithms[i].name, NULL);
}

struct hash {
	EVP_MD_CTX *context;
	enum hash_algorithm algorithm;
};

static int failed(struct snp_error *err, enum hash_algorithm algorithm)
{
	return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "libcrypto cannot compute %s",
			 algorithms[algorithm].name);
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

int hash_new(enum hash_algorithm algorithm, struct hash **ret, struct snp_error *err)
{
	_cleanup_(hash_freep) struct hash *hash = calloc(1, sizeof(*hash));

	call_once(&fetch_once, fetch);
	if (!hash || !(hash->context = EVP_MD_CTX_new()))
		return out_of_memory(err);
	hash->algorithm = algorithm;
	if (!fetched[algorithm] || EVP_DigestInit_ex2(hash->context, fetched[algorithm], NULL) != 1)
		return failed(err, algorithm);
	*ret = TAKE_PTR(hash);
	return 0;
}

int hash_update(struct hash *hash, struct snp_span bytes, struct snp_error *err)
{
	if (EVP_DigestUpdate(hash->context, bytes.data, bytes.size) != 1)
		return failed(err, hash->algorithm);
	return 0;
}

int hash_final(struct hash *hash, uint8_t *ret, struct snp_error *err)
{
	if (EVP_DigestFinal_ex(hash->context, ret, NULL) != 1 ||
	    EVP_DigestInit_ex2(hash->context, NULL, NULL) != 1)
		return failed(err, hash->algorithm);
	return 0;
}

static int one_shot(enum hash_algorithm algorithm, struct snp_span bytes, uint8_t *ret,
		    struct snp_error *err)
{
	call_once(&fetch_once, fetch);
	if (!fetched[algorithm] ||
	    EVP_Digest(bytes.data, bytes.size, ret, NULL, fetched[algorithm], NULL) != 1)
		return failed(err, algorithm);
	return 0;
}

int sha256_of(struct snp_span bytes, uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	return one_shot(SNP_SHA256, bytes, ret, err);
}

int sha384_of(struct snp_span bytes, uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err)
{
	return one_shot(SNP_SHA384, bytes, ret, err);
}

const uint8_t sha256_of_nothing[SNP_SHA256_SIZE] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};
