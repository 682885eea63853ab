// SPDX-License-Identifier: Apache-2.0
#include "reference/publish.h"

#include <string.h>

#include <snp/fail.h>

#include "reference/format.h"

bool publish_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == n && strncmp(at, name, n) == 0)
			return true;
	return false;
}

static int check_list(const char *formats, struct snp_error *err)
{
	for (const char *at = formats;; at++) {
		size_t n = strcspn(at, ",");
		bool known = false;

		for (size_t i = 0; format_at(i); i++)
			known = known || (strlen(format_at(i)->name) == n &&
					  strncmp(at, format_at(i)->name, n) == 0);
		if (!known)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "--format: no format '%.*s'; --help lists them", (int)n,
					 at);
		at += n;
		if (*at == '\0')
			return 0;
	}
}

int publish_emit(const struct snp_reference *reference, const char *formats, publish_skip skip,
		 struct folder *folder, struct snp_error *err)
{
	int r = formats ? check_list(formats, err) : 0;

	for (size_t i = 0; r == 0 && format_at(i); i++) {
		const struct format *format = format_at(i);
		struct snp_error why;

		/* The master is always there: it is what marks the folder as one of ours. */
		if (i > 0 && formats && !publish_listed(formats, format->name))
			continue;
		r = format->emit(reference, folder, &why);
		if (r == -SNP_E_FORMAT && !formats) {
			skip(format->name, &why);
			r = 0;
		} else if (r < 0 && err) {
			*err = why;
		}
	}
	return r;
}
