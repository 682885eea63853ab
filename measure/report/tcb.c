// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/tcb.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>

static const char *const products[] = {
	[SNP_PRODUCT_UNKNOWN] = "unknown",     [SNP_PRODUCT_MILAN] = "Milan",
	[SNP_PRODUCT_GENOA] = "Genoa",	       [SNP_PRODUCT_TURIN] = "Turin",
	[SNP_PRODUCT_SIMULATED] = "Simulated", [SNP_PRODUCT_VENICE] = "Venice",
};

const char *snp_product_name(enum snp_product product)
{
	return product < ARRAY_SIZE(products) ? products[product] : NULL;
}

int snp_product_find(const char *name, enum snp_product *ret, struct snp_error *err)
{
	for (enum snp_product i = SNP_PRODUCT_MILAN; i <= SNP_PRODUCT_TURIN; i++) {
		if (strcasecmp(name, products[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "unknown product '%s'; expected Milan, Genoa or Turin", name);
}

/* The components, by their name on the command line and by the byte of the 64-bit word that holds each
 * (SEV-SNP firmware ABI 56860, TCB_VERSION): before Turin, on Turin, and on Venice. */
#define NO_BYTE 8
static const struct component {
	const char *name;
	size_t member;
	unsigned int old_byte, turin_byte, venice_byte;
} components[] = {
	{"fmc", offsetof(struct snp_tcb, fmc), NO_BYTE, 0, 0},
	{"bl", offsetof(struct snp_tcb, boot_loader), 0, 1, NO_BYTE},
	{"tee", offsetof(struct snp_tcb, tee), 1, 2, 1},
	{"snp", offsetof(struct snp_tcb, snp), 6, 3, 2},
	{"ucode", offsetof(struct snp_tcb, microcode), 7, 7, NO_BYTE},
};

static uint8_t get(const struct snp_tcb *tcb, const struct component *c)
{
	return ((const uint8_t *)tcb)[c->member];
}

static void set(struct snp_tcb *tcb, const struct component *c, uint8_t level)
{
	((uint8_t *)tcb)[c->member] = level;
}

static int byte_of(const struct component *c, enum snp_product product, unsigned int *ret,
		   struct snp_error *err)
{
	switch (product) {
	case SNP_PRODUCT_MILAN:
	case SNP_PRODUCT_GENOA:
	case SNP_PRODUCT_SIMULATED:
		*ret = c->old_byte;
		return 0;
	case SNP_PRODUCT_TURIN:
		*ret = c->turin_byte;
		return 0;
	case SNP_PRODUCT_VENICE:
		*ret = c->venice_byte;
		return 0;
	case SNP_PRODUCT_UNKNOWN:
		break;
	}
	return fail_with(err, SNP_E_BAD_TCB, SNP_NO_OFFSET,
			 "the product is unknown, and so is the layout of its TCB version");
}

int snp_tcb_decode(uint64_t word, enum snp_product product, struct snp_tcb *ret,
		   struct snp_error *err)
{
	struct snp_tcb tcb = {0};
	uint64_t rest = word;

	for (size_t i = 0; i < ARRAY_SIZE(components); i++) {
		unsigned int byte = NO_BYTE;
		int r = byte_of(&components[i], product, &byte, err);

		if (r < 0)
			return r;
		if (byte == NO_BYTE)
			continue;
		set(&tcb, &components[i], (uint8_t)(word >> 8 * byte));
		rest &= ~(0xffull << 8 * byte);
	}
	tcb.only_fmc = product == SNP_PRODUCT_VENICE;
	tcb.has_fmc = product == SNP_PRODUCT_TURIN || tcb.only_fmc;
	if (rest != 0)
		return fail_with(err, SNP_E_BAD_TCB, SNP_NO_OFFSET,
				 "TCB version 0x%016" PRIx64
				 " sets bytes that are reserved on %s: 0x%" PRIx64,
				 word, snp_product_name(product), rest);
	*ret = tcb;
	return 0;
}

int snp_tcb_encode(const struct snp_tcb *tcb, enum snp_product product, uint64_t *ret,
		   struct snp_error *err)
{
	uint64_t word = 0;

	for (size_t i = 0; i < ARRAY_SIZE(components); i++) {
		const struct component *c = &components[i];
		unsigned int byte = NO_BYTE;
		int r = byte_of(c, product, &byte, err);

		if (r < 0)
			return r;
		if (byte != NO_BYTE)
			word |= (uint64_t)get(tcb, c) << 8 * byte;
		else if (get(tcb, c) != 0)
			return fail_with(err, SNP_E_BAD_TCB, SNP_NO_OFFSET,
					 "the TCB version of %s has no %s level; leave %s out",
					 snp_product_name(product), c->name, c->name);
	}
	*ret = word;
	return 0;
}

static int bad_text(const char *what, const char *text, struct snp_error *err)
{
	return fail_with(
		err, SNP_E_BAD_TCB, SNP_NO_OFFSET,
		"%s: invalid TCB version '%s'; write it like bl=4,tee=0,snp=24,ucode=219[,fmc=1]",
		what, text);
}

int snp_tcb_parse(const char *text, const char *what, struct snp_tcb *ret, struct snp_error *err)
{
	struct snp_tcb tcb = {0};
	unsigned int seen = 0;
	const char *at = text;

	do {
		size_t i, n = strcspn(at, "=");
		unsigned long level = 0;

		for (i = 0; i < ARRAY_SIZE(components); i++)
			if (strlen(components[i].name) == n &&
			    strncmp(at, components[i].name, n) == 0)
				break;
		if (i == ARRAY_SIZE(components) || at[n] != '=' || (seen & 1u << i))
			return bad_text(what, text, err);
		seen |= 1u << i;
		at += n + 1;
		for (n = 0; at[n] >= '0' && at[n] <= '9' && n < 4; n++)
			level = 10 * level + (unsigned long)(at[n] - '0');
		if (n == 0 || level > 255 || (at[n] != ',' && at[n] != '\0'))
			return bad_text(what, text, err);
		set(&tcb, &components[i], (uint8_t)level);
		at += n;
	} while (*at++ == ',');
	tcb.has_fmc = seen & 1;
	if ((seen | 1) != (1u << ARRAY_SIZE(components)) - 1)
		return bad_text(what, text, err);
	*ret = tcb;
	return 0;
}

void snp_tcb_describe(const struct snp_tcb *tcb, char ret[static SNP_TCB_TEXT_SIZE])
{
	int n = tcb->only_fmc
			? snprintf(ret, SNP_TCB_TEXT_SIZE, "tee=%u,snp=%u", tcb->tee, tcb->snp)
			: snprintf(ret, SNP_TCB_TEXT_SIZE, "bl=%u,tee=%u,snp=%u,ucode=%u",
				   tcb->boot_loader, tcb->tee, tcb->snp, tcb->microcode);

	if (tcb->has_fmc || tcb->fmc != 0)
		snprintf(ret + n, SNP_TCB_TEXT_SIZE - (size_t)n, ",fmc=%u", tcb->fmc);
}

bool snp_tcb_at_least(const struct snp_tcb *tcb, const struct snp_tcb *minimum)
{
	for (size_t i = 0; i < ARRAY_SIZE(components); i++)
		if (get(tcb, &components[i]) < get(minimum, &components[i]))
			return false;
	return true;
}
