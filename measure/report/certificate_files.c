// SPDX-License-Identifier: Apache-2.0
/* Certificates in files: read from files and folders, and kept on this machine. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/memory.h>

static int add_file(struct snp_certificates *set, const char *path, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r;

	r = file_read_input(path, SNP_MAX_SMALL, &bytes, &size, err);
	if (r < 0)
		return r;
	r = snp_certificates_add(set, (struct snp_span){bytes, size}, err);
	return in_file(err, r, path);
}

/* In a folder stand other files too. A set that is full, memory that ran out and a file that cannot be
 * read are errors there as well. */
static bool is_no_certificate(int status)
{
	return status < 0 && status != -SNP_E_TOO_LARGE &&
	       snp_code_class((enum snp_code) - status) == SNP_CLASS_REFUSED;
}

static int add_entry(void *arg, const char *path, const char *name, struct snp_error *err)
{
	struct snp_error why = {0};
	struct stat st;
	int r;

	if (name[0] == '.' || stat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > SNP_MAX_SMALL)
		return 0;
	r = add_file(arg, path, &why);
	if (is_no_certificate(r))
		return 0;
	if (r < 0 && err)
		*err = why;
	return r;
}

int snp_certificates_add_path(struct snp_certificates *set, const char *path, struct snp_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return each_entry(path, add_entry, set, err);
	return add_file(set, path, err);
}

#define SYSTEM_FOLDER "/usr/share/snp-measure"

static int add_if_there(struct snp_certificates *set, const char *folder, struct snp_error *err)
{
	return access(folder, F_OK) == 0 ? snp_certificates_add_path(set, folder, err) : 0;
}

int snp_certificates_add_kept(struct snp_certificates *set, struct snp_error *err)
{
	char folder[PATH_MAX];
	int r = user_folder(USER_DATA, "snp-measure", folder) ? add_if_there(set, folder, err) : 0;

	return r < 0 ? r : add_if_there(set, SYSTEM_FOLDER, err);
}

/* "vcek-milan-0123…cdef.der" */
static char *file_name(const struct snp_certificate *c, const char *folder)
{
	bool leaf = c->kind == SNP_VCEK || c->kind == SNP_VLEK;
	char sha256[2 * sizeof(c->sha256) + 1], name[32];

	snprintf(name, sizeof(name), "%s-%s", snp_certificate_kind_name(c->kind),
		 snp_product_name(c->product));
	for (char *s = name; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	hex_encode(c->sha256, sizeof(c->sha256), sha256);
	return format_text("%s/%s%s%s.der", folder, name, leaf ? "-" : "", leaf ? sha256 : "");
}

static bool holds(const char *path, struct snp_span der)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;

	return file_read(path, SNP_MAX_SMALL, &bytes, &size, NULL) == 0 && size == der.size &&
	       memcmp(bytes, der.data, size) == 0;
}

int snp_certificates_keep(const struct snp_certificates *set, size_t i, char **ret_path,
			  struct snp_error *err)
{
	const struct snp_certificate *c = snp_certificates_at(set, i);
	_cleanup_(freep) char *path = NULL;
	char folder[PATH_MAX];
	int r;

	if (!c)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET, "no certificate %zu", i);
	if (!user_folder(USER_DATA, "snp-measure", folder))
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "no folder for certificates: set XDG_DATA_HOME or HOME");
	(void)make_folders(folder, 0755, 0755); /* a failure shows when the file is written */
	path = file_name(c, folder);
	if (!path)
		return out_of_memory(err);
	if (holds(path, c->der)) {
		*ret_path = NULL;
		return 0;
	}
	r = file_write(path, c->der, 0644, true, err);
	if (r < 0)
		return r;
	*ret_path = TAKE_PTR(path);
	return 0;
}
