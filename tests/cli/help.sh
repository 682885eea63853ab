#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --help goes to stdout and names every verb and every option that is in a table.
. "$(dirname "$0")/functions.sh"

run 0 "$snp_measure" --help
[ ! -s err ] || fail "--help writes to stderr"
fits out
sed -n '/^  [a-z]/s/^  \([a-z-]*\).*/\1/p' out >verbs
for verb in digest plan inspect; do
	grep -qx "$verb" verbs || fail "--help does not name the verb $verb"
done
for option in mode vcpus vcpu-type vcpu-sig vcpu-family vcpu-model vcpu-stepping vmm-type ovmf kernel \
	initrd append guest-features output-format snp-ovmf-hash dump-vmsa svsm vars-size vars-file verbose \
	version append-file kernel-sha256 initrd-sha256 append-sha256 firmware-summary json profile help; do
	says "--$option"
done

run 0 "$snp_measure" -h
says 'usage: snp-measure'

# A first word that several verbs share has their help.
for group in id-block certificates; do
	run 0 "$snp_measure" $group --help
	fits out
	verbs "$snp_measure" | grep "^$group " >verbs
	[ -s verbs ] || fail "no verbs begin with $group"
	while read -r verb; do
		says "  $verb  "
	done <verbs
	[ "$(grep -c '^  [a-z]' out)" = "$(wc -l <verbs)" ] || fail "$group --help has other verbs than --help"
done

# The tables in the source, against what is printed.
sed -n 's/^\t{\(\.name = \)\?"\([a-z0-9-]*\)",.* \?\.[a-z_]* = .*/\2/p' "$SNP_SOURCE"/measure/cli/*.[ch] |
	sort -u >options
[ "$(wc -l <options)" -gt 25 ] || fail "the tables of options were not found"
: >helps
while read -r verb; do
	run 0 "$snp_measure" $verb --help
	says "usage: snp-measure $verb"
	fits out
	example=$(sed -n '/^Example:$/,/^$/{//!p}' out)
	[ "${example#"  snp-measure $verb"}" != "$example" ] || fail "$verb --help has no example of it: $example"
	cat out >>helps
	# The files are not here, but that is all: an example is right usage.
	eval "${example/snp-measure/'"$snp_measure"'}" </dev/null >out 2>err ||
		[ $? -eq 1 ] || fail "$example: $(cat err)"
done < <(verbs "$snp_measure")
while read -r option; do
	# An older name has no help.
	grep -q -- "--$option\b" helps || [ "$option" = key ] || fail "no --help names --$option"
done <options
