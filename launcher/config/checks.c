// SPDX-License-Identifier: Apache-2.0
#include "config/checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/nearest.h>

/* The first check says whether it is an SEV-SNP guest. */
static const struct check *const tables[] = {security_checks, launch_checks, machine_checks,
					     host_checks};

const struct check *check_at(size_t i)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct check *check = tables[t]; check->name; check++)
			if (i-- == 0)
				return check;
	return NULL;
}

static size_t index_of(const char *name)
{
	size_t i = 0;

	while (check_at(i) && strcmp(check_at(i)->name, name) != 0)
		i++;
	return i;
}

int check_options_set(struct check_options *options, const char *name, enum check_severity severity,
		      struct snp_error *err)
{
	size_t i = index_of(name);
	const struct check *check = check_at(i);

	if (!check) {
		const char *names[CHECKS_MAX + 1], *near;

		for (size_t n = 0; n < i; n++)
			names[n] = check_at(n)->name;
		names[i] = NULL;
		near = nearest_word(name, names);
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "unknown check '%s'%s%s%s", name,
				 near ? "; did you mean '" : "", near ? near : "",
				 near ? "'?" : "");
	}
	if (check->fixed && severity != CHECK_ERROR)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"[%s] must stay an error: a guest that fails this check cannot be launched with SEV-SNP, or has no launch digest",
			name);
	options->changed[i] = severity;
	options->is_changed[i] = true;
	return 0;
}

static enum check_severity severity_of(const struct check *check, size_t i,
				       const struct check_options *options)
{
	if (options->is_changed[i])
		return options->changed[i];
	if (options->allow_debug && strcmp(check->name, "policy-debug") == 0)
		return CHECK_WARNING;
	return check->severity;
}

enum check_severity check_severity(const struct check_options *options, const char *name)
{
	static const struct check_options none;
	const struct check *check;

	for (size_t i = 0; (check = check_at(i)); i++)
		if (strcmp(check->name, name) == 0)
			return severity_of(check, i, options ? options : &none);
	return CHECK_IGNORED;
}

void checks_run(const struct launch_spec *spec, const struct check_options *options,
		struct findings *ret)
{
	static const struct check_options none;
	const struct check *check;

	*ret = (struct findings){0};
	if (!options)
		options = &none;
	for (size_t i = 0; (check = check_at(i)); i++) {
		struct finding *finding = &ret->at[ret->n];
		char message[sizeof(finding->message)] = "";

		finding->check = check;
		finding->severity = severity_of(check, i, options);
		finding->place = spec->origin == SPEC_FROM_CONFIG ? check->pointer : check->xpath;
		if (options->part != CHECKS_ALL &&
		    check->asks_host != (options->part == CHECKS_OF_HOST))
			continue;
		if (finding->severity == CHECK_IGNORED || !finding->place ||
		    !check->finds(spec, options, message, sizeof(message)))
			continue;
		escape_text(message, finding->message, sizeof(finding->message));
		spec->locate(spec->source, finding->place, &finding->line, &finding->column);
		ret->n++;
		ret->n_errors += finding->severity == CHECK_ERROR;
		/* If it is not an SEV-SNP guest, no other check makes sense. */
		if (i == 0)
			return;
	}
}

void finding_line(const struct finding *finding, const char *file, char *ret, unsigned int size)
{
	char name[512], line[16] = "", column[16] = "";

	escape_text(file, name, sizeof(name));
	if (finding->line)
		snprintf(line, sizeof(line), ":%" PRIu32, finding->line);
	if (finding->column)
		snprintf(column, sizeof(column), ":%" PRIu32, finding->column);
	snprintf(ret, size, "%s: %s%s%s: %s: %s; %s [%s]",
		 finding->severity == CHECK_ERROR ? "error" : "warning", name, line, column,
		 finding->place, finding->message, finding->check->cure, finding->check->name);
}

int findings_refuse(const struct findings *findings, const char *file, struct snp_error *err)
{
	const struct finding *first = findings->at;
	int r;

	if (findings->n_errors == 0)
		return 0;
	while (first->severity != CHECK_ERROR)
		first++;
	r = fail_with(err, SNP_E_CHECK, SNP_NO_OFFSET, "%s; %s [%s]", first->message,
		      first->check->cure, first->check->name);
	if (err) {
		err->line = first->line;
		err->column = first->column;
		snprintf(err->pointer, sizeof(err->pointer), "%s", first->place);
	}
	return in_file(err, r, file);
}
