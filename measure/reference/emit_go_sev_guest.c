// SPDX-License-Identifier: Apache-2.0
/*
 * go-sev-guest's check.Config (google/go-sev-guest, proto/check.proto) in the JSON form of protocol
 * buffers: 64-bit numbers as strings, bytes as base64. A policy there has one measurement and one
 * product, so each variant gets a file, and each product with a minimum TCB its own.
 *
 * Its "policy" is a maximum of permissions and a minimum of SINGLE_SOCKET and ABI version; the newer
 * requirement bits (22 to 25) are not compared by it.
 */
#include <inttypes.h>
#include <stdio.h>

#include <cjson/cJSON.h>
#include <snp/json_out.h>

#include "reference/format.h"

static void add_decimal(struct json_out *out, cJSON *parent, const char *key, uint64_t value)
{
	char text[21];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_out_string(out, parent, key, text);
}

static int add_product(struct json_out *out, cJSON *policy, const struct snp_reference_image *image,
		       enum snp_product product, struct snp_error *err)
{
	cJSON *root = json_out_object(out, out->root, "rootOfTrust");
	uint64_t word;
	int r;

	json_out_string(out, root, "productLine", snp_product_name(product));
	r = snp_tcb_encode(&image->minimum_tcb[product], product, &word, err);
	if (r == 0)
		add_decimal(out, policy,
			    product == SNP_PRODUCT_TURIN ? "minimumTcbTurin" : "minimumTcb", word);
	return r;
}

static int add_id_key(struct json_out *out, cJSON *policy, const struct snp_reference_variant *v,
		      struct snp_error *err)
{
	struct snp_id_auth_info info;
	int r;

	if (!v->id_block)
		return 0;
	r = snp_id_auth_verify(v->id_block, v->id_auth, &info, err);
	if (r < 0)
		return r;
	json_out_bool(out, policy, "requireIdBlock", true);
	json_out_base64(out, json_out_array(out, policy, "trustedIdKeyHashes"), NULL,
			info.id_key_digest, sizeof(info.id_key_digest));
	return 0;
}

static int emit(const struct snp_reference_image *image, const struct snp_reference_variant *v,
		enum snp_product product, struct folder *f, struct snp_error *err)
{
	char variant[SNP_VARIANT_NAME_SIZE], name[SNP_VARIANT_NAME_SIZE + 64];
	struct json_out out;
	cJSON *policy;
	int r;

	json_out_init(&out, NULL);
	policy = json_out_object(&out, out.root, "policy");
	if (image->guest_svn != 0)
		json_out_integer(&out, policy, "minimumGuestSvn", image->guest_svn);
	add_decimal(&out, policy, "policy", image->policy);
	json_out_base64(&out, policy, "familyId", image->family_id, SNP_ID_SIZE);
	json_out_base64(&out, policy, "imageId", image->image_id, SNP_ID_SIZE);
	json_out_base64(&out, policy, "measurement", v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	r = add_id_key(&out, policy, v, err);
	if (r == 0 && product != SNP_PRODUCT_UNKNOWN)
		r = add_product(&out, policy, image, product, err);
	if (r < 0) {
		json_out_done(&out);
		return r;
	}
	variant_name(image, v, variant);
	snprintf(name, sizeof(name), "go-sev-guest/%s-%" PRIu32 "vcpu%s%s.json", variant,
		 v->vcpus.count, product == SNP_PRODUCT_UNKNOWN ? "" : "-",
		 product == SNP_PRODUCT_UNKNOWN ? "" : snp_product_name(product));
	return folder_add_json(f, name, &out, err);
}

int emit_go_sev_guest(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];
		bool by_product = false;

		for (unsigned int p = 0; p < SNP_N_PRODUCTS; p++)
			by_product = by_product || image->has_minimum_tcb[p];
		for (size_t k = 0; k < image->n_variants; k++) {
			for (unsigned int p = 0; p < SNP_N_PRODUCTS; p++) {
				int status;

				if (by_product ? !image->has_minimum_tcb[p] : p != 0)
					continue;
				status = emit(image, &image->variants[k], p, f, err);
				if (status < 0)
					return status;
			}
		}
	}
	return 0;
}
