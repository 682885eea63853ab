#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A message that recommends a command recommends one that exists: the verb and its options are asked for.
. "$(dirname "$0")/launch.sh"

# All texts of the program, a string that goes on over lines joined: TOOL VERB… OPTION…
find "$SNP_SOURCE/launcher" "$SNP_SOURCE/measure" -name '*.[ch]' -exec cat {} + | tr '\n\t' '  ' |
	sed 's/" *"//g' | grep -oE 'snp-(launch|measure) [a-z][a-z-]*( [a-z][a-z-]*)?( [A-Z]+)?( --[a-z-]+)*' |
	sort -u >advice
[ "$(wc -l <advice)" -gt 20 ] || fail "no advice was found: $(cat advice)"

while read -r tool verb rest; do
	program=$snp_launch
	[ "$tool" = snp-launch ] || program=$snp_measure
	case $verb in policy | id-block | certificates) verb="$verb ${rest%% *}" ;; esac
	# A sentence about the program, such as "snp-launch has no…", recommends nothing without an option.
	# shellcheck disable=SC2086 # two words
	if ! "$program" $verb --help >help 2>/dev/null; then
		[[ $rest != *--* || $verb == takes ]] || fail "$tool $verb does not exist, but is recommended with $rest"
		continue
	fi
	for option in $(grep -oE -- '--[a-z-]+' <<<"$rest"); do
		grep -qE -- "(^|[ ,])$option([ =,]|\$)" help || fail "$tool $verb has no option $option"
	done
done <advice
