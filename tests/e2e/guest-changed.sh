#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An image changed after it was measured is refused: by start, by the (simulated) secure processor where
# somebody goes round start, and by create where a published or given ID block is for other bytes. Each
# refusal says what differs.
. "$(dirname "$0")/guests.sh"
begin
make_keys
digest=$(predicted)
key='"snp": {"id": {"key": "'"$work"'/id.pem"}}'

vm web1 "$key"
run 0 "$snp_launch" create web1.json --no-start
for part in firmware kernel initrd; do
	copy=$folder/guests/web1/boot/$part
	cp "$copy" saved
	printf x | dd of="$copy" bs=1 seek=290000 conv=notrunc status=none
	run 3 "$snp_launch" start web1
	says "the $part has changed since it was measured"
	says "[drift]"
	run 3 "$snp_launch" diff web1
	says "$part"
	[ "$part" != kernel ] || {
		run 1 virsh start web1
		cat out err >said
		run 0 "$snp_launch" explain "$(cat said)"
		says BAD_MEASUREMENT
	}
	cat saved >"$copy"
	run 0 "$snp_launch" diff web1
	mv "$copy" moved
	run 3 "$snp_launch" start web1
	says "the $part is gone"
	cp moved "$copy"
done

# Started paused past snp-launch, it is refused when it is resumed: for what has changed, and if that was put back
# meanwhile, by the secure processor.
cp "$folder/guests/web1/boot/kernel" saved
printf x | dd of="$folder/guests/web1/boot/kernel" bs=1 seek=290000 conv=notrunc status=none
run 0 virsh start web1 --paused
run 3 "$snp_launch" resume web1
says "the kernel has changed since it was measured"
says "[drift]"
cat saved >"$folder/guests/web1/boot/kernel"
refuse 1 qemu-failed "$snp_launch" resume web1
grep -q 'the secure processor has probably refused' err || fail "$(cat err)"
virsh dumpxml --inactive --security-info web1 >web1.xml
sed 's/console=ttyS0 quiet/console=ttyS0 single/' web1.xml >edited.xml
run 0 virsh define edited.xml
run 0 virsh start web1 --paused
run 0 virsh define web1.xml
run 3 "$snp_launch" resume web1
says "command line: recorded console=ttyS0 quiet, found console=ttyS0 single"
says "it stays paused"
run 0 "$snp_launch" kill web1
run 0 virsh start web1 --paused
run 0 "$snp_launch" resume web1
run 0 "$snp_launch" kill web1

# vm.json by now: other host data, in bytes, of a file, or none any more.
for data in "\"host_data\": \"$(printf %064d 7)\", " "\"host_data\": \"sha256:$work/initrd\", "; do
	vm other "${key/\{/\{$data}"
	sed -i 's/"name": "other"/"name": "web1"/' other.json
	run 3 "$snp_launch" diff other.json
	says "web1: host data: recorded $(printf %064d 0), found "
done

# The same of what no digest has; a record of before these were written down is held to the rest.
record=$folder/guests/web1/record.json
cp "$record" record.json
vm other "${key/\{/\{\"vcek\": false, \"guest_visible_workarounds\": \"$(printf %032d 1)\", }"
sed -i 's/"name": "other"/"name": "web1"/' other.json
run 3 "$snp_launch" diff other.json
says "web1: VCEK: recorded on, found off"
says "web1: guest visible workarounds: recorded $(printf %032d 0), found $(printf %032d 1)"
sed -i '/^ *"vcek"/d; /^ *"guest_visible_workarounds"/d' "$record"
! cmp -s record.json "$record" || fail "the record has neither"
run 0 "$snp_launch" diff other.json
cp record.json "$record"

# libvirt's definition, edited.
virsh dumpxml --inactive --security-info web1 >web1.xml
sed 's/console=ttyS0 quiet/console=ttyS0 single/' web1.xml >edited.xml
run 0 virsh define edited.xml
run 3 "$snp_launch" start web1
says "command line: recorded console=ttyS0 quiet, found console=ttyS0 single"
run 3 "$snp_launch" diff web1
sed "s/ vcek='yes'/ vcek='no'/" web1.xml >edited.xml
! cmp -s edited.xml web1.xml || fail "no vcek in libvirt's definition"
run 0 virsh define edited.xml
run 3 "$snp_launch" start web1
says "VCEK: recorded on, found off"
run 3 "$snp_launch" diff web1
says "VCEK: recorded on, found off"
# What libvirt's definition can say beside what the record has: each would launch something else.
: >some.dtb
edit() { # edit WHAT CHECK SED-SCRIPT: what start and diff say, and what lint and measure
	sed "$3" web1.xml >edited.xml
	! cmp -s edited.xml web1.xml || fail "$1: nothing edited"
	run 0 virsh define edited.xml
	run 3 "$snp_launch" start web1
	says "[drift]"
	says "$1: recorded"
	run 3 "$snp_launch" diff web1
	says "$1: recorded"
	run 3 "$snp_launch" lint web1
	says "[$2]"
	refuse 4 "$2" "$snp_launch" measure web1
}
qemu() { # qemu ELEMENTS: what is handed to QEMU past libvirt
	edit qemu-launch-argument qemu-launch-argument "s|^<domain |&xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' |
		s|^</domain>|$1&|"
}
arguments() {
	qemu "<qemu:commandline>$(printf "<qemu:arg value='%s'/>" "$@")</qemu:commandline>"
}
edit dtb dtb "s|^ *<cmdline>|<dtb>$work/some.dtb</dtb>&|"
edit shim shim "s|^ *<cmdline>|<shim>$work/some.dtb</shim>&|"
# Of the list libvirt makes the number.
edit vCPUs vcpu-hotplug "s|^ *<os>|<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>\
	<vcpu id='1' enabled='no' hotpluggable='yes'/></vcpus>&|"
