// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

static int add_file(struct snp_certificates *set, const char *path, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r;

	r = file_read(path, SNP_MAX_SMALL, &bytes, &size, err);
	if (r < 0)
		return r;
	r = snp_certificates_add(set, (struct snp_span){bytes, size}, err);
	return in_file(err, r, path);
}

/* In a folder stand other files too. A set that is full, memory that ran out and a file that cannot be
 * read are errors there as well. */
static bool is_no_certificate(int status)
{
	return status == -SNP_E_BAD_CERTIFICATE || status == -SNP_E_BAD_CERTIFICATE_TABLE ||
	       status == -SNP_E_NOT_REGULAR;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int add_entry(struct snp_certificates *set, const char *folder, const char *name,
		     struct snp_error *err)
{
	_cleanup_(freep) char *path = NULL;
	struct stat st;
	int r;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return out_of_memory(err);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SNP_MAX_SMALL)
		return 0;
	r = add_file(set, path, err);
	return is_no_certificate(r) ? 0 : r;
}

static int add_folder(struct snp_certificates *set, const char *path, struct snp_error *err)
{
	struct dirent **entries = NULL;
	struct snp_error why = {0};
	int n = scandir(path, &entries, visible, alphasort), r = 0;

	if (n < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), path);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_entry(set, path, entries[i]->d_name, &why);
		free(entries[i]);
	}
	free(entries);
	if (r < 0 && err)
		*err = why;
	return r;
}

int snp_certificates_add_path(struct snp_certificates *set, const char *path, struct snp_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return add_folder(set, path, err);
	return add_file(set, path, err);
}
