#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A message that recommends a command recommends one that exists, and e2e-advice runs it.
. "$(dirname "$0")/launch.sh"

fixture list-advice "$SNP_SOURCE" >advice
[ "$(wc -l <advice)" -gt 30 ] || fail "no advice was found: $(cat advice)"
sed -n '/^tried <<.END.$/,/^END$/p' "$SNP_SOURCE/tests/e2e/advice.sh" | grep '|' | cut -d'|' -f1 | sed 's/ *$//' >tried
[ -s tried ] || fail "e2e-advice tries nothing"

n=0
while read -r line; do
	read -r tool verb rest <<<"$line"
	program=$snp_launch
	[ "$tool" = snp-launch ] || program=$snp_measure
	case $verb in policy | id-block | certificates | igvm) verb="$verb ${rest%% *}" ;; esac
	# A sentence about the program, such as "snp-launch has no…", recommends nothing without an option.
	# shellcheck disable=SC2086 # two words
	if ! "$program" $verb --help >help 2>/dev/null; then
		[[ $rest != *--* ]] || fail "$tool $verb does not exist, but is recommended with $rest"
		continue
	fi
	n=$((n + 1))
	for option in $(grep -oE -- '--[a-z-]+' <<<"$rest"); do
		[ "$verb" = --help ] || grep -qE -- "(^|[ ,])$option([ =,]|\$)" help || fail "$tool $verb has no option $option"
	done
	grep -qxF -- "$line" tried || fail "e2e-advice does not run '$line'"
done <advice
[ $n -gt 20 ] || fail "only $n messages recommend a command"

# What is tried and no longer recommended.
while read -r line; do
	grep -qxF -- "$line" advice || fail "no message recommends '$line' any more"
done <tried
