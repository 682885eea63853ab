// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/dead_loop.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <snp/cleanup.h>

#define ANSWER_MAX (16u << 10)
#define ANSWER_MS  1000
#define NEAR	   1024 /* bytes that the loop's addresses lie in */

/* Send one line, and read lines until one has `key` in it. */
static bool ask(int fd, const char *line, const char *key, char answer[static ANSWER_MAX])
{
	size_t n = 0;

	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return false;
	while (n < ANSWER_MAX - 1) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&ready, 1, ANSWER_MS) != 1)
			return false;
		got = read(fd, answer + n, ANSWER_MAX - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		answer[n] = '\0';
		if (answer[n - 1] == '\n' && strstr(answer, key))
			return true;
	}
	return false;
}

static bool monitor(int fd, const char *command, char answer[static ANSWER_MAX])
{
	char line[160];

	snprintf(
		line, sizeof(line),
		"{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"%s\"}}\n",
		command);
	return ask(fd, line, "\"return\"", answer);
}

static int open_monitor(const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char answer[ANSWER_MAX];
	int fd = -1;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/qmp", folder) <
	    sizeof(address.sun_path))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    ask(fd, "{\"execute\": \"qmp_capabilities\"}\n", "\"return\"", answer))
		return fd;
	close(fd);
	return -1;
}

/* The value behind `name` in QEMU's table of registers: digits up to a blank. */
static bool find_register(const char *table, const char *name, char ret[static 32])
{
	const char *at = strstr(table, name);
	size_t n;

	if (!at)
		return false;
	at += strlen(name);
	n = strspn(at, "0123456789abcdef");
	snprintf(ret, 32, "%.*s", (int)n, at);
	return n > 0;
}

/* The loop changes RAX, R11 and the flags; all others stay. */
static bool take_sample(struct dead_loop *loop)
{
	static const char *const still[] = {"RBX=", "RCX=", "RDX=", "RSI=", "RDI=", "RBP=", "R8 =",
					    "R9 =", "R10=", "R12=", "R13=", "R14=", "R15=", "HLT="};
	const unsigned int at = loop->n % DEAD_LOOP_SAMPLES;
	char answer[ANSWER_MAX], value[32];
	size_t n = 0;

	if (!monitor(loop->fd, "info registers", answer) || !find_register(answer, "RIP=", value))
		return false;
	loop->rip[at] = strtoull(value, NULL, 16);
	for (size_t i = 0; i < ARRAY_SIZE(still); i++) {
		if (!find_register(answer, still[i], value))
			return false;
		n += (size_t)snprintf(loop->registers[at] + n, DEAD_LOOP_TEXT - n, "%s%s ",
				      still[i], value);
	}
	loop->n++;
	return true;
}

/* PAUSE (f3 90) among the 32 bytes around `rip`. */
static bool has_pause(int fd, uint64_t rip)
{
	char answer[ANSWER_MAX], command[64], *at;

	snprintf(command, sizeof(command), "x/32xb 0x%" PRIx64, rip - 16);
	if (!monitor(fd, command, answer))
		return false;
	for (at = answer; (at = strstr(at, "0xf3")); at += 4)
		if (strncmp(at, "0xf3 0x90", 9) == 0 ||
		    /* the second byte begins a line of its own */
		    (strncmp(at, "0xf3\\r\\n", 8) == 0 && strstr(at, ": 0x90") &&
		     strstr(at, ": 0x90") < at + 32))
			return true;
	return false;
}

bool dead_loop_seen(struct dead_loop *loop, const char *folder)
{
	if (loop->fd < 0)
		loop->fd = open_monitor(folder);
	if (loop->fd < 0 || !take_sample(loop) || loop->n < DEAD_LOOP_SAMPLES)
		return false;
	for (unsigned int i = 0; i < DEAD_LOOP_SAMPLES; i++) {
		unsigned int alike = 0;

		if (!strstr(loop->registers[i], "HLT=0"))
			continue;
		for (unsigned int j = 0; j < DEAD_LOOP_SAMPLES; j++)
			alike += strcmp(loop->registers[i], loop->registers[j]) == 0 &&
				 loop->rip[j] - loop->rip[i] + NEAR <= (uint64_t)(2 * NEAR);
		if (alike >= DEAD_LOOP_ALIKE)
			return has_pause(loop->fd, loop->rip[i]);
	}
	return false;
}

void dead_loop_done(struct dead_loop *loop)
{
	closep(&loop->fd);
}
