#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A process of the user that libvirt runs all guests as writes into the memory of a paused guest's QEMU, through
# /proc/PID/mem, before it is measured: other bytes are launched than were hashed. Not where the guest has a user
# of its own.
. "$(dirname "$0")/system.sh"
command -v python3 >/dev/null || skip "no python3"

# Users of this test's own: the host's files stay as they are.
cp /etc/passwd passwd
cp /etc/group group
printf 'snp-web%d:x:6432%d:6432%d::/nonexistent:/usr/sbin/nologin\n' 1 1 1 2 2 2 >>passwd
printf 'snp-web%d:x:6432%d:\n' 1 1 2 2 >>group
echo "snp-shared:x:64323:$(id -g "$qemu_user")::/nonexistent:/usr/sbin/nologin" >>passwd
mount --bind passwd /etc/passwd
mount --bind group /etc/group
start_system 'namespaces = []'
predicted=$("$snp_measure" --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd --append 'console=ttyS0 quiet' \
	--vcpus 2 --vcpu-type EPYC-v4)

# Turn a byte of the firmware, wherever QEMU has it in its memory.
cat >writes.py <<-'END'
	import sys
	pid, path = sys.argv[1:]
	image = open(path, "rb").read()
	needle = next(image[i:i + 64] for i in range(len(image) - 0x10000, len(image), 64)
	              if len(set(image[i:i + 64])) > 40)
	written = 0
	with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
	    for line in open(f"/proc/{pid}/maps"):
	        place, mode = line.split()[:2]
	        begin, end = (int(x, 16) for x in place.split("-"))
	        if not mode.startswith("rw") or end - begin > 64 << 20:
	            continue
	        memory.seek(begin)
	        found = memory.read(end - begin).find(needle)
	        if found >= 0:
	            memory.seek(begin + found)
	            memory.write(bytes([needle[0] ^ 1]))
	            written += 1
	sys.exit(0 if written else "the firmware is nowhere")
END
chmod 644 writes.py

qemu_of() {
	cat "/run/libvirt/qemu/$1.pid"
}

system_vm web1
run 0 "$snp_launch" create web1.json --paused
if [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" != 0 ]; then
	echo "not tried: yama keeps the processes of one user apart" >&2
else
	run 0 as_qemu python3 "$work/writes.py" "$(qemu_of web1)" "$work/OVMF.amdsev.fd"
	run 0 "$snp_launch" resume web1
	[ "$(launched web1)" != "$predicted" ] || fail "what was written into QEMU's memory was not launched"
fi
run 0 "$snp_launch" remove -f web1

# QEMU, its disk and the sockets in run/ are the guest's own user's.
truncate -s 1M disk.img
chmod 600 disk.img
disk='"disks": [{"path": "'$work'/disk.img", "format": "raw"}]'
system_vm web1 '"snp": {"user": "snp-web1"}, '"$disk"
run 0 "$snp_launch" create web1.json --paused
says "bound by      protected copies"
pid=$(qemu_of web1)
[ "$(stat -c %U:%G "/proc/$pid" disk.img "$folder/web1/run" | sort -u)" = snp-web1:snp-web1 ] ||
	fail "whose: $(stat -c '%n %U:%G' "/proc/$pid" disk.img "$folder/web1/run")"
[ -z "$(find "$folder/web1/boot" ! -user root)" ] || fail "not root's: $(find "$folder/web1/boot" ! -user root)"
run 1 as_qemu python3 "$work/writes.py" "$pid" "$work/OVMF.amdsev.fd"
grep -q 'PermissionError.*/mem' err || fail "kept out otherwise: $(cat err)"
for private in "$folder/web1/run" /var/lib/libvirt/qemu/domain-*-web1; do
	! as_qemu ls "$private" 2>err || fail "the user of all guests reads $private"
done
run 0 "$snp_launch" resume web1
[ "$(launched web1)" = "$predicted" ] || fail "launched $(launched web1), not $predicted"
run 0 "$snp_launch" show web1
grep -qx "QEMU's user *snp-web1" out || fail "$(cat out)"
run 0 "$snp_launch" show web1 --json
valid out
grep -q '"user": "snp-web1"' out || fail "$(cat out)"
valid "$folder/web1/record.json"
run 0 "$snp_launch" diff web1
# virsh starts it as the same user.
run 0 "$snp_launch" kill web1
run 0 virsh start web1
[ "$(stat -c %U "/proc/$(qemu_of web1)")" = snp-web1 ] || fail "virsh starts it as another user"
run 0 virsh destroy web1

# Another user is a difference, in vm.json and in libvirt's definition.
cp web1.json again.json
sed -i 's/snp-web1/snp-web2/' again.json
run 3 "$snp_launch" diff again.json
says "user: recorded snp-web1, found snp-web2"
run 0 "$snp_launch" diff web1.json
virsh dumpxml --inactive --security-info web1 | sed 's,+64321:+64321,+64322:+64322,' >changed.xml
run 0 virsh define changed.xml
run 3 "$snp_launch" diff web1
says "security labels: recorded static dac relabels +64321:+64321"
run 3 "$snp_launch" start web1
says "[drift]"
run 0 "$snp_launch" create web1.json --replace
run 0 "$snp_launch" kill web1

# A user that is no guest's own is refused before anything is made, and a fragment does not change it.
refused() { # refused NAME TEXT
	refuse "${3:-4}" "$1" "$snp_launch" create web2.json
	grep -qF -- "$2" err || fail "$(cat err)"
	[ ! -e "$folder/web2" ] || fail "left: $(find "$folder/web2")"
}
system_vm web2 '"snp": {"user": "snp-nobody"}'
refused guest-user "it does not exist"
run 3 "$snp_launch" lint web2.json
says "[guest-user]"
system_vm web2 '"snp": {"user": "root"}'
refused guest-user "it is root"
system_vm web2 '"snp": {"user": "'"$qemu_user"'"}'
refused guest-user "guests without snp.user run as it"
system_vm web2 '"snp": {"user": "snp-shared"}'
refused guest-user "its group is that of all guests"
system_vm web2 '"snp": {"user": "snp-web1"}'
refused exists 'user snp-web1 already runs the guest' 1
printf '<domain><seclabel type="none" model="dac"/></domain>\n' >fragment.xml
system_vm web2 '"snp": {"user": "snp-web2"}, "libvirt_xml": "'"$work"'/fragment.xml"'
refused bad-domain "changes what vm.json sets: user: asked snp-web2"

# So it is with an ID block, and where libvirt leaves the owners of files alone.
chown snp-web2:snp-web2 disk.img
key id
system_vm web2 '"snp": {"user": "snp-web2", "id": {"key": "'"$work"'/id.pem"}}, "relabel": false, '"$disk"
run 0 "$snp_launch" create web2.json
[ "$(launched web2)" = "$predicted" ] || fail "launched $(launched web2), not $predicted"
[ "$(stat -c %U "/proc/$(qemu_of web2)")" = snp-web2 ] || fail "web2 runs as another user"
run 0 "$snp_launch" remove -f web2
run 0 "$snp_launch" remove web1
