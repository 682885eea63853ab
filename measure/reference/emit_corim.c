// SPDX-License-Identifier: Apache-2.0
/*
 * CoRIM (draft-ietf-rats-corim) with AMD's SEV-SNP profile (draft-deeglaze-amd-sev-snp-corim-profile):
 * one CoMID per image, with a reference triple for reports signed by a VCEK and one for those signed by
 * a VLEK.
 *
 * Where the drafts are unclear, this is done:
 * - the class OIDs are tag 111 with the content octets alone (RFC 9090), not with their DER header;
 * - all launch digests of an image stand in one digests list, as alternatives: a triple for each would
 *   be overwritten by consumers that name claims by their key alone;
 * - raw values and their masks both carry tag 560;
 * - the policy's mask covers every bit above the ABI version, which is a minimum and not a value.
 * Minimum TCB versions are not said: the profile states them by product, the triples here stand for all.
 */
#include <stdio.h>
#include <string.h>

#include <cbor.h>
#include <snp/cbor.h>
#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/sha.h>

#include "reference/format.h"
#include "reference/model.h"

enum {
	TAG_URI = 32,
	TAG_OID = 111,
	TAG_CORIM = 501,
	TAG_COMID = 506,
	TAG_MIN_SVN = 553,
	TAG_BYTES = 560,
	ALGORITHM_SHA384 = 7, /* IANA Named Information Hash Algorithm Registry */
};

/* mkey: which field of the report a claim is about. */
enum {
	MKEY_GUEST_SVN = 1,
	MKEY_POLICY = 2,
	MKEY_FAMILY_ID = 3,
	MKEY_IMAGE_ID = 4,
	MKEY_MEASUREMENT = 641,
};

/* measurement-values-map */
enum {
	MVAL_SVN = 1,
	MVAL_DIGESTS = 2,
	MVAL_RAW_VALUE = 4,
	MVAL_RAW_VALUE_MASK = 5,
};

/* 1.3.6.1.4.1.3704.3.1, attestation by chip, and .3.2, by cloud provider. */
static const uint8_t classes[][9] = {
	{0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x01},
	{0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x02},
};

static cbor_item_t *claim(int64_t mkey, cbor_item_t *mval)
{
	return cbor_out_put(cbor_out_put(cbor_out_map(2), 0, cbor_out_int(mkey)), 1, mval);
}

static cbor_item_t *raw(const uint8_t *data, size_t size)
{
	return cbor_out_tag(TAG_BYTES, cbor_out_bytes(data, size));
}

static cbor_item_t *policy_claim(uint64_t policy)
{
	uint8_t value[8], mask[8];

	snp_put_le64(value, policy);
	snp_put_le64(mask, ~(SNP_POLICY_ABI_MINOR | SNP_POLICY_ABI_MAJOR));
	return claim(MKEY_POLICY,
		     cbor_out_put(cbor_out_put(cbor_out_map(2), MVAL_RAW_VALUE, raw(value, 8)),
				  MVAL_RAW_VALUE_MASK, raw(mask, 8)));
}

static cbor_item_t *id_claim(int64_t mkey, const uint8_t id[static SNP_ID_SIZE])
{
	return claim(mkey, cbor_out_put(cbor_out_map(1), MVAL_RAW_VALUE, raw(id, SNP_ID_SIZE)));
}

static cbor_item_t *svn_claim(uint32_t svn)
{
	return claim(MKEY_GUEST_SVN, cbor_out_put(cbor_out_map(1), MVAL_SVN,
						  cbor_out_tag(TAG_MIN_SVN, cbor_out_int(svn))));
}

static cbor_item_t *digests_claim(const struct snp_reference_image *image)
{
	cbor_item_t *digests = cbor_out_array(image->n_variants);

	for (size_t i = 0; i < image->n_variants; i++) {
		const uint8_t *ld = image->variants[i].launch_digest;
		cbor_item_t *digest =
			cbor_out_push(cbor_out_array(2), cbor_out_int(ALGORITHM_SHA384));

		digest = cbor_out_push(digest, cbor_out_bytes(ld, SNP_LAUNCH_DIGEST_SIZE));
		digests = cbor_out_push(digests, digest);
	}
	return claim(MKEY_MEASUREMENT, cbor_out_put(cbor_out_map(1), MVAL_DIGESTS, digests));
}

