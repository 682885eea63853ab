/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_VERB_H
#define LAUNCHER_CLI_VERB_H

#include <snp/tool.h>

/* All verbs, in the order of --help. To add one: its file cmd_NAME.c, which defines verb_NAME, and its
 * line here. */
#define LAUNCHER_VERBS(X) \
	X(create)         \
	X(apply)          \
	X(edit)           \
	X(start)          \
	X(resume)         \
	X(restart)        \
	X(stop)           \
	X(kill)           \
	X(remove)         \
	X(list)           \
	X(show)           \
	X(console)        \
	X(logs)           \
	X(measure)        \
	X(diff)           \
	X(lint)           \
	X(check)          \
	X(selftest)       \
	X(rehearse)       \
	X(attest)         \
	X(policy_encode)  \
	X(policy_decode)  \
	X(archive)        \
	X(import)         \
	X(diagnose)       \
	X(dumpxml)        \
	X(schema)         \
	X(completion)

#define X(name) extern const struct cli_verb verb_##name;
LAUNCHER_VERBS(X)
#undef X

#endif
