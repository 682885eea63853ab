// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/fail.h>

/* One profile and CPU signature, with every number of vCPUs at once: the digest after the VMSA of vCPU i is the
 * launch digest of i + 1 vCPUs. */
struct attempt {
	struct snp_launch launch;
	uint32_t least; /* vCPUs: fewer than the file has contexts for are refused */
	uint32_t stated_count;
	const uint8_t *digest;
	uint64_t tried;
	uint32_t found; /* vCPUs; 0: none */
};

static int look(void *arg, const struct snp_launch_update *u, struct snp_error *err)
{
	struct attempt *a = arg;

	(void)err;
	if (u->origin != SNP_ORIGIN_VCPU || u->origin_index + 1 < a->least)
		return 0;
	a->tried++;
	if (memcmp(u->digest, a->digest, SNP_SHA384_SIZE) == 0 &&
	    (a->found == 0 || u->origin_index + 1 == a->stated_count))
		a->found = u->origin_index + 1;
	return 0;
}

static int try(struct attempt *a, struct snp_error *err)
{
	uint8_t digest[SNP_SHA384_SIZE];
	int r = snp_launch_igvm_features(&a->launch, &a->launch.vcpus.features, err);

	if (r == 0)
		r = launch_walk(&a->launch, true, look, a, digest, err);
	if (r < 0 || launch_profile(&a->launch)->igvm->vmsa != IGVM_VMSA_IN_FILE)
		return r;
	a->tried++;
	if (memcmp(digest, a->digest, sizeof(digest)) == 0)
		a->found = a->stated_count;
	return 0;
}

__attribute__((format(printf, 2, 3))) static void add(struct search_answer *answer, const char *fmt,
						      ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE, fmt, args);
	va_end(args);
}

static void describe(const struct snp_launch *stated, const struct attempt *a,
		     struct search_answer *answer)
{
	answer->found = true;
	if (strcmp(stated->vcpus.profile, a->launch.vcpus.profile) != 0)
		add(answer, "VMM profile %s instead of %s", a->launch.vcpus.profile,
		    stated->vcpus.profile);
	if (a->found != stated->vcpus.count)
		add(answer, "%" PRIu32 " vCPUs instead of %" PRIu32, a->found, stated->vcpus.count);
	/* Of vCPUs that all have a context the model does not matter. */
	if (a->launch.vcpus.signature != stated->vcpus.signature &&
	    (stated->vcpus.signature != 0 || a->found > a->least))
		add(answer, "CPU signature 0x%08" PRIx32, a->launch.vcpus.signature);
}

static uint32_t count_contexts(const struct snp_igvm_info *info)
{
	uint32_t n = 1;

	for (size_t i = 0; i < info->n_headers; i++)
		if (info->headers[i].type == SNP_IGVM_VP_CONTEXT && info->headers[i].index >= n)
			n = info->headers[i].index + 1;
	return n;
}

/* The i-th signature to try: the stated one, then each that a model has. 0 past the last. */
static uint32_t signature_at(const struct snp_launch *stated, size_t i)
{
	uint32_t signature = 0;

	if (i == 0 && stated->vcpus.signature != 0)
		return stated->vcpus.signature;
	return snp_cpu_model_at(i - (stated->vcpus.signature != 0), &signature) ? signature : 0;
}

static int try_profile(const struct snp_launch *stated, const char *profile, uint32_t max_vcpus,
		       const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		       struct search_answer *answer, struct snp_error *err)
{
	struct attempt a = {.launch = *stated,
			    .least = count_contexts(snp_igvm_info(stated->igvm)),
			    .stated_count = stated->vcpus.count,
			    .digest = digest};
	uint32_t last = 0;

	snprintf(a.launch.vcpus.profile, sizeof(a.launch.vcpus.profile), "%s", profile);
	a.launch.vcpus.count = max_vcpus;
	a.launch.flags |= SNP_LAUNCH_WITHOUT_ID_BLOCK;
	for (size_t i = 0; a.found == 0; i++) {
		int r;

		a.launch.vcpus.signature = signature_at(stated, i);
		if (a.launch.vcpus.signature == 0)
			break;
		if (a.launch.vcpus.signature == last)
			continue; /* the versions of a model stand together */
		last = a.launch.vcpus.signature;
		r = try(&a, err);
		/* What one profile refuses another may take. */
		if (r < 0 && snp_code_class((enum snp_code) - r) != SNP_CLASS_REFUSED)
			return r;
	}
	answer->tried += a.tried;
	if (a.found != 0)
		describe(stated, &a, answer);
	return 0;
}

int igvm_search(const struct snp_launch *stated, uint32_t max_vcpus,
		const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE], struct search_answer *ret,
		struct snp_error *err)
{
	const char *name;
	int r;

	if (max_vcpus < stated->vcpus.count)
		max_vcpus = stated->vcpus.count;
	r = try_profile(stated, stated->vcpus.profile, max_vcpus, digest, ret, err);
	for (size_t i = 0; r == 0 && !ret->found && (name = snp_profile_at(i)); i++)
		if (strcmp(name, stated->vcpus.profile) != 0 &&
		    snp_profile_check(name, SNP_MODE_SNP_IGVM, NULL) == 0)
			r = try_profile(stated, name, max_vcpus, digest, ret, err);
	return r;
}
