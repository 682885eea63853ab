#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Somebody who may define domains edits a measured guest's under a system libvirtd: a program in place of QEMU, a CPU
# that libvirt chooses, other tables. What launches other bytes that way, snp-launch launches not at all, and diff says
# what start would.
. "$(dirname "$0")/system.sh"
start_system 'namespaces = []'
predicted=$("$snp_measure" --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd --append 'console=ttyS0 quiet' \
	--vcpus 2 --vcpu-type EPYC-v4)
qemu=$(command -v qemu-system-x86_64)
# A program that boots with another command line.
cat >wrapper <<-END
	#!/bin/bash
	args=("\$@")
	for i in "\${!args[@]}"; do
		[ "\${args[i]}" != -append ] || args[i + 1]="console=ttyS0 single"
	done
	exec $qemu "\${args[@]}"
END
chmod 755 wrapper
system_vm web1
run 0 "$snp_launch" create web1.json --no-start
virsh dumpxml --inactive --security-info web1 >web1.xml

# edit NAME SED-SCRIPT: diff and start name it, measure and lint refuse it, and nothing runs.
others=0
edit() {
	sed "$2" web1.xml >edited.xml
	! cmp -s edited.xml web1.xml || fail "$1: nothing edited"
	run 0 virsh define edited.xml
	# What it would have launched, where libvirt and QEMU start it at all.
	if virsh start web1 >out 2>&1; then
		[ "$(launched web1)" = "$predicted" ] || others=$((others + 1))
		run 0 virsh destroy web1
	fi
	run 3 "$snp_launch" diff web1
	says "$1: recorded"
	run 0 "$snp_launch" list -a --format name,state,digest,bound-by
	grep -qE '^web1 +off +- +nothing$' out || fail "$1: $(cat out)"
	run 3 "$snp_launch" start web1
	says "$1: recorded"
	says "[drift]"
	[ -z "$(virsh -q list --name)" ] || fail "$1: it runs"
}
edit emulator "s,>$qemu<,>$work/wrapper<,"
refuse 4 check-failed "$snp_launch" measure web1
grep -qF '[unknown-emulator]' err || fail "$(cat err)"
[ $others = 1 ] || fail "the wrapper launches as measured"
for match in minimum strict; do
	edit refused-setting "s/match='exact'/match='$match'/"
	refuse 4 check-failed "$snp_launch" measure web1
done
for mode in host-model host-passthrough maximum; do
	edit "CPU model" "/<cpu /,/<\\/cpu>/d; s|^ *<clock.*|<cpu mode='$mode'/>&|"
done
edit "CPU fallback" "s/fallback='forbid'/fallback='allow'/"
edit refused-setting "s|^ *</os>|<acpi><table type='slic'>$work/initrd</table></acpi>&|"
edit metadata "/<metadata>/,/<\\/metadata>/d"
edit "vCPUs" "s|<vcpu placement='static'>2<|<vcpu placement='static' current='1'>2<|"
edit "security labels" "s|^</domain>|<seclabel type='static' model='dac' relabel='no'><label>+0:+0</label></seclabel>&|"
printf '%d of these launch other bytes by virsh start\n' $others

# A saved state, of an unprotected guest with that name and UUID, which libvirt would restore.
cat >plain.xml <<-END
	<domain type='qemu'>
	  <name>web1</name>
	  <uuid>$(virsh domuuid web1)</uuid>
	  <memory unit='MiB'>64</memory>
	  <os><type arch='x86_64' machine='q35'>hvm</type></os>
	  <devices><memballoon model='none'/></devices>
	</domain>
END
run 0 virsh define plain.xml
run 0 virsh start web1
run 0 virsh managedsave web1
run 0 virsh define web1.xml
run 3 "$snp_launch" diff web1
says "saved state: recorded none"
run 3 "$snp_launch" start web1
says "saved state: recorded none"
run 3 "$snp_launch" create web1.json --replace
says "saved state: recorded none"
[ -z "$(virsh -q list --name)" ] || fail "the saved guest runs"
run 0 virsh managedsave-remove web1

# While the guest runs as measured, what the next start would find is said.
run 0 virsh define web1.xml
run 0 "$snp_launch" start web1
[ "$(launched web1)" = "$predicted" ] || fail "launched $(launched web1), not $predicted"
run 0 "$snp_launch" diff web1
sed "s,>$qemu<,>$work/wrapper<," web1.xml >edited.xml
run 0 virsh define edited.xml
run 3 "$snp_launch" diff web1
says "emulator: recorded $qemu, found $work/wrapper at the next start"
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" remove web1

# create takes none of it, from a fragment or a template, unless vm.json names the program.
fragment() { # fragment XML TEXT
	printf '<domain>%s</domain>\n' "$1" >fragment.xml
	system_vm web1 '"libvirt_xml": "'"$work"'/fragment.xml"'
	refuse 4 bad-domain "$snp_launch" create web1.json
	grep -qF -- "$2" err || fail "$(cat err)"
}
fragment "<devices><emulator>$work/wrapper</emulator></devices>" emulator
fragment "<cpu match='minimum'/>" '[refused-setting]'
fragment "<os><acpi><table type='slic'>/x</table></acpi></os>" '[refused-setting]'
sed "s|<devices>|&<emulator>$work/wrapper</emulator>|" "$SNP_SOURCE/templates/domain.xml" >template.xml
system_vm web1
refuse 4 bad-domain "$snp_launch" create web1.json --template template.xml
grep -qF '[unknown-emulator]' err || fail "$(cat err)"
system_vm web1 '"emulator": "'"$qemu"'"'
run 0 "$snp_launch" create web1.json
[ "$(launched web1)" = "$predicted" ] || fail "launched $(launched web1), not $predicted"
run 0 "$snp_launch" remove -f web1
