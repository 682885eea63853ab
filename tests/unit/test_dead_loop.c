// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <threads.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>

#include "rehearsal/dead_loop.h"

#define LOOP_AT	   0x7ec2340u
#define MOST_CALLS 60u /* of dead_loop_seen() */

/* How QEMU's monitor prints bytes, eight in a line. */
#define LINE(a, b)   "0000000007ec2330: 0x75 0x04 0x90 0x00 0x00 0x00 " a " " b "\\r\\n"
#define NO_PAUSE     LINE("0x00", "0x00") LINE("0x00", "0xf3") LINE("0x00", "0x90")
#define PAUSE	     LINE("0xf3", "0x90") LINE("0x00", "0x00")
#define BROKEN_PAUSE LINE("0x00", "0xf3") "0000000007ec2338: 0x90 0xeb 0xef\\r\\n"

/* What a processor does, as QEMU's monitor shows it sample by sample. */
static const struct row {
	const char *name, *memory; /* around RIP; NULL: PAUSE */
	unsigned int seen_at;	   /* the call that sees the loop; 0: none does */
	unsigned int late;	   /* samples before it stands still */
	unsigned int others;	   /* every so manieth sample is of something else; 0: none */
	unsigned int stride;	   /* between addresses of the loop, of which there are two */
	const char *counter;	   /* this register changes with every sample */
	bool is_halted;

	/* The monitor itself. */
	const char *left_out; /* no such register is printed */
	bool fails, has_events, comes_in_pieces, is_endless;
} rows[] = {
	{"stands still", .seen_at = 20, .stride = 8},
	{"stands still after a while", .seen_at = 30 + 16, .late = 30, .stride = 8},
	{"16 of 20 samples", .seen_at = 20, .others = 5, .stride = 8},
	{"15 of 20 samples", .others = 4, .stride = 8},
	{"addresses of one KiB", .seen_at = 20, .stride = 1024},
	{"addresses of more", .stride = 1025},
	{"changes RAX", .seen_at = 20, .counter = "RAX="},
	{"changes R11", .seen_at = 20, .counter = "R11="},
	{"changes the flags", .seen_at = 20, .counter = "RFL="},
	{"changes RBX", .counter = "RBX="},
	{"changes RCX", .counter = "RCX="},
	{"changes RDX", .counter = "RDX="},
	{"changes RSI", .counter = "RSI="},
	{"changes RDI", .counter = "RDI="},
	{"changes RBP", .counter = "RBP="},
	{"changes R8", .counter = "R8 ="},
	{"changes R9", .counter = "R9 ="},
	{"changes R10", .counter = "R10="},
	{"changes R12", .counter = "R12="},
	{"changes R13", .counter = "R13="},
	{"changes R14", .counter = "R14="},
	{"changes R15", .counter = "R15="},
	{"is halted", .is_halted = true},
	{"no PAUSE", .memory = NO_PAUSE},
	{"PAUSE across two lines", .memory = BROKEN_PAUSE, .seen_at = 20},
	{"no memory", .memory = "Cannot access memory\\r\\n"},
	{"no RIP", .left_out = "RIP="},
	{"no RDI", .left_out = "RDI="},
	{"no HLT", .left_out = "HLT="},
	{"events between the answers", .seen_at = 20, .has_events = true},
	{"answers in pieces", .seen_at = 20, .comes_in_pieces = true},
	{"an answer that does not end", .is_endless = true},
	{"the monitor ends", .fails = true},
};

static char folder[] = "/tmp/snp-loop-XXXXXX";

struct monitor {
	const struct row *row;
	int listener;
	unsigned int n; /* samples so far */
	char text[40000];
	uint64_t asked; /* the address whose memory was read last */
};

/* As hmp_info_registers() of QEMU 10.0 has it, for JSON. */
static void registers(struct monitor *m)
{
	static const char *const names[] = {
		"RAX=", "RBX=", "RCX=", "RDX=", "RSI=", "RDI=", "RBP=", "RSP=", "R8 =",
		"R9 =", "R10=", "R11=", "R12=", "R13=", "R14=", "R15=", "RIP=", "RFL="};
	const struct row *row = m->row;
	const unsigned int i = m->n++;
	const bool is_other = i < row->late || (row->others && i % row->others == 0);
	size_t n = (size_t)snprintf(m->text, sizeof(m->text), "\\r\\nCPU#0\\r\\n");

	for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
		uint64_t value = 0x1000 * j;

		if (strcmp(names[j], "RIP=") == 0)
			value = LOOP_AT + i % 2 * row->stride;
		else if (is_other || (row->counter && strcmp(names[j], row->counter) == 0))
			value += i + 1;
		if (!row->left_out || strcmp(names[j], row->left_out) != 0)
			n += (size_t)snprintf(m->text + n, sizeof(m->text) - n,
					      "%s%016" PRIx64 "%s", names[j], value,
					      j % 4 == 3 ? "\\r\\n" : " ");
	}
	if (!row->left_out || strcmp("HLT=", row->left_out) != 0)
		n += (size_t)snprintf(m->text + n, sizeof(m->text) - n,
				      "[-------] CPL=0 II=0 A20=1 SMM=0 HLT=%d\\r\\n",
				      row->is_halted);
	while (row->is_endless && n < sizeof(m->text) - 2)
		m->text[n++] = ' ';
	m->text[n] = '\0';
}

