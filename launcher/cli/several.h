/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_SEVERAL_H
#define LAUNCHER_CLI_SEVERAL_H

#include <limits.h>

#include "cli/session.h"

/* Verbs that act on guests: those named, all, or those with a label. */

/* --all and --label. For other verbs that choose guests: --label alone. */
extern const struct cli_option choice_options[], label_options[];

#define SEVERAL_GUESTS .operands = "NAME…", .max_operands = UINT_MAX

/* What a verb does to one guest. */
struct guest_action {
	const char *verb; /* as it stands in questions: "Kill" */
	int (*run)(const struct session *session, const char *name, struct snp_error *err);
	/* Or in place of it: `*ret_told` gets lines of what came into force, for free(). */
	int (*tell)(const struct session *session, const char *name, char **ret_told,
		    struct snp_error *err);
	const char *state; /* after it: "running" */
	/* Chosen by --all or --label, a guest that this says of is left as it is. NULL: none is. */
	bool (*is_done)(enum domain_state state);
	bool must_ask; /* before it is done to --all: on the terminal, or by `forced` */
	bool forced;
};

/* The labels alone. Errors: SNP_E_USAGE. */
SNP_MUST_USE int label_check(struct snp_error *err);

/* Whether the record has every label that was given. */
bool label_chosen(const struct guest_record *record);

/* Do it to the guests chosen, several at once, and print the state of each. A single one that is named fails as
 * other verbs do. Of several, each that fails has its line or object, the others are done all the same, and
 * the worst exit status is returned. */
SNP_MUST_USE int act_on_guests(FILE *out, char *const operands[], const struct guest_action *action,
			       struct snp_error *err);

#endif
