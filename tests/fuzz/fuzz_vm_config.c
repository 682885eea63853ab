// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/memory.h>

#include "config/checks.h"
#include "domain/domain_read.h"
#include "domain/domain_xml.h"

/* What a configuration without errors is built into must be a domain of the same facts. */
static void build(const struct vm_config *config, struct launch_spec *asked)
{
	const struct launch_made made = {
		.firmware = "/f",
		.kernel = config->kernel.path,
		.initrd = config->initrd.path,
		.host_data = config->host_data,
	};
	const struct domain_request request = {.config = config, .asked = asked};
	struct launch_spec *spec;
	struct snp_error err = {0};
	char *text = NULL;

	if (launch_spec_complete(asked, &made, NULL) < 0 ||
	    domain_xml_build(&request, &text, &err) < 0)
		abort();
	if (domain_read("domain", text_span(text), &spec, NULL) < 0)
		abort();
	if (strcmp(spec->name, config->name) != 0 || spec->policy != config->policy ||
	    spec->vcpus.count != config->cpu_count ||
	    spec->n_disks != config->n_disks + config->n_cdroms)
		abort();
	launch_spec_free(spec);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vm_config *config = NULL;
	struct launch_spec *spec;
	struct findings findings;
	struct snp_error err = {0};
	char line[2048];
	int r;

	r = vm_config_parse("vm.json", (struct snp_span){data, size}, &config, &err);
	fuzz_check(r, &err, size);
	if (r < 0) {
		if (config)
			abort();
		return 0;
	}
	if (launch_spec_from_config(config, &spec, NULL) < 0)
		abort();
	checks_run(spec, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		if (findings.at[i].line == 0 || findings.at[i].message[0] == '\0')
			abort();
		finding_line(&findings.at[i], "vm.json", line, sizeof(line));
		if (strchr(line, '\n'))
			abort();
	}
	if (findings.n_errors == 0 && !config->libvirt_xml)
		build(config, spec);
	launch_spec_free(spec);
	vm_config_free(config);
	return 0;
}
