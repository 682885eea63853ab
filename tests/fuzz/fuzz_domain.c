// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "config/checks.h"
#include "domain/domain_read.h"

/* Any domain: what it launches, what is wrong with it, and what snp-launch may have left in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct snp_span text = {data, size};
	struct launch_spec *spec = NULL;
	struct domain_record record = {.n_measured = 99};
	struct findings findings;
	struct snp_error err = {0};
	char line[2048];
	int r;

	r = domain_read("domain.xml", text, &spec, &err);
	fuzz_check(r, &err, size);
	if (r == 0) {
		checks_run(spec, NULL, &findings);
		for (size_t i = 0; i < findings.n; i++) {
			finding_line(&findings.at[i], "domain.xml", line, sizeof(line));
			if (findings.at[i].message[0] == '\0' || strchr(line, '\n'))
				abort();
		}
		launch_spec_free(spec);
	} else if (spec) {
		abort();
	}
	err = (struct snp_error){0};
	r = domain_read_record("domain.xml", text, &record, &err);
	fuzz_check(r, &err, size);
	if ((r < 0) != (record.n_measured == 99))
		abort();
	return 0;
}
