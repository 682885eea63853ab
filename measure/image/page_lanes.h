/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_PAGE_LANES_H
#define IMAGE_PAGE_LANES_H

#include <stddef.h>

#include <snp/firmware.h>

/*
 * SHA-384 of many pages side by side, by Intel's library for multi-buffer cryptography (libipsec-mb), where it is
 * installed. It is loaded at run time, and used in the versions whose structures are known: 1.3 and 2.0, those
 * of Debian 12 and 13. For any other, and where it fails its own test or the first comparison with OpenSSL,
 * it counts as absent.
 */
struct lanes;

/* For one thread at a time; NULL where the library cannot be used. */
struct lanes *lanes_new(void);
void lanes_free(struct lanes *lanes);

/* The bit of IMB_MGR.features by which a library of this version (imb_get_version()) says that it passed its own test;
 * 0 for a version that is not used. */
uint64_t lanes_self_test_bit(unsigned int version);

/* Hash `n` pages, each into its own place. False if the library did not do it. */
bool lanes_sha384(struct lanes *lanes, const uint8_t *const pages[], uint8_t *const ret[],
		  size_t n);

#endif
