#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual has the verbs, options and warnings that there are, and no others.
. "$(dirname "$0")/launch.sh"

manual=$SNP_SOURCE/docs/snp-launch.1
manual_agrees "$snp_launch" "$manual"

# Warnings, but those of named checks: as in the source, and no others.
cat "$SNP_SOURCE"/launcher/cli/*.c "$SNP_SOURCE"/measure/cli/judge.c | tr '\n\t' '  ' |
	grep -oE 'cli_warn\( *"[a-z0-9-]+"' | sed 's/.*"\(.*\)"/\1/' | sort -u >warnings
[ -s warnings ] || fail "no warnings were found in the source"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It Sy //p' "$manual" >described
diff warnings described >&2 || fail "the manual has other warnings than the source, or in another order"

command -v mandoc >/dev/null || skip "no mandoc to judge the manual's form"
run 0 mandoc -T lint -W warning "$manual"
[ ! -s out ] || fail "$(cat out)"
