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
 * the CRL of the ARK. They may come from anywhere: a CA certificate counts only if its SHA-256 is one
 * of the pinned roots, and a leaf only by its chain to them.
 */
enum snp_certificate_kind {
	SNP_ARK,
	SNP_ASK,  /* signs VCEKs */
	SNP_ASVK, /* signs VLEKs */
	SNP_VCEK,
	SNP_VLEK,
	SNP_CERTIFICATE_OTHER, /* nothing that a report needs */
};

/* "VCEK" */
const char *snp_certificate_kind_name(enum snp_certificate_kind kind);

struct snp_root {
	enum snp_product product;
	enum snp_certificate_kind kind; /* SNP_ARK, SNP_ASK, SNP_ASVK */
	uint8_t sha256[32];		/* of the DER certificate */
};

/* AMD's CA certificates: an ARK, an ASK and an ASVK of each product. */
const struct snp_root *snp_amd_roots(size_t *ret_n);

struct snp_certificates; /* a set; for one thread at a time while it grows, then for any number */

#define SNP_MAX_CERTIFICATES	 1024	      /* in a set */
#define SNP_MAX_CERTIFICATE_SIZE (16u << 10)  /* DER; AMD's are of 1.7 KiB */
#define SNP_MAX_CRL_SIZE	 (256u << 10) /* DER */

/* An empty set, and its end (NULL is fine). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_new(struct snp_certificates **ret, struct snp_error *err);
void snp_certificates_free(struct snp_certificates *set);

/* Add what `bytes` holds, told by content: one DER certificate, PEM text with one or more, or a
 * certificate table. A certificate that is there already is not added again. On failure the set is as
 * it was, or has a part of what was asked.
 * Errors: SNP_E_BAD_CERTIFICATE (not one DER object to the last byte, or of more than
 * SNP_MAX_CERTIFICATE_SIZE; PEM with something else in it, or with nothing),
 * SNP_E_BAD_CERTIFICATE_TABLE, SNP_E_TOO_LARGE (the set is full), SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_add(struct snp_certificates *set, struct snp_span bytes,
				      struct snp_error *err);

/* Add the certificates of a certificate table (GHCB specification 56421, SNP Extended Guest Request), of at
 * most 64 KiB. CA certificates that cannot be read are passed over: they are
 * wanted only if they are the pinned ones. Errors: as above. */
SNP_MUST_USE int snp_certificates_add_table(struct snp_certificates *set, struct snp_span table,
					    struct snp_error *err);

/* Add a file, or the regular files of a folder in the order of their names, without its sub-folders;
 * files of a folder that are too large or no certificates are passed over.
 * Errors: as snp_certificates_add(), and those of file_read(); `path` is named. */
SNP_MUST_USE int snp_certificates_add_path(struct snp_certificates *set, const char *path,
					   struct snp_error *err);

/* Add the certificates that are kept on this machine: those in $XDG_DATA_HOME/snp-measure (without it,
 * ~/.local/share/snp-measure), then in /usr/share/snp-measure. Neither has to be there, and neither is
 * trusted more than any other file. Errors: those of snp_certificates_add_path(). */
SNP_MUST_USE int snp_certificates_add_kept(struct snp_certificates *set, struct snp_error *err);

/* Write the i-th certificate into the first of those folders, made if need be, as kind-product.der or,
 * of a leaf, kind-product-SHA256.der; `ret_path` is for free(). One that is there already is replaced.
 * Whether it is worth keeping is snp_certificates_trusted()'s to say.
 * Errors: SNP_E_NOT_FOUND (neither XDG_DATA_HOME nor HOME is set), those of file_write(). */
SNP_MUST_USE int snp_certificates_keep(const struct snp_certificates *set, size_t i,
				       char **ret_path, struct snp_error *err);

/* Add one CRL, DER or PEM. Errors: SNP_E_BAD_CRL, SNP_E_NO_MEMORY. */
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

/* Check that the i-th certificate is one of `roots` (NULL: AMD's), or a leaf that snp_verify() would take by its form
 * (names, algorithms, key, extensions, length of the chip id) and whose chain over certificates of the set
 * verifies to them. Dates and revocation are left out, and so is what only a report tells.
 * Errors: SNP_E_UNTRUSTED_CERTIFICATE, SNP_E_NOT_FOUND (past the last), SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_certificates_trusted(const struct snp_certificates *set, size_t i,
					  const struct snp_root *roots, size_t n_roots,
					  struct snp_error *err);

/* The certificates of the set that name themselves CA certificates of `product`, the first of each kind,
 * as roots: how a simulated host's own ARK, read from the file that its user names, becomes the root of
 * its reports. Returns their number. Nothing is verified: whoever calls this trusts the whole set. */
#define SNP_MAX_PRODUCT_ROOTS 3
size_t snp_certificates_roots(const struct snp_certificates *set, enum snp_product product,
			      struct snp_root ret[SNP_STATIC SNP_MAX_PRODUCT_ROOTS]);

/* The path of a certificate (SNP_VCEK; SNP_ARK and SNP_ASK or SNP_ASVK come in one chain) or of the CRL
 * at AMD's key server, https://kdsintf.amd.com; false where there is none: a VLEK comes from the cloud
 * provider, and a masked chip id names no chip. */
#define SNP_FETCH_PATH_SIZE 256
bool snp_fetch_path(const struct snp_report *report, enum snp_product product,
		    enum snp_certificate_kind kind, char ret[SNP_STATIC SNP_FETCH_PATH_SIZE]);
bool snp_fetch_path_crl(const struct snp_report *report, enum snp_product product,
			char ret[SNP_STATIC SNP_FETCH_PATH_SIZE]);

SNP_API_END

#endif
