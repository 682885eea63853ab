// SPDX-License-Identifier: Apache-2.0
#include "reference/reproduce.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "reference/format.h"
#include "reference/golden.h"
#include "reference/publish.h"

/* Where differences go; none of them is in an image. */
struct telling {
	reproduce_difference difference;
	void *arg;
};

static void tell(const struct telling *t, const char *file, const char *published,
		 const char *found)
{
	t->difference(t->arg, NULL, file, published, found);
}

static int compare_file(const struct telling *t, const char *folder,
			const struct folder_file *expected, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	const char *found = "other bytes";
	struct snp_error why = {0};
	size_t size = 0;
	int r;

	if (folder_lacks(folder, expected->name))
		return 0;
	r = folder_read(folder, expected->name, &bytes, &size, &why);
	if (r == -SNP_E_NO_MEMORY) {
		if (err)
			*err = why;
		return r;
	}
	if (r < 0)
		found = why.message;
	if (r < 0 || size != expected->size || memcmp(bytes, expected->data, size) != 0)
		tell(t, expected->name, "as " SNP_MASTER_FILE " says", found);
	return 0;
}

/* What a folder may hold: what the formats write, and signed forms of it, whose bytes are not known. */
struct allowed {
	const struct telling *telling;
	struct folder written, of_signing;
};

static void allowed_done(struct allowed *allowed)
{
	folder_done(&allowed->written);
	folder_done(&allowed->of_signing);
}

static int allow_endorsement(void *arg, const struct snp_reference *published,
			     const struct golden *golden, struct snp_error *err)
{
	(void)published;
	return folder_add(arg, golden->endorsement, NULL, 0, err);
}

static int allow_signed(const struct snp_reference *published, struct folder *ret,
			struct snp_error *err)
{
	static const char *const files[] = {SNP_SIGNATURE_FILE, SNP_DSSE_FILE, SNP_COSE_FILE};
	int r = golden_each(published, allow_endorsement, ret, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = folder_add(ret, files[i], NULL, 0, err);
	return r;
}

static int compare_name(void *arg, const char *name, struct snp_error *err)
{
	const struct allowed *allowed = arg;
	const char *slash = strchr(name, '/');
	_cleanup_(freep) char *folder = slash ? strndup(name, (size_t)(slash - name) + 1) : NULL;

	if (slash && !folder)
		return out_of_memory(err);
	if (!format_writes(folder ? folder : name) || (slash && slash[1] == '\0') ||
	    folder_has(&allowed->written, name) || folder_has(&allowed->of_signing, name))
		return 0;
	tell(allowed->telling, name, "nothing", "a file");
	return 0;
}

int reproduce_files(const struct snp_reference *published, const char *folder,
		    reproduce_difference difference, void *arg, struct snp_error *err)
{
	const struct telling telling = {difference, arg};
	_cleanup_(allowed_done) struct allowed allowed = {.telling = &telling};
	int r;

	for (size_t i = 0; format_at(i); i++) {
		struct snp_error why;

		r = format_at(i)->emit(published, &allowed.written, &why);
		if (r == -SNP_E_NO_MEMORY) {
			if (err)
				*err = why;
			return r;
		}
		/* Such as of an ID block that is none. */
		if (r < 0 && r != -SNP_E_FORMAT)
			tell(&telling, format_at(i)->name, "as " SNP_MASTER_FILE " says",
			     why.message);
	}
	for (size_t i = 0; i < allowed.written.n_files; i++) {
		r = compare_file(&telling, folder, &allowed.written.files[i], err);
		if (r < 0)
			return r;
	}
	r = allow_signed(published, &allowed.of_signing, err);
	return r < 0 ? r : folder_each(folder, compare_name, &allowed, err);
}
