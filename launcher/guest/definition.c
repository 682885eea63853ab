// SPDX-License-Identifier: Apache-2.0
#include "guest/definition.h"

#include <stdio.h>
#include <unistd.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>

#include "domain/xml_document.h"

int definition_write(const struct vm_config *config, const char *template, const char *folder,
		     struct snp_error *err)
{
	char vm_json[PATH_MAX + 128], copy[PATH_MAX + 128];
	_cleanup_(freep) uint8_t *text = NULL;
	struct output outputs[] = {
		{path_join(folder, DEFINITION_FILE, vm_json, sizeof(vm_json)),
		 vm_config_text(config)},
		{path_join(folder, DEFINITION_TEMPLATE, copy, sizeof(copy)), {0}},
	};
	int r = template ? file_read(template, DOMAIN_MAX_SIZE, &text, &outputs[1].bytes.size, err)
			 : 0;

	outputs[1].bytes.data = text;
	return r < 0 ? r : files_write(outputs, template ? 2 : 1, 0600, true, err);
}

bool definition_exists(const char *folder)
{
	char path[PATH_MAX + 128];

	return access(path_join(folder, DEFINITION_FILE, path, sizeof(path)), F_OK) == 0;
}

int definition_read(const char *folder, struct vm_config **ret, struct snp_error *err)
{
	char path[PATH_MAX + 128];

	return vm_config_read(path_join(folder, DEFINITION_FILE, path, sizeof(path)), ret, err);
}

const char *definition_template(const char *folder, char ret[static PATH_MAX + 128])
{
	return access(path_join(folder, DEFINITION_TEMPLATE, ret, PATH_MAX + 128), F_OK) == 0
		       ? ret
		       : NULL;
}
