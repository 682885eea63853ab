// SPDX-License-Identifier: Apache-2.0
#include "guest/state_dir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/folder.h>

#include "host/uri.h"

static bool is_plain(const char *uri, const char *path)
{
	static const char *const schemes[] = {"qemu://", "qemu+unix://"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strncmp(uri, schemes[i], strlen(schemes[i])) == 0 &&
		    strcmp(uri + strlen(schemes[i]), path) == 0)
			return true;
	return false;
}

static void append_escaped(const char *uri, char *ret, size_t size)
{
	size_t at = strlen(ret);

	for (; *uri && at + 4 < size; uri++) {
		unsigned char c = (unsigned char)*uri;

		if (c == '/' || c == '%' || c <= 0x20 || c >= 0x7f)
			at += (size_t)snprintf(ret + at, size - at, "%%%02X", c);
		else
			ret[at++] = (char)c;
	}
	ret[at] = '\0';
}

int state_dir_find(const char *option, const char *uri, char ret[static PATH_MAX],
		   struct snp_error *err)
{
	const char *named = option ? option : getenv("SNP_LAUNCH_STATE_DIR");
	char path[3 * PATH_MAX], host[PATH_MAX];
	bool known = true;

	if (named && named[0] != '\0' && named[0] != '/' && !getcwd(host, sizeof(host)))
		return in_file(
			err, fail_errno(err, SNP_E_OPEN, errno, "cannot find the folder it is in"),
			named);
	if (named && named[0] == '/')
		snprintf(path, sizeof(path), "%s", named);
	else if (named && named[0] != '\0')
		path_join(host, named, path, sizeof(path));
	else if (uri_simulated_host(uri, host))
		path_join(host, "guests", path, sizeof(path));
	else if (is_plain(uri, "/system"))
		snprintf(path, sizeof(path), SYSTEM_STATE);
	else if (is_plain(uri, "/session"))
		known = user_folder(USER_STATE, "snp-launch", path);
	else {
		if (geteuid() == 0)
			snprintf(path, sizeof(path), SYSTEM_STATE);
		else
			known = user_folder(USER_STATE, "snp-launch", path);
		if (known) {
			size_t at = strlen(path);

			snprintf(path + at, sizeof(path) - at, "/@");
			append_escaped(uri, path, sizeof(path));
		}
	}
	if (!known)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"no place to keep guests: neither HOME nor XDG_STATE_HOME is an absolute "
			"path; give --state-dir");
	/* Room for NAME/boot/firmware below it. */
	if (strlen(path) + 128 > PATH_MAX)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "the state folder's path is too long: %zu bytes", strlen(path));
	memcpy(ret, path, strlen(path) + 1);
	return 0;
}
