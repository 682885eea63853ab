// SPDX-License-Identifier: Apache-2.0
#include "no_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/id_block.h>
#include <snp/key.h>
#include <snp/key_guard.h>
#include <snp/policy.h>

#include "identity/key.h"
#include "test_keys.h"

/* So can calls of libcrypto's. */
WITHOUT_MEMORY(EVP_MD_CTX *, EVP_MD_CTX_new, NULL, (void), ())
WITHOUT_MEMORY(int, EVP_DigestVerifyInit_ex, 0,
	       (EVP_MD_CTX * md, EVP_PKEY_CTX **context, const char *digest, OSSL_LIB_CTX *lib,
		const char *query, EVP_PKEY *key, const OSSL_PARAM params[]),
	       (md, context, digest, lib, query, key, params))
WITHOUT_MEMORY(int, EVP_DigestVerify, 0,
	       (EVP_MD_CTX * md, const unsigned char *signature, size_t n,
		const unsigned char *bytes, size_t size),
	       (md, signature, n, bytes, size))
WITHOUT_MEMORY(int, EVP_DigestSignInit_ex, 0,
	       (EVP_MD_CTX * md, EVP_PKEY_CTX **context, const char *digest, OSSL_LIB_CTX *lib,
		const char *query, EVP_PKEY *key, const OSSL_PARAM params[]),
	       (md, context, digest, lib, query, key, params))
WITHOUT_MEMORY(int, EVP_DigestSign, 0,
	       (EVP_MD_CTX * md, unsigned char *signature, size_t *n, const unsigned char *bytes,
		size_t size),
	       (md, signature, n, bytes, size))
WITHOUT_MEMORY(int, i2d_PUBKEY, -1, (const EVP_PKEY *key, unsigned char **der), (key, der))
WITHOUT_MEMORY(EVP_PKEY *, d2i_PUBKEY, NULL, (EVP_PKEY * *key, const unsigned char **der, long n),
	       (key, der, n))
WITHOUT_MEMORY(ECDSA_SIG *, ECDSA_SIG_new, NULL, (void), ())
WITHOUT_MEMORY(int, ECDSA_SIG_set0, 0, (ECDSA_SIG * sig, BIGNUM *r, BIGNUM *s), (sig, r, s))
WITHOUT_MEMORY(int, i2d_ECDSA_SIG, -1, (const ECDSA_SIG *sig, unsigned char **der), (sig, der))
WITHOUT_MEMORY(ECDSA_SIG *, d2i_ECDSA_SIG, NULL,
	       (ECDSA_SIG * *sig, const unsigned char **der, long n), (sig, der, n))
WITHOUT_MEMORY(int, BN_bn2binpad, -1, (const BIGNUM *number, unsigned char *bytes, int n),
	       (number, bytes, n))
WITHOUT_MEMORY(int, BN_bn2lebinpad, -1, (const BIGNUM *number, unsigned char *bytes, int n),
	       (number, bytes, n))
WITHOUT_MEMORY(int, EVP_PKEY_get_bn_param, 0,
	       (const EVP_PKEY *key, const char *name, BIGNUM **number), (key, name, number))
WITHOUT_MEMORY(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey, NULL,
	       (OSSL_LIB_CTX * lib, EVP_PKEY *key, const char *query), (lib, key, query))
WITHOUT_MEMORY(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, NULL,
	       (OSSL_LIB_CTX * lib, const char *name, const char *query), (lib, name, query))
WITHOUT_MEMORY(int, EVP_PKEY_fromdata_init, 0, (EVP_PKEY_CTX * context), (context))
WITHOUT_MEMORY(int, EVP_PKEY_check, 0, (EVP_PKEY_CTX * context), (context))
WITHOUT_MEMORY(int, EVP_PKEY_public_check, 0, (EVP_PKEY_CTX * context), (context))
WITHOUT_MEMORY(int, OSSL_DECODER_from_data, 0,
	       (OSSL_DECODER_CTX * context, const unsigned char **bytes, size_t *size),
	       (context, bytes, size))
WITHOUT_MEMORY(BIO *, BIO_new, NULL, (const BIO_METHOD *method), (method))
WITHOUT_MEMORY(int, PEM_write_bio_PUBKEY, 0, (BIO * bio, const EVP_PKEY *key), (bio, key))

