// SPDX-License-Identifier: Apache-2.0
/*
 * Trustee's Reference Value Provider Service: one message of type "sample", whose payload is a flat map
 * from the names that Trustee's default policy asks for to values (confidential-containers/trustee,
 * rvps/src/lib.rs and the EAR policy for CPUs). The policy compares lists by membership and scalars by
 * equality, so minimum TCB versions have no form here.
 */
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/json_out.h>
#include <snp/policy.h>

#include "reference/format.h"

static int same_policy(const struct snp_reference *r, struct snp_error *err)
{
	for (size_t i = 1; i < r->n_images; i++)
		if (r->images[i].policy != r->images[0].policy)
			return fail_with(
				err, SNP_E_FORMAT, SNP_NO_OFFSET,
				"rvps has one policy for all images, and '%s' and '%s' have "
				"different ones; publish them apart",
				r->images[0].name, r->images[i].name);
	return 0;
}

static int build_payload(const struct snp_reference *r, char **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out;
	uint64_t policy = r->images[0].policy;
	cJSON *digests;

	json_out_init(&out, NULL);
	digests = json_out_array(&out, out.root, "snp_launch_measurement");
	for (size_t i = 0; i < r->n_images; i++)
		for (size_t k = 0; k < r->images[i].n_variants; k++)
			json_out_hex(&out, digests, NULL, r->images[i].variants[k].launch_digest,
				     SNP_LAUNCH_DIGEST_SIZE);
	json_out_bool(&out, out.root, "snp_smt_allowed", policy & SNP_POLICY_SMT);
	json_out_bool(&out, out.root, "snp_single_socket", policy & SNP_POLICY_SINGLE_SOCKET);
	json_out_integer(&out, out.root, "snp_guest_abi_major",
			 (policy & SNP_POLICY_ABI_MAJOR) >> 8);
	json_out_integer(&out, out.root, "snp_guest_abi_minor", policy & SNP_POLICY_ABI_MINOR);
	return json_out_print_compact(&out, ret, err);
}

int emit_rvps(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	_cleanup_(freep) char *payload = NULL;
	struct json_out out;
	int status = same_policy(r, err);

	if (status == 0)
		status = build_payload(r, &payload, err);
	if (status < 0)
		return status;
	json_out_init(&out, NULL);
	json_out_string(&out, out.root, "version", "0.1.0");
	json_out_string(&out, out.root, "type", "sample");
	json_out_base64(&out, out.root, "payload", (const uint8_t *)payload, strlen(payload));
	return folder_add_json(f, "rvps.json", &out, err);
}
