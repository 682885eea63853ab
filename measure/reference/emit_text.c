// SPDX-License-Identifier: Apache-2.0
/* The formats that are lines of text: a table, the keys, and a policy of Microsoft Azure Attestation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/policy.h>

#include "identity/key.h"
#include "reference/format.h"

static int print_tsv(const struct snp_reference *r, FILE *stream, struct snp_error *err)
{
	(void)err;
	fputs("image\tvmm_profile\tvcpu_count\tcpu_model\tcpu_signature\tguest_features\tpolicy\t"
	      "launch_digest\n",
	      stream);
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		for (size_t k = 0; k < image->n_variants; k++) {
			const struct snp_reference_variant *v = &image->variants[k];
			char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

			hex_encode(v->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
			fprintf(stream,
				"%s\t%s\t%" PRIu32 "\t%s\t0x%" PRIx32 "\t0x%" PRIx64 "\t0x%" PRIx64
				"\t%s\n",
				image->name, v->vcpus.profile, v->vcpus.count,
				v->vcpus.model[0] ? v->vcpus.model : "-", v->vcpus.signature,
				v->vcpus.features, image->policy, digest);
		}
	}
	return 0;
}

int emit_tsv(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return folder_add_text(f, r, "launch-digests.tsv", print_tsv, err);
}

static int print_pem(FILE *stream, const struct snp_key *key, struct snp_error *err)
{
	_cleanup_(freep) char *pem = NULL;
	int r = key_public_pem(key, &pem, err);

	if (r < 0)
		return r;
	fputs(pem, stream);
	return 0;
}

static void print_key_digest(FILE *stream, const char *name,
			     const uint8_t digest[static SNP_KEY_DIGEST_SIZE])
{
	char hex[2 * SNP_KEY_DIGEST_SIZE + 1];

	hex_encode(digest, SNP_KEY_DIGEST_SIZE, hex);
	fprintf(stream, "%s: %s\n", name, hex);
}

/* One pair of keys signs all ID blocks of a document. */
static const uint8_t *first_id_auth(const struct snp_reference *r)
{
	for (size_t i = 0; i < r->n_images; i++)
		for (size_t k = 0; k < r->images[i].n_variants; k++)
			if (r->images[i].variants[k].id_auth)
				return r->images[i].variants[k].id_auth;
	return NULL;
}

static int print_keys(const struct snp_reference *r, FILE *stream, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id = NULL, *author = NULL;
	const uint8_t *auth = first_id_auth(r);
	struct snp_id_auth_info info;
	int status = auth ? id_auth_keys(auth, &id, &author, &info, err) : 0;

	fputs("The keys of these reference values. A key that is found beside what it signs proves\n"
	      "nothing: get the keys from the publisher in another way, and compare them with these.\n"
	      "\n",
	      stream);
	if (r->public_key)
		fprintf(stream, KEYS_FIRST "%s", r->public_key);
	else
		fputs("The documents are not signed.\n", stream);
	if (!auth)
		fputs("\nThe launch digests have no ID blocks.\n", stream);
	if (status < 0 || !auth)
		return status;
	fputs("\nKey of the ID blocks, and its digest as ID_KEY_DIGEST of a report:\n", stream);
	status = print_pem(stream, id, err);
	print_key_digest(stream, "id_key_digest", info.id_key_digest);
	if (status < 0 || !author)
		return status;
	fputs("\nAuthor key, and its digest as AUTHOR_KEY_DIGEST of a report:\n", stream);
	status = print_pem(stream, author, err);
	print_key_digest(stream, "author_key_digest", info.author_key_digest);
	return status;
}

int emit_keys(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return folder_add_text(f, r, KEYS_FILE, print_keys, err);
}

/*
 * Lines for kbs-client of Trustee (confidential-containers/trustee, tools/kbs-client), with the values of rvps.json.
 * It sets one value under a name, as a list of one or by itself, and the last one replaces those before it.
 */