static char folder[] = "/tmp/snp-test-key-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void write_key(char path[static 128], const char *name, const void *bytes, size_t size,
		      mode_t mode)
{
	int fd;

	snprintf(path, 128, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* A passphrase as a caller gives it: `arg` is the text. */
static int answer(void *arg, const char *what, char *ret, size_t size, struct snp_error *err)
{
	const char *text = arg;

	assert_non_null(what);
	assert_true(strlen(text) <= size);
	if (strcmp(text, "fail") == 0)
		return fail_with(err, SNP_E_READ, SNP_NO_OFFSET, "no terminal");
	memcpy(ret, text, strlen(text));
	return (int)strlen(text);
}

static const struct load {
	const char *name, *text;
	const char *passphrase; /* NULL: none to give */
	enum snp_code code;
	enum snp_key_kind kind;
	const char *message; /* part of it */
} loads[] = {
	{"P-384, PKCS#8", P384_PKCS8, NULL, SNP_OK, SNP_KEY_P384, NULL},
	{"P-384, SEC1", P384_SEC1, NULL, SNP_OK, SNP_KEY_P384, NULL},
	{"P-384, SEC1 after its parameters", P384_PARAMETERS P384_SEC1, NULL, SNP_OK, SNP_KEY_P384,
	 NULL},
	{"P-384 between text", "Our key:\n" P384_PKCS8 "\nthe end\n", NULL, SNP_OK, SNP_KEY_P384,
	 NULL},
	{"P-256", P256_PKCS8, NULL, SNP_OK, SNP_KEY_P256, NULL},
	{"Ed25519", ED25519_PKCS8, NULL, SNP_OK, SNP_KEY_ED25519, NULL},
	{"encrypted PKCS#8", P384_ENCRYPTED, "secret", SNP_OK, SNP_KEY_P384, NULL},
	{"encrypted SEC1", P384_SEC1_ENCRYPTED, "secret", SNP_OK, SNP_KEY_P384, NULL},
	{"wrong passphrase", P384_ENCRYPTED, "wrong", SNP_E_PASSPHRASE, 0, "this passphrase"},
	{"empty passphrase", P384_ENCRYPTED, "", SNP_E_PASSPHRASE, 0, "this passphrase"},
	{"wrong passphrase of SEC1", P384_SEC1_ENCRYPTED, "wrong", SNP_E_PASSPHRASE, 0,
	 "this passphrase"},
	{"no passphrase", P384_ENCRYPTED, NULL, SNP_E_PASSPHRASE, 0, "give its passphrase"},
	{"passphrase cannot be had", P384_ENCRYPTED, "fail", SNP_E_READ, 0, "no terminal"},
	{"empty", "", NULL, SNP_E_BAD_KEY, 0, "in PEM or DER"},
	{"text", "no key\n", NULL, SNP_E_BAD_KEY, 0, "in PEM or DER"},
	{"two keys", P384_PKCS8 P256_PKCS8, NULL, SNP_E_BAD_KEY, 0, "2 keys"},
	{"key and public key", P384_PKCS8 P384_PUBLIC, NULL, SNP_E_BAD_KEY, 0, "another kind"},
	{"public key", P384_PUBLIC, NULL, SNP_E_BAD_KEY, 0, "one private key"},
	{"parameters alone", P384_PARAMETERS, NULL, SNP_E_BAD_KEY, 0, "in PEM or DER"},
	{"PEM cut short", "-----BEGIN PRIVATE KEY-----\nMIG2AgEAMBAGByqGSM49", NULL, SNP_E_BAD_KEY,
	 0, "cannot decode"},
	{"PEM without contents", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", NULL,
	 SNP_E_BAD_KEY, 0, "cannot decode"},
	{"label without end", "-----BEGIN PRIVATE KEY", NULL, SNP_E_BAD_KEY, 0, "another kind"},
	{"RSA", RSA_PKCS8, NULL, SNP_E_BAD_KEY, 0, "type is RSA"},
	{"secp256k1", K256_PKCS8, NULL, SNP_E_BAD_KEY, 0, "not on P-256 or P-384"},
	{"explicit parameters", P384_EXPLICIT, NULL, SNP_E_BAD_KEY, 0, "explicit"},
	{"scalar 0", P384_ZERO, NULL, SNP_E_BAD_KEY, 0, NULL},
	{"scalar n", P384_ORDER, NULL, SNP_E_BAD_KEY, 0, NULL},
	{"scalar of another point", P384_MISMATCH, NULL, SNP_E_BAD_KEY, 0, NULL},
};

static void check_load(void **state)
{
	const struct load *row = *state;
	struct snp_key *key = NULL;
	struct snp_error err = {0};
	char path[128], passphrase[16];

	snprintf(passphrase, sizeof(passphrase), "%s", row->passphrase ? row->passphrase : "");
	write_key(path, "key.pem", row->text, strlen(row->text), 0600);
	assert_int_equal(
		snp_key_read(path, row->passphrase ? answer : NULL, passphrase, &key, &err),
		-(int)row->code);
	unlink(path);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	/* What is left there would be blamed on the next user of libcrypto. */
	assert_int_equal(ERR_peek_error(), 0);
	if (row->message)
		assert_non_null(strstr(err.message, row->message));
	if (row->code != SNP_OK) {
		assert_null(key);
		assert_string_equal(err.file, path);
		return;
	}
	assert_int_equal(snp_key_kind(key), row->kind);
	snp_key_free(key);
}

/* SEC1 and PKCS#8 as DER; and what is no DER although a reader of BER would take it. */
static const struct der {
	const char *name, *hex;
	enum snp_code code;
} ders[] = {
	{"PKCS#8 DER", P384_PKCS8_HEX, SNP_OK},
	{"SEC1 DER", P384_SEC1_HEX, SNP_OK},
	{"a byte after DER", P384_PKCS8_HEX "00", SNP_E_BAD_KEY},
	{"public key DER", P384_PUBLIC_HEX, SNP_E_BAD_KEY},
	{"indefinite length", "30800000", SNP_E_BAD_KEY},
	{"length past the end", "30820100", SNP_E_BAD_KEY},
	{"empty sequence", "3000", SNP_E_BAD_KEY},
	{"no sequence", "0400", SNP_E_BAD_KEY},
};

static void check_der(void **state)
{
	const struct der *row = *state;
	size_t size = strlen(row->hex) / 2;
	struct snp_error err = {0};
	struct snp_key *key = NULL;
	uint8_t bytes[512];
	char path[128];

	assert_true(size <= sizeof(bytes));
	assert_int_equal(hex_decode(row->hex, "row", bytes, size, NULL), 0);
	write_key(path, "key.der", bytes, size, 0600);
	assert_int_equal(snp_key_read(path, NULL, NULL, &key, &err), -(int)row->code);
	assert_int_equal(key != NULL, row->code == SNP_OK);
	assert_int_equal(ERR_peek_error(), 0);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	unlink(path);
	snp_key_free(key);
}

/* Public keys of Ed25519 as bytes: of small order, not below p, and sound ones beside them. */
static const struct point {
	const char *name, *hex;
	enum snp_code code;
} points[] = {
	{"order 4", "0000000000000000000000000000000000000000000000000000000000000000",
	 SNP_E_BAD_KEY},
	{"order 4, x negative", "0000000000000000000000000000000000000000000000000000000000000080",
	 SNP_E_BAD_KEY},
	{"order 1", "0100000000000000000000000000000000000000000000000000000000000000",
	 SNP_E_BAD_KEY},
	{"order 1, x negative", "0100000000000000000000000000000000000000000000000000000000000080",
	 SNP_E_BAD_KEY},
	{"order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_E_BAD_KEY},
	{"order 2, x negative", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	 SNP_E_BAD_KEY},
	{"order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	 SNP_E_BAD_KEY},
	{"order 8, x negative", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	 SNP_E_BAD_KEY},
	{"order 8, the other", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	 SNP_E_BAD_KEY},
	{"order 8, the other, x negative",
	 "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", SNP_E_BAD_KEY},
	{"p + 0", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_E_BAD_KEY},
	{"p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_E_BAD_KEY},
	{"p + 2", "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_E_BAD_KEY},
	{"p + 3", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_E_BAD_KEY},
	{"p + 18", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_E_BAD_KEY},
	{"p + 3, x negative", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	 SNP_E_BAD_KEY},
	{"the base point", "5866666666666666666666666666666666666666666666666666666666666666",
	 SNP_OK},
	{"p - 2", "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", SNP_OK},
	{"a byte below p", "ecfeffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	 SNP_OK},
};

static void check_point(void **state)
{
	const struct point *row = *state;
	uint8_t der[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	struct snp_key *key = NULL;
	char path[128];

	assert_int_equal(hex_decode(row->hex, "row", der + 12, 32, NULL), 0);
	write_key(path, "key.der", der, sizeof(der), 0644);
	assert_int_equal(snp_key_read_public(path, &key, NULL), -(int)row->code);
	assert_int_equal(ERR_peek_error(), 0);
	unlink(path);
	snp_key_free(key);
}

static void every_cut_of_der_is_refused(void **state)
{
	size_t size = strlen(P384_PKCS8_HEX) / 2;
	struct snp_key *key = NULL;
	uint8_t bytes[512];
	char path[128];

	(void)state;
	assert_int_equal(hex_decode(P384_PKCS8_HEX, "row", bytes, size, NULL), 0);
	for (size_t cut = 0; cut < size; cut++) {
		write_key(path, "key.der", bytes, cut, 0600);
		assert_int_equal(snp_key_read(path, NULL, NULL, &key, NULL), -SNP_E_BAD_KEY);
		unlink(path);
	}
}

static const struct mode {
	const char *name;
	mode_t mode;
	enum snp_code code;
} modes[] = {
	{"mode 0600", 0600, SNP_OK},	       {"mode 0400", 0400, SNP_OK},
	{"mode 0644", 0644, SNP_E_UNSAFE_KEY}, {"mode 0640", 0640, SNP_E_UNSAFE_KEY},
	{"mode 0660", 0660, SNP_E_UNSAFE_KEY}, {"mode 0604", 0604, SNP_E_UNSAFE_KEY},
	{"mode 0602", 0602, SNP_E_UNSAFE_KEY}, {"mode 0601", 0601, SNP_E_UNSAFE_KEY},
};

static void check_mode(void **state)
{
	const struct mode *row = *state;
	struct snp_error err = {0};
	struct snp_key *key = NULL;
	char path[128];

	write_key(path, "key.pem", P384_PKCS8, strlen(P384_PKCS8), row->mode);
	assert_int_equal(snp_key_read(path, NULL, NULL, &key, &err), -(int)row->code);
	assert_int_equal(key != NULL, row->code == SNP_OK);
	unlink(path);
	snp_key_free(key);
}

static void other_owner_is_refused(void **state)
{
	struct snp_key *key = NULL;
	char path[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	write_key(path, "key.pem", P384_PKCS8, strlen(P384_PKCS8), 0600);
	assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	assert_int_equal(snp_key_read(path, NULL, NULL, &key, NULL), -SNP_E_UNSAFE_KEY);
	unlink(path);
}

static void what_is_no_file_is_refused(void **state)
{
	char path[128], link[128], fifo[128], absent[128], deep[PATH_MAX + 8];
	struct snp_key *key = NULL;
	struct snp_error err = {0};

	(void)state;
	memset(deep, '/', sizeof(deep));
	memcpy(deep + PATH_MAX, "key", 4);
	assert_int_equal(snp_key_read(deep, NULL, NULL, &key, &err), -SNP_E_OPEN);
	assert_int_equal(err.sys_errno, ENAMETOOLONG);
	/* One byte less is looked for. */
	memcpy(deep + PATH_MAX - 1, "key", 4);
	assert_int_equal(snp_key_read(deep, NULL, NULL, &key, &err), -SNP_E_OPEN);
	assert_int_equal(err.sys_errno, ENOENT);
	write_key(path, "key.pem", P384_PKCS8, strlen(P384_PKCS8), 0600);
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	snprintf(absent, sizeof(absent), "%s/absent", folder);
	assert_int_equal(symlink("key.pem", link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(snp_key_read(link, NULL, NULL, &key, NULL), -SNP_E_UNSAFE_KEY);
	assert_int_equal(snp_key_read(fifo, NULL, NULL, &key, NULL), -SNP_E_NOT_REGULAR);
	assert_int_equal(snp_key_read(folder, NULL, NULL, &key, NULL), -SNP_E_NOT_REGULAR);
	assert_int_equal(snp_key_read(absent, NULL, NULL, &key, NULL), -SNP_E_OPEN);
	assert_int_equal(snp_key_read("", NULL, NULL, &key, NULL), -SNP_E_OPEN);
	unlink(link);
	unlink(fifo);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(snp_key_read(path, NULL, NULL, &key, NULL), -SNP_E_UNSAFE_KEY);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(snp_key_read(path, NULL, NULL, &key, NULL), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	snp_key_free(key);
	unlink(path);
}

static void large_file_is_refused(void **state)
{
	struct snp_key *key = NULL;
	char path[128];

	(void)state;
	write_key(path, "key.pem", "", 0, 0600);
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(snp_key_read(path, NULL, NULL, &key, NULL), -SNP_E_TOO_LARGE);
	unlink(path);
}

static void descriptors_are_read(void **state)
{
	struct snp_key *key = NULL;
	struct snp_error err = {0};
	char source[32];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(write(ends[1], P384_PKCS8, strlen(P384_PKCS8)) > 0);
	close(ends[1]);
	snprintf(source, sizeof(source), "fd:%d", ends[0]);
	assert_int_equal(snp_key_read(source, NULL, NULL, &key, &err), 0);
	snp_key_free(TAKE_PTR(key));
	close(ends[0]);
	assert_int_equal(snp_key_read(source, NULL, NULL, &key, &err), -SNP_E_READ);
	assert_int_equal(snp_key_read("fd:x", NULL, NULL, &key, &err), -SNP_E_OPEN);
	assert_int_equal(snp_key_read("fd:-1", NULL, NULL, &key, &err), -SNP_E_OPEN);
	assert_int_equal(snp_key_read("fd:99999999999999999999", NULL, NULL, &key, &err),
			 -SNP_E_OPEN);
}

/* No provider is needed to see what is refused; what a token gives is tested with softhsm2. */
static void uris_hide_their_secrets(void **state)
{
	struct snp_key *key = NULL;
	struct snp_error err = {0};
	char line[2048];

	(void)state;
	assert_int_equal(snp_key_read("pkcs11:object=k?pin-value=1234", NULL, NULL, &key, &err),
			 -SNP_E_OPEN);
	snp_error_line(&err, line, sizeof(line));
	assert_null(strstr(line, "1234"));
	assert_non_null(strstr(line, "pkcs11:"));
	assert_int_equal(snp_key_read("file:/etc/hostname", NULL, NULL, &key, &err),
			 -SNP_E_UNSAFE_KEY);
	assert_int_equal(snp_key_read("FILE:/etc/hostname", NULL, NULL, &key, &err),
			 -SNP_E_UNSAFE_KEY);
}

static const struct public
{
	const char *name, *text;
	enum snp_code code;
}
publics[] = {
	{"public PEM", P384_PUBLIC, SNP_OK},
	{"public Ed25519", ED25519_PUBLIC, SNP_OK},
	{"private for public", P384_PKCS8, SNP_E_BAD_KEY},
	{"two public keys", P384_PUBLIC ED25519_PUBLIC, SNP_E_BAD_KEY},
	{"point off its curve", P384_OFF_CURVE, SNP_E_BAD_KEY},
	{"nothing", "", SNP_E_BAD_KEY},
};

static void check_public(void **state)
{
	const struct public *row = *state;
	struct snp_key *key = NULL;
	uint8_t signature[SNP_SIGNATURE_MAX];
	char path[128];
	size_t size = 77;

	write_key(path, "key.pub", row->text, strlen(row->text), 0644);
	assert_int_equal(snp_key_read_public(path, &key, NULL), -(int)row->code);
	unlink(path);
	if (row->code != SNP_OK) {
		assert_null(key);
		return;
	}
	assert_int_equal(snp_key_sign(key, (struct snp_span){(const uint8_t *)"x", 1},
				      SNP_SIGNATURE_DER, signature, &size, NULL),
			 -SNP_E_BAD_KEY);
	assert_int_equal(size, 77);
	snp_key_free(key);
}

static const struct sign {
	const char *name, *text;
	enum snp_signature_form form;
	size_t size; /* 0: DER, its size varies */
} signs[] = {
	{"P-256, DER", P256_PKCS8, SNP_SIGNATURE_DER, 0},
	{"P-256, raw", P256_PKCS8, SNP_SIGNATURE_RAW, 64},
	{"P-384, DER", P384_PKCS8, SNP_SIGNATURE_DER, 0},
	{"P-384, raw", P384_PKCS8, SNP_SIGNATURE_RAW, 96},
	{"Ed25519, DER", ED25519_PKCS8, SNP_SIGNATURE_DER, 64},
	{"Ed25519, raw", ED25519_PKCS8, SNP_SIGNATURE_RAW, 64},
};

static void check_sign(void **state)
{
	static const uint8_t message[] = "what is signed", other[] = "what is Signed";
	const struct snp_span bytes = {message, sizeof(message)};
	const struct sign *row = *state;
	struct snp_key *key = load_test_key(row->text), *stranger = load_test_key(P384_OTHER);
	uint8_t signature[SNP_SIGNATURE_MAX], again[SNP_SIGNATURE_MAX];
	struct snp_error err = {0};
	size_t size, size_again;

	assert_int_equal(snp_key_sign(key, bytes, row->form, signature, &size, &err), 0);
	if (row->size != 0)
		assert_int_equal(size, row->size);
	assert_int_equal(
		snp_key_verify(key, bytes, row->form, (struct snp_span){signature, size}, &err), 0);
	assert_int_equal(snp_key_verify(key, (struct snp_span){other, sizeof(other)}, row->form,
					(struct snp_span){signature, size}, &err),
			 -SNP_E_SIGNATURE);
	assert_int_equal(snp_key_verify(stranger, bytes, row->form,
					(struct snp_span){signature, size}, &err),
			 -SNP_E_SIGNATURE);
	assert_int_equal(
		snp_key_verify(key, bytes, row->form, (struct snp_span){signature, size - 1}, &err),
		-SNP_E_SIGNATURE);
	assert_int_equal(
		snp_key_verify(key, bytes, row->form, (struct snp_span){signature, 0}, &err),
		-SNP_E_SIGNATURE);
	assert_int_equal(snp_key_sign(key, bytes, row->form, again, &size_again, &err), 0);
	assert_int_equal(size == size_again && memcmp(signature, again, size) == 0,
			 snp_key_is_deterministic(key));
	for (size_t i = 0; i < size; i++) {
		signature[i] ^= 0x10;
		assert_int_equal(snp_key_verify(key, bytes, row->form,
						(struct snp_span){signature, size}, NULL),
				 -SNP_E_SIGNATURE);
		signature[i] ^= 0x10;
	}
	assert_false(snp_key_equal(key, stranger));
	snp_key_free(key);
	snp_key_free(stranger);
}

/* RFC 6979 A.2.6: P-384, SHA-384, message "sample". */
static void nonces_are_those_of_rfc6979(void **state)
{
	struct snp_key *key = load_test_key(P384_PKCS8);
	uint8_t signature[SNP_SIGNATURE_MAX];
	char hex[2 * SNP_SIGNATURE_MAX + 1];
	size_t size;

	(void)state;
	if (!snp_key_is_deterministic(key)) {
		snp_key_free(key);
		print_message("libcrypto before 3.2 has no deterministic nonces\n");
		skip();
	}
	assert_int_equal(snp_key_sign(key, (struct snp_span){(const uint8_t *)"sample", 6},
				      SNP_SIGNATURE_RAW, signature, &size, NULL),
			 0);
	hex_encode(signature, size, hex);
	assert_string_equal(hex,
			    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
			    "81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f"
			    "130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8");
	snp_key_free(key);
}

static void public_half_goes_round(void **state)
{
	struct snp_key *key = load_test_key(P384_PKCS8), *public, *der;
	uint8_t id[SNP_SHA256_SIZE], again[SNP_SHA256_SIZE], bytes[512];
	char path[128];

	(void)state;
	write_key(path, "key.pub", P384_PUBLIC, strlen(P384_PUBLIC), 0644);
	assert_int_equal(snp_key_read_public(path, &public, NULL), 0);
	unlink(path);
	assert_int_equal(
		hex_decode(P384_PUBLIC_HEX, "row", bytes, strlen(P384_PUBLIC_HEX) / 2, NULL), 0);
	write_key(path, "key.pub", bytes, strlen(P384_PUBLIC_HEX) / 2, 0644);
	assert_int_equal(snp_key_read_public(path, &der, NULL), 0);
	unlink(path);
	assert_true(snp_key_equal(key, public));
	assert_true(snp_key_equal(public, der));
	assert_int_equal(key_id(key, id, NULL), 0);
	assert_int_equal(key_id(public, again, NULL), 0);
	assert_memory_equal(id, again, sizeof(id));
	snp_key_free(key);
	snp_key_free(public);
	snp_key_free(der);
}

static const struct passphrase {
	const char *name, *text;
	int length; /* or a negative code */
} passphrases[] = {
	{"one line", "secret\n", 6},
	{"no line end", "secret", 6},
	{"first of two lines", "secret\nx\n", 6},
	{"blanks count", " s \n", 3},
	{"as long as its room", "12345678", 8},
	{"too long", "123456789", -SNP_E_PASSPHRASE},
	{"empty passphrase file", "", -SNP_E_PASSPHRASE},
	{"empty line", "\nx", -SNP_E_PASSPHRASE},
};

static void check_passphrase(void **state)
{
	const struct passphrase *row = *state;
	char path[128], text[8] = "xxxxxxx";
	struct snp_error err = {0};

	write_key(path, "passphrase", row->text, strlen(row->text), 0600);
	assert_int_equal(passphrase_read(path, text, sizeof(text), &err), row->length);
	assert_int_equal(err.message[0] != '\0', row->length < 0);
	if (row->length > 0)
		assert_memory_equal(text, row->text, (size_t)row->length);
	chmod(path, 0644);
	assert_int_equal(passphrase_read(path, text, sizeof(text), &err), -SNP_E_UNSAFE_KEY);
	unlink(path);
}

/* Read, signed with, and the ID block signed; the public half from its file. */
static int key_counted(const void *arg, struct snp_error *err)
{
	const char *const *paths = arg;
	static const struct snp_id_block fields = {.policy = SNP_POLICY_DEFAULT};
	uint8_t block[SNP_ID_BLOCK_SIZE];
	struct snp_key *key = NULL, *public = NULL;
	uint8_t signature[SNP_SIGNATURE_MAX], auth[SNP_ID_AUTH_SIZE];
	struct snp_span bytes = {block, sizeof(block)}, made = {signature, 0};
	char passphrase[] = "secret";
	uint8_t digest[SNP_SHA256_SIZE];
	struct snp_id_auth_info info;
	int r;

	snp_id_block_encode(&fields, block);
	no_memory_begin();
	r = snp_key_read(paths[0], answer, passphrase, &key, err);
	if (r == 0)
		r = snp_key_read_public(paths[1], &public, err);
	if (r == 0)
		r = snp_key_sign(key, bytes, SNP_SIGNATURE_DER, signature, &made.size, err);
	if (r == 0)
		r = snp_key_verify(public, bytes, SNP_SIGNATURE_DER, made, err);
	if (r == 0)
		r = snp_id_auth_sign(block, key, NULL, auth, err);
	if (r == 0)
		r = snp_id_auth_verify(block, auth, &info, err);
	if (r == 0)
		r = key_id(key, digest, err);
	no_memory_end(r);
	assert_int_equal(ERR_peek_error(), 0);
	snp_key_free(key);
	snp_key_free(public);
	return r;
}

static void whatever_memory_runs_out(void **state)
{
	char private[128], public[128];
	const char *const paths[] = {private, public};

	(void)state;
	write_key(private, "key.pem", P384_ENCRYPTED, strlen(P384_ENCRYPTED), 0600);
	write_key(public, "key.pub", P384_PUBLIC, strlen(P384_PUBLIC), 0644);
	check_without_memory(key_counted, paths, 0);
	unlink(private);
	unlink(public);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(every_cut_of_der_is_refused),
		cmocka_unit_test(other_owner_is_refused),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(large_file_is_refused),
		cmocka_unit_test(descriptors_are_read),
		cmocka_unit_test(uris_hide_their_secrets),
		cmocka_unit_test(nonces_are_those_of_rfc6979),
		cmocka_unit_test(public_half_goes_round),
		cmocka_unit_test(whatever_memory_runs_out),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_load, loads);
	ADD_ROWS(tests, n, check_der, ders);
	ADD_ROWS(tests, n, check_point, points);
	ADD_ROWS(tests, n, check_mode, modes);
	ADD_ROWS(tests, n, check_public, publics);
	ADD_ROWS(tests, n, check_sign, signs);
	ADD_ROWS(tests, n, check_passphrase, passphrases);
	return _cmocka_run_group_tests("key", tests, n, make_folder, remove_folder);
}
