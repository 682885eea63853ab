// SPDX-License-Identifier: Apache-2.0
#include "speech.h"

#include <inttypes.h>
#include <stdio.h>

#include "bytes.h"
#include "gctx.h"

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
	NO_PORT = 0xff, /* what an unclaimed port reads as */
};

/* 8N1, FIFOs on and empty, DTR RTS OUT2, interrupt on received data. */
static const struct port_access setup[] = {
	{true, COM1_LINE_CONTROL, 0x03},
	{true, COM1_FIFO_CONTROL, 0x07},
	{true, COM1_MODEM_CONTROL, 0x0b},
	{true, COM1_INTERRUPT_ENABLE, 0x01},
};

void speech_announce(struct speech *speech, const uint8_t *launch_digest, size_t size,
		     uint64_t policy, const uint8_t *host_data)
{
	char digest[2 * LD_SIZE + 1], data[2 * HOST_DATA_SIZE + 1];

	*speech = (struct speech){.phase = SPEECH_SETUP};
	snprintf(speech->text, sizeof(speech->text),
		 "simulated-guest: nothing is encrypted and no guest code runs\r\n"
		 "simulated-guest: launch_digest=%s\r\n"
		 "simulated-guest: policy=0x%" PRIx64 "\r\n"
		 "%s%s%s",
		 to_hex(launch_digest, size, digest), policy,
		 host_data ? "simulated-guest: host_data=" : "",
		 host_data ? to_hex(host_data, HOST_DATA_SIZE, data) : "", host_data ? "\r\n" : "");
}

enum speech_wish speech_next(struct speech *speech, struct port_access *ret)
{
	if (speech->is_full) {
		speech->is_full = false;
		return SPEECH_PAUSE;
	}
	switch (speech->phase) {
	case SPEECH_SETUP:
		*ret = setup[speech->setup_at];
		return SPEECH_ACCESS;
	case SPEECH_STATUS:
	case SPEECH_LOOK:
		*ret = (struct port_access){false, COM1_LINE_STATUS, 0};
		return SPEECH_ACCESS;
	case SPEECH_TALK:
		*ret = (struct port_access){true, COM1_DATA, (uint8_t)speech->text[speech->at]};
		return SPEECH_ACCESS;
	case SPEECH_HEAR:
		*ret = (struct port_access){false, COM1_DATA, 0};
		return SPEECH_ACCESS;
	case SPEECH_LISTEN:
		/* Whoever wakes us has a look. */
		speech->phase = SPEECH_LOOK;
		return SPEECH_SLEEP;
	case SPEECH_SILENT:
	default:
		return SPEECH_SLEEP;
	}
}

void speech_done(struct speech *speech, uint8_t value)
{
	switch (speech->phase) {
	case SPEECH_SETUP:
		if (++speech->setup_at == sizeof(setup) / sizeof(setup[0]))
			speech->phase = SPEECH_STATUS;
		break;
	case SPEECH_STATUS:
		if (value == NO_PORT)
			speech->phase = SPEECH_SILENT;
		else if (value & LINE_STATUS_THR_EMPTY)
			speech->phase = SPEECH_TALK;
		else
			speech->is_full = true;
		break;
	case SPEECH_TALK:
		speech->phase = speech->text[++speech->at] ? SPEECH_STATUS : SPEECH_LISTEN;
		break;
	case SPEECH_LOOK:
		speech->phase = value & LINE_STATUS_DATA_READY ? SPEECH_HEAR : SPEECH_LISTEN;
		break;
	case SPEECH_HEAR:
		speech->phase = SPEECH_LOOK;
		if (value == '\r' || value == '\n') {
			speech->at = 0;
			speech->phase = SPEECH_STATUS;
		}
		break;
	default:
		break;
	}
}
