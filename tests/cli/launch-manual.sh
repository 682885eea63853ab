#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual names every verb, option and warning.
. "$(dirname "$0")/launch.sh"

manual=$SNP_SOURCE/docs/snp-launch.1
while read -r verb; do
	grep -qE "^\.It Cm ${verb}( |$)" "$manual" || fail "no word about the verb $verb"
	"$snp_launch" $verb --help | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u >options
	while read -r option; do
		grep -qE "Fl -${option#--}( |$)" "$manual" || fail "no word about $verb $option"
	done <options
done < <(verbs "$snp_launch")

grep -ohE 'cli_warn\("[a-z0-9-]+"' "$SNP_SOURCE"/launcher/cli/*.c "$SNP_SOURCE"/measure/cli/judge.c |
	sed 's/.*"\(.*\)"/\1/' | sort -u >warnings
[ -s warnings ] || fail "no warnings were found in the source"
while read -r warning; do
	grep -qE "^\.It Sy $warning$" "$manual" || fail "no word about the warning $warning"
done <warnings

command -v mandoc >/dev/null || skip "no mandoc to judge the manual's form"
run 0 mandoc -T lint -W warning "$manual"
[ ! -s out ] || fail "$(cat out)"
