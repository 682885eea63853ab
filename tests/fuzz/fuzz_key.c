// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <openssl/x509.h>

#include "identity/key.h"

/* A private key's file and a public key's. What is accepted signs, its public half verifies, and goes
 * round through DER. No passphrase is given: key derivation may take as long as its file likes. */
static void check_private(const struct snp_key *key)
{
	static const uint8_t message[] = "message";
	const struct snp_span bytes = {message, sizeof(message)};
	uint8_t signature[SNP_SIGNATURE_MAX];
	struct snp_key *public;
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key->public, &der);
	size_t size;

	if (snp_key_sign(key, bytes, SNP_SIGNATURE_RAW, signature, &size, NULL) < 0 || n <= 0 ||
	    key_decode_public((struct snp_span){der, (size_t)n}, &public, NULL) < 0 ||
	    !snp_key_equal(key, public) ||
	    snp_key_verify(public, bytes, SNP_SIGNATURE_RAW, (struct snp_span){signature, size},
			   NULL) < 0)
		abort();
	snp_key_free(public);
	OPENSSL_free(der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct snp_span bytes = {data, size};
	struct snp_key *private = NULL, *public = NULL;
	struct asker asker = {.what = "input"};
	struct snp_error err = {0};
	int r = key_decode(bytes, &asker, &private, &err);

	fuzz_check(r, &err, size);
	if ((r == 0) != (private != NULL))
		abort();
	if (r == 0)
		check_private(private);
	err = (struct snp_error){0};
	r = key_decode_public(bytes, &public, &err);
	fuzz_check(r, &err, size);
	if ((r == 0) != (public != NULL) || (private && public))
		abort();
	snp_key_free(private);
	snp_key_free(public);
	return 0;
}
