/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_SVSM_MANIFEST_H
#define SNP_SVSM_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/firmware.h>
#include <snp/report.h>
#include <snp/span.h>

/*
 * The manifest that an SVSM puts behind an attestation report (AMD 58019, "Attestation Protocol"): of one
 * service, whose bytes the service defines, or of all. The report vouches for it: REPORT_DATA is SHA-512 of the
 * nonce and the manifest, and VMPL is 0, where only the SVSM runs.
 */
#define SVSM_NONCE_SIZE	  64
#define SVSM_MAX_SERVICES 64
#define SVSM_MAX_MANIFEST (1u << 20)

struct svsm_service {
	uint8_t guid
		[SNP_GUID_SIZE]; /* zeros: the manifest is of one service and does not say which */
	struct snp_span data;
};

struct svsm_manifest {
	size_t n_services; /* at least 1 */
	struct svsm_service services[SVSM_MAX_SERVICES];
};

/* Read a manifest; it borrows from `bytes`. Errors: SNP_E_BAD_MANIFEST, SNP_E_EMPTY_FILE,
 * SNP_E_TOO_LARGE. */
SNP_MUST_USE int svsm_manifest_read(struct snp_span bytes, struct svsm_manifest *ret,
				    struct snp_error *err);

/* The REPORT_DATA of a report that vouches for it. Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int svsm_report_data(const uint8_t nonce[SNP_STATIC SVSM_NONCE_SIZE],
				  struct snp_span manifest,
				  uint8_t ret[SNP_STATIC SNP_REPORT_DATA_SIZE],
				  struct snp_error *err);

/* What a service is: "vTPM, EK RSA", "UEFI variables" or "unknown". */
const char *svsm_service_name(const struct svsm_service *service);

#endif
