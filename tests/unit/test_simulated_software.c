// SPDX-License-Identifier: Apache-2.0
/* The simulated guest's software against a small machine: a 16550 with a FIFO of a few bytes that empties
 * when the guest pauses, and a power button. */
#include "rows.h"

#include <string.h>

#include "software.h"

struct machine {
	bool has_port;
	unsigned int room; /* in the transmitter */
	const char *input;
	bool is_pressed;
	char said[2048];
	size_t at;
	unsigned int pauses;
	bool is_off;
};

static uint32_t machine_access(struct machine *machine, const struct port_access *access)
{
	switch (access->port) {
	case 0x3f8:
		if (access->is_write) {
			assert_true(machine->has_port && machine->room > 0);
			machine->room--;
			machine->said[machine->at++] = (char)access->value;
			return 0;
		}
		return (uint8_t)*machine->input++;
	case 0x3fd:
		assert_false(access->is_write);
		if (!machine->has_port)
			return 0xff;
		return (machine->room ? 0x20U : 0) | (*machine->input ? 1U : 0);
	case 0x600:
		assert_int_equal(access->size, 2);
		return machine->is_pressed ? 0x100 : 0;
	case 0x604:
		machine->is_off |= access->is_write && (access->value & 0x2000);
		return 0;
	default:
		assert_true(access->is_write);
		return 0;
	}
}

/* Let it run until it sleeps. */
static void run(struct software *software, struct machine *machine)
{
	for (int i = 0; i < 10000; i++) {
		struct port_access access;

		switch (software_next(software, &access)) {
		case SOFTWARE_ACCESS:
			software_done(software, machine_access(machine, &access));
			break;
		case SOFTWARE_PAUSE:
			machine->pauses++;
			machine->room = 16;
			break;
		case SOFTWARE_SLEEP:
		default:
			return;
		}
	}
	fail_msg("it never sleeps");
}

static const uint8_t digest[48] = {0xab};
static const uint8_t host_data[32] = {0xcd};

#define ZEROS_30 "000000000000000000000000000000"

static const char text[] = "simulated-guest: nothing is encrypted and no guest code runs\r\n"
			   "simulated-guest: launch_digest=ab" ZEROS_30 ZEROS_30 ZEROS_30 "0000\r\n"
			   "simulated-guest: policy=0x30000\r\n"
			   "simulated-guest: host_data=cd" ZEROS_30 ZEROS_30 "00\r\n";

static void check_says_it_once(void **unused)
{
	struct software software;
	struct machine machine = {.has_port = true, .room = 16, .input = ""};

	(void)unused;
	software_begin(&software, digest, sizeof(digest), 0x30000, host_data);
	run(&software, &machine);
	assert_string_equal(machine.said, text);
	assert_true(machine.pauses >= (sizeof(text) - 1) / 16 - 1);
	run(&software, &machine);
	assert_string_equal(machine.said, text);
	assert_false(machine.is_off);
}

static void check_says_it_again(void **unused)
{
	struct software software;
	struct machine machine = {.has_port = true, .room = 16, .input = ""};
	size_t size = sizeof(text) - 1;

	(void)unused;
	software_begin(&software, digest, sizeof(digest), 0x30000, host_data);
	run(&software, &machine);
	machine.input = "what?";
	run(&software, &machine);
	assert_int_equal(machine.at, size);
	machine.input = "\r";
	run(&software, &machine);
	assert_int_equal(machine.at, 2 * size);
	assert_memory_equal(machine.said + size, text, size);
}

static void check_sev(void **unused)
{
	struct software software;
	struct machine machine = {.has_port = true, .room = 16, .input = ""};

	(void)unused;
	software_begin(&software, digest, 32, 0x5, NULL);
	run(&software, &machine);
	assert_non_null(strstr(machine.said, "launch_digest=ab" ZEROS_30 ZEROS_30 "00\r\n"));
	assert_null(strstr(machine.said, "host_data"));
}

struct button_row {
	const char *name;
	bool has_port;
};

static const struct button_row buttons[] = {
	{"power button", true},
	{"power button, no serial port", false},
};

static void check_button(void **state)
{
	const struct button_row *row = *state;
	struct software software;
	struct machine machine = {.has_port = row->has_port, .room = 16, .input = ""};

	software_begin(&software, digest, sizeof(digest), 0x30000, host_data);
	run(&software, &machine);
	assert_false(machine.is_off);
	run(&software, &machine);
	assert_false(machine.is_off);
	machine.is_pressed = true;
	run(&software, &machine);
	assert_true(machine.is_off);
	assert_int_equal(machine.at, row->has_port ? sizeof(text) - 1 : 0);
}

static void check_no_guest(void **unused)
{
	struct software software = {0};
	struct port_access access;

	(void)unused;
	assert_int_equal(software_next(&software, &access), SOFTWARE_SLEEP);
	assert_int_equal(software_next(&software, &access), SOFTWARE_SLEEP);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_button, buttons);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_says_it_once);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_says_it_again);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_sev);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_no_guest);
	return RUN_TESTS("simulated software", tests, n);
}
