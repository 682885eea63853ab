// SPDX-License-Identifier: Apache-2.0
#include "report/certificates.h"

#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#define AMD_ARC "1.3.6.1.4.1.3704.1."

enum type {
	INTEGER, /* 0-255 */
	TEXT,	 /* IA5String */
	HWID,
};

/* structVersion 1 (Turin) has no spl4, and fmcSPL instead. */
static const struct {
	const char *suffix, *name;
	enum type type;
	bool version_0, version_1;
} extensions[LEAF_N_EXTENSIONS] = {
	[LEAF_STRUCT_VERSION] = {"1", "structVersion", INTEGER, true, true},
	[LEAF_PRODUCT_NAME] = {"2", "productName", TEXT, true, true},
	[LEAF_BL_SPL] = {"3.1", "blSPL", INTEGER, true, true},
	[LEAF_TEE_SPL] = {"3.2", "teeSPL", INTEGER, true, true},
	[LEAF_SNP_SPL] = {"3.3", "snpSPL", INTEGER, true, true},
	[LEAF_SPL4] = {"3.4", "spl4", INTEGER, true, false},
	[LEAF_SPL5] = {"3.5", "spl5", INTEGER, true, true},
	[LEAF_SPL6] = {"3.6", "spl6", INTEGER, true, true},
	[LEAF_SPL7] = {"3.7", "spl7", INTEGER, true, true},
	[LEAF_UCODE_SPL] = {"3.8", "ucodeSPL", INTEGER, true, true},
	[LEAF_FMC_SPL] = {"3.9", "fmcSPL", INTEGER, false, true},
	[LEAF_HWID] = {"4", "hwID", HWID, true, true},
	[LEAF_CSP_ID] = {"5", "cspID", TEXT, true, true},
};

/* DER INTEGER of 0-255, which has one form: a second, zero octet above 127. */
static bool read_integer(struct snp_span v, uint8_t *ret)
{
	if (v.size == 3 && v.data[0] == 0x02 && v.data[1] == 1 && v.data[2] < 0x80)
		*ret = v.data[2];
	else if (v.size == 4 && v.data[0] == 0x02 && v.data[1] == 2 && v.data[2] == 0 &&
		 v.data[3] >= 0x80)
		*ret = v.data[3];
	else
		return false;
	return true;
}

static bool read_text(struct snp_span v, char *ret, size_t size)
{
	struct snp_span text;

	if (v.size < 3 || v.data[0] != 0x16 || v.data[1] >= 0x80 || v.data[1] >= size ||
	    v.size != 2u + v.data[1] || !snp_span_sub(v, 2, v.data[1], &text))
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	memcpy(ret, text.data, text.size);
	ret[text.size] = '\0';
	return true;
}

/* The extension's value itself in every genuine certificate; an OCTET STRING within in some that are
 * not AMD's. Its length tells, never its first byte: that is part of the chip's id. */
static bool read_hwid(struct snp_span v, struct leaf *leaf)
{
	struct snp_span id = v;

	if ((v.size == 66 || v.size == 10) && v.data[0] == 0x04 && v.data[1] == v.size - 2)
		(void)snp_span_sub(v, 2, v.size - 2, &id);
	if (id.size != 64 && id.size != 8)
		return false;
	memcpy(leaf->hwid, id.data, id.size);
	leaf->hwid_size = id.size;
	return true;
}

static bool read_value(struct snp_span v, enum leaf_extension e, struct leaf *leaf)
{
	switch (extensions[e].type) {
	case INTEGER:
		return read_integer(v, &leaf->spl[e]);
	case TEXT:
		return e == LEAF_PRODUCT_NAME
			       ? read_text(v, leaf->product_name, sizeof(leaf->product_name))
			       : read_text(v, leaf->csp_id, sizeof(leaf->csp_id));
	case HWID:
		return read_hwid(v, leaf);
	}
	return false;
}

static void complain(struct leaf *leaf, const char *name, const char *what)
{
	if (leaf->problem[0] == '\0')
		snprintf(leaf->problem, sizeof(leaf->problem), "%s %s", name, what);
}

static void read_extension(X509_EXTENSION *extension, struct leaf *leaf)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	const char *suffix;
	char oid[80];
	size_t e;
	int n;

	n = OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
	if (n < 0 || strncmp(oid, AMD_ARC, strlen(AMD_ARC)) != 0)
		return; /* not AMD's: libcrypto refuses it if it is critical */
	suffix = oid + strlen(AMD_ARC);
	for (e = 0; e < LEAF_N_EXTENSIONS; e++)
		if ((size_t)n < sizeof(oid) && strcmp(suffix, extensions[e].suffix) == 0)
			break;
	if (e == LEAF_N_EXTENSIONS) {
		/* It may be a level that nothing here would compare. */
		complain(leaf, oid, "is an unknown extension");
		return;
	}
	if (leaf->present & 1u << e)
		complain(leaf, extensions[e].name, "appears twice");
	leaf->present |= 1u << e;
	if (X509_EXTENSION_get_critical(extension))
		complain(leaf, extensions[e].name, "is critical");
	if (!read_value((struct snp_span){ASN1_STRING_get0_data(value),
					  (size_t)ASN1_STRING_length(value)},
			(enum leaf_extension)e, leaf))
		complain(leaf, extensions[e].name, "has a wrong type or value");
}

void leaf_read(const X509 *x509, struct leaf *ret)
{
	*ret = (struct leaf){0};
	for (int i = 0; i < X509_get_ext_count(x509); i++)
		read_extension(X509_get_ext(x509, i), ret);
	if (ret->spl[LEAF_STRUCT_VERSION] > 1)
		complain(ret, "structVersion", "is above 1");
}

const char *leaf_incomplete(const struct leaf *leaf, enum snp_certificate_kind kind,
			    bool *ret_missing)
{
	bool version_1 = leaf->spl[LEAF_STRUCT_VERSION] == 1;

	for (size_t e = 0; e < LEAF_N_EXTENSIONS; e++) {
		bool wanted = version_1 ? extensions[e].version_1 : extensions[e].version_0;
		bool present = leaf->present & 1u << e;

		if (e == LEAF_HWID)
			wanted = kind == SNP_VCEK;
		else if (e == LEAF_CSP_ID)
			wanted = kind == SNP_VLEK;
		if (present == wanted)
			continue;
		*ret_missing = wanted;
		return extensions[e].name;
	}
	return NULL;
}

uint64_t leaf_tcb(const struct leaf *leaf)
{
	static const enum leaf_extension order[2][8] = {
		{LEAF_BL_SPL, LEAF_TEE_SPL, LEAF_SPL4, LEAF_SPL5, LEAF_SPL6, LEAF_SPL7,
		 LEAF_SNP_SPL, LEAF_UCODE_SPL},
		{LEAF_FMC_SPL, LEAF_BL_SPL, LEAF_TEE_SPL, LEAF_SNP_SPL, LEAF_SPL5, LEAF_SPL6,
		 LEAF_SPL7, LEAF_UCODE_SPL},
	};
	bool version_1 = leaf->spl[LEAF_STRUCT_VERSION] == 1;
	uint64_t word = 0;

	for (unsigned int i = 0; i < 8; i++)
		word |= (uint64_t)leaf->spl[order[version_1][i]] << 8 * i;
	return word;
}
