/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_CERTIFICATE_H
#define SNP_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/report.h>
#include <snp/span.h>
#include <snp/tcb.h>

SNP_API_BEGIN

/*
 * The certificates that reports are checked with: ARK, self-signed -> ASK or ASVK -> VCEK or VLEK, and
 * the CRL of the ARK (VCEK specification 57230). They may come from anywhere: a CA certificate is trusted
 * only if its SHA-256 is one of the pinned roots, a leaf only if its chain leads to them.
 */
enum snp_certificate_kind {
	SNP_ARK,
	SNP_ASK,  /* signs VCEKs */
	SNP_ASVK, /* signs VLEKs */
	SNP_VCEK,
	SNP_VLEK,
	SNP_CERTIFICATE_OTHER, /* not needed for reports */
};

/* "VCEK" */
const char *snp_certificate_kind_name(enum snp_certificate_kind kind);

struct snp_root {
	enum snp_product product;
	enum snp_certificate_kind kind; /* SNP_ARK, SNP_ASK, SNP_ASVK */
	uint8_t sha256[32];		/* of the DER certificate */
};

/* AMD's CA certificates, `*ret_n` of them: an ARK, an ASK and an ASVK of each product, as AMD's key server has
 * them. */
const struct snp_root *snp_amd_roots(size_t *ret_n);

struct snp_certificates; /* a set; one thread at a time may add to it, then any number may use it */

#define SNP_MAX_CERTIFICATES	 4096	      /* in a set */
#define SNP_MAX_CERTIFICATE_SIZE (16u << 10)  /* DER; AMD's are of 1.7 KiB */
#define SNP_MAX_CRL_SIZE	 (256u << 10) /* DER */

/* An empty set, and its end (NULL is fine). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_new(struct snp_certificates **ret, struct snp_error *err);
void snp_certificates_free(struct snp_certificates *set);

/* Which leaf certificates a set takes from now on; others are passed over, as are those that it already has. CA
 * certificates are always taken. A new set takes all leaves. For VEK certificates of a fleet, which may be more
 * than a set holds. */
enum snp_leaves {
	SNP_LEAVES_ALL,
	SNP_LEAVES_NONE,
	SNP_LEAVES_OF_REPORT, /* those that may have signed `report`: of its chip, or of its TCB if it hides the
				 chip */
};
void snp_certificates_take(struct snp_certificates *set, enum snp_leaves leaves,
			   const struct snp_report *report);

/* Add the certificates in `bytes`: one in DER, one or more in PEM, a certificate table, the JSON in which hosts of Azure
 * give theirs (host-amd-cert, whose tcbm must be that of its VCEK), or base64 of one of these; the content tells which.
 * A certificate that the set already has is not added again. On failure, some may have been added.
 * Errors: those of JSON documents, SNP_E_BAD_CERTIFICATE (not exactly one DER object, over SNP_MAX_CERTIFICATE_SIZE, PEM with
 * anything else or without a certificate), SNP_E_BAD_CERTIFICATE_TABLE, SNP_E_TOO_LARGE (the set is full),
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_add(struct snp_certificates *set, struct snp_span bytes,
				      struct snp_error *err);

/* Add the certificates of a certificate table (GHCB specification 56421, SNP Extended Guest Request), of at
 * most 64 KiB. CA certificates that cannot be read are skipped: only the pinned ones are
 * of use. Errors: as above. */
SNP_MUST_USE int snp_certificates_add_table(struct snp_certificates *set, struct snp_span table,
					    struct snp_error *err);

/* Add a file, or the regular files of a folder in the order of their names, without subfolders. In a folder,
 * files that are too large or not certificates are skipped.
 * Errors: as snp_certificates_add(); SNP_E_OPEN, SNP_E_READ, SNP_E_NOT_REGULAR, SNP_E_TOO_LARGE (over 64 KiB);
 * they name the file. */
SNP_MUST_USE int snp_certificates_add_path(struct snp_certificates *set, const char *path,
					   struct snp_error *err);

