/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_GUEST_VIEW_H
#define LAUNCHER_CLI_GUEST_VIEW_H

#include <stdio.h>

#include <snp/json_out.h>

#include "cli/session.h"

/* How create, show and list describe a guest. */

/* "running", "off", …; "creating" while another process makes it, "incomplete" where its create was
 * killed; "replacing" while it is being replaced, or where that was killed. */
const char *guest_view_state(const struct session *session, const char *name,
			     const struct guest *guest);

/* Whether the record is known to describe the domain that libvirt has. */
bool guest_view_holds(const struct guest *guest);

/* What binds it: "ID block of its publisher", "ID block of this host", "protected copies", or "nothing", as it is
 * for a domain that is not what the record says; there must be a record. */
const char *guest_view_binding(const struct session *session, const struct guest *guest);

/* The same in one word, as in JSON: "publisher", "host", "copies", "nothing". */
const char *guest_view_bound(const struct session *session, const struct guest *guest);

/* Whether the read-only mount is missing that its boot files need (guest/protection.h). */
bool guest_view_unprotected(const struct session *session, const struct guest *guest);

/* All of it, a line each. */
void guest_view_text(FILE *out, const struct session *session, const char *name,
		     const struct guest *guest);

/* Add it to the array `guests`. */
void guest_view_json(struct json_out *json, struct cJSON *guests, const struct session *session,
		     const char *name, const struct guest *guest);

/* Warn of a guest whose firmware does not check kernel hashes, or may not: by its record, or, where that is
 * older, by its firmware. */
void guest_view_warn(const struct guest_record *record);

#endif
