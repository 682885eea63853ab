// SPDX-License-Identifier: Apache-2.0
/* The formats that are lines of text: a table, and a policy of Microsoft Azure Attestation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/policy.h>

#include "reference/format.h"

/* Runs `print` for every variant into a memory stream and adds what it wrote as the file `name`. */
static int add_text(const struct snp_reference *r, struct folder *f, const char *name,
		    int (*print)(FILE *stream, const struct snp_reference *r,
				 struct snp_error *err),
		    struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	bool failed;
	int status;

	if (!stream)
		return out_of_memory(err);
	status = print(stream, r, err);
	failed = ferror(stream);
	if (fclose(stream) != 0 || failed)
		return out_of_memory(err);
	if (status < 0)
		return status;
	return folder_add(f, name, TAKE_PTR(text), size, err);
}

static int print_tsv(FILE *stream, const struct snp_reference *r, struct snp_error *err)
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
	return add_text(r, f, "launch-digests.tsv", print_tsv, err);
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
static int print_maa_policy(FILE *stream, const struct snp_reference *r, struct snp_error *err)
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
	return add_text(r, f, "maa-policy.txt", print_maa_policy, err);
}
