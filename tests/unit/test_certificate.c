// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/file.h>

#include "../fixtures/attestation.h"
#include "told.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

/* Bytes that grow. */
struct text {
	uint8_t bytes[3 * SNP_MAX_SMALL];
	size_t size;
};

static void put(struct text *t, const void *bytes, size_t size)
{
	assert_true(t->size + size <= sizeof(t->bytes));
	memcpy(t->bytes + t->size, bytes, size);
	t->size += size;
}

static struct snp_span ark(void)
{
	return fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK);
}

static struct snp_span ask(void)
{
	return fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK);
}

static void put_pem(struct text *t, const char *label, struct snp_span der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long n;

	PEM_write_bio(bio, label, "", der.data, (long)der.size);
	n = BIO_get_mem_data(bio, &pem);
	put(t, pem, (size_t)n);
	BIO_free(bio);
}

static void der(struct text *t)
{
	put(t, ark().data, ark().size);
}

static void der_trailing(struct text *t)
{
	der(t);
	put(t, "", 1);
}

static void der_twice(struct text *t)
{
	der(t);
	put(t, ask().data, ask().size);
}

static void pem(struct text *t)
{
	put_pem(t, PEM_STRING_X509, ark());
}

static void pem_two(struct text *t)
{
	pem(t);
	put_pem(t, PEM_STRING_X509, ask());
}

static void pem_same(struct text *t)
{
	pem(t);
	pem(t);
}

static void pem_text(struct text *t)
{
	put(t, "subject=CN = ARK\n\n", 18);
	pem(t);
	put(t, "that was it\n", 12);
}

static void pem_crlf(struct text *t)
{
	static struct text lf;

	lf.size = 0;
	pem(&lf);
	for (size_t i = 0; i < lf.size; i++) {
		if (lf.bytes[i] == '\n')
			put(t, "\r", 1);
		put(t, lf.bytes + i, 1);
	}
}

static void pem_cut(struct text *t)
{
	pem(t);
	t->size -= 40;
}

static void pem_second_cut(struct text *t)
{
	pem_two(t);
	t->size -= 40;
}

static void pem_trailing(struct text *t)
{
	static struct text bytes;

	bytes.size = 0;
	der_trailing(&bytes);
	put_pem(t, PEM_STRING_X509, (struct snp_span){bytes.bytes, bytes.size});
}

static void pem_key(struct text *t)
{
	pem(t);
	put_pem(t, "PRIVATE KEY", ark());
}

static void pem_trusted(struct text *t)
{
	put_pem(t, PEM_STRING_X509_TRUSTED, ark());
}