/* False at the end. */
static bool answer(struct monitor *m, FILE *stream, const char *line)
{
	const struct row *row = m->row;
	const char *memory = strstr(line, "x/32xb 0x");

	m->text[0] = '\0';
	if (memory) {
		m->asked = strtoull(memory + strlen("x/32xb 0x"), NULL, 16);
		snprintf(m->text, sizeof(m->text), "%s", row->memory ? row->memory : PAUSE);
	} else if (strstr(line, "info registers")) {
		registers(m);
	}
	if (row->has_events)
		fputs("{\"event\": \"RTC_CHANGE\", \"data\": {\"offset\": 0}}\r\n", stream);
	if (row->fails && m->n > 10)
		return false;
	if (!row->comes_in_pieces)
		return fprintf(stream, "{\"return\": \"%s\"}\r\n", m->text) > 0 &&
		       fflush(stream) == 0;
	fputs("{\"ret", stream);
	fflush(stream);
	thrd_sleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	return fprintf(stream, "urn\": \"%s\"}\r\n", m->text) > 0 && fflush(stream) == 0;
}

static int serve(void *arg)
{
	struct monitor *m = arg;
	int fd = accept(m->listener, NULL, NULL);
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	char line[256];

	fputs("{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n", out);
	fflush(out);
	while (fgets(line, sizeof(line), in) && answer(m, out, line))
		;
	fclose(in);
	fclose(out);
	return 0;
}

static int listen_in_folder(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/qmp", folder);
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(closep) int listener = listen_in_folder();
	static struct monitor monitor;
	struct dead_loop loop = {.fd = -1};
	unsigned int seen_at = 0;
	thrd_t thread;

	monitor = (struct monitor){.row = row, .listener = listener};
	assert_int_equal(thrd_create(&thread, serve, &monitor), thrd_success);
	for (unsigned int i = 1; i <= MOST_CALLS && seen_at == 0; i++)
		if (dead_loop_seen(&loop, folder))
			seen_at = i;
	dead_loop_done(&loop);
	thrd_join(thread, NULL);
	assert_int_equal(seen_at, row->seen_at);
	/* The loop's instructions are before and behind one of its addresses. */
	if (seen_at > 0)
		assert_in_range(monitor.asked, LOOP_AT - 16, LOOP_AT - 16 + row->stride);
}

/* QEMU may not have made its socket yet. */
static void connects_when_there_is_a_monitor(void **state)
{
	static const struct row row = {"late monitor", .stride = 8};
	static struct monitor monitor;
	struct dead_loop loop = {.fd = -1};
	char path[64];
	thrd_t thread;
	int listener;

	(void)state;
	snprintf(path, sizeof(path), "%s/qmp", folder);
	unlink(path);
	for (unsigned int i = 0; i < MOST_CALLS; i++)
		assert_false(dead_loop_seen(&loop, folder));
	listener = listen_in_folder();
	monitor = (struct monitor){.row = &row, .listener = listener};
	assert_int_equal(thrd_create(&thread, serve, &monitor), thrd_success);
	for (unsigned int i = 1; i < DEAD_LOOP_SAMPLES; i++)
		assert_false(dead_loop_seen(&loop, folder));
	assert_true(dead_loop_seen(&loop, folder));
	dead_loop_done(&loop);
	thrd_join(thread, NULL);
	close(listener);
	unlink(path);
}

static void path_too_long(void **state)
{
	struct dead_loop loop = {.fd = -1};
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(dead_loop_seen(&loop, path));
	dead_loop_done(&loop);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(connects_when_there_is_a_monitor),
		cmocka_unit_test(path_too_long),
	};
	size_t n = tests_listed(tests);
	char path[64];
	int failed;

	if (!mkdtemp(folder))
		return 1;
	/* The monitor may still be writing when nobody reads any more. */
	signal(SIGPIPE, SIG_IGN);
	ADD_ROWS(tests, n, check_row, rows);
	failed = RUN_TESTS("dead-loop", tests, n);
	snprintf(path, sizeof(path), "%s/qmp", folder);
	unlink(path);
	rmdir(folder);
	return failed;
}
