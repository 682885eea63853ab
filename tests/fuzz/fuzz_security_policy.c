// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "endorsement/security_policy.h"

/* A security policy, and the rules in it that are shown. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"containers", "fragments"};
	struct security_policy policy = {0};
	struct snp_error err = {0};
	int r = security_policy_take((struct snp_span){data, size}, &policy, &err);

	fuzz_check(r, &err, size);
	if (r == 0 && (policy.text[policy.size] != '\0' ||
		       strlen((const char *)policy.text) != policy.size || policy.size > size))
		abort();
	for (size_t i = 0; r == 0 && i < 2; i++) {
		struct json *rule = NULL;

		fuzz_check(security_policy_rule(&policy, names[i], &rule, &err), &err, size);
		if (rule && !json_is_array(json_root(rule)))
			abort();
		json_free(rule);
	}
	security_policy_done(&policy);
	return 0;
}