static void pem_encrypted(struct text *t)
{
	static const char text[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
				   "DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END CERTIFICATE-----\n";

	put(t, text, sizeof(text) - 1);
}

static void pem_blanks(struct text *t)
{
	memset(t->bytes, ' ', SNP_MAX_SMALL);
	t->size = SNP_MAX_SMALL;
	pem(t);
}

static void nothing(struct text *t)
{
	(void)t;
}

static void words(struct text *t)
{
	put(t, "not a certificate", 17);
}

static void begin_alone(struct text *t)
{
	put(t, "-----BEGIN CERTIFICATE-----\n", 28);
}

/* No block begins there: the line does not begin with it. */
static void begin_in_text(struct text *t)
{
	put(t, "# -----BEGIN CERTIFICATE-----\n", 30);
}

/* The outer SEQUENCE, whose length takes two octets, in another form. */
static void ber_length(struct text *t)
{
	static const uint8_t head[] = {0x30, 0x83, 0x00};

	put(t, head, sizeof(head));
	put(t, ark().data + 2, ark().size - 2);
}

static void ber_indefinite(struct text *t)
{
	put(t, "\x30\x80", 2);
	put(t, ark().data + 4, ark().size - 4);
	put(t, "\0", 2);
}

/* The same for the part that is signed: its signature still covers its bytes as they are. */
static void ber_inside(struct text *t)
{
	size_t tbs = ((size_t)ark().data[6] << 8 | ark().data[7]) + 4, size = ark().size + 1 - 4;
	uint8_t head[] = {0x30, 0x82, (uint8_t)(size >> 8), (uint8_t)size};

	put(t, head, 4);
	put(t, "\x30\x83\x00", 3);
	put(t, ark().data + 6, tbs - 2);
	put(t, ark().data + 4 + tbs, ark().size - 4 - tbs);
}

static void crl(struct text *t)
{
	size_t size;
	uint8_t *bytes = fixture_crl(SNP_PRODUCT_MILAN, 0, 0, FIXTURE_CRL_GOOD, &size);

	put(t, bytes, size);
	free(bytes);
}

static void too_large(struct text *t)
{
	der(t);
	t->size = SNP_MAX_CERTIFICATE_SIZE + 1;
}

static void put_table(struct text *t, struct snp_span vek, struct snp_span ca)
{
	size_t size;
	uint8_t *table = fixture_table(vek, SNP_VCEK, ca, (struct snp_span){0}, &size);

	put(t, table, size);
	free(table);
}

static void table(struct text *t)
{
	put_table(t, ark(), ask());
}

static const uint8_t junk[] = "junk";

static void table_bad_ask(struct text *t)
{
	put_table(t, ark(), (struct snp_span){junk, 4});
}

static void table_bad_vcek(struct text *t)
{
	put_table(t, (struct snp_span){junk, 4}, ask());
}

static void table_trailing_vcek(struct text *t)
{
	static struct text bytes;

	bytes.size = 0;
	der_trailing(&bytes);
	put_table(t, (struct snp_span){bytes.bytes, bytes.size}, ask());
}

static void table_cut(struct text *t)
{
	table(t);
	t->size = 1000;
}

static const struct input {
	const char *name;
	void (*make)(struct text *t);
	int status;
	size_t n; /* certificates in the set */
} inputs[] = {
	{"DER", der, 0, 1},
	{"DER and a byte", der_trailing, -SNP_E_BAD_CERTIFICATE, 0},
	{"DER twice", der_twice, -SNP_E_BAD_CERTIFICATE, 0},
	{"PEM", pem, 0, 1},
	{"PEM, two", pem_two, 0, 2},
	{"PEM, the same twice", pem_same, 0, 1},
	{"PEM in text", pem_text, 0, 1},
	{"PEM with CRLF", pem_crlf, 0, 1},
	{"PEM cut", pem_cut, -SNP_E_BAD_CERTIFICATE, 0},
	{"PEM, the second cut", pem_second_cut, -SNP_E_BAD_CERTIFICATE, 1},
	{"PEM of DER and a byte", pem_trailing, -SNP_E_BAD_CERTIFICATE, 0},
	{"PEM with a private key", pem_key, -SNP_E_BAD_CERTIFICATE, 1},
	{"PEM with trust", pem_trusted, -SNP_E_BAD_CERTIFICATE, 0},
	{"PEM encrypted", pem_encrypted, -SNP_E_BAD_CERTIFICATE, 0},
	{"PEM behind 64 KiB of blanks", pem_blanks, -SNP_E_BAD_CERTIFICATE, 0},
	{"nothing", nothing, -SNP_E_BAD_CERTIFICATE, 0},
	{"words", words, -SNP_E_BAD_CERTIFICATE, 0},
	{"a first line", begin_alone, -SNP_E_BAD_CERTIFICATE, 0},
	{"a first line in text", begin_in_text, -SNP_E_BAD_CERTIFICATE, 0},
	{"BER length", ber_length, -SNP_E_BAD_CERTIFICATE, 0},
	{"BER indefinite", ber_indefinite, -SNP_E_BAD_CERTIFICATE, 0},
	{"BER inside", ber_inside, -SNP_E_BAD_CERTIFICATE, 0},
	{"CRL", crl, -SNP_E_BAD_CERTIFICATE, 0},
	{"over 16 KiB", too_large, -SNP_E_BAD_CERTIFICATE, 0},
	{"table", table, 0, 2},
	{"table, bad ASK", table_bad_ask, 0, 1},
	{"table, bad VCEK", table_bad_vcek, -SNP_E_BAD_CERTIFICATE, 0},
	{"table, VCEK and a byte", table_trailing_vcek, -SNP_E_BAD_CERTIFICATE, 0},
	{"table cut", table_cut, -SNP_E_BAD_CERTIFICATE_TABLE, 0},
};

static size_t count(const struct snp_certificates *set)
{
	size_t n = 0;

	while (snp_certificates_at(set, n))
		n++;
	return n;
}

static void check_input(void **state)
{
	const struct input *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	static struct text t;
	struct snp_error err = {0};

	t.size = 0;
	row->make(&t);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add(set, (struct snp_span){t.bytes, t.size}, &err),
			 row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_int_equal(count(set), row->n);
}

/* Of a DER certificate and of a CRL, no beginning is one. */
static void check_truncations(void **state)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	static struct text t;

	(void)state;
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	for (size_t n = 0; n < ark().size; n++)
		assert_int_equal(snp_certificates_add(set, (struct snp_span){ark().data, n}, NULL),
				 -SNP_E_BAD_CERTIFICATE);
	assert_int_equal(count(set), 0);
	t.size = 0;
	crl(&t);
	for (size_t n = 0; n < t.size; n++)
		assert_int_equal(snp_certificates_add_crl(set, (struct snp_span){t.bytes, n}, NULL),
				 -SNP_E_BAD_CRL);
	assert_int_equal(snp_certificates_add_crl(set, (struct snp_span){t.bytes, t.size}, NULL),
			 0);
}

