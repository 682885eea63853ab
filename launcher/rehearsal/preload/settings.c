// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct settings current;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool parse_chip_id(const char *text, uint8_t ret[static CHIP_ID_SIZE])
{
	if (strlen(text) != 2 * CHIP_ID_SIZE ||
	    strspn(text, "0123456789abcdef") != 2 * CHIP_ID_SIZE)
		return false;
	for (size_t i = 0; i < CHIP_ID_SIZE; i++) {
		char octet[3] = {text[2 * i], text[2 * i + 1], '\0'};

		ret[i] = (uint8_t)strtoul(octet, NULL, 16);
	}
	return true;
}

static const char *parse_line(const char *key, const char *value, struct settings *ret)
{
	unsigned int a, b, c, d;
	int end = 0;

	if (strcmp(key, "kernel") == 0) {
		if (strcmp(value, "6.12") == 0)
			ret->kernel = KERNEL_6_12;
		else if (strcmp(value, "6.19") == 0)
			ret->kernel = KERNEL_6_19;
		else
			return "kernel is neither 6.12 nor 6.19";
		return NULL;
	}
	if (strcmp(key, "firmware") == 0) {
		if (sscanf(value, "%3u.%3u.%3u%n", &a, &b, &c, &end) != 3 || value[end] != '\0' ||
		    a > 255 || b > 255 || c > 255)
			return "firmware is not MAJOR.MINOR.BUILD";
		ret->api_major = (uint8_t)a;
		ret->api_minor = (uint8_t)b;
		ret->build = (uint8_t)c;
		return NULL;
	}
	if (strcmp(key, "tcb") == 0) {
		if (sscanf(value, "bl=%3u,tee=%3u,snp=%3u,ucode=%3u%n", &a, &b, &c, &d, &end) !=
			    4 ||
		    value[end] != '\0' || a > 255 || b > 255 || c > 255 || d > 255)
			return "tcb is not bl=N,tee=N,snp=N,ucode=N";
		ret->tcb = (struct tcb){(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};
		return NULL;
	}
	if (strcmp(key, "chip_id") == 0)
		return parse_chip_id(value, ret->chip_id) ? NULL : "chip_id is not 128 hex digits";
	return "unknown key";
}

const char *settings_parse(const char *text, struct settings *ret)
{
	while (*text) {
		char line[512];
		size_t n = strcspn(text, "\n");
		const char *wrong;
		char *value;

		if (n >= sizeof(line))
			return "line too long";
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + (text[n] == '\n');
		if (line[0] == '\0')
			continue;
		value = strchr(line, '=');
		if (!value)
			return "line without '='";
		*value++ = '\0';
		wrong = parse_line(line, value, ret);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static void read_settings(void)
{
	struct settings fresh = {.usable = false};
	char path[PATH_MAX + 16];
	char text[4096];
	Dl_info self;
	ssize_t n;
	int fd;

	if (!dladdr((const void *)(uintptr_t)settings, &self) || !self.dli_fname ||
	    strlen(self.dli_fname) >= sizeof(fresh.host))
		return;
	memcpy(fresh.host, self.dli_fname, strlen(self.dli_fname) + 1);
	for (int level = 0; level < 2; level++) {
		char *slash = strrchr(fresh.host, '/');

		if (!slash)
			return;
		*slash = '\0';
	}
	snprintf(path, sizeof(path), "%s/host.conf", fresh.host);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	syscall(SYS_close, fd);
	if (n < 0)
		return;
	text[n] = '\0';
	fresh.usable = settings_parse(text, &fresh) == NULL;
	current = fresh;
}

const struct settings *settings(void)
{
	pthread_once(&once, read_settings);
	return &current;
}
