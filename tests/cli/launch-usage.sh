#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every verb explains itself; what is wrong on the command line is said in one line with status 2.
. "$(dirname "$0")/launch.sh"

run 0 "$snp_launch" --help
fits out
for verb in create start resume restart stop kill remove list show console logs measure diff lint check \
	'policy encode' 'policy decode' diagnose dumpxml schema completion; do
	grep -q "^  $verb  " out || fail "--help does not name $verb"
done
while read -r verb; do
	run 0 "$snp_launch" $verb --help
	says "usage: snp-launch $verb"
	fits out
	example=$(sed -n '/^Example:$/,/^$/{//!p}' out)
	[ "${example#"  snp-launch $verb"}" != "$example" ] || fail "$verb --help has no example of it: $example"
	eval "${example/snp-launch/'"$snp_launch"'}" </dev/null >out 2>err ||
		[[ $? = [13] ]] || fail "$example: $(cat err)"
	run 2 "$snp_launch" $verb --no-such-option
done < <(verbs "$snp_launch")

refuse 2 usage "$snp_launch"
refuse 2 usage "$snp_launch" launch
refuse 2 usage "$snp_launch" create
refuse 2 usage "$snp_launch" create a.json b.json
refuse 2 usage "$snp_launch" diagnose
refuse 2 usage "$snp_launch" completion tcsh
refuse 2 usage "$snp_launch" policy encode no_such_bit
firmware fw
kernel kernel
vm
refuse 2 usage "$snp_launch" create vm.json --no-start --paused
refuse 2 usage "$snp_launch" create vm.json --dry-run=yaml
refuse 2 usage "$snp_launch" create vm.json --ignore no-such-check
refuse 2 usage "$snp_launch" lint vm.json --warn no-such-check

# The nearest right verb, check or option is offered, also by the name that virsh has for it.
while IFS='|' read -r arguments message; do
	refuse 2 usage "$snp_launch" $arguments
	grep -qF -- "$message" err || fail "'$arguments' is answered by: $(cat err)"
done <<'END'
craete|unknown command 'craete'; did you mean 'create'?
shutdwn web1|unknown command 'shutdwn'; did you mean 'shutdown'?
policy|'policy' needs a second word: encode, decode
policy decod|unknown command 'policy decod'; did you mean 'policy decode'?
policy show|unknown command 'policy show'; 'policy' takes encode, decode
create vm.json --pausd|unknown option '--pausd'; did you mean '--paused'?
lint vm.json --warn not-boundd|unknown check 'not-boundd'; did you mean 'not-bound'?
END

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

# Completion is a script of its shell's, and knows every verb, what follows it, and the guests there are.
mkdir bin
printf '#!/bin/sh\n[ "$1" = list ] && printf "web1\\nweb2\\n" || exec %s "$@"\n' "$snp_launch" >bin/snp-launch
chmod +x bin/snp-launch
touch 'a vm.json'
for shell in bash zsh fish; do
	run 0 "$snp_launch" completion $shell
	cp out complete.$shell
done
bash -n complete.bash || fail "not bash"