static void crl_pem(struct text *t)
{
	static struct text bytes;

	bytes.size = 0;
	crl(&bytes);
	put_pem(t, PEM_STRING_X509_CRL, (struct snp_span){bytes.bytes, bytes.size});
}

static void crl_trailing(struct text *t)
{
	crl(t);
	put(t, "", 1);
}

static const struct input crl_inputs[] = {
	{"CRL in DER", crl, 0, 0},
	{"CRL in PEM", crl_pem, 0, 0},
	{"CRL and a byte", crl_trailing, -SNP_E_BAD_CRL, 0},
	{"certificate for a CRL", der, -SNP_E_BAD_CRL, 0},
	{"PEM certificate for a CRL", pem, -SNP_E_BAD_CRL, 0},
	{"words for a CRL", words, -SNP_E_BAD_CRL, 0},
};

static void check_crl(void **state)
{
	const struct input *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	static struct text t;
	struct snp_error err = {0};

	t.size = 0;
	row->make(&t);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add_crl(set, (struct snp_span){t.bytes, t.size}, &err),
			 row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
}

/* ---- what a certificate says ---- */

static const struct leaf {
	const char *name;
	enum snp_product product;
	enum snp_certificate_kind kind;
	size_t hwid_size;
	uint64_t tcb;
	const char *csp;
} leaves[] = {
	{"VCEK of Milan", SNP_PRODUCT_MILAN, SNP_VCEK, 64, 0xdb18000000000004, ""},
	{"VCEK of Genoa", SNP_PRODUCT_GENOA, SNP_VCEK, 64, 0xdb18000000000004, ""},
	{"VCEK of Turin", SNP_PRODUCT_TURIN, SNP_VCEK, 8, 0x5100000004010101, ""},
	{"VLEK of Milan", SNP_PRODUCT_MILAN, SNP_VLEK, 0, 0xdb18000000000004,
	 "CN=cc-test-1.example.org"},
};

static void check_leaf(void **state)
{
	const struct leaf *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct fixture_leaf plan;
	const struct snp_certificate *c;
	EVP_PKEY *key;
	size_t size;

	fixture_leaf(row->product, row->kind, &plan);
	bytes = fixture_leaf_sign(&plan, &size, &key);
	EVP_PKEY_free(key);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add(set, (struct snp_span){bytes, size}, NULL), 0);
	c = snp_certificates_at(set, 0);
	assert_non_null(c);
	assert_int_equal(c->kind, row->kind);
	assert_int_equal(c->product, row->product);
	assert_int_equal(c->hwid_size, row->hwid_size);
	assert_true(c->tcb == row->tcb);
	assert_string_equal(c->csp, row->csp);
	assert_string_equal(c->subject, row->kind == SNP_VLEK ? "SEV-VLEK" : "SEV-VCEK");
	assert_int_equal(c->der.size, size);
	assert_null(snp_certificates_at(set, 1));
}

