/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_SIGNED_FORM_H
#define REFERENCE_SIGNED_FORM_H

#include <snp/key.h>

/* A form in which a payload is signed: from what the key signs to the file that the signature makes. */
struct signed_form {
	enum snp_signature_form signature; /* in the file */
	/* What is signed, for free(). */
	int (*encode)(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
		      size_t *ret_size, struct snp_error *err);
	/* The file that the signature makes, for free(). */
	int (*finish)(const struct snp_key *key, struct snp_span payload, struct snp_span signature,
		      uint8_t **ret, size_t *ret_size, struct snp_error *err);
	/* That a file is what finish() makes for the payload, and is signed by `key`. Without a key: that it is of this
	 * payload, and has the form. */
	int (*verify)(const struct snp_key *key, struct snp_span payload, struct snp_span file,
		      struct snp_error *err);
};

extern const struct signed_form signed_plain;  /* the signature alone */
extern const struct signed_form signed_dsse;   /* DSSE envelope around an in-toto statement */
extern const struct signed_form signed_bundle; /* the same in a bundle of sigstore */
extern const struct signed_form signed_cose;   /* COSE_Sign1 message around a CoRIM */

#endif
