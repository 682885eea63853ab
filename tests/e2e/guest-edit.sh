#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A guest is edited; made from a vm.json that is changed on the command line; and replaced, which first asks it to
# power off.
. "$(dirname "$0")/guests.sh"
begin
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
unset VISUAL

# edit STATUS SED-SCRIPT [OPTION…]: the editor is sed.
edit() {
	EDITOR="sed -i '$2'" run "$1" "$snp_launch" edit web1 "${@:3}"
}

# kept TEXT: what was typed is in the file that is named, and nothing else is left.
kept() {
	local file
	file=$(cat out err | grep -o "$TMPDIR/snp-launch-edit-[^/]*/web1.json; apply" | head -n 1)
	file=${file%; apply}
	[ -n "$file" ] || fail "no file is named: $(cat out err)"
	grep -q "$1" "$file" || fail "$file: $(cat "$file")"
	rm -r "${file%/*}"
	[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
}

vm base
digest=$(predicted)
run 0 "$snp_launch" create base.json --set name=web1 --set memory.size=200MiB --set 'labels.app=web'
says "launch digest $digest"
grep -q '"size":.*"200MiB"' "$folder/guests/web1/vm.json" || fail "$(cat "$folder/guests/web1/vm.json")"
run 0 "$snp_launch" apply base.json --set name=web1 --set memory.size=200MiB --set 'labels.app=web'
[ "$(cat out)" = 'web1: up to date' ] || fail "$(cat out)"
refuse 4 json-unknown-key "$snp_launch" apply base.json --set nme=web1
refuse 2 usage "$snp_launch" apply base.json --set name

edit 0 ''
[ "$(cat out)" = 'web1: not changed' ] || fail "$(cat out)"
edit 0 s/200MiB/300MiB/
says 'web1: memory: 200 MiB -> 300 MiB'
[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
edit 0 's/300MiB/256MiB/' --restart --json
valid out
[ "$(field restarted)" = true ] || fail "$(cat out)"

# What cannot be applied is not lost.
EDITOR="sed -i s/256MiB/256mb/" refuse 4 json-bad-value "$snp_launch" edit web1
kept 256mb
EDITOR="sed -i s/web1/web2/" refuse 4 json-bad-value "$snp_launch" edit web1
kept web2
EDITOR="sed -i 1d" refuse 4 json-syntax "$snp_launch" edit web1
kept cmdline
edit 3 's/ quiet/ debug/'
says '[digest-differs]'
kept debug
EDITOR="sh -c 'sed -i s/256MiB/300MiB/ \"\$0\"; exit 1'" refuse 1 system-error "$snp_launch" edit web1
kept 300MiB
EDITOR=false refuse 1 system-error "$snp_launch" edit web1
[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
# On a terminal it can be edited again, with what was typed.
if command -v script >/dev/null; then
	cat >twice <<-END
		#!/bin/sh
		if [ -e once ]; then sed -i s/256mb/260MiB/ "\$1"; else sed -i s/256MiB/256mb/ "\$1"; fi
		touch once
	END
	chmod +x twice
	echo n | VISUAL=$work/twice script -qec "$snp_launch edit web1" /dev/null >out
	says 'Edit again? [Y/n]'
	kept 256mb
	rm once
	echo y | VISUAL=$work/twice script -qec "$snp_launch edit web1" /dev/null >out
	says 'web1: memory: 256 MiB -> 260 MiB'
	EDITOR="sed -i s/260MiB/256MiB/" run 0 "$snp_launch" edit web1
fi
# Somebody else changes the guest meanwhile.
cat >slow <<END
#!/bin/sh
"$snp_launch" apply base.json --set name=web1 --set memory.size=220MiB >/dev/null 2>&1
sed -i s/256MiB/300MiB/ "\$1"
END
chmod +x slow
VISUAL=$work/slow EDITOR=false refuse 1 busy "$snp_launch" edit web1
kept 300MiB
refuse 1 not-found "$snp_launch" edit nobody
refuse 2 usage "$snp_launch" edit ./base.json
rm "$folder/guests/web1/vm.json"
refuse 1 not-found "$snp_launch" edit web1

# To be replaced, a guest that runs is asked to power off: this one ignores its power button.
run 3 "$snp_launch" create base.json --set name=web1 --set memory.size=240MiB --replace --dry-run
grep -qx 'web1: memory: 220 MiB -> 240 MiB' out || fail "$(cat out)"
says 'web1: would be changed and restarted'
run 0 virsh qemu-monitor-command web1 --hmp 'o/h 0x602 0'
pid=$(pgrep -f "qemu.*$folder/guests/web1/")
refuse 1 timeout "$snp_launch" create base.json --set name=web1 --replace --timeout 1
[ "$(pgrep -f "qemu.*$folder/guests/web1/")" = "$pid" ] || fail "it was turned off"
run 3 "$snp_launch" diff web1
says 'web1: as measured'
refuse 2 usage "$snp_launch" create base.json --force
run 0 "$snp_launch" create base.json --set name=web1 --replace --force
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another digest"
run 0 "$snp_launch" create base.json --set name=web1 --set memory.size=240MiB --replace
run 0 "$snp_launch" diff web1
run 0 "$snp_launch" remove --force web1
nothing_left web1
