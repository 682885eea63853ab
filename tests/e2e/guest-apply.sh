#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A guest is brought to what its vm.json says: made, changed while it runs, restarted, swapped; and the second time
# nothing is changed. What fails leaves it as it was.
. "$(dirname "$0")/guests.sh"
begin
digest=$(predicted)

apply() {
	run "$1" "$snp_launch" apply web1.json "${@:2}"
}

# up_to_date [text]: nothing is left to be done, in text and in JSON.
up_to_date() {
	apply 0
	[ "$(cat out)" = 'web1: up to date' ] || fail "$(cat out)"
	[ $# = 0 ] || return 0
	apply 0 --dry-run --json
	valid out
	[ "$(field changed)" = false ] || fail "changed is $(field changed)"
	[ "$(field needs_restart)" = false ] || fail "a restart is needed"
}

truncate -s 1M disk.img
chmod 666 disk.img
vm web1 '"networks": [{"type": "user"}]'
apply 3 --dry-run
says 'web1: would be created'
nothing_left web1
apply 0
says 'web1: created'
says "launch digest $digest"
[ "$(stat -c %a "$folder/guests/web1/vm.json")" = 600 ] || fail "vm.json is not for its owner alone"
cmp web1.json "$folder/guests/web1/vm.json" || fail "another vm.json is kept"
up_to_date
mac=$(virsh domiflist web1 | grep -o '52:54[0-9a-f:]*')

# While it runs: a disk, a label, autostart. The rest of its devices stay.
sed -i 's|"networks"|"disks": [{"path": "'"$work"'/disk.img", "format": "raw", "cache": "writeback"}], "labels": {"app": "web"}, "autostart": true, "networks"|' web1.json
pid=$(pgrep -f "qemu.*$folder/guests/web1/")
apply 3 --dry-run
says 'web1: would be changed'
run 0 virsh domblklist web1
! grep -q disk.img out || fail "a dry run plugs a disk"
apply 0 --json
valid out
[ "$(field changed)" = true ] || fail "changed is $(field changed)"
[ "$(field restarted)" = false ] || fail "restarted"
run 0 virsh domblklist web1
says "$work/disk.img"
run 0 virsh dumpxml web1
says '<snp:label key="app">web</snp:label>'
run 0 virsh dominfo web1
grep -q '^Autostart: *enable' out || fail "no autostart"
up_to_date

# At the next start: memory. It is restarted only when that is asked for, and the card keeps its MAC.
sed -i 's/256MiB/384MiB/' web1.json
apply 3 --dry-run
says 'web1: memory: 256 MiB -> 384 MiB (at the next start)'
apply 3 --dry-run --json
[ "$(field needs_restart)" = true ] || fail "a restart is not needed"
apply 3 --dry-run --restart
grep -qx 'web1: memory: 256 MiB -> 384 MiB' out || fail "$(cat out)"
says 'web1: would be changed and restarted'
apply 3 --dry-run --restart --json
[ "$(field needs_restart)" = false ] || fail "a restart is needed after one"
apply 0
says 'web1: memory: 256 MiB -> 384 MiB'
says 'web1: needs a restart: memory: 256 MiB -> 384 MiB'
[ "$(pgrep -f "qemu.*$folder/guests/web1/")" = "$pid" ] || fail "the guest was restarted"
apply 0
grep -qx 'web1: up to date' out || fail "$(cat out)"
says 'web1: needs a restart: memory: 256 MiB -> 384 MiB'
run 3 "$snp_launch" diff web1
says 'web1: not measured: memory: 256 MiB -> 384 MiB (at the next start)'
run 3 "$snp_launch" diff web1 --json
valid out
apply 0 --restart
says 'web1: changed and restarted'
[ "$(virsh domiflist web1 | grep -o '52:54[0-9a-f:]*')" = "$mac" ] || fail "another MAC"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another digest with more memory"
up_to_date text

# The host upgrades its kernel: the guest keeps its copy, until somebody says otherwise and confirms the digest.
printf x >>linux
other=$(predicted)
sed -i 's/384MiB/320MiB/' web1.json
apply 0 --restart
grep -q '\[boot-file-kept\]' err || fail "nothing is said of the new kernel: $(cat err)"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "the new kernel was taken in"
apply 3 --new-boot-files --restart
says '[digest-differs]'
says "measured: launch digest: $digest -> $other"
apply 3 --new-boot-files --restart --expect "$digest"
says '[digest-differs]'
refuse 1 wrong-guest-state "$snp_launch" apply web1.json --new-boot-files --expect "$other"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "a refused change was made"
apply 0 --new-boot-files --restart --expect "$other"
says "launch digest $other"
[ "$(heard web1 launch_digest)" = "$other" ] || fail "the guest says $(heard web1 launch_digest)"
up_to_date text
# Another path names the file anew.
cp linux linux2
printf y >>linux2
sed -i "s|$work/linux|$work/linux2|" web1.json
apply 3 --json
valid out
apply 0 --new-digest --restart
says "launch digest $(predicted linux2)"
up_to_date text

# What somebody changed by virsh is brought back.
run 0 virsh dumpxml web1 --inactive
sed -i "s|>327680<|>262144<|" out
cp out changed.xml
run 0 virsh define changed.xml
run 3 "$snp_launch" diff web1
says 'web1: as measured'
says 'web1: not measured: memory: 320 MiB -> 256 MiB'
sed 's|"type": "user"}|&, {"type": "user"}|' web1.json >more.json
run 3 "$snp_launch" diff more.json
says 'web1: not measured: memory: 256 MiB -> 320 MiB'
says 'web1: not measured: network[1] added: user'
apply 0
says 'web1: memory: 256 MiB -> 320 MiB'
up_to_date text

# A restart brings a changed definition up, and says what came into force.
sed -i 's/320MiB/256MiB/' web1.json
apply 0
run 0 "$snp_launch" restart web1
says 'web1: running'
says 'web1: in force now: memory: 320 MiB -> 256 MiB'
sed -i 's/256MiB/320MiB/' web1.json
apply 0
run 0 "$snp_launch" restart web1 --json
valid out
says '"memory: 256 MiB -> 320 MiB"'
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" restart web1
[ "$(cat out)" = 'web1: running' ] || fail "$(cat out)"

# A disk that QEMU cannot open, a definition that libvirt refuses, a start that fails: all is as it was. The checks see
# them first.
cp web1.json good.json
pid=$(pgrep -f "qemu.*$folder/guests/web1/")
sed -i "s|$work/disk.img|$work/absent.img|" web1.json
refuse 4 check-failed "$snp_launch" apply web1.json
refuse 1 libvirt-failed "$snp_launch" apply --ignore guest-disk web1.json
sed 's|"networks": \[|&{"type": "network", "source": "nowhere"}, |' good.json >web1.json
run 1 "$snp_launch" apply --ignore network web1.json
[ "$(pgrep -f "qemu.*$folder/guests/web1/")" = "$pid" ] || fail "the guest was restarted"
sed 's|320MiB|1TiB|; s|"memory": {|&"hugepages": true, |' good.json >web1.json
run 3 "$snp_launch" apply web1.json --restart --ignore huge-pages
says 'host-cannot'
[ "$(virsh domstate web1)" = running ] || fail "the guest is $(virsh domstate web1)"
cp good.json web1.json
apply 0
run 0 "$snp_launch" diff web1
up_to_date text

# A fragment that is changed comes into force at the next start.
echo "<domain><devices><watchdog model='itco'/></devices></domain>" >fragment.xml
sed -i 's|"networks"|"libvirt_xml": "'"$work"'/fragment.xml", "networks"|' web1.json
apply 0
says 'web1: needs a restart: libvirt_xml added'
apply 0 --restart
sed -i 's/itco/i6300esb/' fragment.xml
apply 0 --restart
says 'web1: libvirt_xml changed'
run 0 virsh dumpxml web1
says i6300esb
up_to_date text

# A copy that somebody changed is refused, and made anew.
printf z | dd of="$folder/guests/web1/boot/kernel" bs=1 seek=290000 conv=notrunc status=none
apply 3
says '[drift]'
apply 0 --new-boot-files --restart
says 'web1: measured: boot files: changed copies -> copied again'
up_to_date text

# Several at once: one makes the change, the others come too late or find it made.
sed -i 's/320MiB/330MiB/' web1.json
for i in 1 2 3 4; do
	("$snp_launch" apply web1.json >"out.$i" 2>"err.$i" || grep -q '\[busy\]' "err.$i" || echo "$(cat "err.$i")" >>wrong) &
done
wait
[ ! -e wrong ] || fail "$(cat wrong)"
[ "$(cat out.* | grep -cx 'web1: changed')" = 1 ] || fail "changed by several or none: $(cat out.* err.*)"
run 0 "$snp_launch" restart web1
up_to_date text

# A guest of before, with no vm.json in its directory.
rm "$folder/guests/web1/vm.json"
apply 0
says 'web1: changed'
cmp web1.json "$folder/guests/web1/vm.json" || fail "vm.json is not kept"
up_to_date text

# What a killed create has left, and a domain that libvirt has lost.
run 0 "$snp_launch" kill web1
run 0 virsh undefine web1
apply 0
says "web1: libvirt's domain: none -> defined"
up_to_date text
run 0 "$snp_launch" remove web1
mkdir -m 711 "$folder/guests/web1"
apply 0 --no-start
says 'web1: created'
run 0 "$snp_launch" remove web1
nothing_left web1