/* ---- what leads to the roots ---- */

static void pss_sha256(struct fixture_leaf *leaf)
{
	leaf->digest = leaf->mgf1 = "SHA256";
	leaf->salt = 32;
}

static void version_2(struct fixture_leaf *leaf)
{
	leaf->version = X509_VERSION_2;
}

static void p256(struct fixture_leaf *leaf)
{
	leaf->curve = "P-256";
}

static void other_name(struct fixture_leaf *leaf)
{
	memcpy(leaf->subject, "SEV-VCEK2", 10);
}

static void no_level(struct fixture_leaf *leaf)
{
	fixture_extension_remove(leaf, "3.3");
}

static void other_product(struct fixture_leaf *leaf)
{
	fixture_extension_set(leaf, "2", "\x16\x05Genoa", 7);
}

static void short_hwid(struct fixture_leaf *leaf)
{
	fixture_extension(leaf, "4")->size = 8;
}

static void expired(struct fixture_leaf *leaf)
{
	leaf->to = -1;
}

static const struct trust {
	const char *name;
	bool with_ca, forged;
	enum snp_product roots; /* 0: AMD's */
	int status;
	void (*edit)(struct fixture_leaf *leaf);
} trusts[] = {
	{"leaf under its roots", true, false, SNP_PRODUCT_MILAN, 0, NULL},
	{"leaf without CA certificates", false, false, SNP_PRODUCT_MILAN,
	 -SNP_E_UNTRUSTED_CERTIFICATE, NULL},
	{"leaf signed by another", true, true, SNP_PRODUCT_MILAN, -SNP_E_UNTRUSTED_CERTIFICATE,
	 NULL},
	{"leaf under another's roots", true, false, SNP_PRODUCT_GENOA, -SNP_E_UNTRUSTED_CERTIFICATE,
	 NULL},
	{"leaf under AMD's roots", true, false, SNP_PRODUCT_UNKNOWN, -SNP_E_UNTRUSTED_CERTIFICATE,
	 NULL},
	{"leaf that has expired", true, false, SNP_PRODUCT_MILAN, 0, expired},
	{"leaf signed with SHA-256", true, false, SNP_PRODUCT_MILAN, -SNP_E_UNTRUSTED_CERTIFICATE,
	 pss_sha256},
	{"leaf of X.509 version 2", true, false, SNP_PRODUCT_MILAN, -SNP_E_UNTRUSTED_CERTIFICATE,
	 version_2},
	{"leaf on P-256", true, false, SNP_PRODUCT_MILAN, -SNP_E_UNTRUSTED_CERTIFICATE, p256},
	{"leaf of another name", true, false, SNP_PRODUCT_MILAN, -SNP_E_UNTRUSTED_CERTIFICATE,
	 other_name},
	{"leaf without a level", true, false, SNP_PRODUCT_MILAN, -SNP_E_UNTRUSTED_CERTIFICATE,
	 no_level},
	{"leaf of another product's name", true, false, SNP_PRODUCT_MILAN,
	 -SNP_E_UNTRUSTED_CERTIFICATE, other_product},
	{"leaf with a chip id of 8 bytes", true, false, SNP_PRODUCT_MILAN,
	 -SNP_E_UNTRUSTED_CERTIFICATE, short_hwid},
};