# completes LINE CANDIDATE…: what bash offers for the last word of LINE, and fish too where there is one.
completes() {
	local line=$1 offered
	shift
	offered=$(
		# shellcheck disable=SC1091 # made here
		. ./complete.bash
		read -ra COMP_WORDS <<<"$line"
		[ "${line% }" = "$line" ] || COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
		PATH=$work/bin:$PATH _snp_launch
		printf '%s\n' "${COMPREPLY[@]}" | sort
	)
	[ "$offered" = "$(printf '%s\n' "$@")" ] || fail "bash offers for '$line': $offered"
	if command -v zsh >/dev/null; then
		# shellcheck disable=SC2016 # zsh's
		offered=$(PATH=$work/bin:$PATH zsh -f -c 'autoload -U compinit && compinit -D -u; . ./complete.zsh
			setopt kshglob ksharrays shwordsplit; COMP_WORDS=(${=1})
			[ "${1% }" = "$1" ] || COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
			_snp_launch; print -l -- "${COMPREPLY[@]}"' zsh "$line" | grep -e "^${line##* }" | sort) # zsh filters later
		[ "$offered" = "$(printf '%s\n' "$@")" ] || fail "zsh offers for '$line': $offered"
	fi
	# fish cannot keep files from an optional value.
	! command -v fish >/dev/null || [[ $line == *' --dry-run = '* ]] && return 0
	# shellcheck disable=SC2016 # fish's
	offered=$(PATH=$work/bin:$PATH fish --no-config -c 'source complete.fish; complete -C $argv[1]' -- "${line// = /=}" |
		cut -f1 | sed '/=$/d; s/^--[a-z-]*=//' | sort)
	[ "$offered" = "$(printf '%s\n' "$@")" ] || fail "fish offers for '$line': $offered"
}
completes 'snp-launch cre' create
completes 'snp-launch des' destroy
completes 'snp-launch create --dry' --dry-run
completes 'snp-launch create a' 'a vm.json'
completes 'snp-launch policy ' decode encode
completes 'snp-launch completion ' bash fish zsh
completes 'snp-launch start ' web1 web2
completes 'snp-launch undefine --forc' --force
# Values: named checks, words of a policy, forms, files; nothing where the tool has no list.
completes 'snp-launch lint --ignore kernel-hash' kernel-hash-check-unknown kernel-hashes-not-checked
completes 'snp-launch create --warn = kernel-hashes-n' kernel-hashes-not-checked
completes 'snp-launch policy encode sm' smt
completes 'snp-launch create --dry-run = ' argv json xml
completes 'snp-launch create --expect ' ''
completes 'snp-launch import --name ' ''
completes 'snp-launch create --template a' 'a vm.json'
completes 'snp-launch archive ' web1 web2
run 0 "$snp_launch" completion --values CHECK
cp out checks
"$snp_launch" lint --help >/dev/null
[ "$(wc -l <checks)" -gt 40 ] || fail "few checks"
refuse 2 usage "$snp_launch" completion --values NONSENSE
refuse 2 usage "$snp_launch" completion
refuse 2 usage "$snp_launch" completion bash --values CHECK
command -v zsh >/dev/null && { zsh -n complete.zsh || fail "not zsh"; }
grep -q '^#compdef snp-launch' complete.zsh || fail "zsh does not see that it is a completion"
grep -q '^complete -c snp-launch .* -a destroy ' complete.fish || fail "no virsh's verbs for fish"

# Options of every verb may stand before it, as with virsh.
none="qemu+unix:///session?socket=$work/nowhere"
for before in "-c $none" "-c$none" "--connect $none" "--connect=$none" "--conn $none" "--state-dir $work/s -c $none"; do
	refuse 1 libvirt-failed "$snp_launch" $before list
	grep -qF nowhere err || fail "$before is not heard: $(cat err)"
done
refuse 1 libvirt-failed "$snp_launch" --json -c "$none" list -a --json
run 0 "$snp_launch" --json policy decode 0x30000 --help
says "usage: snp-launch policy decode"
refuse 2 usage "$snp_launch" --json craete --json
run 2 "$snp_launch" --json craete
valid err
refuse 2 usage "$snp_launch" -c
refuse 2 usage "$snp_launch" -c "$none"
refuse 2 usage "$snp_launch" --all list
refuse 2 usage "$snp_launch" -c "$none" -c "$none" list

# Several guests: by names, by --all or by labels, and only by one of these.
for verb in start resume restart stop kill remove; do
	refuse 2 usage "$snp_launch" $verb
	refuse 2 usage "$snp_launch" $verb web1 --all
	refuse 2 usage "$snp_launch" $verb web1 --label app
	refuse 2 usage "$snp_launch" $verb --all --label app
	refuse 2 usage "$snp_launch" $verb --label App=web
	refuse 1 libvirt-failed "$snp_launch" $verb --label app=web --label tier
	refuse 1 libvirt-failed "$snp_launch" $verb web1 web2
done
completes 'snp-launch -c test:///default star' start
completes 'snp-launch --json stop web' web1 web2

refuse 2 usage "$snp_launch" list --format name,
refuse 2 usage "$snp_launch" list --format name,sate
grep -qF "unknown column 'sate'; did you mean 'state'?" err || fail "$(cat err)"
refuse 2 usage "$snp_launch" list -q --format name
refuse 2 usage "$snp_launch" list -q --json
refuse 2 usage "$snp_launch" list --label App
