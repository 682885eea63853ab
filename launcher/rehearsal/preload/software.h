/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What little the simulated guest does, through accesses to I/O ports of a Q35 machine that QEMU carries
 * out as for any guest (KVM_EXIT_IO): it says on its serial port what it was launched as, so that what a
 * reader gets came through QEMU and libvirt's console; it says it again for every Enter; and it powers off
 * at the power button.
 */
#ifndef REHEARSAL_PRELOAD_SOFTWARE_H
#define REHEARSAL_PRELOAD_SOFTWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The interrupts that wake it: of the serial port, and of the power management (SCI). */
#define SERIAL_IRQ 4
#define SCI_IRQ	   9

enum software_phase {
	SOFTWARE_NONE,	 /* no guest, or not launched: sleep */
	SOFTWARE_SETUP,	 /* writing the devices' registers */
	SOFTWARE_STATUS, /* reading the line status before a character is sent */
	SOFTWARE_TALK,	 /* sending a character */
	SOFTWARE_WAIT,	 /* for an interrupt */
	SOFTWARE_BUTTON, /* reading whether the power button was pressed */
	SOFTWARE_OFF,	 /* powering off */
	SOFTWARE_LOOK,	 /* reading the line status before a character is received */
	SOFTWARE_HEAR,	 /* receiving a character */
};

struct software {
	enum software_phase phase;
	unsigned int setup_at;
	bool has_no_port; /* no serial port */
	bool is_full;	  /* the transmitter, when last looked at */
	char text[512];
	size_t at;
};

/* One access to an I/O port, of 1, 2 or 4 bytes. */
struct port_access {
	bool is_write;
	uint16_t port;
	uint8_t size;
	uint32_t value; /* to be written */
};

/* Begin, with `launch_digest` (`size` bytes), policy and host data (32 bytes; NULL: none) to say. */
void software_begin(struct software *software, const uint8_t *launch_digest, size_t size,
		    uint64_t policy, const uint8_t *host_data);

enum software_wish {
	SOFTWARE_ACCESS, /* the access in ret */
	SOFTWARE_PAUSE,	 /* the transmitter is full: ask again in a millisecond */
	SOFTWARE_SLEEP,	 /* ask again after an interrupt */
};
enum software_wish software_next(struct software *software, struct port_access *ret);

/* The access is done; `value` is what was read. */
void software_done(struct software *software, uint32_t value);

#endif
