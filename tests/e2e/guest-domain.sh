#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What libvirt's definition of a guest says beside what is measured: another program as its QEMU, a CPU that
# libvirt chooses, a host's CPU that is another. Each is refused, and diff says so of what would start next, too.
# The guests have no ID block.
. "$(dirname "$0")/guests.sh"
begin
digest=$(predicted)
# A QEMU of one's own may launch anything: this one another command line.
cat >wrapper <<-'END'
	#!/bin/bash
	arguments=("$@")
	for ((i = 0; i < $#; i++)); do
		[ "${arguments[i]}" != -append ] || arguments[i + 1]+=" single"
	done
	exec qemu-system-x86_64 "${arguments[@]}"
END
chmod 755 wrapper

vm web1
run 0 "$snp_launch" create web1.json --no-start
virsh dumpxml --inactive --security-info web1 >web1.xml
emulator=$(sed -n 's/^ *<emulator>\(.*\)<.*/\1/p' web1.xml)
record=$folder/guests/web1/record.json
grep -q '"schema":"snp-launch-record/2"' <(tr -d ' \n' <"$record") || fail "$(cat "$record")"
grep -qF "\"emulator\":\"$emulator\"" <(tr -d ' \n' <"$record") || fail "$(cat "$record")"

edit() { # edit WHAT CHECK SED-SCRIPT: what start and diff say, and lint and measure where CHECK is one's name
	sed "$3" web1.xml >edited.xml
	! cmp -s edited.xml web1.xml || fail "$1: nothing edited"
	run 0 virsh define edited.xml
	run 3 "$snp_launch" start web1
	says "[drift]"
	says "$1: recorded"
	run 3 "$snp_launch" diff web1
	says "$1: recorded"
	[ "$2" ] || return
	run 3 "$snp_launch" lint web1
	says "[$2]"
	refuse 4 "$2" "$snp_launch" measure web1
}
edit emulator unknown-emulator "s|<emulator>.*<|<emulator>$work/wrapper<|"
edit refused-setting refused-setting "s/match='exact'/match='minimum'/"
edit refused-setting refused-setting "s/match='exact'/match='strict'/"
edit "CPU fallback" "" "s/ fallback='forbid'/ fallback='allow'/"
edit "option ROMs" "" "s|^ *<serial|<interface type='user'/>&|"
edit refused-setting refused-setting "s|^ *<cmdline>|<acpi><table type='slic'>$work/linux</table></acpi>&|"
edit metadata "" "s|<snp:policy>.*<|<snp:policy>0xb0000<|"
edit metadata "" "/<snp:launch/,/<\/snp:launch>/d"

# Of a guest that runs, what runs and what would start next.
run 0 virsh define web1.xml
run 0 "$snp_launch" start web1
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "the guest says another digest"
run 0 "$snp_launch" diff web1
sed 's/console=ttyS0 quiet/console=ttyS0 single/; s|<snp:policy>.*<|<snp:policy>0xb0000<|' web1.xml >edited.xml
run 0 virsh define edited.xml
run 3 "$snp_launch" diff web1
says "web1: command line: recorded console=ttyS0 quiet, found console=ttyS0 single at the next start"
says "web1: metadata: recorded policy, found another at the next start"
run 0 virsh define web1.xml
run 0 "$snp_launch" diff web1
run 0 virsh destroy web1

# A record of 0.1.0 says nothing of QEMU: then it must be one that the host names.
cp "$record" kept.json
jq 'del(.qemu) | .schema = "snp-launch-record/1"' kept.json >"$record" || skip "no jq"
run 0 "$snp_launch" diff web1
edit emulator unknown-emulator "s|<emulator>.*<|<emulator>$work/wrapper<|"
run 0 virsh define web1.xml
run 0 "$snp_launch" start web1
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "the guest says another digest"
run 0 "$snp_launch" remove -f web1

# A template may not bring a program of its own; a vm.json may.
sed "s|<emulator>.*<|<emulator>$work/wrapper<|" web1.xml >template.xml
vm own
refuse 4 bad-domain "$snp_launch" create own.json --template template.xml
grep -q 'unknown-emulator' err || fail "no word of the emulator"
nothing_left own
cat >wrapper <<-'END'
	#!/bin/sh
	exec qemu-system-x86_64 "$@"
END
vm own '"emulator": "'"$work"'/wrapper"'
sed -i 's|snp-launch/1|snp-launch/2|' own.json
run 0 "$snp_launch" create own.json
[ "$(heard own launch_digest)" = "$digest" ] || fail "the guest says another digest"
run 0 "$snp_launch" diff own
run 0 "$snp_launch" remove -f own

# The model "host" has the CPU of the host, whatever signature is given with it.
vm host
sed -i 's/"cpu": {/&"model": "host", "signature": "0xa10f11", /' host.json
refuse 4 host-cpu-signature "$snp_launch" create host.json
refuse 4 host-cpu-signature "$snp_launch" measure host.json
run 3 "$snp_launch" create host.json --warn host-cpu-signature
grep -q 'CPU signature: recorded 0xa10f11, found 0xaf0f00' out err || fail "$(cat out)"
nothing_left host
sed -i 's/0xa10f11/0xaf0f00/' host.json
run 0 "$snp_launch" create host.json
[ "$(heard host launch_digest)" = "$("$snp_launch" measure host.json)" ] || fail "the guest says another digest"
run 0 "$snp_launch" remove -f host
