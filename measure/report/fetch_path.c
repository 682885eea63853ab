// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include <snp/certificate.h>
#include <snp/hex.h>

/* AMD's key distribution service, specification 57230: paths at https://kdsintf.amd.com. */
static bool vcek_path(const struct snp_report *report, enum snp_product product,
		      char ret[static SNP_FETCH_PATH_SIZE])
{
	static const uint8_t masked[SNP_CHIP_ID_SIZE];
	bool turin = product == SNP_PRODUCT_TURIN;
	char id[2 * SNP_CHIP_ID_SIZE + 1], fmc[16] = "";
	struct snp_tcb tcb;

	if (memcmp(report->chip_id, masked, sizeof(masked)) == 0 ||
	    snp_tcb_decode(report->reported_tcb, product, &tcb, NULL) < 0)
		return false;
	/* The server knows a Turin by its 8 bytes alone. */
	hex_encode(report->chip_id, turin ? 8 : SNP_CHIP_ID_SIZE, id);
	if (turin)
		snprintf(fmc, sizeof(fmc), "fmcSPL=%02u&", tcb.fmc);
	snprintf(ret, SNP_FETCH_PATH_SIZE,
		 "/vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
		 snp_product_name(product), id, fmc, tcb.boot_loader, tcb.tee, tcb.snp,
		 tcb.microcode);
	return true;
}

static bool is_at_amd(enum snp_product product)
{
	return product != SNP_PRODUCT_UNKNOWN && product != SNP_PRODUCT_SIMULATED;
}

bool snp_fetch_path(const struct snp_report *report, enum snp_product product,
		    enum snp_certificate_kind kind, char ret[static SNP_FETCH_PATH_SIZE])
{
	bool vlek = kind == SNP_ASVK ||
		    (kind == SNP_ARK && report->signing_key == SNP_SIGNING_KEY_VLEK);

	if (!is_at_amd(product) || kind == SNP_VLEK || kind == SNP_CERTIFICATE_OTHER)
		return false;
	if (kind == SNP_VCEK)
		return vcek_path(report, product, ret);
	snprintf(ret, SNP_FETCH_PATH_SIZE, "/%s/v1/%s/cert_chain", vlek ? "vlek" : "vcek",
		 snp_product_name(product));
	return true;
}

bool snp_fetch_path_crl(const struct snp_report *report, enum snp_product product,
			char ret[static SNP_FETCH_PATH_SIZE])
{
	if (!is_at_amd(product))
		return false;
	snprintf(ret, SNP_FETCH_PATH_SIZE, "/%s/v1/%s/crl",
		 report->signing_key == SNP_SIGNING_KEY_VLEK ? "vlek" : "vcek",
		 snp_product_name(product));
	return true;
}
