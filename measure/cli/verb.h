/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <snp/tool.h>

/* All verbs, in the order of --help; the first is what is meant without a verb. To add one: its file
 * cmd_NAME.c, which defines verb_NAME, and its line here. */
#define CLI_VERBS(X)         \
	X(digest)            \
	X(plan)              \
	X(inspect)           \
	X(explain)           \
	X(id_block_create)   \
	X(id_block_show)     \
	X(id_block_verify)   \
	X(igvm_sign)         \
	X(igvm_strip)        \
	X(igvm_build)        \
	X(igvm_from_ovmf)    \
	X(publish)           \
	X(sign)              \
	X(reproduce)         \
	X(diff)              \
	X(verify)            \
	X(show)              \
	X(certificates_add)  \
	X(certificates_list) \
	X(completion)

#define X(name) extern const struct cli_verb verb_##name;
CLI_VERBS(X)
#undef X

#endif