static void check_trust(void **state)
{
	const struct trust *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_root roots[3];
	size_t n_roots = fixture_roots_of(row->roots, roots), size;
	struct fixture_leaf plan;
	struct snp_error err = {0};
	EVP_PKEY *key;

	fixture_leaf(SNP_PRODUCT_MILAN, SNP_VCEK, &plan);
	plan.forged = row->forged;
	if (row->edit)
		row->edit(&plan);
	bytes = fixture_leaf_sign(&plan, &size, &key);
	EVP_PKEY_free(key);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add(set, (struct snp_span){bytes, size}, NULL), 0);
	if (row->with_ca) {
		assert_int_equal(snp_certificates_add(set, ark(), NULL), 0);
		assert_int_equal(snp_certificates_add(set, ask(), NULL), 0);
	}
	if (row->roots == SNP_PRODUCT_UNKNOWN)
		assert_int_equal(snp_certificates_trusted(set, 0, NULL, 0, &err), row->status);
	else
		assert_int_equal(snp_certificates_trusted(set, 0, roots, n_roots, &err),
				 row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	/* A CA certificate is one of the roots, or nothing, whoever signed it. */
	for (size_t i = 1; i < count(set); i++)
		assert_int_equal(snp_certificates_trusted(set, i, roots, n_roots, NULL),
				 row->roots == SNP_PRODUCT_MILAN ? 0
								 : -SNP_E_UNTRUSTED_CERTIFICATE);
}

static void check_roots(void **state)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	struct snp_root roots[SNP_MAX_PRODUCT_ROOTS], wanted[3];

	(void)state;
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add(set, ark(), NULL), 0);
	assert_int_equal(
		snp_certificates_add(set, fixture_ca(SNP_PRODUCT_SIMULATED, SNP_ASK), NULL), 0);
	assert_int_equal(
		snp_certificates_add(set, fixture_ca(SNP_PRODUCT_SIMULATED, SNP_ARK), NULL), 0);
	assert_int_equal(snp_certificates_roots(set, SNP_PRODUCT_SIMULATED, roots), 2);
	assert_int_equal(fixture_roots_of(SNP_PRODUCT_SIMULATED, wanted), 3);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(roots[i].product, SNP_PRODUCT_SIMULATED);
		assert_int_equal(roots[i].kind, wanted[i].kind);
		assert_memory_equal(roots[i].sha256, wanted[i].sha256, 32);
	}
	assert_int_equal(snp_certificates_roots(set, SNP_PRODUCT_GENOA, roots), 0);
}

/* ---- files and folders ---- */

static void der_ask(struct text *t)
{
	put(t, ask().data, ask().size);
}

/* With ARKs whose signatures are all others, which nobody verifies here. */
static void fill(struct snp_certificates *set)
{
	_cleanup_(freep) uint8_t *bytes = malloc(ark().size);
	size_t n = count(set);

	assert_non_null(bytes);
	memcpy(bytes, ark().data, ark().size);
	for (; n < SNP_MAX_CERTIFICATES; n++) {
		snp_put_le32(bytes + ark().size - 4, 0x5a000000 + (uint32_t)n);
		assert_int_equal(
			snp_certificates_add(set, (struct snp_span){bytes, ark().size}, NULL), 0);
	}
	assert_int_equal(count(set), SNP_MAX_CERTIFICATES);
}

static void crls_have_a_limit(void **state)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	struct snp_error err = {0};
	struct text t = {0};

	(void)state;
	crl(&t);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(
			snp_certificates_add_crl(set, (struct snp_span){t.bytes, t.size}, NULL), 0);
	assert_int_equal(snp_certificates_add_crl(set, (struct snp_span){t.bytes, t.size}, &err),
			 -SNP_E_TOO_LARGE);
	assert_string_equal(err.message, "more than 16 CRLs");
}

