/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thing the simulated guest does: say on its serial port what it was launched as. The boot
 * vCPU drives a 16550 at 0x3f8 as a real driver would (PC16550D data sheet), through KVM_EXIT_IO, so
 * that what a reader gets came through QEMU's serial port and libvirt's console. Enter on the console
 * makes it say it again.
 */
#ifndef REHEARSAL_PRELOAD_SPEECH_H
#define REHEARSAL_PRELOAD_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_IRQ 4

enum speech_phase {
	SPEECH_SILENT, /* nothing to say, or no serial port */
	SPEECH_SETUP,  /* writing the port's registers */
	SPEECH_STATUS, /* reading the line status before a character */
	SPEECH_TALK,   /* writing a character */
	SPEECH_LISTEN, /* waiting for the interrupt */
	SPEECH_LOOK,   /* reading the line status before a received character */
	SPEECH_HEAR,   /* reading a character */
};

struct speech {
	enum speech_phase phase;
	unsigned int setup_at;
	bool is_full; /* the transmitter, when last looked at */
	char text[512];
	size_t at;
};

/* One access to an I/O port. */
struct port_access {
	bool is_write;
	uint16_t port;
	uint8_t value; /* written, or to be filled with what was read */
};

/* Have `launch_digest` (`size` bytes), policy and host data (32 bytes; NULL: none) said. */
void speech_announce(struct speech *speech, const uint8_t *launch_digest, size_t size,
		     uint64_t policy, const uint8_t *host_data);

/* What speech_next() wants. */
enum speech_wish {
	SPEECH_ACCESS, /* the access in ret */
	SPEECH_PAUSE,  /* the transmitter is full: ask again in a millisecond */
	SPEECH_SLEEP,  /* ask again after the serial port's interrupt */
};
enum speech_wish speech_next(struct speech *speech, struct port_access *ret);

/* The access is done; `value` is what was read. */
void speech_done(struct speech *speech, uint8_t value);

#endif
