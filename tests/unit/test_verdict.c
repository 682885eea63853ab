// SPDX-License-Identifier: Apache-2.0
/* Each check alone stands between a report that is wrong in one way and the verdict "accepted": a row
 * makes that report, with certificates and signature right in every other way. The hierarchy is the
 * fixture's own. */
#include "no_memory.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/sha.h>
#include <snp/verdict.h>

#include "../fixtures/attestation.h"
#include "../fixtures/endorsement.h"
#include "../fixtures/launch_endorsement.h"
#include "../fixtures/token.h"
#include "report/checks.h"
#include "told.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);

/* Everything that goes into one verdict. */
struct scene {
	enum snp_product product;
	enum snp_certificate_kind kind;
	uint8_t report[SNP_REPORT_SIZE];
	struct fixture_leaf leaf;
	bool no_leaf, no_ark, no_intermediate;
	bool no_set;
	bool crowd_before, crowd_after;	  /* of leaves that fit less */
	bool rivals_before, rivals_after; /* leaves that fit as well, and are wrong */
	bool vcek_before;		  /* one of the report's level, for a VLEK's report */
	struct snp_expectations expected;
	struct snp_reference reference, other; /* the other is empty */
	struct snp_reference *documents[2];
	struct snp_reference_image images[2];
	struct snp_minimum_tcb minimum[2][2];
	struct snp_reference_variant variants[2];
	char name[8];	      /* of all images */
	char issuer[64];      /* of tokens, published */
	uint8_t lists[2][64]; /* what lists in `expected` point to */
	int64_t at_time;
	struct snp_span runtime_data;
	struct snp_root roots[FIXTURE_ROOTS];
	size_t n_roots;
	uint8_t *crl;
	size_t crl_size;
	struct fixture_endorsement endorsement;
	bool has_endorsement;
	struct fixture_launch_endorsement launch_endorsement; /* instead, if it has a measurement */
	struct fixture_token token; /* its report is NULL: there is none */
	struct service {	    /* the attestation service's own evidence */
		bool carried, other_key, other_host_data, forged, other_digest, garbage, stamped;
		bool microsofts; /* its endorsement names Microsoft's issuer, and is not by it */
		const char *kind;
	} service;
	void (*after)(struct scene *s); /* runs when the report is signed */
};

struct row {
	const char *name;
	enum snp_check check; /* the one that fails; NO_CHECK: none */
	void (*edit)(struct scene *s);
	enum snp_product product; /* 0: Milan */
	uint32_t version;	  /* 0: 3 */
	enum snp_certificate_kind kind;
	uint64_t also;	  /* others that fail with it */
	const char *says; /* in the message of the one that fails */
	/* Bytes put into the report, before it is signed or after. */
	unsigned int at, n;
	const char *bytes;
	bool after;
};

static void set_up(const struct row *row, struct scene *s)
{
	enum snp_product product = row->product ? row->product : SNP_PRODUCT_MILAN;
	enum snp_certificate_kind kind = row->kind == SNP_VLEK ? SNP_VLEK : SNP_VCEK;

	*s = (struct scene){
		.product = product, .kind = kind, .at_time = FIXTURE_TIME, .name = "image"};
	fixture_report(product, row->version ? row->version : 3, kind, s->report);
	fixture_leaf(product, kind, &s->leaf);
	memcpy(s->lists[0], s->report + 0x90, SNP_MEASUREMENT_SIZE);
	s->expected.measurements = (const uint8_t(*)[SNP_MEASUREMENT_SIZE])s->lists[0];
	s->expected.n_measurements = 1;
	s->n_roots = fixture_roots_of(product, s->roots);
	if (row->edit)
		row->edit(s);
	if (row->bytes && !row->after)
		memcpy(s->report + row->at, row->bytes, row->n);
}

static void add(struct snp_certificates *set, struct snp_span der)
{
	assert_int_equal(snp_certificates_add(set, der, NULL), 0);
}

/* Leaves of another chip, of another level, of another kind, and one of a wrong level and kind, which is
 * what a folder of a fleet holds. */
static void add_crowd(struct snp_certificates *set, enum snp_product product)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct fixture_leaf leaf;
		_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
		_cleanup_(freep) uint8_t *der = NULL;
		size_t size;

		fixture_leaf(product, i < 2 ? SNP_VCEK : SNP_VLEK, &leaf);
		if (i == 0)
			fixture_extension(&leaf, "4")->value[7] ^= 1;
		if (i == 1 || i == 3)
			fixture_extension_set(&leaf, "3.1", "\x02\x01\x03", 3);
		der = fixture_leaf_sign(&leaf, &size, &key);
		add(set, (struct snp_span){der, size});
	}
}

/* Leaves of the report's chip, kind and level, each broken in another way, and the last by a foreign chip id
 * where the report shows none. */
static void add_rivals(struct snp_certificates *set, const struct scene *s)
{
	for (unsigned int i = 0; i < 6; i++) {
		struct fixture_leaf leaf;
		_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
		_cleanup_(freep) uint8_t *der = NULL;
		size_t size;

		fixture_leaf(s->product, s->kind, &leaf);
		leaf.forged = i == 0;
		leaf.to = i == 1 ? -1 : leaf.to;
		leaf.pkcs1 = i == 2;
		if (i == 3)
			fixture_extension_set(&leaf, "3.10", "\x02\x01", 3);
		/* The fifth is right in all but that another key signed the report. */
		if (i == 5)
			fixture_extension_set(&leaf, "4", s->report + 0x1a0, SNP_CHIP_ID_SIZE);
		der = fixture_leaf_sign(&leaf, &size, &key);
		add(set, (struct snp_span){der, size});
	}
}

static void add_vcek(struct snp_certificates *set, const struct scene *s)
{
	struct fixture_leaf leaf;
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
	_cleanup_(freep) uint8_t *der = NULL;
	size_t size;

	fixture_leaf(s->product, SNP_VCEK, &leaf);
	der = fixture_leaf_sign(&leaf, &size, &key);
	add(set, (struct snp_span){der, size});
}

static struct snp_certificates *certificates_of(const struct row *row, struct scene *s)
{
	struct snp_certificates *set = NULL;
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
	_cleanup_(freep) uint8_t *leaf = NULL;
	size_t size;

	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	leaf = fixture_leaf_sign(&s->leaf, &size, &key);
	fixture_report_sign(s->report, key);
	if (row->bytes && row->after)
		memcpy(s->report + row->at, row->bytes, row->n);
	if (s->after)
		s->after(s);
	if (!s->no_ark)
		add(set, fixture_ca(s->product, SNP_ARK));
	if (!s->no_intermediate)
		add(set, fixture_ca(s->product, s->kind == SNP_VLEK ? SNP_ASVK : SNP_ASK));
	if (s->crowd_before)
		add_crowd(set, s->product);
	if (s->rivals_before)
		add_rivals(set, s);
	if (s->vcek_before)
		add_vcek(set, s);
	if (!s->no_leaf)
		add(set, (struct snp_span){leaf, size});
	if (s->crowd_after)
		add_crowd(set, s->product);
	if (s->rivals_after)
		add_rivals(set, s);
	if (s->crl)
		assert_int_equal(
			snp_certificates_add_crl(set, (struct snp_span){s->crl, s->crl_size}, NULL),
			0);
	free(s->crl);
	return set;
}

/* ---- edits ---- */

static void policy_debug(struct scene *s)
{
	snp_put_le64(s->report + 0x08, 0x30000 | SNP_POLICY_DEBUG);
}

static void host_request(struct scene *s)
{
	snp_put_le32(s->report + 0x30, UINT32_MAX);
}

static void no_leaf(struct scene *s)
{
	s->no_leaf = true;
}

static void crowd_before(struct scene *s)
{
	s->crowd_before = true;
}

static void crowd_after(struct scene *s)
{
	s->crowd_after = true;
}

static void no_set(struct scene *s)
{
	s->no_set = true;
}

static void rivals_before(struct scene *s)
{
	s->rivals_before = true;
}

static void rivals_after(struct scene *s)
{
	s->rivals_after = true;
}

static void rivals_masked(struct scene *s)
{
	memset(s->report + 0x1a0, 0, SNP_CHIP_ID_SIZE);
	s->expected.allow_masked_chip_id = s->rivals_before = true;
}

/* None of them is right: the first is the one that is named. */
static void rivals_alone(struct scene *s)
{
	s->leaf.to = -1;
	s->rivals_after = true;
}

static void vcek_before(struct scene *s)
{
	fixture_extension_set(&s->leaf, "3.1", "\x02\x01\x03", 3);
	s->vcek_before = true;
}

/* Of the crowd alone the leaf of the right chip is taken, and its level is another. */
static void crowd_alone(struct scene *s)
{
	s->no_leaf = s->crowd_after = true;
}

static void no_leaf_masked(struct scene *s)
{
	s->no_leaf = true;
	memset(s->report + 0x1a0, 0, SNP_CHIP_ID_SIZE);
}

static void no_ark(struct scene *s)
{
	s->no_ark = true;
}

static void no_intermediate(struct scene *s)
{
	s->no_intermediate = true;
}

static void amd_roots(struct scene *s)
{
	const struct snp_root *roots = snp_amd_roots(&s->n_roots);

	assert_in_range(s->n_roots, 1, FIXTURE_ROOTS);
	memcpy(s->roots, roots, s->n_roots * sizeof(*roots));
}

static void other_product_roots(struct scene *s)
{
	s->n_roots = fixture_roots_of(SNP_PRODUCT_GENOA, s->roots);
}

static void ark_alone(struct scene *s)
{
	s->n_roots = 1;
}

static void no_roots(struct scene *s)
{
	s->n_roots = 0;
}

static void simulated_roots(struct scene *s)
{
	s->n_roots = fixture_roots_of(SNP_PRODUCT_SIMULATED, s->roots);
}

/* The simulated host's ARK does not make its report one of AMD's product. */
static void mixed_roots(struct scene *s)
{
	s->n_roots = fixture_roots_of(SNP_PRODUCT_SIMULATED, s->roots);
	s->roots[s->n_roots++] = (struct snp_root){.product = SNP_PRODUCT_MILAN, .kind = SNP_ARK};
}

static void leaf_version_2(struct scene *s)
{
	s->leaf.version = X509_VERSION_2;
}

static void leaf_sha256(struct scene *s)
{
	s->leaf.digest = "SHA256";
	s->leaf.mgf1 = "SHA256";
	s->leaf.salt = 32;
}

static void leaf_mgf1_sha256(struct scene *s)
{
	s->leaf.mgf1 = "SHA256";
}

static void leaf_salt_32(struct scene *s)
{
	s->leaf.salt = 32;
}

static void leaf_pkcs1(struct scene *s)
{
	s->leaf.pkcs1 = true;
}

static void leaf_p256(struct scene *s)
{
	s->leaf.curve = "P-256";
}

static void leaf_explicit(struct scene *s)
{
	s->leaf.explicit_curve = true;
}

static void leaf_rsa(struct scene *s)
{
	s->leaf.rsa = true;
}

static void leaf_forged(struct scene *s)
{
	s->leaf.forged = true;
}

static void leaf_expired(struct scene *s)
{
	s->leaf.to = -1;
}

static void leaf_from_later(struct scene *s)
{
	s->leaf.from = FIXTURE_DAY;
}

static void long_after(struct scene *s)
{
	s->leaf.to = 3000 * FIXTURE_DAY;
	s->at_time = FIXTURE_TIME + 2000 * FIXTURE_DAY;
}

static void leaf_other_name(struct scene *s)
{
	memcpy(s->leaf.subject, "SEV-VCEK2", 10);
}

static void leaf_is_vlek(struct scene *s)
{
	fixture_leaf(s->product, SNP_VLEK, &s->leaf);
}

static void leaf_is_vcek(struct scene *s)
{
	fixture_leaf(s->product, SNP_VCEK, &s->leaf);
}

static void vlek_named_vcek(struct scene *s)
{
	fixture_leaf(s->product, SNP_VLEK, &s->leaf);
	memcpy(s->leaf.subject, "SEV-VCEK", 9);
	memcpy(s->leaf.issuer, "SEV-Milan", 10);
}

static void leaf_of_genoa(struct scene *s)
{
	fixture_leaf(SNP_PRODUCT_GENOA, SNP_VCEK, &s->leaf);
}

static void leaf_of_venice(struct scene *s)
{
	memcpy(s->leaf.issuer, "SEV-Venice", 11);
}

static void leaf_of_simulated(struct scene *s)
{
	memcpy(s->leaf.issuer, "SEV-Simulated", 14);
}

static void product_name_genoa(struct scene *s)
{
	fixture_extension_set(&s->leaf, "2", "\x16\x05Genoa", 7);
}

