// SPDX-License-Identifier: Apache-2.0
/* make_report_corpus FOLDER: write the seeds of the targets report, hcl, certificate_table, certificate
 * and crl below FOLDER. Keys are made anew at each run, so the seeds in the tree are those of one run. */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/file.h>

#include "../fixtures/attestation.h"

static const char *top;

static void save(const char *target, const char *name, const uint8_t *bytes, size_t size)
{
	struct snp_error err;
	char path[4096], line[4096];

	snprintf(path, sizeof(path), "%s/%s", top, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", top, target, name);
	if (file_write(path, (struct snp_span){bytes, size}, 0644, true, &err) < 0) {
		snp_error_line(&err, line, sizeof(line));
		fprintf(stderr, "%s\n", line);
		exit(1);
	}
}

static uint8_t *leaf(enum snp_product product, enum snp_certificate_kind kind, size_t *ret_size,
		     uint8_t report[SNP_REPORT_SIZE], uint32_t version)
{
	struct fixture_leaf plan;
	EVP_PKEY *key = NULL;
	uint8_t *der;

	fixture_leaf(product, kind, &plan);
	der = fixture_leaf_sign(&plan, ret_size, &key);
	fixture_report(product, version, kind, report);
	fixture_report_sign(report, key);
	EVP_PKEY_free(key);
	return der;
}

static void extended(const uint8_t *report, const uint8_t *der, size_t size,
		     enum snp_certificate_kind kind)
{
	size_t n;
	uint8_t *table = fixture_table((struct snp_span){der, size}, kind,
				       fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK),
				       fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK), &n);
	uint8_t *both = malloc(SNP_REPORT_SIZE + n);

	memcpy(both, report, SNP_REPORT_SIZE);
	memcpy(both + SNP_REPORT_SIZE, table, n);
	save("certificate_table", kind == SNP_VLEK ? "vlek" : "vcek", table, n);
	save("certificate", kind == SNP_VLEK ? "table-vlek" : "table-vcek", table, n);
	save("report", kind == SNP_VLEK ? "extended-vlek" : "extended-vcek", both,
	     SNP_REPORT_SIZE + n);
	free(both);
	free(table);
}

static void response(const uint8_t *report)
{
	uint8_t bytes[4000] = {0};

	snp_put_le32(bytes + 4, SNP_REPORT_SIZE);
	memcpy(bytes + 0x20, report, SNP_REPORT_SIZE);
	save("report", "response", bytes, sizeof(bytes));
}

static void hcl(const uint8_t *report)
{
	static const char json[] = "{\"keys\":[],\"vm-configuration\":{}}";
	uint8_t bytes[0x4d4 + 64] = "HCLA";

	snp_put_le32(bytes + 0x04, 1);
	snp_put_le32(bytes + 0x0c, 2);
	memcpy(bytes + 0x20, report, SNP_REPORT_SIZE);
	snp_put_le32(bytes + 0x4c0, 20 + sizeof(json) - 1);
	snp_put_le32(bytes + 0x4c4, 1);
	snp_put_le32(bytes + 0x4c8, 2);
	snp_put_le32(bytes + 0x4cc, 1);
	snp_put_le32(bytes + 0x4d0, sizeof(json) - 1);
	memcpy(bytes + 0x4d4, json, sizeof(json) - 1);
	save("report", "hcl", bytes, sizeof(bytes));
	save("hcl", "claims", bytes + 4, sizeof(bytes) - 4); /* the target adds the magic */
	save("hcl", "claims-cut", bytes + 4, 0x4d0);
	save("hcl", "magic", bytes, 4);
}

static void pem(const uint8_t *der, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct snp_span ask = fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK);
	char *text;
	long n;

	BIO_puts(bio, "a line of text\r\n");
	PEM_write_bio(bio, PEM_STRING_X509, "", der, (long)size);
	PEM_write_bio(bio, PEM_STRING_X509, "", ask.data, (long)ask.size);
	n = BIO_get_mem_data(bio, &text);
	save("certificate", "pem", (const uint8_t *)text, (size_t)n);
	BIO_free(bio);
}

static void certificates_and_reports(void)
{
	static const enum snp_product products[] = {SNP_PRODUCT_MILAN, SNP_PRODUCT_GENOA,
						    SNP_PRODUCT_TURIN};
	static const enum snp_certificate_kind kinds[] = {SNP_VCEK, SNP_VLEK};

	for (size_t p = 0; p < 3; p++)
		for (size_t k = 0; k < 2; k++) {
			uint8_t report[SNP_REPORT_SIZE];
			uint32_t version = 2 + (uint32_t)(p + 2 * k) % 4;
			char name[64];
			size_t size;
			uint8_t *der = leaf(products[p], kinds[k], &size, report, version);

			snprintf(name, sizeof(name), "%s-%s", snp_product_name(products[p]),
				 snp_certificate_kind_name(kinds[k]));
			save("certificate", name, der, size);
			snprintf(name, sizeof(name), "%s-v%u", snp_product_name(products[p]),
				 version);
			save("report", name, report, sizeof(report));
			if (p == 0)
				extended(report, der, size, kinds[k]);
			if (p == 0 && k == 0) {
				response(report);
				hcl(report);
				pem(der, size);
			}
			free(der);
		}
}

static void odd_leaves(void)
{
	struct fixture_leaf plan;
	EVP_PKEY *key;
	uint8_t *der;
	size_t size;

	fixture_leaf(SNP_PRODUCT_MILAN, SNP_VCEK, &plan);
	plan.explicit_curve = true;
	der = fixture_leaf_sign(&plan, &size, &key);
	save("certificate", "explicit-curve", der, size);
	EVP_PKEY_free(key);
	free(der);
	fixture_leaf(SNP_PRODUCT_MILAN, SNP_VCEK, &plan);
	plan.pkcs1 = true;
	der = fixture_leaf_sign(&plan, &size, &key);
	save("certificate", "pkcs1", der, size);
	EVP_PKEY_free(key);
	free(der);
}

static void crls(void)
{
	size_t size;
	uint8_t *der = fixture_crl(SNP_PRODUCT_MILAN, 0, 0x10001, FIXTURE_CRL_GOOD, &size);

	save("crl", "ask", der, size);
	free(der);
	der = fixture_crl(SNP_PRODUCT_MILAN, 0, 0, FIXTURE_CRL_CRITICAL, &size);
	save("crl", "critical", der, size);
	free(der);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	top = argv[1];
	certificates_and_reports();
	odd_leaves();
	crls();
	return 0;
}