static int print_kbs_client(const struct snp_reference *r, FILE *stream, struct snp_error *err)
{
	const struct snp_reference_variant *v = r->images[0].variants;
	const uint64_t policy = r->images[0].policy;
	char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	if (r->n_images > 1 || r->images[0].n_variants > 1)
		return fail_with(
			err, SNP_E_FORMAT, SNP_NO_OFFSET,
			"kbs-client can set only one launch digest; for several, use rvps or "
			"trustee");
	hex_encode(v->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
	fputs("#!/bin/sh\n"
	      "# Set the reference values of Trustee:\n"
	      "#   sh kbs-client.sh --url URL config --auth-private-key KEY\n"
	      "set -e\n",
	      stream);
	fprintf(stream, "kbs-client \"$@\" set-sample-reference-value snp_launch_measurement %s\n",
		digest);
	fprintf(stream,
		"set -- \"$@\" set-sample-reference-value --as-single-value\n"
		"kbs-client \"$@\" --as-bool snp_smt_allowed %s\n"
		"kbs-client \"$@\" --as-bool snp_single_socket %s\n"
		"kbs-client \"$@\" --as-integer snp_guest_abi_major %" PRIu64 "\n"
		"kbs-client \"$@\" --as-integer snp_guest_abi_minor %" PRIu64 "\n",
		policy & SNP_POLICY_SMT ? "true" : "false",
		policy & SNP_POLICY_SINGLE_SOCKET ? "true" : "false",
		(policy & SNP_POLICY_ABI_MAJOR) >> 8, policy & SNP_POLICY_ABI_MINOR);
	return 0;
}

int emit_kbs_client(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return folder_add_text(f, r, "kbs-client.sh", print_kbs_client, err);
}

static void print_hex_claim(FILE *stream, const char *claim, const uint8_t *bytes, size_t size)
{
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	hex_encode(bytes, size, hex);
	fprintf(stream, " && [type==\"x-ms-sevsnpvm-%s\", value==\"%s\"]\n", claim, hex);
}

static void print_minimum_claim(FILE *stream, const char *claim, uint32_t least)
{
	fprintf(stream, " && [type==\"x-ms-sevsnpvm-%s\", value>=%" PRIu32 "]\n", claim, least);
}

static void print_policy_claims(FILE *stream, uint64_t policy)
{
	static const struct {
		const char *claim;
		uint64_t mask;
	} bits[] = {
		{"is-debuggable", SNP_POLICY_DEBUG},
		{"migration-allowed", SNP_POLICY_MIGRATE_MA},
		{"smt-allowed", SNP_POLICY_SMT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		fprintf(stream, " && [type==\"x-ms-sevsnpvm-%s\", value==%s]\n", bits[i].claim,
			policy & bits[i].mask ? "true" : "false");
}

/* No claim says the product, so that the minima of one can be asked for and those of several cannot. */
static void print_tcb_claims(FILE *stream, const struct snp_reference_image *image)
{
	const struct snp_tcb *tcb;

	if (image->n_minimum_tcb != 1)
		return;
	tcb = &image->minimum_tcb[0].tcb;
	print_minimum_claim(stream, "bootloader-svn", tcb->boot_loader);
	print_minimum_claim(stream, "tee-svn", tcb->tee);
	print_minimum_claim(stream, "snpfw-svn", tcb->snp);
	print_minimum_claim(stream, "microcode-svn", tcb->microcode);
}

static int print_key_claims(FILE *stream, const struct snp_reference_variant *v,
			    struct snp_error *err)
{
	struct snp_id_auth_info info;
	int r;

	if (!v->id_block)
		return 0;
	r = snp_id_auth_decode(v->id_auth, &info, err);
	if (r < 0)
		return r;
	print_hex_claim(stream, "idkeydigest", info.id_key_digest, SNP_KEY_DIGEST_SIZE);
	if (info.has_author)
		print_hex_claim(stream, "authorkeydigest", info.author_key_digest,
				SNP_KEY_DIGEST_SIZE);
	return 0;
}

/* VMPL 0: what the host asks for itself has another. */
static void print_first_claims(FILE *stream)
{
	fputs("    [type==\"x-ms-attestation-type\", value==\"sevsnpvm\"]\n"
	      " && [type==\"x-ms-sevsnpvm-vmpl\", value==0]\n",
	      stream);
}

/* The utility VM is the service's to check, which its compliance status says; the containers are the policy's. */
static void print_container_group(FILE *stream, const struct snp_reference_image *image)
{
	print_first_claims(stream);
	fputs(" && [type==\"x-ms-compliance-status\", value==\"azure-compliant-uvm\"]\n"
	      " && [type==\"x-ms-sevsnpvm-is-debuggable\", value==false]\n",
	      stream);
	print_minimum_claim(stream, "guestsvn", image->guest_svn);
	print_tcb_claims(stream, image);
	print_hex_claim(stream, "hostdata", image->host_data, sizeof(image->host_data));
	fputs("    => permit();\n", stream);
}

static int print_rule(FILE *stream, const struct snp_reference_image *image,
		      const struct snp_reference_variant *v, struct snp_error *err)
{
	int r;

	print_first_claims(stream);
	print_policy_claims(stream, image->policy);
	print_hex_claim(stream, "familyId", image->family_id, SNP_ID_SIZE);
	print_hex_claim(stream, "imageId", image->image_id, SNP_ID_SIZE);
	print_minimum_claim(stream, "guestsvn", image->guest_svn);
	print_tcb_claims(stream, image);
	r = print_key_claims(stream, v, err);
	print_hex_claim(stream, "launchmeasurement", v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	fputs("    => permit();\n", stream);
	return r;
}

/* Policy language 1.0: the rules of authorizationrules are alternatives, one for each digest. Claim
 * names are those that the service makes of an SEV-SNP report (Azure Attestation, claim sets). The
 * service limits a policy's size; a matrix of thousands does not fit. */
static int print_maa_policy(const struct snp_reference *r, FILE *stream, struct snp_error *err)
{
	fputs("version=1.0;\nauthorizationrules\n{\n", stream);
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		if (image->is_container_group)
			print_container_group(stream, image);
		for (size_t k = 0; k < image->n_variants; k++) {
			int status = print_rule(stream, image, &image->variants[k], err);

			if (status < 0)
				return status;
		}
	}
	fputs("};\nissuancerules\n{\n};\n", stream);
	return 0;
}

int emit_maa_policy(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	return folder_add_text(f, r, "maa-policy.txt", print_maa_policy, err);
}
