// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"
#include "config/vm_config.h"

static const struct cli_option *const tables[] = {NULL};

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	(void)operands;
	(void)err;
	fwrite(vm_schema, 1, vm_schema_size, out);
	return 0;
}

const struct cli_verb verb_schema = {
	.name = "schema",
	.operands = "",
	.summary = "print the JSON Schema of vm.json",
	.example = "",
	.options = tables,
	.run = run,
};
