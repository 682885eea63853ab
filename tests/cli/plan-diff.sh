#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two plans are compared; the first update that differs is named, and why.
. "$(dirname "$0")/functions.sh"

firmware fw
firmware other-fw 'put 4100 5a'
kernel kernel
cp kernel other-kernel && printf x | dd of=other-kernel bs=1 seek=20000 conv=notrunc 2>/dev/null
base=(--ovmf fw --kernel kernel --append ro --vcpus 2 --vcpu-type EPYC-v4)
run 0 "$snp_measure" plan --json "${base[@]}" && mv out base

# parts SENTENCE OPTION…: a plan with these options parts from the base there, folded or not.
parts() {
	local sentence=$1 fold
	shift
	for fold in '' --all; do
		run 0 "$snp_measure" plan --json $fold "$@" && mv out other
		run 3 "$snp_measure" plan --diff base other
		says "$sentence"
		run 3 "$snp_measure" plan --diff other base
	done
}

run 0 "$snp_measure" plan --diff base base
says equal
run 0 "$snp_measure" plan --json --all "${base[@]}" && mv out all
run 0 "$snp_measure" plan --diff base all
says equal

parts 'SEV hash table: kernel' --ovmf fw --kernel other-kernel --append ro --vcpus 2 --vcpu-type EPYC-v4
says 'kernel '"$(sha256sum other-kernel | cut -d' ' -f1)"
parts 'SEV hash table: cmdline' --ovmf fw --kernel kernel --append rw --vcpus 2 --vcpu-type EPYC-v4
parts 'SEV hash table: initrd' --ovmf fw --kernel kernel --initrd fw --append ro --vcpus 2 \
	--vcpu-type EPYC-v4
parts 'vCPU 0' --ovmf fw --kernel kernel --append ro --vcpus 2 --vcpu-type EPYC-Milan
says 'CPU signature 0x00a00f11'
parts 'vCPU 0' "${base[@]}" --guest-features 0x21
says 'guest features 0x21'
parts 'number of updates' --ovmf fw --kernel kernel --append ro --vcpus 3 --vcpu-type EPYC-v4
parts firmware --ovmf other-fw --kernel kernel --append ro --vcpus 2 --vcpu-type EPYC-v4
# Of pages that a folded plan knows by the digest after them alone, that digest is shown.
[ "$(grep -c ': digest after them [0-9a-f]\{96\}$' out)" = 2 ] || fail "no digests: $(cat out)"

# A plan made of a summary has no pages of the firmware, and is held against those by the digest after them.
"$snp_measure" inspect --summary fw >summary
"$snp_measure" plan --json --firmware-summary summary "${base[@]:2}" >by-summary
for pair in 'base by-summary' 'by-summary base' 'all by-summary' 'by-summary by-summary'; do
	# shellcheck disable=SC2086
	run 0 "$snp_measure" plan --diff $pair
done
"$snp_measure" inspect --summary other-fw >other-summary
"$snp_measure" plan --json --firmware-summary other-summary "${base[@]:2}" >by-other
for pair in 'base by-other' 'by-other base' 'by-summary by-other'; do
	# shellcheck disable=SC2086
	run 3 "$snp_measure" plan --diff $pair
	says 'update 0: firmware'
done
"$snp_measure" plan --json --firmware-summary summary "${base[@]:2}" --guest-features 0x21 >by-summary-0x21
run 3 "$snp_measure" plan --diff base by-summary-0x21
says 'vCPU 0' && says 'guest features 0x21'

run 3 "$snp_measure" plan --diff base other --json
grep -q '"equal": false' out || fail "JSON does not say so"
refuse 2 usage "$snp_measure" plan --diff base
refuse 2 usage "$snp_measure" plan base other
sed 's/"index": 1024/"index": 1025/; s/"index": 16,/"index": 17,/' base >gap
refuse 4 json-bad-value "$snp_measure" plan --diff base gap
sed 's,snp-plan/1,snp-plan/3,' base >version
refuse 4 json-unknown-schema "$snp_measure" plan --diff base version

# A document that contradicts itself is refused, and what it says is printed escaped.
digest=$(sed -n 's/.*"launch_digest": "\([0-9a-f]*\)".*/\1/p' base)
other_digest=$(printf %096d 7)
sed "s/\"launch_digest\": \"$digest/\"launch_digest\": \"$other_digest/" base >contradicts
refuse 4 json-bad-value "$snp_measure" plan --diff base contradicts
refuse 4 json-bad-value "$snp_measure" plan --diff contradicts contradicts
sed "s/$digest/$other_digest/" base >digests
run 3 "$snp_measure" plan --diff base digests
says 'vCPU'
says "digest after them $digest"
sed 's/"mode": "snp"/"mode": "snp:svsm"/' base >mode
run 3 "$snp_measure" plan --diff base mode
says ': mode'
says 'mode: mode snp:svsm'
sed 's/"origin": "vCPU/"origin": "\\u001b]0;vCPU/' other >escapes
run 3 "$snp_measure" plan --diff base escapes
! grep -q $'\e' out || fail "control characters of a document are printed"
cp escapes $'esc\eape'
run 3 "$snp_measure" plan --diff base $'esc\eape'
! grep -q $'\e' out || fail "control characters of a name are printed"
# A text of a document has its bound.
for size in 63 64; do
	sed "0,/\"origin\": \"[^\"]*\"/s//\"origin\": \"$(printf "%0${size}d" 0)\"/" base >origin
	case $size in
	63) run 0 "$snp_measure" plan --diff base origin ;;
	64) refuse 4 json-bad-value "$snp_measure" plan --diff base origin ;;
	esac
done