static void product_name_longer(struct scene *s)
{
	fixture_extension_set(&s->leaf, "2", "\x16\x06Milano", 8);
}

static void turin_struct(struct scene *s)
{
	fixture_leaf(SNP_PRODUCT_TURIN, SNP_VCEK, &s->leaf);
	fixture_extension_set(&s->leaf, "2", "\x16\x05Milan", 7);
	memcpy(s->leaf.issuer, "SEV-Milan", 10);
}

/* An extension of another value, of size 0 to remove it: the row's bytes, not for the report. */
#define EXTENSION(function, suffix, value)                                         \
	static void function(struct scene *s)                                      \
	{                                                                          \
		fixture_extension_set(&s->leaf, suffix, value, sizeof(value) - 1); \
	}                                                                          \
	struct fixture_needs_semicolon_

EXTENSION(spl_negative, "3.3", "\x02\x01\x98");
EXTENSION(spl_256, "3.3", "\x02\x02\x01\x00");
EXTENSION(spl_long, "3.3", "\x02\x03\x00\x00\x18");
EXTENSION(spl_padded, "3.3", "\x02\x02\x00\x18");
EXTENSION(spl_boolean, "3.3", "\x01\x01\xff");
EXTENSION(spl_trailing, "3.3", "\x02\x01\x18\x00");
EXTENSION(spl_ber_length, "3.3", "\x02\x81\x01\x18");
EXTENSION(struct_version_2, "1", "\x02\x01\x02");
EXTENSION(product_utf8, "2", "\x0c\x05Milan");
EXTENSION(product_cut, "2", "\x16\x06Milan");
EXTENSION(product_31, "2", "\x16\x1fGenoa-8901234567890123456789012");
EXTENSION(product_32, "2", "\x16\x20Milan-89012345678901234567890123");
EXTENSION(product_control, "2", "\x16\x05Mil\x01n");
EXTENSION(hwid_7, "4", "\x02\x40\xc4\xa2\x1f\x9c\x51");
EXTENSION(hwid_9, "4", "\x02\x40\xc4\xa2\x1f\x9c\x51\x0e\x00");
EXTENSION(hwid_8, "4", "\x02\x40\xc4\xa2\x1f\x9c\x51\x0e");
EXTENSION(unknown_extension, "3.10", "\x02\x01\x00");
EXTENSION(csp_too, "5", "\x16\x04test");
EXTENSION(bl_spl, "3.1", "\x02\x01\x03");
EXTENSION(tee_spl, "3.2", "\x02\x01\x01");
EXTENSION(snp_spl, "3.3", "\x02\x01\x17");
EXTENSION(ucode_spl, "3.8", "\x02\x02\x00\xda");
EXTENSION(fmc_spl, "3.9", "\x02\x01\x02");
EXTENSION(spl5, "3.5", "\x02\x01\x01");

static void hwid_resize(struct scene *s, size_t size)
{
	struct fixture_extension *e = fixture_extension(&s->leaf, "4");

	e->size = size;
}

static void hwid_63(struct scene *s)
{
	hwid_resize(s, 63);
}

static void hwid_65(struct scene *s)
{
	hwid_resize(s, 65);
}

static void hwid_66(struct scene *s)
{
	hwid_resize(s, 66);
}

static void hwid_wrapped(struct scene *s)
{
	struct fixture_extension *e = fixture_extension(&s->leaf, "4");

	memmove(e->value + 2, e->value, e->size);
	e->value[0] = 0x04;
	e->value[1] = (uint8_t)e->size;
	e->size += 2;
}

static void hwid_other(struct scene *s)
{
	fixture_extension(&s->leaf, "4")->value[63] ^= 1;
}

static void hwid_other_turin(struct scene *s)
{
	fixture_extension(&s->leaf, "4")->value[7] ^= 1;
}

/* The report's id is as short as the certificate's, though Milan's are not. */
static void hwid_8_in_both(struct scene *s)
{
	hwid_8(s);
	memset(s->report + 0x1a0 + 8, 0, SNP_CHIP_ID_SIZE - 8);
}

/* Turin's ids have 8 bytes: these are the same in both, and 56 follow in the certificate. */
static void hwid_64_turin(struct scene *s)
{
	uint8_t id[SNP_CHIP_ID_SIZE];

	memset(id, 0x77, sizeof(id));
	memcpy(id, s->report + 0x1a0, 8);
	fixture_extension_set(&s->leaf, "4", id, sizeof(id));
}

static void hwid_64_zeros_turin(struct scene *s)
{
	fixture_extension_set(&s->leaf, "4", s->report + 0x1a0, SNP_CHIP_ID_SIZE);
}

static void no_hwid(struct scene *s)
{
	fixture_extension_remove(&s->leaf, "4");
}

static void no_csp(struct scene *s)
{
	fixture_extension_remove(&s->leaf, "5");
}

static void no_spl4(struct scene *s)
{
	fixture_extension_remove(&s->leaf, "3.4");
}

static void no_snp_spl(struct scene *s)
{
	fixture_extension_remove(&s->leaf, "3.3");
}

static void no_fmc(struct scene *s)
{
	fixture_extension_remove(&s->leaf, "3.9");
}

static void twice(struct scene *s)
{
	s->leaf.extensions[s->leaf.n_extensions++] = *fixture_extension(&s->leaf, "3.3");
}

static void critical(struct scene *s)
{
	fixture_extension(&s->leaf, "3.3")->critical = true;
}

static void foreign_critical(struct scene *s)
{
	s->leaf.extensions[s->leaf.n_extensions++] = (struct fixture_extension){
		.oid = "1.2.3.4", .value = {5, 0}, .size = 2, .critical = true};
}

static void foreign(struct scene *s)
{
	foreign_critical(s);
	s->leaf.extensions[s->leaf.n_extensions - 1].critical = false;
}

static void set_crl(struct scene *s, enum snp_product product, long shift, long serial,
		    enum fixture_crl_flaw flaw)
{
	s->crl = fixture_crl(product, shift, serial, flaw, &s->crl_size);
}

static void crl_good(struct scene *s)
{
	set_crl(s, s->product, 0, fixture_ca_serial(s->product, SNP_ASVK) + 7, FIXTURE_CRL_GOOD);
}

static void crl_ask(struct scene *s)
{
	set_crl(s, s->product, 0, fixture_ca_serial(s->product, SNP_ASK), FIXTURE_CRL_GOOD);
}

static void crl_asvk(struct scene *s)
{
	set_crl(s, s->product, 0, fixture_ca_serial(s->product, SNP_ASVK), FIXTURE_CRL_GOOD);
}

static void crl_ark(struct scene *s)
{
	set_crl(s, s->product, 0, fixture_ca_serial(s->product, SNP_ARK), FIXTURE_CRL_GOOD);
}

static void crl_forged(struct scene *s)
{
	set_crl(s, s->product, 0, 0, FIXTURE_CRL_FORGED);
}

static void crl_stale(struct scene *s)
{
	set_crl(s, s->product, -2 * FIXTURE_DAY, 0, FIXTURE_CRL_GOOD);
}

static void crl_early(struct scene *s)
{
	set_crl(s, s->product, 2 * FIXTURE_DAY, 0, FIXTURE_CRL_GOOD);
}

static void crl_other(struct scene *s)
{
	set_crl(s, SNP_PRODUCT_GENOA, 0, 0, FIXTURE_CRL_GOOD);
}

static void crl_delta(struct scene *s)
{
	set_crl(s, s->product, 0, 0, FIXTURE_CRL_CRITICAL);
}

static void crl_endless(struct scene *s)
{
	set_crl(s, s->product, 0, 0, FIXTURE_CRL_ENDLESS);
}

static void mask_chip_id(struct scene *s)
{
	memset(s->report + 0x1a0, 0, SNP_CHIP_ID_SIZE);
}

static void mask_allowed(struct scene *s)
{
	mask_chip_id(s);
	s->expected.allow_masked_chip_id = true;
}

static void reverse(uint8_t *number)
{
	for (size_t i = 0; i < 24; i++) {
		uint8_t b = number[i];

		number[i] = number[47 - i];
		number[47 - i] = b;
	}
}

static void big_endian_now(struct scene *s)
{
	reverse(s->report + 0x2a0);
	reverse(s->report + 0x2e8);
}

static void big_endian(struct scene *s)
{
	s->after = big_endian_now;
}

static void swap_now(struct scene *s)
{
	uint8_t r[72];

	memcpy(r, s->report + 0x2a0, 72);
	memcpy(s->report + 0x2a0, s->report + 0x2e8, 72);
	memcpy(s->report + 0x2e8, r, 72);
}

static void swap(struct scene *s)
{
	s->after = swap_now;
}

/* Order of P-384 (FIPS 186-4 D.1.2.4). */
static const char order[] = "ffffffffffffffffffffffffffffffffffffffffffffffff"
			    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973";

static void add_order(uint8_t *number, bool negate)
{
	BIGNUM *n = NULL, *v = BN_lebin2bn(number, 72, NULL);

	assert_true(BN_hex2bn(&n, order) && v);
	assert_true(negate ? BN_sub(v, n, v) : BN_add(v, n, v));
	assert_int_equal(BN_bn2lebinpad(v, number, 72), 72);
	BN_free(v);
	BN_free(n);
}

static void negate_s_now(struct scene *s)
{
	add_order(s->report + 0x2e8, true);
}

/* (R, n - S): verifies too, as it must. */
static void negate_s(struct scene *s)
{
	s->after = negate_s_now;
}

static void r_plus_n_now(struct scene *s)
{
	add_order(s->report + 0x2a0, false);
}

static void r_plus_n(struct scene *s)
{
	s->after = r_plus_n_now;
}

static const uint8_t runtime[] = "{\"keys\":[]}";

static void runtime_good(struct scene *s)
{
	s->runtime_data = (struct snp_span){runtime, sizeof(runtime) - 1};
	assert_int_equal(sha256_of(s->runtime_data, s->report + 0x50, NULL), 0);
}

static void runtime_other(struct scene *s)
{
	s->runtime_data = (struct snp_span){runtime, sizeof(runtime) - 1};
}

/* ---- expectations ---- */

#define EXPECT(function, ...)                              \
	static void function(struct scene *s)              \
	{                                                  \
		struct snp_expectations *e = &s->expected; \
		__VA_ARGS__;                               \
	}                                                  \
	struct expect_needs_semicolon_

EXPECT(deny_milan, e->denied_products = 1ull << SNP_PRODUCT_MILAN);
EXPECT(deny_turin, e->denied_products = 1ull << SNP_PRODUCT_TURIN);
EXPECT(other_measurement, (void)e; s->lists[0][47] ^= 1);
EXPECT(nothing, e->n_measurements = 0);
EXPECT(any_measurement, e->n_measurements = 0; e->any_measurement = true);
EXPECT(debug_allowed, policy_debug(s); e->allow_debug = true);
EXPECT(policy_equal, e->has_policy = true; e->policy = 0x30000);
EXPECT(policy_other, e->has_policy = true; e->policy = 0x20000);
EXPECT(policy_below, e->has_policy_at_most = true; e->policy_at_most = 0xb0000);
EXPECT(policy_above, e->has_policy_at_most = true; e->policy_at_most = 0x20000);
EXPECT(svn_equal, e->has_guest_svn_min = true; e->guest_svn_min = 7);
EXPECT(svn_exact, e->has_guest_svn = true; e->guest_svn = 7);
EXPECT(svn_exact_below, e->has_guest_svn = true; e->guest_svn = 6);
EXPECT(svn_exact_above, e->has_guest_svn = true; e->guest_svn = 8);
EXPECT(svn_above, e->has_guest_svn_min = true; e->guest_svn_min = 8);
EXPECT(family_equal, e->has_family_id = true; memset(e->family_id, 0xf1, 16));
EXPECT(family_other, e->has_family_id = true; memset(e->family_id, 0xf1, 15));
EXPECT(image_equal, e->has_image_id = true; memset(e->image_id, 0x1d, 16));
EXPECT(image_other, e->has_image_id = true; memset(e->image_id, 0x1d, 15));
EXPECT(host_data_equal, e->has_host_data = true; memset(e->host_data, 0x40, 32));
EXPECT(host_data_other, e->has_host_data = true; memset(e->host_data, 0x40, 31));
EXPECT(report_data_equal, e->has_report_data = true; memset(e->report_data, 0xda, 64));
EXPECT(report_data_other, e->has_report_data = true; memset(e->report_data, 0xda, 63));
EXPECT(vmpl_equal, e->has_vmpl = true; e->vmpl = 0);
EXPECT(vmpl_other, e->has_vmpl = true; e->vmpl = 1);
EXPECT(report_id_equal, e->has_report_id = true; memset(e->report_id, 0x4d, 32));
EXPECT(report_id_other, e->has_report_id = true; memset(e->report_id, 0x4d, 31));

