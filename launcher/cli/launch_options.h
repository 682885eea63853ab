/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_LAUNCH_OPTIONS_H
#define LAUNCHER_CLI_LAUNCH_OPTIONS_H

#include <snp/json.h>
#include <snp/tool.h>

#include "cli/session.h"
#include "guest/create.h"

/* What create, apply, edit and import share: from a vm.json and these options to a request. */
extern const struct cli_option launch_options[];

/* What the first three have besides. */
extern const struct cli_option source_options[];

/* --set, of those that read a vm.json. */
extern const struct cli_option set_options[];

/* The vm.json `path`, changed by --set. Errors: those of vm_config_read() and json_set(). */
SNP_MUST_USE int launch_options_config(const char *path, struct vm_config **ret,
				       struct snp_error *err);

/* The vm.json in `document`, called `path` in messages, with `n` assignments made (see json_set()), and then those of
 * --set. Errors: those of json_set() and vm_config_parse(). */
SNP_MUST_USE int launch_options_set(const char *path, const struct json *document,
				    const char *const first[], size_t n, struct vm_config **ret,
				    struct snp_error *err);

/* A guest to be created, and its spec, checks and findings; they are borrowed. */
struct launch_request {
	struct create_request create;
	struct launch_spec *spec;
	struct check_options checks;
	struct findings *findings; /* too large for a small stack */
	uint8_t expect[SNP_LAUNCH_DIGEST_SIZE];
};

/* Fill `ret->create`; spec and checks are in `ret` already. Errors: SNP_E_USAGE, SNP_E_BAD_HEX. */
SNP_MUST_USE int launch_options_request(const struct session *session,
					const struct vm_config *config, struct launch_request *ret,
					struct snp_error *err);

/* Print the guest that was created. Errors: those of hypervisor_find_uuid(); SNP_E_NO_MEMORY. */
SNP_MUST_USE int launch_print_created(FILE *out, const struct session *session,
				      struct guest_record *record, struct snp_error *err);
void launch_request_done(struct launch_request *request);

/* Of a digest that comes from --remote-measure. */
void warn_remote_word(void);

/* Where files of the host lie here, by --remote-root; NULL: at their own paths. */
const char *launch_options_root(void);

#endif
