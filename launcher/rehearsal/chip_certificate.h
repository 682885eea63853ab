/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_CHIP_CERTIFICATE_H
#define LAUNCHER_REHEARSAL_CHIP_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdint.h>

#include "rehearsal/layout.h"

/* Certificates in the form of AMD's (VCEK Certificate and KDS Interface Specification, publication
 * 57230): for X509_free(), NULL where libcrypto fails. */

/* A CA certificate: the root signs itself (`issuer` NULL). */
X509 *chip_ca_certificate(const char *name, long serial, EVP_PKEY *key, X509 *issuer,
			  EVP_PKEY *issuer_key);

/* The VCEK's, with the chip's id and TCB in AMD's extensions. */
X509 *chip_vcek_certificate(const uint8_t chip_id[static CHIP_ID_SIZE], EVP_PKEY *key, X509 *issuer,
			    EVP_PKEY *issuer_key);

#endif