static void list_id_keys(struct scene *s, uint8_t value)
{
	memset(s->lists[1], value, 48);
	s->expected.id_key_digests = (const uint8_t(*)[48])s->lists[1];
	s->expected.n_id_key_digests = 1;
}

EXPECT(id_key_equal, (void)e; list_id_keys(s, 0x1b));
EXPECT(id_key_other, (void)e; list_id_keys(s, 0x1c));
EXPECT(id_key_last, (void)e; list_id_keys(s, 0x1b); s->lists[1][47] ^= 1);

static void list_author_keys(struct scene *s, uint8_t value)
{
	snp_put_le32(s->report + 0x48, 1);
	memset(s->report + 0x110, 0xa1, 48);
	memset(s->lists[1], value, 48);
	s->expected.author_key_digests = (const uint8_t(*)[48])s->lists[1];
	s->expected.n_author_key_digests = 1;
}

EXPECT(author_key_equal, (void)e; list_author_keys(s, 0xa1));
EXPECT(author_key_other, (void)e; list_author_keys(s, 0xa2));
EXPECT(author_key_last, (void)e; list_author_keys(s, 0xa1); s->lists[1][47] ^= 1);

static void list_chip(struct scene *s)
{
	memcpy(s->lists[1], s->report + 0x1a0, 64);
	s->expected.chip_ids = (const uint8_t(*)[64])s->lists[1];
	s->expected.n_chip_ids = 1;
}

EXPECT(chip_equal, (void)e; list_chip(s));
EXPECT(chip_other, (void)e; list_chip(s); s->lists[1][0] ^= 1);

#define TCB(bl, te, sn, uc, fm) \
	((struct snp_tcb){      \
		.boot_loader = (bl), .tee = (te), .snp = (sn), .microcode = (uc), .fmc = (fm)})

EXPECT(tcb_equal, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 24, 219, 0));
EXPECT(tcb_bl, e->has_minimum_tcb = true; e->minimum_tcb = TCB(5, 0, 24, 219, 0));
EXPECT(tcb_tee, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 1, 24, 219, 0));
EXPECT(tcb_snp, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 25, 219, 0));
EXPECT(tcb_ucode, e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 24, 220, 0));
EXPECT(tcb_fmc, e->has_minimum_tcb = true; e->minimum_tcb = TCB(1, 1, 4, 81, 2));
EXPECT(tcb_turin, e->has_minimum_tcb = true; e->minimum_tcb = TCB(1, 1, 4, 81, 1));
EXPECT(tcb_no_fmc, e->has_minimum_tcb = true; e->minimum_tcb = TCB(1, 1, 4, 81, 0));
EXPECT(tcb_any_fmc, e->has_minimum_tcb = true; e->minimum_tcb = TCB(1, 1, 4, 81, 0);
       e->minimum_tcb.has_fmc = true);
static struct snp_minimum_tcb by_product[] = {
	{SNP_PRODUCT_MILAN, TCB(4, 0, 24, 219, 0)},
	{SNP_PRODUCT_TURIN, TCB(1, 1, 4, 82, 1)},
};
EXPECT(tcb_by_product, e->minimum_tcbs = by_product; e->n_minimum_tcbs = 2);
EXPECT(tcb_by_product_and_all, e->minimum_tcbs = by_product; e->n_minimum_tcbs = 2;
       e->has_minimum_tcb = true; e->minimum_tcb = TCB(4, 0, 25, 219, 0));
EXPECT(tcb_of_other_products, e->minimum_tcbs = by_product + 1; e->n_minimum_tcbs = 1);
EXPECT(launch_tcb_no_fmc, e->has_minimum_launch_tcb = true;
       e->minimum_launch_tcb = TCB(1, 1, 4, 81, 0));
EXPECT(launch_tcb_equal, e->has_minimum_launch_tcb = true;
       e->minimum_launch_tcb = TCB(4, 0, 24, 219, 0));
EXPECT(launch_tcb_above, e->has_minimum_launch_tcb = true;
       e->minimum_launch_tcb = TCB(4, 0, 25, 219, 0));

#define FIRMWARE(ma, mi, bu) \
	((struct snp_firmware_version){.major = (ma), .minor = (mi), .build = (bu)})

EXPECT(firmware_equal, e->has_firmware_min = true; e->firmware_min = FIRMWARE(1, 55, 29));
EXPECT(firmware_build, e->has_firmware_min = true; e->firmware_min = FIRMWARE(1, 55, 30));
EXPECT(firmware_minor, e->has_firmware_min = true; e->firmware_min = FIRMWARE(1, 56, 0));
EXPECT(firmware_major, e->has_firmware_min = true; e->firmware_min = FIRMWARE(2, 0, 0));
EXPECT(committed, e->no_provisional_firmware = true);
EXPECT(provisional_tcb, e->no_provisional_firmware = true; s->report[0x38 + 7] = 220);
EXPECT(provisional_version, e->no_provisional_firmware = true; s->report[0x1e8] = 30);
EXPECT(require_ecc, e->has_platform_require = true; e->platform_require = SNP_PLATFORM_ECC_EN);
EXPECT(require_rapl, e->has_platform_require = true; e->platform_require = SNP_PLATFORM_RAPL_DIS);
EXPECT(require_nothing, e->has_platform_require = true; s->report[0x40] = 0);
EXPECT(forbid_tsme, e->has_platform_forbid = true; e->platform_forbid = SNP_PLATFORM_TSME_EN);
EXPECT(forbid_smt, e->has_platform_forbid = true; e->platform_forbid = SNP_PLATFORM_SMT_EN);
EXPECT(launch_mit, e->has_launch_mitigations = true; e->launch_mitigations = 0x0b);
EXPECT(launch_mit_more, e->has_launch_mitigations = true; e->launch_mitigations = 0x0f);
EXPECT(current_mit, e->has_current_mitigations = true; e->current_mitigations = 0x0f);
EXPECT(current_mit_more, e->has_current_mitigations = true; e->current_mitigations = 0x1f);

/* A published document, the report's launch in its second image. */
static void publish(struct scene *s)
{
	struct snp_reference_image *image = &s->images[1];

	for (size_t i = 0; i < 2; i++) {
		s->variants[i] = (struct snp_reference_variant){.vcpus.profile = "qemu"};
		s->images[i] = (struct snp_reference_image){
			.name = s->name, .variants = &s->variants[i], .n_variants = 1};
	}
	memset(s->variants[1].launch_digest, 0x3e, SNP_MEASUREMENT_SIZE);
	image->policy = 0x30000;
	image->guest_svn = 7;
	memset(image->family_id, 0xf1, 16);
	memset(image->image_id, 0x1d, 16);
	s->minimum[1][0] = (struct snp_minimum_tcb){SNP_PRODUCT_MILAN, TCB(4, 0, 24, 219, 0)};
	s->minimum[1][1] =
		(struct snp_minimum_tcb){SNP_PRODUCT_TURIN, TCB(255, 255, 255, 255, 255)};
	image->minimum_tcb = s->minimum[1];
	image->n_minimum_tcb = 2;
	s->reference = (struct snp_reference){.images = s->images, .n_images = 2};
	s->documents[0] = &s->other;
	s->documents[1] = &s->reference;
	s->expected.references = s->documents;
	s->expected.n_references = 2;
	s->expected.n_measurements = 0;
}

/* The first image is published with the same digest, and fits worse. */
static void publish_twice(struct scene *s)
{
	publish(s);
	memset(s->variants[0].launch_digest, 0x3e, SNP_MEASUREMENT_SIZE);
}

/* Both images are published with the digest, alike in all but the one thing in which the first is not met. */
static void publish_alike(struct scene *s)
{
	publish_twice(s);
	s->images[0] = s->images[1];
	s->images[0].variants = &s->variants[0];
	memcpy(s->minimum[0], s->minimum[1], sizeof(s->minimum[0]));
	s->images[0].minimum_tcb = s->minimum[0];
}

EXPECT(alike_tcb, (void)e; publish_alike(s); s->minimum[0][0].tcb.snp = 25);
EXPECT(alike_tcb_absent, (void)e; publish_alike(s); s->minimum[0][0].tcb.snp = 25;
       s->images[1].n_minimum_tcb = 0);
EXPECT(alike_policy, publish_alike(s); s->images[0].policy = 0x20000; s->images[1].policy = 0xb0000;
       e->has_policy_at_most = true; e->policy_at_most = 0xb0000);
EXPECT(alike_policy_exact, (void)e; publish_alike(s); s->images[0].policy = 0xb0000);

EXPECT(published, (void)e; publish(s));
EXPECT(published_other, (void)e; publish(s); s->variants[1].launch_digest[0] ^= 1);
EXPECT(published_policy, (void)e; publish(s); s->images[1].policy = 0x20000);
EXPECT(published_policy_stricter, publish(s); s->images[1].policy = 0xb0000;
       e->has_policy_at_most = true; e->policy_at_most = 0xb0000);
EXPECT(published_no_ids, (void)e; publish(s); memset(s->images[1].family_id, 0, 16);
       memset(s->images[1].image_id, 0, 16));
EXPECT(published_policy_wider, (void)e; publish(s); s->images[1].policy = 0xb0000);
EXPECT(published_policy_narrower, publish(s); s->images[1].policy = 0x20000;
       e->has_policy_at_most = true; e->policy_at_most = 0xb0000);
EXPECT(published_svn, (void)e; publish(s); s->images[1].guest_svn = 8);
EXPECT(published_family, (void)e; publish(s); s->images[1].family_id[0] ^= 1);
EXPECT(published_image, (void)e; publish(s); s->images[1].image_id[0] ^= 1);
EXPECT(published_tcb, (void)e; publish(s); s->minimum[1][0].tcb.snp = 25);
EXPECT(published_product, (void)e; publish(s); s->minimum[1][0].product = SNP_PRODUCT_GENOA);
EXPECT(published_fmc, (void)e; publish(s); s->minimum[1][1].tcb = TCB(1, 1, 4, 81, 0));
EXPECT(published_and_stricter, publish(s); e->has_minimum_tcb = true;
       e->minimum_tcb = TCB(4, 0, 25, 219, 0));

/* The digest is expected for no other reason than its endorsement. */
static void endorse(struct scene *s)
{
	struct snp_expectations *e = &s->expected;

	fixture_endorsement(s->lists[0], &s->endorsement);
	s->has_endorsement = e->endorsed = e->has_uvm_svn_min = true;
	e->uvm_issuer = fixture_issuer();
	e->uvm_feed = "test-feed";
	e->uvm_svn_min = 7;
	e->n_measurements = 0;
	e->has_host_data = true;
	memcpy(e->host_data, s->report + 0xc0, sizeof(e->host_data));
}

/* As Microsoft's, by its known roots of trust. */
static void endorse_known(struct scene *s, const char *feed)
{
	endorse(s);
	s->endorsement.feed = feed;
	s->expected.uvm_issuer = s->expected.uvm_feed = NULL;
	s->expected.has_uvm_svn_min = false;
}

static void stamp(struct scene *s)
{
	endorse(s);
	s->endorsement.timestamp = true;
	s->expected.tsa_roots = fixture_tsa_root();
}

static const uint8_t other_digest[48] = {1};

#define ENDORSED(function, ...)                                     \
	static void function(struct scene *s)                       \
	{                                                           \
		struct fixture_endorsement *plan = &s->endorsement; \
		endorse(s);                                         \
		__VA_ARGS__;                                        \
		(void)plan;                                         \
	}                                                           \
	struct endorsed_needs_semicolon_

ENDORSED(endorsed_es384, plan->es384 = true);
ENDORSED(endorsed_unasked, s->expected.endorsed = false; s->expected.n_measurements = 1);
ENDORSED(endorsed_and_expected, s->expected.n_measurements = 1);
ENDORSED(endorsed_and_other, s->expected.n_measurements = 1;
	 s->expected.measurements = (const uint8_t (*)[48])s->lists[1]);
ENDORSED(endorsed_any, s->expected.any_measurement = true);
ENDORSED(not_endorsed, s->has_endorsement = false);
ENDORSED(endorsement_forged, plan->forged = true);
ENDORSED(endorsement_forged_es384, plan->forged = plan->es384 = true);
ENDORSED(endorsement_ec_named_ps384, plan->es384 = true; plan->algorithm = -38);
ENDORSED(endorsement_rsa_named_es384, plan->algorithm = -35);
ENDORSED(endorsement_short_key, plan->short_key = true);
ENDORSED(endorsement_short_ec, plan->es384 = plan->short_key = true);
ENDORSED(stamped, stamp(s));
ENDORSED(stamped_not, stamp(s); plan->timestamp = false);
ENDORSED(stamped_other, stamp(s); plan->foreign_timestamp = true);
ENDORSED(stamped_by_other, stamp(s);
	 s->expected.tsa_roots = fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK));
