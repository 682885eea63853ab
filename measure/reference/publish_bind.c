// SPDX-License-Identifier: Apache-2.0
#include "reference/publish.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

#include "reference/model.h"

static const struct snp_reference_variant *find_before(const struct snp_reference *before,
						       const char *image,
						       const struct snp_reference_variant *variant)
{
	for (size_t i = 0; before && i < before->n_images; i++) {
		const struct snp_reference_image *candidate = &before->images[i];

		if (strcmp(candidate->name, image) == 0)
			return bsearch(variant, candidate->variants, candidate->n_variants,
				       sizeof(*variant), variant_compare_void);
	}
	return NULL;
}

/* The digests of the keys that are to sign, as an ID auth shows them. */
static int key_digests(const struct snp_key *id_key, const struct snp_key *author_key,
		       struct snp_id_auth_info *ret, struct snp_error *err)
{
	struct snp_id_auth_info info = {.has_author = author_key != NULL};
	uint8_t key[SNP_KEY_SIZE];
	int r = snp_id_key_public(id_key, key, err);

	if (r == 0)
		r = snp_id_key_digest(key, info.id_key_digest, err);
	if (r == 0 && author_key)
		r = snp_id_key_public(author_key, key, err);
	if (r == 0 && author_key)
		r = snp_id_key_digest(key, info.author_key_digest, err);
	if (r == 0)
		*ret = info;
	return r;
}

/* True if the earlier pair is for the same block, by the same keys, and verifies. */
static bool still_good(const struct snp_reference_variant *before, const uint8_t *block,
		       const struct snp_id_auth_info *keys)
{
	struct snp_id_auth_info info;

	return before && before->id_block &&
	       memcmp(before->id_block, block, SNP_ID_BLOCK_SIZE) == 0 &&
	       snp_id_auth_verify(block, before->id_auth, &info, NULL) == 0 &&
	       info.has_author == keys->has_author &&
	       memcmp(info.id_key_digest, keys->id_key_digest, SNP_KEY_DIGEST_SIZE) == 0 &&
	       memcmp(info.author_key_digest, keys->author_key_digest, SNP_KEY_DIGEST_SIZE) == 0;
}

static int bind_variant(const struct snp_reference_image *image, struct snp_reference_variant *v,
			const struct snp_key *id_key, const struct snp_key *author_key,
			const struct snp_id_auth_info *keys,
			const struct snp_reference_variant *before, struct snp_error *err)
{
	struct snp_id_block block = {.guest_svn = image->guest_svn, .policy = image->policy};

	memcpy(block.launch_digest, v->launch_digest, sizeof(block.launch_digest));
	memcpy(block.family_id, image->family_id, sizeof(block.family_id));
	memcpy(block.image_id, image->image_id, sizeof(block.image_id));
	v->id_block = malloc(SNP_ID_BLOCK_SIZE);
	v->id_auth = malloc(SNP_ID_AUTH_SIZE);
	if (!v->id_block || !v->id_auth)
		return out_of_memory(err);
	snp_id_block_encode(&block, v->id_block);
	if (!still_good(before, v->id_block, keys))
		return snp_id_auth_sign(v->id_block, id_key, author_key, v->id_auth, err);
	memcpy(v->id_auth, before->id_auth, SNP_ID_AUTH_SIZE);
	return 0;
}

int publish_bind(struct snp_reference *reference, const struct snp_key *id_key,
		 const struct snp_key *author_key, const struct snp_reference *before,
		 struct snp_error *err)
{
	struct snp_id_auth_info keys;
	int r = key_digests(id_key, author_key, &keys, err);

	for (size_t i = 0; r == 0 && i < reference->n_images; i++) {
		struct snp_reference_image *image = &reference->images[i];

		for (size_t k = 0; r == 0 && k < image->n_variants; k++) {
			struct snp_reference_variant *v = &image->variants[k];

			r = bind_variant(image, v, id_key, author_key, &keys,
					 find_before(before, image->name, v), err);
		}
	}
	return r;
}
