#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A wrong command line exits with 2 and says in one line what is wrong.
. "$(dirname "$0")/functions.sh"

refuse 2 usage "$snp_measure" no-such-verb
refuse 2 usage "$snp_measure" --no-such-option
refuse 2 usage "$snp_measure" digest --no-such-option
refuse 2 usage "$snp_measure" digest -Q
refuse 2 usage "$snp_measure" digest --vcpu # ambiguous
refuse 2 usage "$snp_measure" digest --ovmf
refuse 2 usage "$snp_measure" digest --verbose=yes
refuse 2 usage "$snp_measure" digest operand
refuse 2 usage "$snp_measure" inspect
refuse 2 usage "$snp_measure" inspect a b


# The nearest right name is offered.
while IFS='|' read -r arguments message; do
	refuse 2 usage "$snp_measure" $arguments
	grep -qF -- "$message" err || fail "'$arguments' is answered by: $(cat err)"
done <<'EOT'
digets|unknown command 'digets'; did you mean 'digest'?
id-block|'id-block' needs a second word: create, show, verify
id-block verfy|unknown command 'id-block verfy'; did you mean 'id-block verify'?
id-block check|unknown command 'id-block check'; 'id-block' takes create, show, verify
idblock create|unknown command 'idblock'; did you mean 'id-block'?
id-block --json|'id-block' needs a second word: create, show, verify
certificates lst|unknown command 'certificates lst'; did you mean 'certificates list'?
frobnicate|unknown command 'frobnicate'; see 'snp-measure --help'
--vcpu 3|ambiguous option --vcpu: --vcpus, --vcpu-type,
--vcpus-typ=3|unknown option '--vcpus-typ'; did you mean '--vcpu-type'?
--zzz|unknown option '--zzz'; see 'snp-measure digest --help'
EOT

for n in '' x -3 4x 0x 0b2 18446744073709551616 0x10000000000000000 '4 '; do
	refuse 2 usage "$snp_measure" --ovmf f --vcpu-type EPYC --vcpus "$n"
	grep -q -- --vcpus err || fail "the message does not name the option"
done

# Completion: the models and profiles that there are.
run 0 "$snp_measure" completion --values MODEL
grep -qx EPYC-Genoa-v2 out || fail "no model EPYC-Genoa-v2"
run 0 "$snp_measure" completion --values PROFILE
cp out profiles
run 0 "$snp_measure" --profile list
while read -r profile; do
	says "$profile"
done <profiles
mkdir bin
ln -s "$snp_measure" bin/snp-measure
"$snp_measure" completion bash >complete.bash
offered=$(
	# shellcheck disable=SC1091 # made here
	. ./complete.bash
	COMP_WORDS=(snp-measure digest --vcpu-type EPYC-Mil) COMP_CWORD=3 COMPREPLY=()
	PATH=$work/bin:$PATH _snp_measure
	printf '%s ' "${COMPREPLY[@]}"
)
[[ $offered == 'EPYC-Milan EPYC-Milan-v1 '* ]] || fail "bash offers $offered"
for shell in zsh fish; do
	run 0 "$snp_measure" completion $shell
done
refuse 2 usage "$snp_measure" completion tcsh