ENDORSED(stamped_late, stamp(s); plan->timestamp_time = 2 * FIXTURE_DAY);
ENDORSED(any_containers, s->expected.has_host_data = false);
ENDORSED(any_containers_asked, s->expected.has_host_data = false; s->expected.any_host_data = true);
ENDORSED(stamped_unseen, plan->foreign_timestamp = true);
ENDORSED(stamped_alone, plan->timestamp = true);
ENDORSED(stamped_greedy, stamp(s); plan->greedy_tsa = true);
ENDORSED(signer_expired, plan->from = -300 * FIXTURE_DAY; plan->to = -200 * FIXTURE_DAY;
	 plan->signing_time = -250 * FIXTURE_DAY);
ENDORSED(signed_late, plan->signing_time = 2 * FIXTURE_DAY);
ENDORSED(signed_early, plan->signing_time = -2 * FIXTURE_DAY);
ENDORSED(no_signing_time, plan->no_signing_time = true);
ENDORSED(no_signing_time_expired, plan->no_signing_time = true; plan->to = -1);
ENDORSED(issuer_other,
	 plan->issuer = "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.2.3");
ENDORSED(issuer_absent,
	 s->expected.uvm_issuer = plan->issuer =
		 "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.2.3");
ENDORSED(issuer_web, s->expected.uvm_issuer = plan->issuer = "did:web:microsoft.com");
ENDORSED(issuer_version_1,
	 s->expected.uvm_issuer = plan->issuer =
		 "did:x509:1:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.2.3");
ENDORSED(issuer_subject,
	 s->expected.uvm_issuer = plan->issuer =
		 "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::subject:CN:x");
ENDORSED(issuer_two,
	 s->expected.uvm_issuer = plan->issuer =
		 "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.2::eku:1.3");
ENDORSED(ca_foreign, plan->foreign_ca = true);
ENDORSED(ca_none, plan->not_a_ca = true);
ENDORSED(ca_absent, plan->leaf_alone = true);
ENDORSED(usage_absent, plan->eku = NULL);
ENDORSED(usage_other, plan->eku = "1.3.6.1.4.1.311.76.59.1.20");
ENDORSED(usage_second, plan->eku = "codeSigning,1.3.6.1.4.1.311.76.59.1.2");
ENDORSED(feed_other, plan->feed = "test-feed2");
ENDORSED(svn_below, plan->svn = "\"6\"");
ENDORSED(svn_number, plan->svn = "8");
ENDORSED(svn_two_digits, plan->svn = "\"10\"");
ENDORSED(digest_other, plan->measurement = other_digest);
ENDORSED(feed_unknown, endorse_known(s, "test-feed"));
ENDORSED(feed_known, endorse_known(s, "ConfAKS-AMD-UVM"));

/* The same in Google's form. */
static void endorse_launch(struct scene *s)
{
	struct snp_expectations *e = &s->expected;

	fixture_launch_endorsement(s->lists[0], &s->launch_endorsement);
	e->endorsed = true;
	e->endorsement_roots = fixture_launch_root();
	e->n_measurements = 0;
}

#define LAUNCHED(function, ...)                                                   \
	static void function(struct scene *s)                                     \
	{                                                                         \
		struct fixture_launch_endorsement *plan = &s->launch_endorsement; \
		struct snp_expectations *e = &s->expected;                        \
		endorse_launch(s);                                                \
		__VA_ARGS__;                                                      \
		(void)plan;                                                       \
		(void)e;                                                          \
	}                                                                         \
	struct launched_needs_semicolon_

LAUNCHED(launch_unasked, e->endorsed = false; e->n_measurements = 1);
LAUNCHED(launch_and_expected, e->n_measurements = 1);
LAUNCHED(launch_and_other, e->n_measurements = 1;
	 e->measurements = (const uint8_t (*)[48])s->lists[1]);
LAUNCHED(launch_signer_pinned, e->endorsement_roots = fixture_launch_signer());
LAUNCHED(launch_none, plan->measurement = NULL);
LAUNCHED(launch_forged, plan->forged = true);
LAUNCHED(launch_pkcs1, plan->pkcs1 = true);
LAUNCHED(launch_sha384, plan->sha384 = true);
LAUNCHED(launch_short_key, plan->short_key = true);
LAUNCHED(launch_ec, plan->ec = true);
LAUNCHED(launch_foreign_ca, plan->foreign_ca = true);
LAUNCHED(launch_other_root, e->endorsement_roots = fixture_launch_other_root());
LAUNCHED(launch_tsa_root, e->endorsement_roots = fixture_tsa_root());
LAUNCHED(launch_expired, plan->to = -1);
LAUNCHED(launch_too_early, plan->from = FIXTURE_DAY);
LAUNCHED(launch_svn, e->endorsement_svn_min = 3);
LAUNCHED(launch_svn_low, e->endorsement_svn_min = 4);
LAUNCHED(launch_digest, plan->measurement = other_digest);
LAUNCHED(launch_vcpus, e->endorsement_vcpu_count = 4);
LAUNCHED(launch_vcpus_other, e->endorsement_vcpu_count = 1);
LAUNCHED(launch_vcpus_absent, e->endorsement_vcpu_count = 5);
LAUNCHED(launch_policy, plan->policy = 0x30000);
LAUNCHED(launch_policy_other, plan->policy = 0xb0000);
LAUNCHED(launch_policy_stricter, plan->policy = 0xb0000; e->has_policy_at_most = true;
	 e->policy_at_most = 0xb0000);
LAUNCHED(launch_policy_wider, plan->policy = 0x20000; e->has_policy_at_most = true;
	 e->policy_at_most = 0xb0000);

/* A token about the same report. */
static void attest(struct scene *s)
{
	static const char *const families[] = {[SNP_PRODUCT_MILAN] = "Milan",
					       [SNP_PRODUCT_GENOA] = "Genoa",
					       [SNP_PRODUCT_TURIN] = "Turin"};

	fixture_token(s->report, &s->token);
	s->token.family = families[s->product];
	s->expected.maa_issuer = FIXTURE_MAA;
}

#define ATTESTED(function, ...)                         \
	static void function(struct scene *s)           \
	{                                               \
		struct fixture_token *plan = &s->token; \
		attest(s);                              \
		__VA_ARGS__;                            \
	}                                               \
	struct attested_needs_semicolon_

#define CLAIM(function, from, to) ATTESTED(function, plan->replace = from; plan->with = to)

ATTESTED(token_old, plan->old = true);
ATTESTED(token_unknown_key, plan->kid = "key-9");
ATTESTED(token_by_another, plan->signer = 1);
ATTESTED(token_issuer, plan->issuer = plan->jku = "https://other.attest.azure.net";
	 plan->jku = "https://other.attest.azure.net/certs");
ATTESTED(token_expired, plan->from = -200; plan->to = -100);
ATTESTED(token_compliance, plan->compliance = "");
ATTESTED(token_family, plan->family = "Genoa");
CLAIM(token_digest, "launchmeasurement\":\"3e", "launchmeasurement\":\"3f");
CLAIM(token_svn, "guestsvn\":", "guestsvn\":1");
CLAIM(token_level, "snpfw-svn\":24", "snpfw-svn\":25");
CLAIM(token_policy, "singlesocket\":false", "singlesocket\":true");
CLAIM(token_vmpl, "vmpl\":0", "vmpl\":1");
ATTESTED(token_vmpl_both, plan->compliance = "azure-compliant-uvm";
	 snp_put_le32(s->report + 0x30, 1));

/* In an endorsed utility VM, with its containers and the issuer of its tokens published. */
static void attest_group(struct scene *s)
{
	struct snp_reference_image *image = &s->images[0];

	endorse(s);
	attest(s);
	s->expected.has_host_data = false;
	s->expected.maa_issuer = NULL;
	*image = (struct snp_reference_image){
		.name = s->name, .is_container_group = true, .maa_issuer = s->issuer};
	snprintf(s->issuer, sizeof(s->issuer), "%s", FIXTURE_MAA);
	memcpy(image->host_data, s->report + 0xc0, sizeof(image->host_data));
	s->reference = (struct snp_reference){.images = s->images, .n_images = 1};
	s->documents[0] = &s->reference;
	s->expected.references = s->documents;
	s->expected.n_references = 1;
}

static void attest_by_other(struct scene *s)
{
	s->token.issuer = "https://other.attest.azure.net";
	s->token.jku = "https://other.attest.azure.net/certs";
}

#define GROUP(function, ...)                  \
	static void function(struct scene *s) \
	{                                     \
		attest_group(s);              \
		__VA_ARGS__;                  \
	}                                     \
	struct group_needs_semicolon_

GROUP(group_other, attest_by_other(s));
GROUP(group_other_asked, attest_by_other(s); s->expected.maa_issuer = s->token.issuer);
GROUP(group_no_issuer, attest_by_other(s); s->images[0].maa_issuer = NULL);
GROUP(group_cvm, s->token.compliance = "azure-compliant-cvm");

#define SERVED(function, ...)                                                      \
	static void function(struct scene *s)                                      \
	{                                                                          \
		struct service *service = &s->service;                             \
		endorse(s);                                                        \
		attest(s);                                                         \
		*service = (struct service){.carried = true, .kind = "acisevsnp"}; \
		s->expected.maa_evidence = true;                                   \
		memset(s->expected.maa_host_data, 0x5e, SNP_HOST_DATA_SIZE);       \
		__VA_ARGS__;                                                       \
	}                                                                          \
	struct served_needs_semicolon_

SERVED(service_right, (void)service);
SERVED(service_absent, service->carried = false);
SERVED(service_unasked, s->expected.maa_evidence = service->carried = false);
SERVED(service_sgx, service->kind = "sgx");
SERVED(service_no_kind, service->kind = NULL);
SERVED(service_garbage, service->garbage = true);
SERVED(service_other_key, service->other_key = true);
SERVED(service_other_host_data, service->other_host_data = true);
SERVED(service_forged, service->forged = true);
SERVED(service_other_digest, service->other_digest = true);
SERVED(service_elsewhere, s->n_roots += fixture_roots_of(SNP_PRODUCT_MILAN, s->roots + s->n_roots));
SERVED(service_denied, s->n_roots += fixture_roots_of(SNP_PRODUCT_MILAN, s->roots + s->n_roots);
       s->expected.denied_products = 1ull << SNP_PRODUCT_MILAN);
SERVED(service_revoked, crl_ask(s));
SERVED(service_not_revoked, crl_good(s));
SERVED(service_stamped, stamp(s); service->stamped = true);
SERVED(service_not_stamped, stamp(s));
SERVED(service_microsofts, service->microsofts = true; s->expected.endorsed = false;
       s->expected.n_measurements = 1; s->expected.uvm_issuer = NULL;
       s->expected.uvm_feed = "ConfAKS-AMD-UVM");

#define MILAN	  SNP_PRODUCT_MILAN
#define GENOA	  SNP_PRODUCT_GENOA
#define TURIN	  SNP_PRODUCT_TURIN
#define SIMULATED SNP_PRODUCT_SIMULATED
#define FAILS(id) .check = SNP_CHECK_##id
#define NO_CHECK  ((enum snp_check)N_CHECKS)
#define ACCEPTED  .check = NO_CHECK
/* clang-format off */
#define SIGNED(offset, text)   .at = (offset), .bytes = (text), .n = sizeof(text) - 1
#define UNSIGNED(offset, text) SIGNED(offset, text), .after = true

