// SPDX-License-Identifier: Apache-2.0
#include "software.h"

#include <inttypes.h>
#include <stdio.h>

#include "bytes.h"
#include "gctx.h"

/* The serial port (PC16550D data sheet). */
enum {
	COM1 = 0x3f8,
	COM1_DATA = COM1,
	COM1_INTERRUPT_ENABLE = COM1 + 1,
	COM1_FIFO_CONTROL = COM1 + 2,
	COM1_LINE_CONTROL = COM1 + 3,
	COM1_MODEM_CONTROL = COM1 + 4,
	COM1_LINE_STATUS = COM1 + 5,
	LINE_STATUS_DATA_READY = 0x01,
	LINE_STATUS_THR_EMPTY = 0x20,
	LINE_STATUS_NO_PORT = 0xff, /* what an unclaimed port reads as */
};

/* Power management (Intel ICH9 data sheet, LPC bridge 0:31.0; ACPI 6.5, 4.8.3). Firmware would have put
 * its registers at PM_BASE. */
enum {
	PCI_ADDRESS = 0xcf8,
	PCI_DATA = 0xcfc,
	PM_BASE = 0x600,
	PM1_STATUS = PM_BASE,
	PM1_ENABLE = PM_BASE + 2,
	PM1_CONTROL = PM_BASE + 4,
	POWER_BUTTON = 0x100,
	SCI_ENABLE = 0x1,
	SLEEP_ENABLE = 0x2000, /* of type 0: soft off, as QEMU's DSDT says */
	PM1_NO_PORT = 0xffff,
};
#define LPC_PM_BASE	 0x8000f840U
#define LPC_ACPI_CONTROL 0x8000f844U

static const struct port_access setup[] = {
	/* Base, with the bit that marks an I/O space; registers on. */
	{true, PCI_ADDRESS, 4, LPC_PM_BASE},
	{true, PCI_DATA, 4, PM_BASE | 1},
	{true, PCI_ADDRESS, 4, LPC_ACPI_CONTROL},
	{true, PCI_DATA, 1, 0x80},
	{true, PM1_CONTROL, 2, SCI_ENABLE},
	{true, PM1_ENABLE, 2, POWER_BUTTON},
	/* 8N1; FIFOs on and empty; DTR, RTS, OUT2; interrupt on received data. */
	{true, COM1_LINE_CONTROL, 1, 0x03},
	{true, COM1_FIFO_CONTROL, 1, 0x07},
	{true, COM1_MODEM_CONTROL, 1, 0x0b},
	{true, COM1_INTERRUPT_ENABLE, 1, 0x01},
};

void software_begin(struct software *software, const uint8_t *launch_digest, size_t size,
		    uint64_t policy, const uint8_t *host_data)
{
	char digest[2 * LD_SIZE + 1], data[2 * HOST_DATA_SIZE + 1];

	*software = (struct software){.phase = SOFTWARE_SETUP};
	snprintf(software->text, sizeof(software->text),
		 "simulated-guest: nothing is encrypted and no guest code runs\r\n"
		 "simulated-guest: launch_digest=%s\r\n"
		 "simulated-guest: policy=0x%" PRIx64 "\r\n"
		 "%s%s%s",
		 to_hex(launch_digest, size, digest), policy,
		 host_data ? "simulated-guest: host_data=" : "",
		 host_data ? to_hex(host_data, HOST_DATA_SIZE, data) : "", host_data ? "\r\n" : "");
}

enum software_wish software_next(struct software *software, struct port_access *ret)
{
	if (software->is_full) {
		software->is_full = false;
		return SOFTWARE_PAUSE;
	}
	switch (software->phase) {
	case SOFTWARE_SETUP:
		*ret = setup[software->setup_at];
		return SOFTWARE_ACCESS;
	case SOFTWARE_STATUS:
	case SOFTWARE_LOOK:
		*ret = (struct port_access){false, COM1_LINE_STATUS, 1, 0};
		return SOFTWARE_ACCESS;
	case SOFTWARE_TALK:
		*ret = (struct port_access){true, COM1_DATA, 1,
					    (uint8_t)software->text[software->at]};
		return SOFTWARE_ACCESS;
	case SOFTWARE_HEAR:
		*ret = (struct port_access){false, COM1_DATA, 1, 0};
		return SOFTWARE_ACCESS;
	case SOFTWARE_BUTTON:
		*ret = (struct port_access){false, PM1_STATUS, 2, 0};
		return SOFTWARE_ACCESS;
	case SOFTWARE_OFF:
		*ret = (struct port_access){true, PM1_CONTROL, 2, SLEEP_ENABLE | SCI_ENABLE};
		return SOFTWARE_ACCESS;
	case SOFTWARE_WAIT:
		/* Whatever wakes us, have a look at both devices. */
		software->phase = SOFTWARE_BUTTON;
		return SOFTWARE_SLEEP;
	case SOFTWARE_NONE:
	default:
		return SOFTWARE_SLEEP;
	}
}

/* After the line status was read for sending. */
static void look_at_transmitter(struct software *software, uint32_t status)
{
	software->has_no_port = status == LINE_STATUS_NO_PORT;
	if (software->has_no_port)
		software->phase = SOFTWARE_WAIT;
	else if (status & LINE_STATUS_THR_EMPTY)
		software->phase = SOFTWARE_TALK;
	else
		software->is_full = true;
}

static void look_at_button(struct software *software, uint32_t status)
{
	if (status != PM1_NO_PORT && (status & POWER_BUTTON))
		software->phase = SOFTWARE_OFF;
	else
		software->phase = software->has_no_port ? SOFTWARE_WAIT : SOFTWARE_LOOK;
}

void software_done(struct software *software, uint32_t value)
{
	switch (software->phase) {
	case SOFTWARE_SETUP:
		if (++software->setup_at == sizeof(setup) / sizeof(setup[0]))
			software->phase = SOFTWARE_STATUS;
		break;
	case SOFTWARE_STATUS:
		look_at_transmitter(software, value);
		break;
	case SOFTWARE_TALK:
		software->phase = software->text[++software->at] ? SOFTWARE_STATUS : SOFTWARE_WAIT;
		break;
	case SOFTWARE_BUTTON:
		look_at_button(software, value);
		break;
	case SOFTWARE_OFF:
		software->phase = SOFTWARE_WAIT;
		break;
	case SOFTWARE_LOOK:
		software->phase = value & LINE_STATUS_DATA_READY ? SOFTWARE_HEAR : SOFTWARE_WAIT;
		break;
	case SOFTWARE_HEAR:
		software->phase = SOFTWARE_LOOK;
		if (value == '\r' || value == '\n') {
			software->at = 0;
			software->phase = SOFTWARE_STATUS;
		}
		break;
	default:
		break;
	}
}
