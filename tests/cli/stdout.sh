#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An answer that cannot be written whole is a failure, and never a silent one.
. "$(dirname "$0")/functions.sh"

[ -c /dev/full ] || skip "no /dev/full"
"$snp_measure" --help >/dev/full 2>err
[ $? = 1 ] || fail "a full device is not noticed"
[ "$(wc -l <err)" = 1 ] && grep -qF '[cannot-write]' err || fail "no single line about it"

"$snp_measure" --help >&- 2>err
[ $? = 1 ] || fail "a closed stdout is not noticed"
grep -qF '[cannot-write]' err || fail "no line about it"

"$snp_measure" --help >out 2>&- </dev/null || fail "a closed stderr stops what needs none"
says usage
