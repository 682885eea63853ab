#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A guest archived on one host runs on another, with the same digest, ID block and HOST_DATA, although neither the files
# nor the key that it was made from are there.
. "$(dirname "$0")/guests.sh"
begin
old=$uri
make_keys
printf secret >owner
vm web1 '"snp": {"id": {"key": "'"$work"'/id.pem"}, "host_data": "sha256:'"$work"'/owner"},
	"networks": [{"type": "user"}], "disks": [{"path": "'"$work"'/web1.img", "format": "raw"}]'
truncate -s 4M web1.img
printf 'the first block' | dd of=web1.img conv=notrunc status=none
printf 'the last block' | dd of=web1.img bs=1 seek=4194290 conv=notrunc status=none
chmod 666 web1.img
run 0 "$snp_launch" create web1.json
digest=$(heard web1 launch_digest)
host_data=$(heard web1 host_data)
id_auth=$(grep '"id_auth"' "$folder/guests/web1/record.json")
[ "$digest" = "$(predicted)" ] || fail "the guest reports $digest"
run 0 "$snp_launch" show web1 --json
uuid=$(field uuid)

# What runs has disks that change; a copy of it without them is its backup.
refuse 1 wrong-guest-state "$snp_launch" archive --disks web1
[ ! -s out ] || fail "a part of an archive on stdout"
run 0 "$snp_launch" archive web1
grep -qF "the disk $work/web1.img is not in the archive [not-archived]" err || fail "no word about the disk"
grep -qF 'import with --set networks.0.mac=' err || fail "no word about the MAC address"
mv out running.tar
tar -tf running.tar >list
cmp list - <<-END || fail "another archive"
	record.json
	vm.json
	boot/firmware
	boot/kernel
	boot/initrd
	SHA256SUMS
END
mkdir unpacked && tar -xf running.tar -C unpacked && (cd unpacked && sha256sum --quiet -c SHA256SUMS) || fail "other sums"
! grep -r 'PRIVATE KEY' unpacked || fail "a key is in the archive"

run 0 "$snp_launch" kill web1
run 0 "$snp_launch" archive --disks web1
mac=$(sed -n 's/.*networks.0.mac=\(.*\) \[not-archived\]$/\1/p' err)
mv out off.tar
"$snp_launch" archive --disks web1 >/dev/full 2>err && fail "a full disk is no failure"
grep -qF '[cannot-write]' err || fail "no word about the full disk"
refuse 1 not-found "$snp_launch" archive web2

# On the same host: the name is taken, and with another name it is another guest.
refuse 1 exists "$snp_launch" import off.tar --disks "$work"
refuse 2 usage "$snp_launch" import off.tar --name copy
run 0 "$snp_launch" import running.tar --name copy --no-start
run 0 "$snp_launch" show copy --json
[ "$(field launch_digest)" = "$digest" ] || fail "the copy has another digest"
[ "$(field uuid)" != "$uuid" ] || fail "the copy has the UUID of the other"
run 0 "$snp_launch" remove copy
nothing_left copy

# Another host, where nothing is of what the guest was made from.
begin
[ "$uri" != "$old" ] || fail "the same host"
mkdir disks gone
mv linux initrd OVMF.amdsev.fd owner id.pem web1.img gone
refuse 1 not-found "$snp_launch" import running.tar
nothing_left web1
# A changed vm.json is another guest, and is not launched under the name of the archived one.
run 3 "$snp_launch" import off.tar --disks disks --set cpu.count=3
says 'not the guest that was archived: vCPUs 3 instead of 2'
says '[digest-differs]'
nothing_left web1
[ -z "$(find disks "$folder/guests" -mindepth 1)" ] || fail "left: $(find disks "$folder/guests")"
run 0 "$snp_launch" import off.tar --disks disks --set networks.0.mac="$mac" --expect "$digest"
says "bound by      ID block of this host"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another launch digest"
[ "$(heard web1 host_data)" = "$host_data" ] || fail "another HOST_DATA"
grep -qF "$id_auth" "$folder/guests/web1/record.json" || fail "another ID auth"
cmp disks/web1-disk0.raw gone/web1.img || fail "another disk"
[ "$(stat -c %b disks/web1-disk0.raw)" -lt 100 ] || fail "the holes of the disk are filled"
virsh dumpxml web1 >web1.xml
grep -qF "$mac" web1.xml || fail "another MAC address"
grep -qF "$uuid" web1.xml || fail "another UUID"
run 0 "$snp_launch" diff web1
[ -z "$(find "$folder/guests" -name '.*')" ] || fail "left: $(ls -A "$folder/guests")"

# It is a guest like any other: stopped, started, archived and brought back.
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" start web1
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" archive web1
mv out again.tar
run 0 "$snp_launch" remove web1
"$snp_launch" import - <again.tar >out 2>err || fail "$(cat err)"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another launch digest"
run 0 "$snp_launch" remove -f web1

