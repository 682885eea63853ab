// SPDX-License-Identifier: Apache-2.0
#include "reference/publish.h"

#include <stdio.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json.h>

#include "reference/format.h"
#include "reference/master.h"

DEFINE_CLEANUP(struct json *, json_free);

/* Of any version of this tool: of the document nothing but its schema counts. */
static int check_master(const char *path, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(freep) char *file = NULL;
	struct snp_error why;
	int r;

	if (asprintf(&file, "%s/%s", path, SNP_MASTER_FILE) < 0) {
		file = NULL;
		return out_of_memory(err);
	}
	r = json_read(file, SNP_MAX_DOCUMENT, &document, &why);
	if (r == 0)
		r = json_schema(document, SNP_MASTER_SCHEMA, &why);
	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	return r < 0 ? fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
				 "is there already and holds no " SNP_MASTER_FILE " (%s); name a "
				 "folder that this tool wrote, or one that is not there",
				 why.message)
		     : 0;
}

static int check_name(void *arg, const char *name, struct snp_error *err)
{
	(void)arg;
	return format_writes(name)
		       ? 0
		       : fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
				   "is there already and holds '%s', which this tool did not write "
				   "and would remove; name a folder of its own",
				   name);
}

int publish_replaceable(const char *path, struct snp_error *err)
{
	int r = check_master(path, err);

	return r < 0 ? r : folder_each(path, check_name, NULL, err);
}
