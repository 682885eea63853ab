#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every verb explains itself; what is wrong on the command line is said in one line with status 2.
. "$SNP_SOURCE/tests/cli/launch.sh"

run 0 "$snp_launch" --help
for verb in create start resume restart stop kill remove list show console logs measure diff lint check \
	'policy encode' 'policy decode' explain dumpxml schema completion; do
	grep -q "^  $verb  " out || fail "--help does not name $verb"
done
while read -r verb; do
	run 0 "$snp_launch" $verb --help
	says "usage: snp-launch $verb"
	run 2 "$snp_launch" $verb --no-such-option
done < <("$snp_launch" --help | sed -n '/^Without/q;s/^  \([a-z-]*\( [a-z-]\+\)\?\)  .*/\1/p')

refuse 2 usage "$snp_launch"
refuse 2 usage "$snp_launch" launch
refuse 2 usage "$snp_launch" create
refuse 2 usage "$snp_launch" create a.json b.json
refuse 2 usage "$snp_launch" explain
refuse 2 usage "$snp_launch" completion tcsh
refuse 2 usage "$snp_launch" policy encode no_such_bit
firmware fw
kernel kernel
vm
refuse 2 usage "$snp_launch" create vm.json --no-start --paused
refuse 2 usage "$snp_launch" create vm.json --dry-run=yaml
refuse 2 usage "$snp_launch" create vm.json --ignore no-such-check
refuse 2 usage "$snp_launch" lint vm.json --warn no-such-check

# The host is asked only after all of that, and its absence is a failure, not a refusal.
refuse 1 libvirt-failed "$snp_launch" create vm.json
refuse 1 libvirt-failed "$snp_launch" list
refuse 1 libvirt-failed "$snp_launch" start web1
run 1 "$snp_launch" list --json
[ ! -s out ] || fail "stdout is not empty"
valid err
[ ! -e state ] || fail "a state folder was made"

# Aliases are those of virsh.
for pair in 'destroy kill' 'undefine remove' 'shutdown stop'; do
	run 0 "$snp_launch" ${pair% *} --help
	says "usage: snp-launch ${pair#* }"
done

# stdout that cannot be written.
"$snp_launch" schema >/dev/full 2>err && fail "a full disk goes unnoticed"
grep -q '\[cannot-write\]$' err || fail "$(cat err)"

# Completion is a script of its shell's, and knows every verb.
run 0 "$snp_launch" completion bash
cp out complete.bash
bash -n complete.bash || fail "not bash"
(
	# shellcheck disable=SC1091 # made here
	. ./complete.bash
	COMP_WORDS=(snp-launch cre) COMP_CWORD=1
	_snp_launch
	[ "${COMPREPLY[*]}" = create ] || exit 1
	COMP_WORDS=(snp-launch create --dry) COMP_CWORD=2
	_snp_launch
	[ "${COMPREPLY[*]}" = --dry-run ] || exit 1
) || fail "completion does not complete"
run 0 "$snp_launch" completion zsh
says '#compdef snp-launch'
run 0 "$snp_launch" completion fish
says 'complete -c snp-launch -n __fish_use_subcommand -a create'