# Archives whose members do not fit together. (Tar files that are none of ours: unit-guest_archive.)
# pack MEMBER…: evil.tar, out of unpacked/
pack() {
	(cd unpacked && sha256sum "$@" >SHA256SUMS && tar --format=ustar -cf "$work/evil.tar" "$@" SHA256SUMS)
}
# hostile TEXT [CHANGE]: the change is made, in unpacked/, and undone
all="record.json vm.json boot/firmware boot/kernel boot/initrd"
hostile() {
	rm -rf unpacked && mkdir unpacked && tar -xf running.tar -C unpacked
	(cd unpacked && eval "$2")
	pack ${members:-$all}
	refuse 4 "${name:-bad-archive}" "$snp_launch" import evil.tar --disks disks
	grep -qF "$1" err || fail "no word of '$1': $(cat err)"
	[ -z "$(find "$folder/guests" disks -mindepth 1)" ] || fail "left: $(find "$folder/guests" disks)"
}
rm -f disks/*
hostile 'boot/kernel is not as large as record.json says' 'printf x >>boot/kernel'
hostile 'boot/kernel is not the file that record.json has' 'printf x | dd of=boot/kernel bs=1 seek=9999 conv=notrunc status=none'
hostile 'vm.json is of the guest "web2", record.json of "web1"' 'sed -i s/web1/web2/ vm.json'
hostile "record.json is of a guest of a remote host" 'sed -i "s/\"remote\": false/\"remote\": true/" record.json'
members="${all% *}" hostile 'boot/initrd is missing' :
members="$all disks/0 disks/1" hostile 'disks/1 is not in vm.json' 'mkdir disks; echo | tee disks/0 disks/1'
qcow2='QFI\373\0\0\0\3\0\0\0\0\0\0\0\150'
members="$all disks/0" name=bad-disk hostile 'the image has a backing file' \
	'mkdir disks; printf "$qcow2" >disks/0; truncate -s 4096 disks/0; sed -i "s/\"raw\"/\"qcow2\"/" vm.json'
members="$all disks/0" name=bad-disk hostile 'not a qcow2 image' \
	'mkdir disks; echo >disks/0; sed -i "s/\"raw\"/\"qcow2\"/" vm.json'
name=json-unknown-key hostile 'snapshots' 'sed -i "s/\"networks\"/\"snapshots\"/" vm.json'
gzip -k evil.tar
refuse 4 bad-archive "$snp_launch" import evil.tar.gz
grep -qF 'if it is compressed, decompress it' err || fail "no word of the compression"

# begin_import FOLDER: it has begun, and waits for the rest of its archive. Each has a pipe of its own.
begin_import() {
	rm -f pipe
	mkfifo pipe
	exec 9<>pipe
	"$snp_launch" import pipe --disks "$1" 2>err &
	pid=$!
	head -c 200000 off.tar >pipe
	for ((i = 0; i < 100; i++)); do
		[ ! -e "$folder/guests/.web1.import/boot" ] || break
		sleep 0.1
	done
}

# An interrupted import leaves nothing.
begin_import "$work"
kill -TERM "$pid"
wait "$pid" && fail "an interrupted import succeeds"
grep -qF "[interrupted]" err || fail "not interrupted: $(cat err)"
[ -z "$(ls -A "$folder/guests")" ] || fail "left: $(ls -A "$folder/guests")"

exec 9>&-

# One that was killed leaves what the next one clears.
begin_import disks
kill -KILL "$pid"
wait "$pid"
exec 9>&-
echo left >disks/web1-disk0.raw.part
run 0 "$snp_launch" list -aq
[ ! -s out ] || fail "list shows a guest that is not there"
run 0 "$snp_launch" import off.tar --disks disks
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another launch digest"
[ "$(ls disks)" = web1-disk0.raw ] || fail "left: $(ls disks)"
[ -z "$(find "$folder/guests" -name '.*')" ] || fail "left: $(ls -A "$folder/guests")"

# With a UUID in vm.json, a second guest needs another.
run 0 "$snp_launch" archive web1
tar -xf out -C unpacked
sed -i "s/\"schema\"/\"uuid\": \"$uuid\", &/" unpacked/vm.json
pack $all
refuse 2 usage "$snp_launch" import evil.tar --name web2 --no-start
grep -qF 'give the guest another with --set uuid=UUID' err || fail "$(cat err)"
run 0 "$snp_launch" import evil.tar --name web2 --no-start --set uuid=9df77f02-4e40-4dd4-9308-c438bf0730f1 \
	--set disks.0.path="$work/disks/web1-disk0.raw"

# A template comes along, if somebody has looked at it.
run 0 "$snp_launch" remove -f web1
sed 's|</domain>|<!-- a template -->&|' "$SNP_SOURCE/templates/domain.xml" >template.xml
for file in linux initrd OVMF.amdsev.fd; do
	ln -s "gone/$file" $file
done
vm web3
run 0 "$snp_launch" create web3.json --template template.xml --no-start
run 0 "$snp_launch" archive web3
mv out web3.tar
run 0 "$snp_launch" remove web3
refuse 2 usage "$snp_launch" import web3.tar --no-start
nothing_left web3
run 0 "$snp_launch" import web3.tar --no-start --archived-template
run 0 "$snp_launch" diff web3
cmp template.xml "$folder/guests/web3/template.xml" || fail "the template is not kept"
