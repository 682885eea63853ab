/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_TEXT_RULE_H
#define LAUNCHER_TEXT_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/fields.h>

/*
 * What a string of vm.json may be. A pattern stands word for word in templates/vm.schema.json too.
 * Lengths are in characters, as JSON Schema counts them.
 */
struct text_rule {
	const char *pattern; /* POSIX extended regular expression; NULL: any plain text */
	const char *except;  /* another, which must not match; NULL: none */
	const char *wanted;  /* what would be right: "an absolute path without '..'" */
	size_t min, max;     /* 0 for max: the pattern says it */
	bool lines;	     /* TAB and newline are allowed */
	bool path;	     /* no component is ".." */
};

extern const struct text_rule rule_name, rule_uuid, rule_line, rule_text, rule_label_key, rule_uri,
	rule_path, rule_cmdline, rule_cpu_model, rule_signature, rule_memory, rule_serial,
	rule_source, rule_mac, rule_pci, rule_policy, rule_abi_min, rule_user, rule_path_here,
	rule_cpus, rule_address, rule_tag;

/* Text that XML 1.0 can carry and that looks like what it is: UTF-8 without control characters (but TAB
 * and newline, if `lines`), bidirectional marks, line separators and U+FFFE, U+FFFF. */
bool text_is_plain(const char *text, bool lines);

/* True if `text` satisfies the rule; false also if there is no memory to compile the pattern. */
bool text_keeps(const char *text, const struct text_rule *rule);

/* A string that keeps the rule. Errors: SNP_E_JSON_TYPE, SNP_E_JSON_VALUE. */
SNP_MUST_USE int json_ruled(const struct json_value *value, const struct text_rule *rule,
			    const char **ret, struct snp_error *err);

/* The reader of a string that keeps the row's `rule`, a struct text_rule; into a char * for free(). */
field_reader field_text;

#endif
