#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/threat-model.md has a row for each check of verify, in its order and words, and names a test that is there.
. "$(dirname "$0")/functions.sh"

export XDG_DATA_HOME=$work/data
run 3 "$snp_measure" verify -v --any-measurement "$SNP_SOURCE/tests/fuzz/corpus/report/Milan-v4"
sed -nE 's/^  (passed|failed|not-[a-z]+) +([a-z-]+) +.*/\2/p' out | awk '!seen[$0]++' >checks
[ "$(wc -l <checks)" -gt 40 ] || fail "the checks were not found"
sed -nE 's/^\| `([a-z-]+)` \|.*/\1/p' "$SNP_SOURCE/docs/threat-model.md" >rows
# A check that failed is printed in its place: the order is that of the table.
cmp -s checks rows || fail "the table and the checks differ: $(diff checks rows)"
grep -q "They run $(wc -l <checks) named checks" "$SNP_SOURCE/docs/threat-model.md" || fail "another number is named"
sed -nE 's/^\| `([a-z-]+)` \|.*\| ([^|]+) \|$/\1 \2/p' "$SNP_SOURCE/docs/threat-model.md" |
	while read -r check row; do
		id=${check^^}
		tr -d '\n' <"$SNP_SOURCE/tests/unit/test_verdict.c" |
			grep -qF "{\"$row\", FAILS(${id//-/_})" || echo "$check: $row"
	done >missing
[ ! -s missing ] || fail "no such test: $(cat missing)"