static const struct row rows[] = {
	/* every product, version and signing key */
	{"Milan v2 VCEK", ACCEPTED, .product = MILAN, .version = 2},
	{"Milan v3 VCEK", ACCEPTED, .product = MILAN, .version = 3},
	{"Milan v4 VCEK", ACCEPTED, .product = MILAN, .version = 4},
	{"Milan v5 VCEK", ACCEPTED, .product = MILAN, .version = 5},
	{"Milan v2 VLEK", ACCEPTED, .product = MILAN, .version = 2, .kind = SNP_VLEK},
	{"Milan v3 VLEK", ACCEPTED, .product = MILAN, .version = 3, .kind = SNP_VLEK},
	{"Milan v5 VLEK", ACCEPTED, .product = MILAN, .version = 5, .kind = SNP_VLEK},
	{"Genoa v2 VCEK", ACCEPTED, .product = GENOA, .version = 2},
	{"Genoa v3 VCEK, model 0xa0", ACCEPTED, .product = GENOA, .version = 3},
	{"Genoa v3, model 0xaf", ACCEPTED, .product = GENOA, SIGNED(0x189, "\xaf")},
	{"Genoa v4 VCEK", ACCEPTED, .product = GENOA, .version = 4},
	{"Genoa v5 VCEK", ACCEPTED, .product = GENOA, .version = 5},
	{"Milan v6 VCEK", ACCEPTED, .product = MILAN, .version = 6},
	{"Genoa v6 VLEK", ACCEPTED, .product = GENOA, .version = 6, .kind = SNP_VLEK},
	{"Turin v6 VCEK", ACCEPTED, .product = TURIN, .version = 6},
	{"Turin v6, ETCBs of zeros", ACCEPTED, .product = TURIN, .version = 6, SIGNED(0x220, "\0\0\0\0")},
	{"Turin v6, reserved before the ETCBs", FAILS(RESERVED_BITS), .product = TURIN, .version = 6, SIGNED(0x21f, "\1")},
	{"Turin v6, reserved behind the ETCBs", FAILS(RESERVED_BITS), .product = TURIN, .version = 6, SIGNED(0x280, "\1")},
	{"Turin v6, changed ETCB", FAILS(REPORT_SIGNATURE), .product = TURIN, .version = 6, UNSIGNED(0x260, "\1")},
	{"Turin v5 with an ETCB", FAILS(RESERVED_BITS), .product = TURIN, .version = 5, SIGNED(0x220, "\1")},
	{"Venice v6", FAILS(PRODUCT), .product = TURIN, .version = 6, SIGNED(0x188, "\x1a\x50")},
	{"Genoa v5 VLEK", ACCEPTED, .product = GENOA, .version = 5, .kind = SNP_VLEK},
	{"Turin v2 VCEK", ACCEPTED, .product = TURIN, .version = 2},
	{"Turin v3 VCEK", ACCEPTED, .product = TURIN, .version = 3},
	{"Turin v5 VCEK", ACCEPTED, .product = TURIN, .version = 5},
	{"Turin v5 VLEK", ACCEPTED, .product = TURIN, .version = 5, .kind = SNP_VLEK},
	{"Simulated v3 VCEK", ACCEPTED, .product = SIMULATED, .version = 3},
	{"Simulated, its ARK alone pinned", ACCEPTED, ark_alone, .product = SIMULATED},
	{"VLEK, chip id shown", ACCEPTED, .kind = SNP_VLEK, SIGNED(0x1a0, "\x01\x02")},
	{"v4, vectors", ACCEPTED, .version = 4, SIGNED(0x1f8, "\x0b")},
	{"current above committed", ACCEPTED, SIGNED(0x38 + 7, "\xdc")},
	{"launched before an update", ACCEPTED, SIGNED(0x1f0 + 6, "\x17")},

	/* the report's form */
	{"0x48 bit 5", FAILS(RESERVED_BITS), SIGNED(0x48, "\x20")},
	{"0x4b", FAILS(RESERVED_BITS), SIGNED(0x4b, "\x80")},
	{"0x4c", FAILS(RESERVED_BITS), SIGNED(0x4c, "\x01")},
	{"0x188 in version 2", FAILS(RESERVED_BITS), .version = 2, SIGNED(0x188, "\x19")},
	{"0x18b", FAILS(RESERVED_BITS), SIGNED(0x18b, "\x01")},
	{"0x19f", FAILS(RESERVED_BITS), SIGNED(0x19f, "\x01")},
	{"0x1eb", FAILS(RESERVED_BITS), SIGNED(0x1eb, "\x01")},
	{"0x1ef", FAILS(RESERVED_BITS), SIGNED(0x1ef, "\x01")},
	{"0x1f8 in version 3", FAILS(RESERVED_BITS), SIGNED(0x1f8, "\x01")},
	{"0x208 in version 5", FAILS(RESERVED_BITS), .version = 5, SIGNED(0x208, "\x01")},
	{"0x29f", FAILS(RESERVED_BITS), SIGNED(0x29f, "\x01")},
	{"0x330, not signed", FAILS(RESERVED_BITS), UNSIGNED(0x330, "\x01")},
	{"0x49f, not signed", FAILS(RESERVED_BITS), UNSIGNED(0x49f, "\x80")},
	{"above R", FAILS(RESERVED_BITS), UNSIGNED(0x2a0 + 48, "\x01"), .also = NEED(REPORT_SIGNATURE)},
	{"above S", FAILS(RESERVED_BITS), UNSIGNED(0x2e8 + 71, "\x01"), .also = NEED(REPORT_SIGNATURE)},
	{"algorithm 0", FAILS(SIGNATURE_ALGORITHM), SIGNED(0x34, "\x00")},
	{"algorithm 2", FAILS(SIGNATURE_ALGORITHM), SIGNED(0x34, "\x02")},
	{"signing key 2", FAILS(SIGNING_KEY), SIGNED(0x48, "\x08")},
	{"signing key 6", FAILS(SIGNING_KEY), SIGNED(0x48, "\x18")},
	{"signing key none", FAILS(SIGNING_KEY), SIGNED(0x48, "\x1c")},
	{"MASK_CHIP_KEY", FAILS(CHIP_KEY_MASK), SIGNED(0x48, "\x02")},
	{"author digest without author", FAILS(AUTHOR_KEY), SIGNED(0x110, "\x01")},
	{"asked for by the host", FAILS(GUEST_REQUEST), host_request},
	{"VMPL 4", FAILS(GUEST_REQUEST), SIGNED(0x30, "\x04")},
	{"policy bit 17 clear", FAILS(POLICY_FORM), SIGNED(0x08 + 2, "\x01")},
	{"policy bit 26", FAILS(POLICY_FORM), SIGNED(0x08 + 3, "\x04")},

	/* product and TCBs */
	{"Venice", FAILS(PRODUCT), SIGNED(0x188, "\x1a\x50")},
	{"family 0x17", FAILS(PRODUCT), SIGNED(0x188, "\x17\x31")},
	{"version 2 by an unknown issuer", FAILS(PRODUCT), leaf_of_venice, .version = 2},
	{"version 2 by the simulated host", FAILS(PRODUCT), leaf_of_simulated, .version = 2},
	{"Milan's report under the simulated host's root", FAILS(PRODUCT), simulated_roots},
	{"simulated family 0x1a", FAILS(PRODUCT), .product = SIMULATED, SIGNED(0x188, "\x1a")},
	{"simulated model 0x01", FAILS(PRODUCT), .product = SIMULATED, SIGNED(0x189, "\x01")},
	{"simulated model 0xf1", FAILS(PRODUCT), .product = SIMULATED, SIGNED(0x189, "\xf1")},
	{"simulated version 2", FAILS(PRODUCT), .product = SIMULATED, .version = 2},
	{"simulated report under mixed roots", FAILS(PRODUCT), mixed_roots, .product = SIMULATED},
	{"simulated report of Milan's CPUID under mixed roots", FAILS(CA_CERTIFICATES), mixed_roots,
	 .product = SIMULATED, .also = NEED(CERTIFICATE_NAMES) | NEED(CERTIFICATE_PRODUCT),
	 SIGNED(0x189, "\x01")},
	{"CURRENT_TCB byte 2", FAILS(TCB_FORM), SIGNED(0x38 + 2, "\x01")},
	{"COMMITTED_TCB byte 5", FAILS(TCB_FORM), SIGNED(0x1e0 + 5, "\x01")},
	{"LAUNCH_TCB byte 3", FAILS(TCB_FORM), SIGNED(0x1f0 + 3, "\x01")},
	{"Turin CURRENT_TCB byte 6", FAILS(TCB_FORM), .product = TURIN, SIGNED(0x38 + 6, "\x01")},
	{"Turin TCB in Milan's layout", FAILS(TCB_FORM), .product = TURIN,
	 SIGNED(0x38, "\x04\x00\x00\x00\x00\x00\x18\xdb")},
	{"reported above committed", FAILS(TCB_ORDER), SIGNED(0x1e0 + 7, "\xda")},
	{"committed above current", FAILS(TCB_ORDER), SIGNED(0x38 + 6, "\x17")},
	{"launch above current", FAILS(TCB_ORDER), SIGNED(0x1f0, "\x05")},

	/* certificates */
	{"no certificate", FAILS(CERTIFICATE), no_leaf},
	{"no certificate of a VLEK", FAILS(CERTIFICATE), no_leaf, .kind = SNP_VLEK},
	{"no certificate, chip id masked", FAILS(CERTIFICATE), no_leaf_masked,
	 .also = NEED(CHIP_ID_MASK)},
	{"last of many", ACCEPTED, crowd_before},
	{"first of many", ACCEPTED, crowd_after},
	{"last of many, Turin", ACCEPTED, crowd_before, .product = TURIN},
	{"behind rivals", ACCEPTED, rivals_before},
	{"before rivals", ACCEPTED, rivals_after},
	{"behind rivals, Turin", ACCEPTED, rivals_before, .product = TURIN},
	{"behind rivals, VLEK", ACCEPTED, rivals_before, .kind = SNP_VLEK},
	{"behind rivals, VLEK, chip id shown", ACCEPTED, rivals_before, .kind = SNP_VLEK,
	 SIGNED(0x1a0, "\x01\x02")},
	{"behind rivals, version 2", ACCEPTED, rivals_before, .version = 2},
	{"behind rivals, chip id masked", ACCEPTED, rivals_masked},
	{"first of wrong ones", FAILS(CERTIFICATE_DATES), rivals_alone},
	{"a VCEK beside a VLEK of another level", FAILS(REPORTED_TCB), vcek_before, .kind = SNP_VLEK},
	{"no set", FAILS(CERTIFICATE), no_set, .also = NEED(CA_CERTIFICATES)},
	{"none of many", FAILS(REPORTED_TCB), crowd_alone, .also = NEED(REPORT_SIGNATURE)},
	{"X.509 version 2", FAILS(CERTIFICATE_VERSION), leaf_version_2},
	{"PSS with SHA-256", FAILS(CERTIFICATE_ALGORITHM), leaf_sha256},
	{"MGF1 with SHA-256", FAILS(CERTIFICATE_ALGORITHM), leaf_mgf1_sha256},
	{"salt of 32 bytes", FAILS(CERTIFICATE_ALGORITHM), leaf_salt_32},
	{"PKCS#1 v1.5", FAILS(CERTIFICATE_ALGORITHM), leaf_pkcs1},
	{"P-256", FAILS(CERTIFICATE_KEY), leaf_p256},
	{"P-384 by parameters", FAILS(CERTIFICATE_KEY), leaf_explicit, .also = NEED(CERTIFICATE_CHAIN)},
	{"RSA", FAILS(CERTIFICATE_KEY), leaf_rsa},
	{"another common name", FAILS(CERTIFICATE_NAMES), leaf_other_name},
	{"VLEK for VCEK", FAILS(CERTIFICATE_NAMES), leaf_is_vlek,
	 .also = NEED(CERTIFICATE_EXTENSIONS) | NEED(CERTIFICATE_CHAIN)},
	{"VCEK for VLEK", FAILS(CERTIFICATE_NAMES), leaf_is_vcek, .kind = SNP_VLEK,
	 .also = NEED(CERTIFICATE_EXTENSIONS) | NEED(CERTIFICATE_CHAIN)},
	{"Genoa's for Milan", FAILS(CERTIFICATE_NAMES), leaf_of_genoa,
	 .also = NEED(CERTIFICATE_PRODUCT) | NEED(CERTIFICATE_CHAIN)},
	{"VLEK named VCEK", FAILS(CERTIFICATE_EXTENSIONS), vlek_named_vcek},
	{"level negative", FAILS(CERTIFICATE_EXTENSIONS), spl_negative},
	{"level 256", FAILS(CERTIFICATE_EXTENSIONS), spl_256},
	{"level of 3 octets", FAILS(CERTIFICATE_EXTENSIONS), spl_long},
	{"level padded", FAILS(CERTIFICATE_EXTENSIONS), spl_padded},
	{"level BOOLEAN", FAILS(CERTIFICATE_EXTENSIONS), spl_boolean},
	{"level and more", FAILS(CERTIFICATE_EXTENSIONS), spl_trailing},
	{"level in BER", FAILS(CERTIFICATE_EXTENSIONS), spl_ber_length},
	{"structVersion 2", FAILS(CERTIFICATE_EXTENSIONS), struct_version_2},
	{"productName UTF8String", FAILS(CERTIFICATE_EXTENSIONS), product_utf8},
	{"productName cut", FAILS(CERTIFICATE_EXTENSIONS), product_cut},
	{"productName of 31 characters", FAILS(CERTIFICATE_PRODUCT), product_31},
	{"productName of 32 characters", FAILS(CERTIFICATE_EXTENSIONS), product_32},
	{"productName with control", FAILS(CERTIFICATE_EXTENSIONS), product_control},
	{"hwID of 7 bytes", FAILS(CERTIFICATE_EXTENSIONS), hwid_7},
	{"hwID of 9 bytes", FAILS(CERTIFICATE_EXTENSIONS), hwid_9},
	{"hwID of 63 bytes", FAILS(CERTIFICATE_EXTENSIONS), hwid_63},
	{"hwID of 65 bytes", FAILS(CERTIFICATE_EXTENSIONS), hwid_65},
	{"hwID of 66 bytes, not wrapped", FAILS(CERTIFICATE_EXTENSIONS), hwid_66},
	{"level absent", FAILS(CERTIFICATE_EXTENSIONS), no_snp_spl},
	{"spl4 absent", FAILS(CERTIFICATE_EXTENSIONS), no_spl4},
	{"fmcSPL absent", FAILS(CERTIFICATE_EXTENSIONS), no_fmc, .product = TURIN},
	{"hwID absent", FAILS(CERTIFICATE_EXTENSIONS), no_hwid},
	{"cspID absent", FAILS(CERTIFICATE_EXTENSIONS), no_csp, .kind = SNP_VLEK},
	{"cspID and hwID", FAILS(CERTIFICATE_EXTENSIONS), csp_too},
	{"extension twice", FAILS(CERTIFICATE_EXTENSIONS), twice},
	{"extension unknown", FAILS(CERTIFICATE_EXTENSIONS), unknown_extension},
	{"extension critical", FAILS(CERTIFICATE_EXTENSIONS), critical, .also = NEED(CERTIFICATE_CHAIN)},
	{"hwID wrapped", ACCEPTED, hwid_wrapped},
	{"hwID wrapped, Turin", ACCEPTED, hwid_wrapped, .product = TURIN},
	{"another's extension", ACCEPTED, foreign},
	{"another's critical extension", FAILS(CERTIFICATE_CHAIN), foreign_critical},
	{"productName of Genoa", FAILS(CERTIFICATE_PRODUCT), product_name_genoa},
	{"productName Milano", FAILS(CERTIFICATE_PRODUCT), product_name_longer},
	{"structVersion 1 for Milan", FAILS(CERTIFICATE_PRODUCT), turin_struct},
	{"no ARK", FAILS(CA_CERTIFICATES), no_ark},
	{"ARK alone pinned", FAILS(CA_CERTIFICATES), ark_alone},
	{"no roots", FAILS(CA_CERTIFICATES), no_roots},
	{"no ASK", FAILS(CA_CERTIFICATES), no_intermediate},
	{"AMD's roots", FAILS(CA_CERTIFICATES), amd_roots},
	{"another product's roots", FAILS(CA_CERTIFICATES), other_product_roots},
	{"signed by another key", FAILS(CERTIFICATE_CHAIN), leaf_forged},
	{"expired", FAILS(CERTIFICATE_DATES), leaf_expired},
	{"VLEK expired", FAILS(CERTIFICATE_DATES), leaf_expired, .kind = SNP_VLEK},
	{"not yet valid", FAILS(CERTIFICATE_DATES), leaf_from_later},
	{"CA certificates expired", FAILS(CERTIFICATE_DATES), long_after},
	{"CRL", ACCEPTED, crl_good},
	{"CRL names the ASK", FAILS(REVOCATION), crl_ask},
	{"CRL names the ASVK", FAILS(REVOCATION), crl_asvk, .kind = SNP_VLEK},
	{"CRL names the ASVK, report by a VCEK", ACCEPTED, crl_asvk},
	{"CRL names the ARK", FAILS(REVOCATION), crl_ark},
	{"CRL not signed by the ARK", FAILS(REVOCATION), crl_forged},
	{"CRL stale", FAILS(REVOCATION), crl_stale},
	{"CRL from later", FAILS(REVOCATION), crl_early},
	{"CRL of another product", FAILS(REVOCATION), crl_other},
	{"delta CRL", FAILS(REVOCATION), crl_delta},
	{"CRL without an end", FAILS(REVOCATION), crl_endless},
	{"bl", FAILS(REPORTED_TCB), bl_spl},
	{"tee", FAILS(REPORTED_TCB), tee_spl},
	{"snp", FAILS(REPORTED_TCB), snp_spl},
	{"ucode", FAILS(REPORTED_TCB), ucode_spl},
	{"fmc", FAILS(REPORTED_TCB), fmc_spl, .product = TURIN},
	{"spl5", FAILS(REPORTED_TCB), spl5},
	{"chip id masked", FAILS(CHIP_ID_MASK), mask_chip_id},
	{"chip id masked, allowed", ACCEPTED, mask_allowed},
	{"chip id of another", FAILS(CHIP_ID), hwid_other},
	{"chip id of another, Turin", FAILS(CHIP_ID), hwid_other_turin, .product = TURIN},
	{"Turin's chip id with a tail", FAILS(CHIP_ID), .product = TURIN, SIGNED(0x1df, "\x01")},
	{"chip id of 8 bytes on Milan", FAILS(CHIP_ID), hwid_8},
	{"chip id of 8 bytes on Milan, in both", FAILS(CHIP_ID), hwid_8_in_both},
	{"chip id of 64 bytes on Turin", FAILS(CHIP_ID), hwid_64_turin, .product = TURIN},
	{"chip id of 64 bytes on Turin, 56 zeros", FAILS(CHIP_ID), hwid_64_zeros_turin, .product = TURIN},
	{"chip id half zero", FAILS(CHIP_ID), SIGNED(0x1a0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
	{"measurement turned", FAILS(REPORT_SIGNATURE), UNSIGNED(0x90, "\x3f")},
	{"stepping turned", FAILS(REPORT_SIGNATURE), UNSIGNED(0x18a, "\x11")},
	{"platform turned", FAILS(REPORT_SIGNATURE), UNSIGNED(0x41, "\x01")},
	{"R of 0", FAILS(REPORT_SIGNATURE), .after = true, .at = 0x2a0, .n = 48,
	 .bytes = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
	{"S of 0", FAILS(REPORT_SIGNATURE), .after = true, .at = 0x2e8, .n = 48,
	 .bytes = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
	{"R above the order", FAILS(REPORT_SIGNATURE), r_plus_n, .also = NEED(RESERVED_BITS)},
	{"R and S swapped", FAILS(REPORT_SIGNATURE), swap},
	{"R and S big-endian", FAILS(REPORT_SIGNATURE), big_endian},
	{"n - S", ACCEPTED, negate_s},

	/* expectations: each met, each missed */
	{"nothing expected", FAILS(MEASUREMENT), nothing},
	{"any measurement", ACCEPTED, any_measurement},
	{"runtime data", ACCEPTED, runtime_good},
	{"runtime data of another", FAILS(RUNTIME_DATA), runtime_other},
	{"another product denied", ACCEPTED, deny_turin},
	{"product denied", FAILS(DENIED_PRODUCT), deny_milan},
	{"another launch digest", FAILS(MEASUREMENT), other_measurement},
	{"debugging", FAILS(DEBUG), policy_debug},
	{"debugging allowed", ACCEPTED, debug_allowed},
	{"policy", ACCEPTED, policy_equal},
	{"another policy", FAILS(POLICY), policy_other},
	{"policy below", ACCEPTED, policy_below},
	{"policy above", FAILS(POLICY_AT_MOST), policy_above},
	{"svn", ACCEPTED, svn_equal},
	{"svn too low", FAILS(GUEST_SVN), svn_above},
	{"svn, exactly", ACCEPTED, svn_exact},
	{"svn higher than the exact one", FAILS(GUEST_SVN), svn_exact_below},
	{"svn lower than the exact one", FAILS(GUEST_SVN), svn_exact_above},
	{"family id", ACCEPTED, family_equal},
	{"another family id", FAILS(FAMILY_ID), family_other},
	{"image id", ACCEPTED, image_equal},
	{"another image id", FAILS(IMAGE_ID), image_other},
	{"host data", ACCEPTED, host_data_equal},
	{"another host data", FAILS(HOST_DATA), host_data_other},
	{"report data", ACCEPTED, report_data_equal},
	{"another report data", FAILS(REPORT_DATA), report_data_other},
	{"vmpl", ACCEPTED, vmpl_equal},
	{"another vmpl", FAILS(VMPL), vmpl_other},
	{"id key", ACCEPTED, id_key_equal},
	{"another id key", FAILS(ID_KEY_DIGEST), id_key_other},
	{"another id key in its last byte", FAILS(ID_KEY_DIGEST), id_key_last},
	{"author key", ACCEPTED, author_key_equal},
	{"another author key", FAILS(AUTHOR_KEY_DIGEST), author_key_other},
	{"another author key in its last byte", FAILS(AUTHOR_KEY_DIGEST), author_key_last},
	{"chip", ACCEPTED, chip_equal},
	{"another chip", FAILS(EXPECTED_CHIP_ID), chip_other},
	{"report id", ACCEPTED, report_id_equal},
	{"another report id", FAILS(REPORT_ID), report_id_other},
	{"tcb", ACCEPTED, tcb_equal},
	{"tcb of Turin", ACCEPTED, tcb_turin, .product = TURIN},
	{"tcb: bl", FAILS(MINIMUM_TCB), tcb_bl},
	{"tcb: tee", FAILS(MINIMUM_TCB), tcb_tee},
	{"tcb: snp", FAILS(MINIMUM_TCB), tcb_snp},
	{"tcb: ucode", FAILS(MINIMUM_TCB), tcb_ucode},
	{"tcb: fmc", FAILS(MINIMUM_TCB), tcb_fmc, .product = TURIN},
	{"tcb by product", ACCEPTED, tcb_by_product},
	{"tcb by product, Turin below its own", FAILS(MINIMUM_TCB), tcb_by_product, .product = TURIN},
	{"tcb by product, and one for all", FAILS(MINIMUM_TCB), tcb_by_product_and_all},
	{"tcb of other products alone", FAILS(MINIMUM_TCB), tcb_of_other_products},
	{"tcb: fmc left out", FAILS(MINIMUM_TCB), tcb_no_fmc, .product = TURIN},
	{"tcb: any fmc", ACCEPTED, tcb_any_fmc, .product = TURIN},
	{"launch tcb: fmc left out", FAILS(MINIMUM_LAUNCH_TCB), launch_tcb_no_fmc, .product = TURIN},
	{"launch tcb", ACCEPTED, launch_tcb_equal},
	{"launch tcb too low", FAILS(MINIMUM_LAUNCH_TCB), launch_tcb_above},
	{"firmware", ACCEPTED, firmware_equal},
	{"firmware build", FAILS(FIRMWARE_VERSION), firmware_build},
	{"firmware minor", FAILS(FIRMWARE_VERSION), firmware_minor},
	{"firmware major", FAILS(FIRMWARE_VERSION), firmware_major},
	{"firmware committed", ACCEPTED, committed},
	{"TCB provisional", FAILS(PROVISIONAL_FIRMWARE), provisional_tcb},
	{"firmware provisional", FAILS(PROVISIONAL_FIRMWARE), provisional_version},
	{"alias check missing", FAILS(PLATFORM_REQUIRE), SIGNED(0x40, "\x05")},
	{"alias check missing, version 2", ACCEPTED, .version = 2, SIGNED(0x40, "\x01")},
	{"alias check not asked for", ACCEPTED, require_nothing},
	{"ECC required", ACCEPTED, require_ecc},
	{"RAPL_DIS required", FAILS(PLATFORM_REQUIRE), require_rapl},
	{"TSME forbidden", ACCEPTED, forbid_tsme},
	{"SMT forbidden", FAILS(PLATFORM_FORBID), forbid_smt},
	{"launch mitigations", ACCEPTED, launch_mit, .version = 5},
	{"launch mitigations missing", FAILS(LAUNCH_MITIGATIONS), launch_mit_more, .version = 5},
	{"launch mitigations, version 4", FAILS(LAUNCH_MITIGATIONS), launch_mit, .version = 4},
	{"current mitigations", ACCEPTED, current_mit, .version = 5},
	{"current mitigations missing", FAILS(CURRENT_MITIGATIONS), current_mit_more, .version = 5},
	{"published", ACCEPTED, published},
	{"published for two images", ACCEPTED, publish_twice},
	{"published for two images: tcb", ACCEPTED, alike_tcb},
	{"published for two images: tcb, and none", ACCEPTED, alike_tcb_absent},
	{"published for two images: policy below the limit", ACCEPTED, alike_policy},
	{"published for two images: policy", ACCEPTED, alike_policy_exact},
	{"published without ids", ACCEPTED, published_no_ids},
	{"published: another digest", FAILS(MEASUREMENT), published_other},
	{"published: another policy", FAILS(POLICY), published_policy},
	{"published: a stricter policy than the limit", ACCEPTED, published_policy_stricter},
	{"published: a policy that allows more", FAILS(POLICY), published_policy_wider},
	{"published: a policy that allows less, below the limit", FAILS(POLICY),
	 published_policy_narrower},
	{"published: svn", FAILS(GUEST_SVN), published_svn},
	{"published: family id", FAILS(FAMILY_ID), published_family},
	{"published: image id", FAILS(IMAGE_ID), published_image},
	{"published: tcb", FAILS(MINIMUM_TCB), published_tcb},
	{"published: minima, and none for this product", FAILS(MINIMUM_TCB), published_product},
	{"published: fmc left out", FAILS(MINIMUM_TCB), published_fmc, .product = TURIN},
	{"published, and a minimum above", FAILS(MINIMUM_TCB), published_and_stricter},

	/* endorsements */
	{"endorsed", ACCEPTED, endorse},
	{"endorsed with ES384", ACCEPTED, endorsed_es384},
	{"endorsed, and not asked for", ACCEPTED, endorsed_unasked},
	{"endorsed and expected", ACCEPTED, endorsed_and_expected},
	{"endorsed, and any digest accepted", ACCEPTED, endorsed_any},
	{"endorsed, and another digest expected", FAILS(MEASUREMENT), endorsed_and_other},
	{"no endorsement", FAILS(ENDORSEMENT), not_endorsed},
	{"endorsed, and no HOST_DATA expected", FAILS(HOST_DATA), any_containers},
	{"endorsed, and any HOST_DATA accepted", ACCEPTED, any_containers_asked},
	{"endorsed by another key", FAILS(ENDORSEMENT_SIGNATURE), endorsement_forged},
	{"endorsed by another EC key", FAILS(ENDORSEMENT_SIGNATURE), endorsement_forged_es384},
	{"endorsed with ES384, PS384 named", FAILS(ENDORSEMENT_SIGNATURE), endorsement_ec_named_ps384},
	{"endorsed with PS384, ES384 named", FAILS(ENDORSEMENT_SIGNATURE), endorsement_rsa_named_es384},
	{"endorsed with RSA of 1024 bits", FAILS(ENDORSEMENT_SIGNATURE), endorsement_short_key,
	 .also = NEED(ENDORSEMENT_ISSUER)},
	{"endorsed with P-256", FAILS(ENDORSEMENT_SIGNATURE), endorsement_short_ec},
	{"timestamp", ACCEPTED, stamped},
	{"timestamp of another signature, no authority trusted", FAILS(ENDORSEMENT_TIMESTAMP),
	 stamped_unseen},
	{"timestamp, no authority trusted", ACCEPTED, stamped_alone},
	{"timestamp by who may sign code too", FAILS(ENDORSEMENT_TIMESTAMP), stamped_greedy},
	{"no timestamp", FAILS(ENDORSEMENT_TIMESTAMP), stamped_not},
	{"timestamp of another signature", FAILS(ENDORSEMENT_TIMESTAMP), stamped_other},
	{"timestamp of another authority", FAILS(ENDORSEMENT_TIMESTAMP), stamped_by_other},
	{"signer expired at the timestamp", FAILS(ENDORSEMENT_ISSUER), stamped_late},
	{"signer expired since", ACCEPTED, signer_expired},
	{"signed when the signer had expired", FAILS(ENDORSEMENT_ISSUER), signed_late},
	{"signed before the signer was valid", FAILS(ENDORSEMENT_ISSUER), signed_early},
	{"no signing time", ACCEPTED, no_signing_time},
	{"no signing time, signer expired", FAILS(ENDORSEMENT_ISSUER), no_signing_time_expired},
	{"another issuer", FAILS(ENDORSEMENT_ISSUER), issuer_other},
	{"issuer whose CA is not there", FAILS(ENDORSEMENT_ISSUER), issuer_absent},
	{"issuer did:web", FAILS(ENDORSEMENT_ISSUER), issuer_web},
	{"issuer of did:x509 version 1", FAILS(ENDORSEMENT_ISSUER), issuer_version_1},
	{"issuer by subject", FAILS(ENDORSEMENT_ISSUER), issuer_subject},
	{"issuer of two usages", FAILS(ENDORSEMENT_ISSUER), issuer_two},
	{"signer certified by another CA of the name", FAILS(ENDORSEMENT_ISSUER), ca_foreign},
	{"signer certified by no CA", FAILS(ENDORSEMENT_ISSUER), ca_none},
	{"signer's certificate alone", FAILS(ENDORSEMENT_ISSUER), ca_absent},
	{"signer without the usage", FAILS(ENDORSEMENT_ISSUER), usage_absent},
	{"signer of another usage", FAILS(ENDORSEMENT_ISSUER), usage_other},
	{"signer of two usages", ACCEPTED, usage_second},
	{"another feed", FAILS(ENDORSEMENT_FEED), feed_other},
	{"endorsement's svn too low", FAILS(ENDORSEMENT_SVN), svn_below},
	{"endorsement's svn a number", ACCEPTED, svn_number},
	{"endorsement's svn of two digits", ACCEPTED, svn_two_digits},
	{"another digest endorsed", FAILS(ENDORSED_MEASUREMENT), digest_other},
	{"unknown feed", FAILS(ENDORSEMENT_FEED), feed_unknown,
	 .also = NEED(ENDORSEMENT_ISSUER) | NEED(ENDORSEMENT_SVN)},
	{"Microsoft's feed by another's CA", FAILS(ENDORSEMENT_ISSUER), feed_known},

	/* launch endorsements */
	{"launch endorsed", ACCEPTED, endorse_launch},
	{"launch endorsed, and not asked for", ACCEPTED, launch_unasked},
	{"launch endorsed and expected", ACCEPTED, launch_and_expected},
	{"launch endorsed, and another expected", FAILS(MEASUREMENT), launch_and_other},
	{"launch endorsed by the signer that is trusted", ACCEPTED, launch_signer_pinned},
	{"no launch endorsement", FAILS(ENDORSEMENT), launch_none},
	{"launch endorsed by another key", FAILS(ENDORSEMENT_SIGNATURE), launch_forged},
	{"launch endorsed with PKCS #1 v1.5", FAILS(ENDORSEMENT_SIGNATURE), launch_pkcs1},
	{"launch endorsed with SHA-384", FAILS(ENDORSEMENT_SIGNATURE), launch_sha384},
	{"launch endorsed with RSA of 1024 bits", FAILS(ENDORSEMENT_SIGNATURE), launch_short_key,
	 .also = NEED(ENDORSEMENT_ISSUER)},
	{"launch endorsed with ECDSA", FAILS(ENDORSEMENT_SIGNATURE), launch_ec},
	{"launch endorsed below another root of the name", FAILS(ENDORSEMENT_ISSUER), launch_foreign_ca},
	{"launch endorsed, another root of the name trusted", FAILS(ENDORSEMENT_ISSUER), launch_other_root},
	{"launch endorsed, another root trusted", FAILS(ENDORSEMENT_ISSUER), launch_tsa_root},
	{"launch endorsed, signer expired", FAILS(ENDORSEMENT_ISSUER), launch_expired},
	{"launch endorsed, signer not valid yet", FAILS(ENDORSEMENT_ISSUER), launch_too_early},
	{"launch endorsed with the SVN", ACCEPTED, launch_svn},
	{"launch endorsed with too low an SVN", FAILS(ENDORSEMENT_SVN), launch_svn_low},
	{"another launch endorsed", FAILS(ENDORSED_MEASUREMENT), launch_digest},
	{"launch endorsed for the vCPUs", ACCEPTED, launch_vcpus},
	{"launch endorsed for other vCPUs", FAILS(ENDORSED_MEASUREMENT), launch_vcpus_other},
	{"launch not endorsed for the vCPUs", FAILS(ENDORSED_MEASUREMENT), launch_vcpus_absent},
	{"launch endorsed with the policy", ACCEPTED, launch_policy},
	{"launch endorsed with another policy", FAILS(POLICY), launch_policy_other},
	{"launch endorsed with a wider policy than needed", ACCEPTED, launch_policy_stricter},
	{"launch endorsed with too narrow a policy", FAILS(POLICY), launch_policy_wider},

	/* tokens beside the report; tokens alone are rows of test_token.c */
	{"token", ACCEPTED, attest},
	{"token, report of Genoa", ACCEPTED, attest, .product = GENOA},
	{"token of before 2026", ACCEPTED, token_old},
	{"token of an unknown key", FAILS(TOKEN_KEY), token_unknown_key},
	{"token by another key", FAILS(TOKEN_SIGNATURE), token_by_another},
	{"token of another issuer", FAILS(TOKEN_ISSUER), token_issuer},
	{"token expired", FAILS(TOKEN_DATES), token_expired},
	{"token without compliance status", FAILS(TOKEN_COMPLIANCE), token_compliance},
	{"token of another digest", FAILS(TOKEN_REPORT), token_digest},
	{"token of another svn", FAILS(TOKEN_REPORT), token_svn},
	{"token of another level", FAILS(TOKEN_REPORT), token_level},
	{"token of another policy", FAILS(TOKEN_REPORT), token_policy},
	{"token of another vmpl", FAILS(TOKEN_REPORT), token_vmpl},
	{"token of another product", FAILS(TOKEN_REPORT), token_family},
	{"token and report of VMPL 1", FAILS(VMPL), token_vmpl_both},
	{"token of the published issuer", ACCEPTED, attest_group},
	{"token of another issuer than is published", FAILS(TOKEN_ISSUER), group_other},
	{"token of the issuer asked for, and another published", FAILS(TOKEN_ISSUER), group_other_asked},
	{"token of any issuer, none published", ACCEPTED, group_no_issuer},
	{"token of a confidential VM for published containers", FAILS(TOKEN_COMPLIANCE), group_cvm},
	{"service", ACCEPTED, service_right},
	{"service without evidence, not asked for", ACCEPTED, service_unasked},
	{"service without evidence", FAILS(TOKEN_SERVICE), service_absent},
	{"service in SGX", FAILS(TOKEN_SERVICE), service_sgx},
	{"service of no kind", FAILS(TOKEN_SERVICE), service_no_kind},
	{"service with evidence that is none", FAILS(TOKEN_SERVICE), service_garbage},
	{"service's evidence about another key", FAILS(TOKEN_SERVICE), service_other_key},
	{"service of another policy", FAILS(TOKEN_SERVICE), service_other_host_data},
	{"service's report turned", FAILS(TOKEN_SERVICE), service_forged},
	{"service in another utility VM", FAILS(TOKEN_SERVICE), service_other_digest},
	{"service on another product", ACCEPTED, service_elsewhere, .product = GENOA},
	{"service on a product that is denied", FAILS(TOKEN_SERVICE), service_denied, .product = GENOA,
	 .says = "denied-product"},
	{"service, and a CRL", ACCEPTED, service_not_revoked},
	{"service below a revoked ASK", FAILS(REVOCATION), service_revoked, .also = NEED(TOKEN_SERVICE)},
	{"service in a utility VM with a timestamp", ACCEPTED, service_stamped},
	{"service in a utility VM without a timestamp", FAILS(TOKEN_SERVICE), service_not_stamped},
	{"service in a container instance, guest in AKS", FAILS(TOKEN_SERVICE), service_microsofts,
	 .says = "the CA certificate that the issuer names is not in its chain"},
};
/* clang-format on */

static void put_pem(FILE *f, struct snp_span der)
{
	char *text = base64_encode(der.data, der.size);

	assert_non_null(text);
	fputs("-----BEGIN CERTIFICATE-----\n", f);
	for (size_t i = 0; i < strlen(text); i += 64)
		fprintf(f, "%.64s\n", text + i);
	fputs("-----END CERTIFICATE-----\n", f);
	free(text);
}

static void put_member(FILE *f, const char *name, const void *bytes, size_t size)
{
	char *text = fixture_base64url(bytes, size);

	fprintf(f, "\"%s\":\"%s\",", name, text);
	free(text);
}

/* The evidence of a service that runs on a Milan of its own. For free(). */
static char *evidence_of(const struct service *service)
{
	struct fixture_endorsement plan;
	struct fixture_leaf leaf;
	uint8_t report[SNP_REPORT_SIZE], digest[48];
	EVP_PKEY *key = NULL;
	struct snp_span der, cose;
	char *json = NULL, *pem = NULL, *uvm, endorsements[16384];
	size_t size, pem_size;
	FILE *f = open_memstream(&pem, &pem_size);

	fixture_report(SNP_PRODUCT_MILAN, 3, SNP_VCEK, report);
	memset(report + 0x50, 0, 64);
	fixture_key_hash(report + 0x50);
	report[0x50] ^= service->other_key;
	memset(report + 0xc0, 0x5e, SNP_HOST_DATA_SIZE);
	report[0xc0] ^= service->other_host_data;
	fixture_leaf(SNP_PRODUCT_MILAN, SNP_VCEK, &leaf);
	der.data = fixture_leaf_sign(&leaf, &der.size, &key);
	fixture_report_sign(report, key);
	report[0x90] ^= service->forged;
	put_pem(f, der);
	put_pem(f, fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK));
	put_pem(f, fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK));
	fclose(f);
	memcpy(digest, report + 0x90, sizeof(digest));
	digest[0] ^= service->other_digest;
	fixture_endorsement(digest, &plan);
	plan.timestamp = service->stamped;
	if (service->microsofts) {
		plan.feed = "ContainerPlat-AMD-UVM";
		plan.issuer =
			"did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.3.6.1.4.1.311.76.59.1.2";
	}
	cose.data = fixture_endorsement_sign(&plan, &cose.size);
	uvm = fixture_base64url(cose.data, cose.size);
	snprintf(endorsements, sizeof(endorsements), "{\"Uvm\":[\"%s\"]}", uvm);
	f = open_memstream(&json, &size);
	fputc('{', f);
	put_member(f, "SnpReport", report, sizeof(report));
	put_member(f, "VcekCertChain", pem, pem_size);
	put_member(f, "Endorsements", endorsements, strlen(endorsements));
	fputs(service->garbage ? "}" : "\"x\":1}", f);
	fclose(f);
	EVP_PKEY_free(key);
	free((void *)(uintptr_t)der.data);
	free((void *)(uintptr_t)cose.data);
	free(uvm);
	free(pem);
	return json;
}

static char *jwks_of(const struct service *service)
{
	_cleanup_(freep) char *json = service->carried ? evidence_of(service) : NULL;

	return json ? fixture_jwks_evidence(json, service->kind) : fixture_jwks(NULL, NULL);
}

static const struct report_checks *const groups[] = {
	&checks_of_form,	&checks_of_leaf,  &checks_of_chain, &checks_of_token,
	&checks_of_endorsement, &checks_of_guest, &checks_of_host};

static enum snp_outcome always(struct inquiry *q)
{
	(void)q;
	return SNP_PASSED;
}

/* The verdict with one check made to pass whatever it sees: NO_CHECK for none. */
static void verify(const struct row *row, enum snp_check deleted, struct snp_verdict *ret)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(freep) uint8_t *endorsement = NULL;
	_cleanup_(freep) char *token = NULL, *jwks = NULL;
	struct report_check checks[N_CHECKS];
	struct snp_error err = {0};
	struct snp_evidence evidence;
	struct scene s;
	size_t n = 0;

	set_up(row, &s);
	set = certificates_of(row, &s);
	evidence = (struct snp_evidence){.report = {s.report, SNP_REPORT_SIZE},
					 .runtime_data = s.runtime_data,
					 .certificates = s.no_set ? NULL : set,
					 .at_time = s.at_time,
					 .roots = s.roots,
					 .n_roots = s.n_roots};
	if (s.has_endorsement)
		endorsement = fixture_endorsement_sign(&s.endorsement, &evidence.endorsement.size);
	if (s.launch_endorsement.measurement)
		endorsement = fixture_launch_endorsement_sign(&s.launch_endorsement,
							      &evidence.endorsement.size);
	evidence.endorsement.data = endorsement;
	if (s.token.report) {
		token = fixture_token_sign(&s.token);
		jwks = jwks_of(&s.service);
		evidence.token = text_span(token);
		evidence.jwks = text_span(jwks);
	}
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->n; i++) {
			checks[n] = groups[g]->checks[i];
			if (checks[n].id == deleted)
				checks[n].run = always;
			n++;
		}
	assert_int_equal(n, N_CHECKS);
	assert_int_equal(verdict_make(&evidence, &s.expected, &(struct report_checks){checks, n}, 1,
				      ret, &err),
			 0);
	assert_int_equal(err.code, SNP_OK);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_verdict verdict = {0};
	char outcomes[N_CHECKS + 1] = "";

	verify(row, NO_CHECK, &verdict);
	for (unsigned int i = 0; i < N_CHECKS; i++)
		outcomes[i] = "-.pF"[verdict.checks[i].outcome];
	tell("%s: %s %s", row->name, verdict.accepted ? "accepted" : "refused", outcomes);
	for (unsigned int i = 0; i < N_CHECKS; i++)
		/* A fixture's key is another each time. */
		if (verdict.checks[i].message[0] != '\0' &&
		    !strstr(verdict.checks[i].message, "did:x509:0:sha256:"))
			tell("  %s: %s", snp_check_name(i), verdict.checks[i].message);
	for (unsigned int i = 0; i < N_CHECKS; i++) {
		bool may = i == row->check || (row->also & 1ull << i);

		if (row->also & 1ull << i)
			assert_int_equal(verdict.checks[i].outcome, SNP_FAILED);
		if (verdict.checks[i].outcome == SNP_FAILED) {
			assert_true(verdict.checks[i].message[0] != '\0');
			if (!may)
				fail_msg("%s: %s", snp_check_name((enum snp_check)i),
					 verdict.checks[i].message);
		}
	}
	assert_int_equal(verdict.accepted, row->check == NO_CHECK);
	if (row->check == NO_CHECK)
		return;
	assert_int_equal(verdict.checks[row->check].outcome, SNP_FAILED);
	if (row->says)
		assert_non_null(strstr(verdict.checks[row->check].message, row->says));
	assert_int_equal(verdict.authentic, row->check > SNP_CHECK_REPORT_SIGNATURE &&
						    !(NEED_TOKEN & 1ull << row->check));
	if (row->also == 0)
		assert_int_equal(verdict.reason, row->check);
}

