// SPDX-License-Identifier: Apache-2.0
/* The formats that are lines of text: a table, and a policy of Microsoft Azure Attestation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/policy.h>

#include "reference/format.h"

/* Runs `print` for every variant into a memory stream and adds what it wrote as the file `name`. */
static int add_text(const struct snp_reference *r, struct snp_folder *f, const char *name,
		    void (*print)(FILE *stream, const struct snp_reference *r),
		    struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	bool failed;

	if (!stream)
		return snp_no_memory(err);
	print(stream, r);
	failed = ferror(stream);
	if (fclose(stream) != 0 || failed)
		return snp_no_memory(err);
	return snp_folder_add(f, name, (struct snp_span){(const uint8_t *)text, size}, err);
}

static void print_tsv(FILE *stream, const struct snp_reference *r)
{
	fputs("image\tvmm_profile\tvcpu_count\tcpu_model\tcpu_signature\tguest_features\tpolicy\t"
	      "launch_digest\n",
	      stream);
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		for (size_t k = 0; k < image->n_variants; k++) {
			const struct snp_reference_variant *v = &image->variants[k];
			char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

			snp_hex_encode(v->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
			fprintf(stream,
				"%s\t%s\t%" PRIu32 "\t%s\t0x%" PRIx32 "\t0x%" PRIx64 "\t0x%" PRIx64
				"\t%s\n",
				image->name, v->vmm_profile, v->vcpu_count,
				v->cpu_model ? v->cpu_model : "-", v->cpu_signature,
				v->guest_features, image->policy, digest);
		}
	}
}

int snp_emit_tsv(const struct snp_reference *r, struct snp_folder *f, struct snp_error *err)
{
	return add_text(r, f, "launch-digests.tsv", print_tsv, err);
}

/* Policy language 1.0: the rules of authorizationrules are alternatives, one for each digest. Claim
 * names are those that the service makes of an SEV-SNP report (Azure Attestation, claim sets). The
 * service limits a policy's size; a matrix of thousands does not fit. */
static void print_maa_policy(FILE *stream, const struct snp_reference *r)
{
	fputs("version=1.0;\nauthorizationrules\n{\n", stream);
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		for (size_t k = 0; k < image->n_variants; k++) {
			char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

			snp_hex_encode(image->variants[k].launch_digest, SNP_LAUNCH_DIGEST_SIZE,
				       digest);
			fputs("    [type==\"x-ms-attestation-type\", value==\"sevsnpvm\"]\n",
			      stream);
			fprintf(stream,
				" && [type==\"x-ms-sevsnpvm-is-debuggable\", value==%s]\n"
				" && [type==\"x-ms-sevsnpvm-migration-allowed\", value==%s]\n",
				image->policy & SNP_POLICY_DEBUG ? "true" : "false",
				image->policy & SNP_POLICY_MIGRATE_MA ? "true" : "false");
			fprintf(stream,
				" && [type==\"x-ms-sevsnpvm-guestsvn\", value>=%" PRIu32 "]\n",
				image->guest_svn);
			fprintf(stream,
				" && [type==\"x-ms-sevsnpvm-launchmeasurement\", value==\"%s\"]\n"
				"    => permit();\n",
				digest);
		}
	}
	fputs("};\nissuancerules\n{\n};\n", stream);
}

int snp_emit_maa_policy(const struct snp_reference *r, struct snp_folder *f, struct snp_error *err)
{
	return add_text(r, f, "maa-policy.txt", print_maa_policy, err);
}
