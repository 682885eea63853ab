/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_SESSION_H
#define LAUNCHER_CLI_SESSION_H

#include <limits.h>
#include <stdbool.h>

#include <snp/tool.h>

#include "guest/guest_dir.h"
#include "guest/record.h"
#include "host/hypervisor.h"
#include "host/lifecycle.h"

/* Nearly every verb begins with this: a host (--connect), and the folder of its guests (--state-dir). */
extern const struct cli_option session_options[];

/* For verbs that have only these options, and for those that also have --json. */
extern const struct cli_option *const session_tables[];
extern const struct cli_option *const session_json_tables[];

struct session {
	struct hypervisor host;
	char state[PATH_MAX];
};

/* The URI that --connect, `config` (vm.json's; may be NULL) or the environment says. */
const char *session_uri(const char *config);

/* Connect. Errors: those of hypervisor_open() and state_dir_find(). */
SNP_MUST_USE int session_open(const char *config, struct session *ret, struct snp_error *err);
void session_close(struct session *session);

/* The same without connecting: the URI as given, and nothing known of the host. Errors: those of
 * state_dir_find(); SNP_E_NO_MEMORY. */
SNP_MUST_USE int session_without_host(const char *config, struct session *ret,
				      struct snp_error *err);

/* What --timeout says: 60 seconds if it was not given. Errors: SNP_E_USAGE for less than `least`, or more than a
 * day. */
SNP_MUST_USE int timeout_read(const struct cli_number *number, unsigned int least,
			      unsigned int *ret, struct snp_error *err);

/* From now on, show on a terminal how far the copying and hashing of boot files is. */
void show_boot_progress(void);

/* True if an operand is a file: it has a "/", or ends in .json or .xml. */
bool operand_is_file(const char *operand);
bool operand_ends_in(const char *operand, const char *suffix);

/* A guest: its record and its domain. */
struct guest {
	struct guest_record *record;   /* NULL: no guest of ours, or its create was killed */
	char name[GUEST_NAME_MAX + 1]; /* of its directory; "" where it has none */
	virDomainPtr domain;	       /* NULL: libvirt does not have it */
	enum domain_state state;
	bool is_recorded; /* the domain, as it runs or would start, is what the record says */
};

/* Find a guest by its name, or by anything that libvirt accepts for a domain. A domain that snp-launch did
 * not create has no directory, even if there is one with its name. Errors: SNP_E_NOT_FOUND; those of
 * record_read() and guest_dir_exists(). */
SNP_MUST_USE int guest_open(const struct session *session, const char *name, struct guest *ret,
			    struct snp_error *err);
void guest_close(struct guest *guest);

/* As above; SNP_E_NOT_FOUND also if libvirt does not have it. */
SNP_MUST_USE int guest_open_domain(const struct session *session, const char *name,
				   struct guest *ret, struct snp_error *err);

/* As the two above, but if the record cannot be read or the directory cannot be trusted, this warns and
 * uses libvirt's domain of that name: a verb that neither launches nor measures must not depend on a file.
 * Errors: SNP_E_NOT_FOUND; those of hypervisor_fail(). */
SNP_MUST_USE int guest_open_anyway(const struct session *session, const char *name,
				   struct guest *ret, struct snp_error *err);
SNP_MUST_USE int guest_open_domain_anyway(const struct session *session, const char *name,
					  struct guest *ret, struct snp_error *err);

/* The domain's XML, for free(). Errors: those of hypervisor_fail(). */
SNP_MUST_USE int guest_xml(const struct guest *guest, bool live, char **ret, struct snp_error *err);

#endif