/* Checks that find what others look at: without them the others cannot be reached. */
static bool finds(enum snp_check check)
{
	return check == SNP_CHECK_PRODUCT || check == SNP_CHECK_CERTIFICATE ||
	       check == SNP_CHECK_CA_CERTIFICATES || check == SNP_CHECK_ENDORSEMENT;
}

/* Each check has a row of its own that is accepted once the check is gone. */
static bool is_only_guard(enum snp_check check)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snp_verdict verdict = {0};

		if (rows[i].check != check || rows[i].also != 0)
			continue;
		if (finds(check))
			return true;
		verify(&rows[i], check, &verdict);
		if (verdict.accepted)
			return true;
	}
	return false;
}

static void check_deletion(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < N_CHECKS; c++)
		if (!is_only_guard((enum snp_check)c))
			fail_msg("no row is stopped by %s alone",
				 snp_check_name((enum snp_check)c));
}

/* What a caller gives beside a report that is right: its size, and members that this release lacks. */
static const struct given {
	const char *name;
	size_t expectations, evidence; /* sizes */
	bool later;		       /* the byte after the struct is set */
	bool any_measurement, both;
	int status;
	bool accepted;
} givens[] = {
#define EXPECTATIONS sizeof(struct snp_expectations)
#define EVIDENCE     sizeof(struct snp_evidence)
	{"nothing expected", EXPECTATIONS, EVIDENCE, .accepted = false},
	{"any measurement", EXPECTATIONS, EVIDENCE, .any_measurement = true, .accepted = true},
	{"any measurement, and one", EXPECTATIONS, EVIDENCE, .any_measurement = true, .both = true,
	 .status = -SNP_E_USAGE},
	{"all zeros", 0, EVIDENCE, .status = -SNP_E_USAGE},
	{"evidence all zeros", EXPECTATIONS, 0, .any_measurement = true, .status = -SNP_E_USAGE},
	{"of the first release", offsetof(struct snp_expectations, endorsed),
	 offsetof(struct snp_evidence, endorsement), .any_measurement = true, .accepted = true},
	{"too short", offsetof(struct snp_expectations, endorsed) - 1, EVIDENCE,
	 .any_measurement = true, .status = -SNP_E_USAGE},
	{"of a later release", EXPECTATIONS + 8, EVIDENCE + 8, .any_measurement = true,
	 .accepted = true},
	{"of a later release, more asked", EXPECTATIONS + 8, EVIDENCE, .any_measurement = true,
	 .later = true, .status = -SNP_E_USAGE},
	{"no size at all", SIZE_MAX, EVIDENCE, .any_measurement = true, .status = -SNP_E_USAGE},
};

