#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No string of vm.json breaks out of its argument: whatever a path, title or command line has in it, libvirt
# makes of the domain as many arguments of QEMU as with plain text.
. "$(dirname "$0")/guests.sh"
command -v jq >/dev/null || skip "there is no jq here"
command -v python3 >/dev/null || skip "there is no python3 here"
begin

# arguments TEXT: how many there are with TEXT in every field; the command line must come back to the byte.
arguments() {
	local text=$1
	mkdir -p "$(dirname "disk$text")"
	printf x >"disk$text"
	vm web1
	jq --arg work "$work" --arg text "$text" '.title = "t" + $text | .description = $text
		| .labels = {a: $text} | .boot.cmdline = $text
		| .disks = [{path: ($work + "/disk" + $text), format: "raw"}]
		| .console = {type: "file", path: ($work + "/console" + $text)}' web1.json >hostile.json
	run 0 "$snp_launch" create --dry-run=argv hostile.json
	python3 - "$text" <<-'END' || fail "the command line is not '$text'"
		import shlex, sys
		words = shlex.split(open("out", encoding="utf-8").read())
		print(len(words))
		sys.exit(words[words.index("-append") + 1] != sys.argv[1])
	END
}

plain=$(arguments plain)
[ "$plain" -gt 40 ] || fail "only $plain arguments"
while IFS= read -r text; do
	[ "$(arguments "$text")" = "$plain" ] || fail "'$text' makes other arguments"
done <<'END'
a,b=c
,,
,id=evil,readonly=on
a b  c
 blank before and after 
"double" 'single' `back`
$(touch evil) ${HOME} $HOME
;touch evil; | & > <
\n \\ \" %s %n
<b>&amp;]]>&#10;</cmdline><initrd>evil
{"a":[1]}
-kernel evil
äöü 😀 日本
=
END
[ ! -e evil ] || fail "something was run"
nothing_left web1
