// SPDX-License-Identifier: Apache-2.0
#include "host/console.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <snp/fail.h>
#include <snp/file.h>

#include "host/guest_text.h"
#include "host/hypervisor.h"

struct console {
	virStreamPtr stream;
	struct guest_text text;
	bool escape; /* what the guest prints is made harmless */
	bool over;
	bool input_ended;
	int write_errno;
	char input[1024]; /* typed, and not yet taken by the stream */
	size_t pending;
};

int console_prepare(struct snp_error *err)
{
	if (virEventRegisterDefaultImpl() < 0)
		return hypervisor_fail(err, "cannot start libvirt's event loop");
	return 0;
}

static void write_out(struct console *c, const char *bytes, size_t size)
{
	int r = write_all(STDOUT_FILENO, (struct snp_span){(const uint8_t *)bytes, size});

	if (r < 0) {
		c->write_errno = -r;
		c->over = true;
	}
}

static void from_guest(struct console *c)
{
	char bytes[4096], shown[GUEST_TEXT_MAX(sizeof(bytes))];
	int n = virStreamRecv(c->stream, bytes, sizeof(bytes));

	if (n > 0 && c->escape)
		write_out(c, shown, guest_text_add(&c->text, bytes, (size_t)n, shown));
	else if (n > 0)
		write_out(c, bytes, (size_t)n);
	else if (n != -2) /* -2: nothing now; 0 and -1: the guest is gone */
		c->over = true;
}

static void to_guest(struct console *c)
{
	int n = virStreamSend(c->stream, c->input, c->pending);

	if (n > 0) {
		c->pending -= (size_t)n;
		memmove(c->input, c->input + n, c->pending);
	} else if (n != -2) {
		c->over = true;
	}
}

static void watch(struct console *c)
{
	int events = VIR_STREAM_EVENT_READABLE | (c->pending > 0 ? VIR_STREAM_EVENT_WRITABLE : 0);

	if (virStreamEventUpdateCallback(c->stream, events) < 0)
		c->over = true;
}

static void on_stream(virStreamPtr stream, int events, void *arg)
{
	struct console *c = arg;

	(void)stream;
	if (events & VIR_STREAM_EVENT_READABLE)
		from_guest(c);
	if (events & VIR_STREAM_EVENT_WRITABLE && c->pending > 0)
		to_guest(c);
	if (events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP))
		c->over = true;
	if (!c->over)
		watch(c);
}

static void on_input(int handle, int fd, int events, void *arg)
{
	struct console *c = arg;
	ssize_t n;
	char *escape;

	(void)events;
	if (c->pending == sizeof(c->input))
		return;
	n = read(fd, c->input + c->pending, sizeof(c->input) - c->pending);
	if (n <= 0) {
		c->input_ended = true;
		virEventRemoveHandle(handle);
		return;
	}
	escape = memchr(c->input + c->pending, CONSOLE_ESCAPE, (size_t)n);
	if (escape) {
		c->over = true;
		return;
	}
	c->pending += (size_t)n;
	watch(c);
}

/* After standard input's end the guest still has this long to answer what was sent. */
#define LINGER_MS 500

static void on_timer(int timer, void *arg)
{
	struct console *c = arg;

	(void)timer;
	if (c->input_ended && c->pending == 0)
		c->over = true;
}

static int loop(struct console *c, struct snp_error *err)
{
	int input, timer;

	if (virStreamEventAddCallback(c->stream,
				      VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR |
					      VIR_STREAM_EVENT_HANGUP,
				      on_stream, c, NULL) < 0)
		return hypervisor_fail(err, "cannot follow the console");
	input = virEventAddHandle(STDIN_FILENO, VIR_EVENT_HANDLE_READABLE, on_input, c, NULL);
	/* A file that poll() cannot wait for, such as a regular one, counts as ended. */
	if (input < 0)
		c->input_ended = true;
	timer = virEventAddTimeout(LINGER_MS, on_timer, c, NULL);
	while (!c->over && virEventRunDefaultImpl() == 0)
		;
	if (timer >= 0)
		virEventRemoveTimeout(timer);
	if (input >= 0)
		virEventRemoveHandle(input);
	virStreamEventRemoveCallback(c->stream);
	if (c->write_errno != 0)
		return fail_errno(err, SNP_E_WRITE, c->write_errno,
				  "cannot write to standard output");
	return 0;
}

int console_run(virConnectPtr connection, virDomainPtr domain, bool force, bool raw_output,
		struct snp_error *err)
{
	struct console c = {.stream = virStreamNew(connection, VIR_STREAM_NONBLOCK),
			    .text.allowed = "\n\t\r\a\b",
			    .escape = !raw_output && isatty(STDOUT_FILENO)};
	struct termios saved, raw;
	bool terminal = tcgetattr(STDIN_FILENO, &saved) == 0;
	int r;

	if (!c.stream)
		return hypervisor_fail(err, "cannot open the console");
	if (virDomainOpenConsole(domain, NULL, c.stream, force ? VIR_DOMAIN_CONSOLE_FORCE : 0) <
	    0) {
		r = hypervisor_fail(err, "cannot open the console");
		virStreamFree(c.stream);
		return r;
	}
	if (terminal) {
		raw = saved;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	r = loop(&c, err);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	virStreamAbort(c.stream);
	virStreamFree(c.stream);
	return r;
}