static void check_given(void **state)
{
	static const struct row milan = {.name = "Milan"};
	const struct given *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	struct {
		struct snp_expectations e;
		uint8_t later[8];
	} expected = {.e = {.size = row->expectations, .any_measurement = row->any_measurement},
		      .later = {row->later}};
	struct {
		struct snp_evidence e;
		uint8_t later[8];
	} evidence = {.e = {.size = row->evidence}};
	struct snp_verdict *verdict = NULL;
	struct snp_error err = {0};
	struct scene s;

	set_up(&milan, &s);
	set = certificates_of(&milan, &s);
	if (row->both) {
		expected.e.measurements = s.expected.measurements;
		expected.e.n_measurements = 1;
	}
	evidence.e.report = (struct snp_span){s.report, SNP_REPORT_SIZE};
	evidence.e.certificates = set;
	evidence.e.at_time = s.at_time;
	evidence.e.roots = s.roots;
	evidence.e.n_roots = s.n_roots;
	assert_int_equal(snp_verify(&evidence.e, &expected.e, &verdict, &err), row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_int_equal(verdict == NULL, row->status < 0);
	if (!verdict)
		return;
	assert_true(snp_verdict_authentic(verdict));
	assert_int_equal(snp_verdict_accepted(verdict), row->accepted);
	if (!row->accepted)
		assert_int_equal(snp_verdict_reason(verdict), SNP_CHECK_MEASUREMENT);
	snp_verdict_free(verdict);
}

struct right {
	struct scene scene;
	struct snp_span table, crl;
};

/* From a report and its certificate table to the verdict. A CRL that was not understood for want of memory is not
 * one that names nothing. */
static int verify_counted(const void *arg, struct snp_error *err)
{
	const struct right *right = arg;
	const struct scene *s = &right->scene;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	struct snp_expectations expected = {.size = sizeof(expected), .any_measurement = true};
	struct snp_evidence evidence = {.size = sizeof(evidence),
					.report = {s->report, SNP_REPORT_SIZE},
					.at_time = s->at_time,
					.roots = s->roots,
					.n_roots = s->n_roots};
	struct snp_verdict *verdict = NULL;
	struct snp_report *report = NULL;
	int r;

	no_memory_begin();
	r = snp_report_decode(evidence.report, false, &report, err);
	if (r == 0)
		r = snp_certificates_new(&set, err);
	if (r == 0)
		r = snp_certificates_add_table(set, right->table, err);
	if (r == 0)
		r = snp_certificates_add_crl(set, right->crl, err);
	evidence.certificates = set;
	if (r == 0)
		r = snp_verify(&evidence, &expected, &verdict, err);
	no_memory_end(r);
	assert_int_equal(verdict != NULL, r == 0);
	/* Whatever was left out, never more than the whole says. */
	if (r == 0 && allocations < failing_allocation)
		assert_true(snp_verdict_accepted(verdict));
	snp_verdict_free(verdict);
	snp_report_free(report);
	return r;
}

static void whatever_memory_runs_out(void **state)
{
	static const struct row milan = {.name = "Milan"};
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
	_cleanup_(freep) uint8_t *leaf = NULL, *table = NULL, *crl = NULL;
	struct right right;
	size_t size;

	(void)state;
	set_up(&milan, &right.scene);
	leaf = fixture_leaf_sign(&right.scene.leaf, &size, &key);
	fixture_report_sign(right.scene.report, key);
	table = fixture_table((struct snp_span){leaf, size}, SNP_VCEK,
			      fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK),
			      fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK), &right.table.size);
	right.table.data = table;
	crl = fixture_crl(SNP_PRODUCT_MILAN, 0, 0, FIXTURE_CRL_GOOD, &right.crl.size);
	right.crl.data = crl;
	check_without_memory(verify_counted, &right, 0);
}

static void the_table(void **state)
{
	(void)state;
	for (unsigned int i = 0; snp_check_name(i); i++)
		tell("%s: %s", snp_check_name(i), snp_check_question(i));
}

static void as_told(void **state)
{
	(void)state;
	told("verdict");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_given, givens);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(whatever_memory_runs_out);
	tests[n++] = (struct CMUnitTest){"no check is redundant", check_deletion, NULL, NULL, NULL};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_table);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("verdict", tests, n);
}