/* A fleet keeps more leaves than are of use for one report. */
static void leaves_are_taken_by_report(void **state)
{
	static const struct {
		const char *name;
		enum snp_leaves leaves;
		enum snp_certificate_kind signer;
		bool masked;
		size_t n; /* of: the chip's two, another chip's two, two VLEKs */
	} rows[] = {
		{"all", SNP_LEAVES_ALL, SNP_VCEK, false, 6},
		{"none", SNP_LEAVES_NONE, SNP_VCEK, false, 0},
		{"VCEK", SNP_LEAVES_OF_REPORT, SNP_VCEK, false, 2},
		{"VCEK of a hidden chip", SNP_LEAVES_OF_REPORT, SNP_VCEK, true, 2},
		{"VLEK", SNP_LEAVES_OF_REPORT, SNP_VLEK, true, 1},
	};

	(void)state;
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
		struct snp_report *report;
		uint8_t bytes[SNP_REPORT_SIZE];

		fixture_report(SNP_PRODUCT_MILAN, 3, rows[row].signer, bytes);
		if (rows[row].masked)
			memset(bytes + 0x1a0, 0, SNP_CHIP_ID_SIZE);
		assert_int_equal(snp_report_decode((struct snp_span){bytes, sizeof(bytes)}, false,
						   &report, NULL),
				 0);
		assert_int_equal(snp_certificates_new(&set, NULL), 0);
		snp_certificates_take(set, rows[row].leaves, report);
		snp_report_free(report);
		for (unsigned int i = 0; i < 6; i++) {
			struct fixture_leaf leaf;
			EVP_PKEY *key = NULL;
			uint8_t *der;
			size_t size;

			fixture_leaf(SNP_PRODUCT_MILAN, i < 4 ? SNP_VCEK : SNP_VLEK, &leaf);
			if (i & 1)
				fixture_extension_set(&leaf, "3.1", "\x02\x01\x03", 3);
			if (i == 2 || i == 3)
				fixture_extension(&leaf, "4")->value[7] ^= 1;
			der = fixture_leaf_sign(&leaf, &size, &key);
			assert_int_equal(
				snp_certificates_add(set, (struct snp_span){der, size}, NULL), 0);
			EVP_PKEY_free(key);
			free(der);
		}
		assert_int_equal(count(set), rows[row].n);
		/* CA certificates are always taken, and so is every leaf when all are asked for again. */
		assert_int_equal(snp_certificates_add(set, ask(), NULL), 0);
		assert_int_equal(count(set), rows[row].n + 1);
	}
}

static void check_folder(void **state)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	char folder[] = "/tmp/snp-certificates.XXXXXX", path[64];
	struct snp_error err = {0};
	static const struct {
		const char *name;
		void (*make)(struct text *t);
		int status; /* of the file named by itself */
	} files[] = {
		{"report.bin", words, -SNP_E_BAD_CERTIFICATE},
		{"0.der", too_large, -SNP_E_BAD_CERTIFICATE},
		{"0.pem", begin_in_text, -SNP_E_BAD_CERTIFICATE},
		{"a.pem", pem, 0},
		{"b.der", der_ask, 0},
		{"c.der", der_trailing, -SNP_E_BAD_CERTIFICATE},
	};

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		static struct text t;

		t.size = 0;
		files[i].make(&t);
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		assert_int_equal(
			file_write(path, (struct snp_span){t.bytes, t.size}, 0644, true, NULL), 0);
	}
	snprintf(path, sizeof(path), "%s/sub", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add_path(set, folder, &err), 0);
	assert_int_equal(count(set), 2);
	assert_int_equal(err.code, SNP_OK);
	/* Named by itself, a file that is none is an error. */
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		err = (struct snp_error){0};
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		assert_int_equal(snp_certificates_add_path(set, path, &err), files[i].status);
		assert_string_equal(err.file, files[i].status < 0 ? path : "");
	}
	snprintf(path, sizeof(path), "%s/absent", folder);
	assert_int_equal(snp_certificates_add_path(set, path, &err), -SNP_E_OPEN);
	fill(set);
	assert_int_equal(snp_certificates_add_path(set, folder, &err), 0);
	snp_certificates_free(TAKE_PTR(set));
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	fill(set);
	assert_int_equal(snp_certificates_add_path(set, folder, &err), -SNP_E_TOO_LARGE);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		assert_int_equal(remove(path), 0);
	}
	snprintf(path, sizeof(path), "%s/sub", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void as_told(void **state)
{
	(void)state;
	told("certificate");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_input, inputs);
	ADD_ROWS(tests, n, check_crl, crl_inputs);
	ADD_ROWS(tests, n, check_leaf, leaves);
	ADD_ROWS(tests, n, check_trust, trusts);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_roots);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_truncations);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(crls_have_a_limit);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(leaves_are_taken_by_report);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_folder);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("certificate", tests, n);
}
