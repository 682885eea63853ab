/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_TCB_H
#define SNP_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>

SNP_API_BEGIN

/* AMD's products as its key server names them; Genoa includes Bergamo and Siena. */
enum snp_product {
	SNP_PRODUCT_UNKNOWN,
	SNP_PRODUCT_MILAN,
	SNP_PRODUCT_GENOA,
	SNP_PRODUCT_TURIN,
	SNP_PRODUCT_SIMULATED, /* the simulated secure processor; never assumed */
	SNP_PRODUCT_VENICE, /* its reports are shown, and none is accepted: it has no known root */
};

/* "Milan", "Genoa", "Turin", "Venice", "Simulated" or "unknown"; NULL for what is no product. */
const char *snp_product_name(enum snp_product product);

/* Find a product of this name, upper or lower case, of which reports can be accepted. Errors: SNP_E_USAGE, listing the names. */
SNP_MUST_USE int snp_product_find(const char *name, enum snp_product *ret, struct snp_error *err);

/* TCB_VERSION, the security patch levels of a platform (SEV-SNP firmware ABI 56860, TCB_VERSION). Compare them
 * by component: the 64-bit word has no order, and its layout differs on Turin and on Venice. */
struct snp_tcb {
	uint8_t fmc; /* Turin on; 0 elsewhere */
	uint8_t boot_loader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
	bool has_fmc;	     /* the product has an FMC level, or the text names one */
	bool only_fmc;	     /* Venice: with FMC, neither boot loader nor microcode has a level */
	uint8_t reserved[1]; /* zero; TCB_VERSION has room for eight components */
};

/* From and to the 64-bit word of reports, in the layout of `product`. Errors: SNP_E_BAD_TCB (a product with an
 * unknown layout; decoding: a reserved byte is set; encoding: an FMC level on a product that has none). */
SNP_MUST_USE int snp_tcb_decode(uint64_t word, enum snp_product product, struct snp_tcb *ret,
				struct snp_error *err);
SNP_MUST_USE int snp_tcb_encode(const struct snp_tcb *tcb, enum snp_product product, uint64_t *ret,
				struct snp_error *err);

/* Read "bl=4,tee=0,snp=24,ucode=219[,fmc=1]": in any order, each component once, only fmc optional. `what` names
 * the text in messages ("--minimum-tcb"). Errors: SNP_E_BAD_TCB. */
SNP_MUST_USE int snp_tcb_parse(const char *text, const char *what, struct snp_tcb *ret,
			       struct snp_error *err);

/* Write that form, NUL-terminated, with fmc only if it has one. */
#define SNP_TCB_TEXT_SIZE 64
void snp_tcb_describe(const struct snp_tcb *tcb, char ret[SNP_STATIC SNP_TCB_TEXT_SIZE]);

/* True if every component of `tcb` is at least that of `minimum`. */
bool snp_tcb_at_least(const struct snp_tcb *tcb, const struct snp_tcb *minimum);

SNP_API_END

#endif
