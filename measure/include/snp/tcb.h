/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_TCB_H
#define SNP_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>

SNP_API_BEGIN

/* AMD's products as its key server names them; Genoa stands for Bergamo and Siena too. */
enum snp_product {
	SNP_PRODUCT_UNKNOWN,
	SNP_PRODUCT_MILAN,
	SNP_PRODUCT_GENOA,
	SNP_PRODUCT_TURIN,
	SNP_PRODUCT_SIMULATED, /* the simulated secure processor; never assumed */
	SNP_N_PRODUCTS
};

/* "Milan", "Genoa", "Turin", "Simulated"; "unknown". */
const char *snp_product_name(enum snp_product product);

/* By name, in any case, SNP_PRODUCT_SIMULATED left out. Errors: SNP_E_USAGE, listing the names. */
SNP_MUST_USE int snp_product_find(const char *name, enum snp_product *ret, struct snp_error *err);

/* TCB_VERSION, the security patch levels of a platform, compared component by component: as a 64-bit
 * number they have no order, and Turin lays them out differently (SEV-SNP firmware ABI 56860,
 * TCB_VERSION). */
struct snp_tcb {
	uint8_t fmc; /* Turin on; 0 elsewhere */
	uint8_t boot_loader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
	uint8_t reserved[3]; /* zero; TCB_VERSION has room for eight components */
};

/* From and to the 64-bit field of reports, in the layout of `product`. Decoding refuses bytes that the
 * layout reserves. Both refuse products whose layout is not known, encoding also an FMC level on a
 * product without: SNP_E_BAD_TCB. */
SNP_MUST_USE int snp_tcb_decode(uint64_t word, enum snp_product product, struct snp_tcb *ret,
				struct snp_error *err);
SNP_MUST_USE int snp_tcb_encode(const struct snp_tcb *tcb, enum snp_product product, uint64_t *ret,
				struct snp_error *err);

/* From "bl=4,tee=0,snp=24,ucode=219[,fmc=1]", in any order, each component once, all but fmc given.
 * Errors: SNP_E_BAD_TCB. */
SNP_MUST_USE int snp_tcb_parse(const char *text, const char *what, struct snp_tcb *ret,
			       struct snp_error *err);

/* That form, NUL-terminated; fmc stands where it is not 0. */
#define SNP_TCB_TEXT_SIZE 64
void snp_tcb_describe(const struct snp_tcb *tcb, char ret[SNP_STATIC SNP_TCB_TEXT_SIZE]);

/* True if every component of `tcb` is at least that of `minimum`. */
bool snp_tcb_at_least(const struct snp_tcb *tcb, const struct snp_tcb *minimum);

SNP_API_END

#endif
