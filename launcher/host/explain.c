// SPDX-License-Identifier: Apache-2.0
#include "host/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "host/known_failure.h"

/* The number behind the first of `keys` in `text`. */
static bool number_after(const char *text, const char *const keys[], int64_t *ret)
{
	for (size_t i = 0; keys[i]; i++) {
		const char *at = strstr(text, keys[i]);
		char *end;

		if (!at)
			continue;
		at += strlen(keys[i]);
		errno = 0;
		*ret = strtol(at, &end, 0);
		if (end != at && errno == 0 && *ret >= INT32_MIN && *ret <= UINT32_MAX)
			return true;
	}
	return false;
}

/* QEMU names the firmware's error; the kernel writes it in hexadecimal, and its own in decimal. */
static bool firmware_code(const char *text, int64_t *ret)
{
	static const char *const qemu[] = {"fw_error=", "fw_error='", "fw_error ", "fw_err=", NULL};
	static const char *const kernel[] = {
		"error ", "error=", "error = ", "Error: ", "failed ", NULL};

	if (number_after(text, qemu, ret))
		return true;
	if (!strstr(text, "SEV") && !strstr(text, "SNP"))
		return false;
	for (size_t i = 0; kernel[i]; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%s0x", kernel[i]);
		const char *at = strstr(text, key);

		if (at && number_after(at, &kernel[i], ret))
			return true;
	}
	return false;
}

/* The text is nothing but a number, or an error's name, perhaps with the kernel's prefix. */
static const struct firmware_error *named_alone(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end != text && *end == '\0' && value <= FIRMWARE_ERROR_MAX)
		return firmware_error_find((uint32_t)value);
	if (strncasecmp(text, "SEV_RET_", 8) == 0)
		text += 8;
	for (uint32_t i = 0; i <= FIRMWARE_ERROR_MAX; i++) {
		const struct firmware_error *e = firmware_error_find(i);

		if (e && strcasecmp(e->name, text) == 0)
			return e;
	}
	return NULL;
}

static void find_command(const char *text, char ret[static 32])
{
	const char *at = strstr(text, "SNP_LAUNCH_");
	size_t n = at ? strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;

	snprintf(ret, 32, "%.*s", (int)(n < 31 ? n : 31), at ? at : "");
}

/* A firmware that refuses a digest, a policy or a signature answers the question; any other error means
 * trouble with the host. */
static enum snp_code code_of(const struct firmware_error *e)
{
	switch (e->code) {
	case 0x07:
	case 0x0a:
	case 0x0b:
		return SNP_E_LAUNCH_REFUSED;
	default:
		return SNP_E_HOST;
	}
}

static void explain_firmware(struct explanation *ex)
{
	ex->name = "firmware-error";
	ex->code = code_of(ex->firmware);
	ex->happened = ex->firmware->meaning;
	ex->cure =
		ex->firmware->cure ? ex->firmware->cure : "see the host's kernel log for the cause";
}

bool explain_text(const char *text, struct explanation *ret)
{
	static const char *const returned[] = {"ret=", NULL};
	const struct known_failure *failure = known_failure_find(text);
	struct explanation ex = {0};
	bool alone = false;
	int64_t number;

	find_command(text, ex.command);
	ex.has_ret = number_after(text, returned, &number) && number <= INT32_MAX;
	if (ex.has_ret)
		ex.ret = (int32_t)number;
	if (!firmware_code(text, &number)) {
		ex.firmware = named_alone(text);
		alone = ex.firmware;
	} else if (number >= 0) {
		ex.firmware = firmware_error_find((uint32_t)number);
	}

	if (ex.firmware && (ex.firmware->code != 0 || alone) &&
	    (!failure || failure->rank < FAILURE_CAUSE)) {
		explain_firmware(&ex);
	} else if (failure) {
		ex.name = failure->name;
		ex.code = failure->code;
		ex.happened = failure->happened;
		ex.cure = failure->cure;
	} else {
		return false;
	}
	*ret = ex;
	return true;
}

/* QEMU's last words come through libvirt with a time stamp, a path and line ends before them. */
static const char *last_words(const char *text)
{
	const char *at = strstr(text, "qemu-system-x86_64: ");

	return at ? at + strlen("qemu-system-x86_64: ") : text;
}

int explain_fail(struct snp_error *err, const char *what, const char *text)
{
	struct explanation ex;
	char firmware[64] = "";

	if (!explain_text(text, &ex))
		return fail_with(err, SNP_E_LIBVIRT, SNP_NO_OFFSET, "%s: %.700s", what,
				 last_words(text));
	if (strcmp(ex.name, "firmware-error") == 0)
		return fail_with(err, ex.code, SNP_NO_OFFSET,
				 "%s: %s%sfirmware error 0x%02x %s: %s; %s", what, ex.command,
				 ex.command[0] ? ": " : "", ex.firmware->code, ex.firmware->name,
				 ex.happened, ex.cure);
	if (ex.firmware && ex.firmware->code != 0)
		snprintf(firmware, sizeof(firmware), " [firmware error 0x%02x %s]",
			 ex.firmware->code, ex.firmware->name);
	return fail_with(err, ex.code, SNP_NO_OFFSET, "%s: %s; %s%s (libvirt: %.300s)", what,
			 ex.happened, ex.cure, firmware, last_words(text));
}