static cbor_item_t *claims(const struct snp_reference_image *image)
{
	static const uint8_t zeros[SNP_ID_SIZE];
	bool family = memcmp(image->family_id, zeros, SNP_ID_SIZE) != 0;
	bool id = memcmp(image->image_id, zeros, SNP_ID_SIZE) != 0, svn = image->guest_svn != 0;
	cbor_item_t *list = cbor_out_array(2 + (size_t)family + (size_t)id + (size_t)svn);

	if (svn)
		list = cbor_out_push(list, svn_claim(image->guest_svn));
	list = cbor_out_push(list, policy_claim(image->policy));
	if (family)
		list = cbor_out_push(list, id_claim(MKEY_FAMILY_ID, image->family_id));
	if (id)
		list = cbor_out_push(list, id_claim(MKEY_IMAGE_ID, image->image_id));
	return cbor_out_push(list, digests_claim(image));
}

static cbor_item_t *triple(const uint8_t class[static 9], const struct snp_reference_image *image)
{
	cbor_item_t *id = cbor_out_tag(TAG_OID, cbor_out_bytes(class, sizeof(classes[0])));
	cbor_item_t *environment =
		cbor_out_put(cbor_out_map(1), 0, cbor_out_put(cbor_out_map(1), 0, id));

	return cbor_out_push(cbor_out_push(cbor_out_array(2), environment), claims(image));
}

static cbor_item_t *comid(const char *id, const struct snp_reference_image *image)
{
	cbor_item_t *triples = cbor_out_array(ARRAY_SIZE(classes)), *map;
	char tag_id[512];

	snprintf(tag_id, sizeof(tag_id), "%s/%.300s", id, image->name);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		triples = cbor_out_push(triples, triple(classes[i], image));
	map = cbor_out_put(cbor_out_map(2), 1,
			   cbor_out_put(cbor_out_map(1), 0, cbor_out_text(tag_id)));
	map = cbor_out_put(map, 4, cbor_out_put(cbor_out_map(1), 0, triples));
	return cbor_out_tag(TAG_COMID, cbor_out_wrapped(map));
}

/* An identifier that changes with what is said, and with nothing else: of the master's text, which is in `f`
 * where the master is published too. */
static int make_id(const struct snp_reference *r, const struct folder *f, char ret[static 64],
		   struct snp_error *err)
{
	const struct folder_file *file = folder_find(f, SNP_REFERENCE_FILE);
	_cleanup_(freep) char *printed = NULL;
	uint8_t sha256[SNP_SHA256_SIZE];
	struct snp_span master;
	char hex[33];
	int status = file ? 0 : reference_print(r, &printed, err);

	if (status < 0)
		return status;
	master = file ? (struct snp_span){file->data, file->size} : text_span(printed);
	status = sha256_of(master, sha256, err);
	if (status < 0)
		return status;
	hex_encode(sha256, 16, hex);
	snprintf(ret, 64, "snp-reference-values-%s", hex);
	return 0;
}

int emit_corim(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	uint8_t *bytes;
	cbor_item_t *tags, *map;
	char id[64];
	size_t size;
	int status = make_id(r, f, id, err);

	if (status < 0)
		return status;
	tags = cbor_out_array(r->n_images);
	for (size_t i = 0; i < r->n_images; i++)
		tags = cbor_out_push(tags, comid(id, &r->images[i]));
	map = cbor_out_put(cbor_out_map(3), 0, cbor_out_text(id));
	map = cbor_out_put(map, 1, tags);
	map = cbor_out_put(
		map, 3, cbor_out_tag(TAG_URI, cbor_out_text("tag:amd.com,2025:snp-corim-profile")));
	status = cbor_out_encode(cbor_out_tag(TAG_CORIM, map), &bytes, &size, err);
	if (status < 0)
		return status;
	return folder_add(f, CORIM_FILE, bytes, size, err);
}