edit smm smm "s/<smm state='off'/<smm state='on'/"
# An argument past libvirt comes last, and QEMU heeds the last.
arguments -append single
arguments -device "loader,file=$work/initrd,addr=0xffc00000,force-raw=on"
arguments -dtb "$work/some.dtb"
arguments -m 512M
qemu "<qemu:commandline><qemu:env name='LD_PRELOAD' value='/evil.so'/></qemu:commandline>"
qemu "<qemu:capabilities><qemu:del capability='memory-encryption'/></qemu:capabilities>"
run 0 virsh define web1.xml
run 0 "$snp_launch" start web1
run 0 "$snp_launch" remove --force web1
nothing_left web1

# The whole directory, exchanged for one whose record and copies agree: libvirt still knows what it defined.
vm web1
run 0 "$snp_launch" create web1.json --no-start
vm web2
sed -i "s|$work/linux|$work/linux2|" web2.json
cp linux linux2
printf x | dd of=linux2 bs=1 seek=290000 conv=notrunc status=none
run 0 "$snp_launch" create web2.json --no-start
uuid=$(sed -n 's/^ *"uuid": "\(.*\)",$/\1/p' "$folder/guests/web1/record.json")
mv "$folder/guests/web1" kept
cp -a "$folder/guests/web2" "$folder/guests/web1"
sed -i 's|guests/web2|guests/web1|; s|"uuid": "[^"]*"|"uuid": "'"$uuid"'"|; s|"name": "web2"|"name": "web1"|' \
	"$folder/guests/web1/record.json"
run 3 "$snp_launch" start web1
says "metadata: recorded launch digest, found another"
says "[drift]"
rm -r "$folder/guests/web1"
mv kept "$folder/guests/web1"
# What others could exchange is not looked at, whoever they are.
for mode in 0731 0713; do
	chmod $mode "$folder/guests"
	refuse 4 unsafe-state-folder "$snp_launch" start web1
	refuse 4 unsafe-state-folder "$snp_launch" list
	refuse 4 unsafe-state-folder "$snp_launch" create web1.json --replace
	chmod 0711 "$folder/guests"
	chmod $mode "$folder/guests/web1"
	refuse 4 unsafe-state-folder "$snp_launch" start web1
	refuse 4 unsafe-state-folder "$snp_launch" show web1
	chmod 0711 "$folder/guests/web1"
done
[ "$(id -u)" != 0 ] || for swapped in guests guests/web1 guests/web1/boot; do
	chown nobody "$folder/$swapped"
	refuse 4 unsafe-state-folder "$snp_launch" start web1
	chown root "$folder/$swapped"
done
run 0 "$snp_launch" start web1
run 0 "$snp_launch" remove -f web1
run 0 "$snp_launch" remove web2

# A ready ID block: the right one launches, and not for another kernel, policy or foreign auth.
vm ready "$key"
run 0 "$snp_launch" create ready.json --dry-run=json
[ ! -e "$folder/guests/ready" ] || fail "a dry run leaves a directory"
field id_block >block.bin
field id_auth | base64 -d >auth.bin
[ "$(wc -c <auth.bin)" = 4096 ] || fail "no ID auth in the record"
block='"snp": {"id": {"block": "'"$work"'/block.bin", "auth": "'"$work"'/auth.bin"}}'
vm ready "$block"
run 0 "$snp_launch" create ready.json
says "ID block of its publisher"
[ "$(heard ready launch_digest)" = "$digest" ] || fail "the guest says another digest"
run 0 "$snp_launch" remove -f ready
cp linux original
printf x | dd of=linux bs=1 seek=290000 conv=notrunc status=none
run 3 "$snp_launch" create ready.json
says "[digest-differs]"
nothing_left ready
cp original linux
vm ready "${block%\}}, \"policy\": {\"debug\": true}}"
run 3 "$snp_launch" create ready.json --allow-debug
says "[policy-differs]"
nothing_left ready
vm ready "$block"
printf x | dd of=auth.bin bs=1 seek=100 conv=notrunc status=none
run 3 "$snp_launch" create ready.json
says "[bad-signature]"
nothing_left ready

# What is demanded: --expect, snp.measurement, boot.kernel's own SHA-256.
vm wanted
run 3 "$snp_launch" create wanted.json --expect "$(printf %096d 0)"
says "[digest-differs]"
run 0 "$snp_launch" create wanted.json --expect "$digest" --no-start
run 0 "$snp_launch" remove wanted
vm wanted '"snp": {"measurement": "'"$(printf %096d 1)"'"}'
run 3 "$snp_launch" create wanted.json
says "snp.measurement says $(printf %096d 1)"
says "similar guests has it, so the firmware, kernel, initrd or command line differs"
nothing_left wanted
# Near enough, the difference is named.
sed 's/"count": 2/"count": 3/; s/ttyS0 quiet/ttyS0 quiet\\n/' wanted.json >near.json
run 0 "$snp_launch" measure near.json
sed -i "s/$(printf %096d 1)/$(cat out)/" wanted.json
run 3 "$snp_launch" create wanted.json
says "it belongs to this guest with a command line with a line end and 3 vCPUs instead of 2"
nothing_left wanted