/* Add the certificates kept on this machine: those in $XDG_DATA_HOME/snp-measure (default
 * ~/.local/share/snp-measure), then those in /usr/share/snp-measure. Neither folder needs to exist, and
 * neither is trusted more than any other file. Errors: those of snp_certificates_add_path(). */
SNP_MUST_USE int snp_certificates_add_kept(struct snp_certificates *set, struct snp_error *err);

/* Write the i-th certificate into the first of those folders, which is created if needed, as kind-product.der
 * or, if it is a leaf, kind-product-SHA256.der, replacing an existing file. `ret_path` is for free(), and NULL
 * where that file has the certificate already. Call snp_certificates_trusted() first.
 * Errors: SNP_E_NOT_FOUND (past the last, or neither XDG_DATA_HOME nor HOME is set), SNP_E_WRITE,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_keep(const struct snp_certificates *set, size_t i,
				       char **ret_path, struct snp_error *err);

/* Add one CRL in DER or PEM. Errors: SNP_E_BAD_CRL, SNP_E_TOO_LARGE (the set has 16), SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_add_crl(struct snp_certificates *set, struct snp_span bytes,
					  struct snp_error *err);

/* What a certificate says about itself; nothing of it is verified. Made by the library: later releases may
 * add members at the end. */
struct snp_certificate {
	enum snp_certificate_kind kind; /* by subject name, or the leaf's extensions */
	enum snp_product product;	/* by subject or issuer name */
	struct snp_span der;		/* borrowed from the set */
	uint8_t sha256[32];
	size_t hwid_size;	    /* 0: none, 8 or 64 */
	uint8_t hwid[64];	    /* VCEK: the chip */
	uint64_t tcb;		    /* VCEK, VLEK: the levels it is for, in the product's layout */
	char subject[64], csp[128]; /* common name; VLEK: the cloud provider. Escaped */
};

/* The i-th certificate of the set, which owns it; NULL past the last. */
const struct snp_certificate *snp_certificates_at(const struct snp_certificates *set, size_t i);

/* Check that the i-th certificate is one of `roots` (NULL: AMD's), or a leaf of the right form (names,
 * algorithms, key, extensions, length of the chip ID) whose chain, over certificates of the set, leads to
 * them. Dates and revocation are not checked, nor anything that needs a report.
 * Errors: SNP_E_UNTRUSTED_CERTIFICATE, SNP_E_NOT_FOUND (past the last), SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_trusted(const struct snp_certificates *set, size_t i,
					  const struct snp_root *roots, size_t n_roots,
					  struct snp_error *err);

/* Take CA certificates of the set as roots: the first of each kind that names itself one of `product`. This is
 * how the ARK of a simulated host becomes the root of its reports. Returns their number. Nothing is verified:
 * the caller trusts the whole set. */
#define SNP_MAX_PRODUCT_ROOTS 3
size_t snp_certificates_roots(const struct snp_certificates *set, enum snp_product product,
			      struct snp_root ret[SNP_STATIC SNP_MAX_PRODUCT_ROOTS]);

#define SNP_KEY_SERVER "https://kdsintf.amd.com"

/* The path at AMD's key server (specification 57230), which SNP_KEY_SERVER stands before, of a certificate or of the CRL;
 * SNP_ARK, SNP_ASK and SNP_ASVK come as one chain. NUL-terminated. False if there is none: a VLEK comes from
 * the cloud provider, and a masked chip ID names no chip. */
#define SNP_FETCH_PATH_SIZE 256
bool snp_fetch_path(const struct snp_report *report, enum snp_product product,
		    enum snp_certificate_kind kind, char ret[SNP_STATIC SNP_FETCH_PATH_SIZE]);
bool snp_fetch_path_crl(const struct snp_report *report, enum snp_product product,
			char ret[SNP_STATIC SNP_FETCH_PATH_SIZE]);

SNP_API_END

#endif
