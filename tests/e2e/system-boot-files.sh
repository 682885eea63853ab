#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A process of QEMU's user, under a system libvirtd with its DAC driver, tries to have other bytes launched than
# were hashed: by opening the kernel as soon as libvirt gives it away, and through a descriptor of an earlier run.
# Where the copies can be protected they are; else nothing is launched without an ID block.
. "$(dirname "$0")/system.sh"
start_system 'namespaces = []'
boot=$folder/web1/boot
predicted=$("$snp_measure" --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd --append 'console=ttyS0 quiet' \
	--vcpus 2 --vcpu-type EPYC-v4)

# Alter the kernel as soon as it can be opened for writing.
opens_it() {
	attack bash -c 'until { exec 3<>"$1"; } 2>/dev/null; do :; done
		printf x | dd bs=1 seek=290000 conv=notrunc status=none >&3' _ "$boot/kernel"
}

# Keep it open from a run without the mount, and alter it when the next start has looked at it: when libvirt gives
# it away again, or another file has its name.
keeps_it() {
	rm -f kept
	attack bash -c 'exec 3<>"$1" && echo ready
		while [ -O "$1" ]; do :; done
		until [ -O "$1" ] || ! [ "$1" -ef /proc/self/fd/3 ]; do :; done
		printf x | dd bs=1 seek=290000 conv=notrunc status=none >&3 && echo altered' _ "$boot/kernel" >kept
	for ((i = 0; i < 100; i++)); do
		grep -q ready kept && return
		sleep 0.1
	done
	fail "the attacker cannot open the kernel"
}

measured() {
	[ "$(launched "$1")" = "$predicted" ] || fail "$1: launched $(launched "$1"), not $predicted"
}

roots() {
	[ -z "$(find "$boot" ! -user root)" ] || fail "not root's: $(find "$boot" ! -user root)"
}

system_vm web1
opens_it
run 0 "$snp_launch" create web1.json
measured web1
says "bound by      protected copies"
kill "$attacker" 2>/dev/null || fail "QEMU's user opened the kernel"
roots
run 0 "$snp_launch" show web1
grep -qx 'bound by *protected copies' out || fail "$(cat out)"
grep -qx 'boot files *mounted read-only' out || fail "$(cat out)"
run 0 "$snp_launch" show web1 --json
valid out
grep -q '"bound_by": "copies"' out || fail "$(cat out)"
grep -q '"boot_files_mounted": true' out || fail "$(cat out)"
run 0 "$snp_launch" diff web1
[ ! -s err ] || fail "$(cat err)"

# The mount is gone, as after a reboot: both say so, the running guest is no longer as it should be, and virsh
# start gives the copies away.
umount -l "$boot"
run 3 "$snp_launch" diff web1
says "boot files: recorded mounted read-only, found not mounted"
run 0 "$snp_launch" show web1
grep -qx 'bound by *nothing' out || fail "$(cat out)"
grep -q '^boot files *not protected' out || fail "$(cat out)"
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" diff web1
grep -qF '[boot-files-not-protected]' err || fail "diff does not warn: $(cat err)"
cp "$boot/kernel" saved
opens_it
run 0 virsh start web1
wait "$attacker"
[ "$(launched web1)" != "$predicted" ] || fail "the attack fails, and tests nothing"
# The bytes are put back. No start and no restart that fails makes what runs look protected.
cat saved >"$boot/kernel"
unprotected() {
	run 0 "$snp_launch" show web1
	grep -qx 'bound by *nothing' out || fail "$(cat out)"
	grep -q '^boot files .*run snp-launch restart$' out || fail "$(cat out)"
	run 3 "$snp_launch" diff web1
	says "boot files: recorded mounted read-only, found not mounted"
}
refuse 1 wrong-guest-state "$snp_launch" start web1
unprotected
run 0 virsh suspend web1
refuse 1 wrong-guest-state "$snp_launch" restart web1
unprotected
run 0 virsh destroy web1
run 0 virsh start web1
keeps_it
run 0 virsh destroy web1
run 0 "$snp_launch" start web1
measured web1
wait "$attacker"
grep -q altered kept || fail "the attacker did not write"
roots
run 0 "$snp_launch" diff web1
# So does restart, on inodes of its own.
before=$(stat -c %i "$boot/kernel")
umount -l "$boot"
run 0 "$snp_launch" restart web1
measured web1
[ "$before" != "$(stat -c %i "$boot/kernel")" ] || fail "the kernel has the inode that libvirt could give away"
run 0 "$snp_launch" diff web1

# What was altered meanwhile is refused, and a start that was killed leaves nothing in the way.
run 0 "$snp_launch" kill web1
umount -l "$boot"
cp "$boot/kernel" saved
printf x | dd of="$boot/kernel" bs=1 seek=290000 conv=notrunc status=none
run 3 "$snp_launch" start web1

says 'the kernel has changed since it was measured'
cat saved >"$boot/kernel"
mkdir "$folder/web1/.boot"
echo left >"$folder/web1/.boot/kernel"
run 0 "$snp_launch" start web1
measured web1
[ ! -e "$folder/web1/.boot" ] || fail "left: .boot"

# Replaced and removed, also while it runs, it leaves no mount.
run 0 "$snp_launch" create web1.json --replace
measured web1
[ "$(grep -c "$folder/" /proc/self/mounts)" = 1 ] || fail "$(grep "$folder/" /proc/self/mounts)"
run 0 "$snp_launch" remove -f web1
! grep "$folder/" /proc/self/mounts || fail "a mount is left"
[ ! -e "$folder/web1" ] || fail "left: $(find "$folder/web1")"

# The mount is gone after a reboot, so such a guest comes up with the host by a unit of ours. (A systemctl of the
# test's own does to the links what the real one would.)
mkdir -p bin /etc/systemd/system
mount -t tmpfs tmpfs /etc/systemd/system
cat >bin/systemctl <<-'END'
	#!/bin/sh
	wants=/etc/systemd/system/multi-user.target.wants
	mkdir -p $wants
	case $1 in
	enable) ln -s "/usr/lib/systemd/system/snp-launch@.service" "$wants/$2" ;;
	disable) rm "$wants/$2" ;;
	esac
END
chmod 755 bin/systemctl
unit=/etc/systemd/system/multi-user.target.wants/snp-launch@web1.service
comes_up() { # comes_up libvirt|unit|neither
	local by=neither
	! virsh dominfo web1 | grep -q '^Autostart: *enable' || by=libvirt
	[ ! -L "$unit" ] || by=$by-unit
	[ "${by#neither-}" = "$1" ] || fail "the guest comes up by $by, not $1"
}
system_vm web1 '"autostart": true'
run 0 env PATH="$work/bin:$PATH" "$snp_launch" create web1.json --no-start
comes_up unit
system_vm web1
run 0 env PATH="$work/bin:$PATH" "$snp_launch" create web1.json --no-start --replace
comes_up neither
system_vm web1 '"autostart": true'
run 0 env PATH="$work/bin:$PATH" "$snp_launch" create web1.json --no-start --replace
run 0 env PATH="$work/bin:$PATH" "$snp_launch" remove web1
[ ! -L "$unit" ] || fail "the unit is left enabled"
system_vm web1 '"autostart": true, "relabel": false'
run 0 env PATH="$work/bin:$PATH" "$snp_launch" create web1.json --no-start
comes_up libvirt
run 0 "$snp_launch" remove web1
system_vm web1 '"autostart": true'
refuse 4 boot-files-not-protected "$snp_launch" create web1.json --state-dir /run/guests
refuse 1 system-error "$snp_launch" create web1.json
[ ! -e "$folder/web1" ] || fail "left: $(find "$folder/web1")"
system_vm web1

# Whoever cannot mount is refused, unless an ID block holds the launch, or libvirt leaves the files alone, or it is
# meant.
unable=(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin)
refuse 4 boot-files-not-protected "${unable[@]}" "$snp_launch" create web1.json
[ ! -e "$folder/web1" ] || fail "left: $(find "$folder/web1")"
run 0 "${unable[@]}" "$snp_launch" create web1.json --unbound
says "bound by      nothing"
run 0 "$snp_launch" kill web1
refuse 4 boot-files-not-protected "${unable[@]}" "$snp_launch" start web1
run 0 "${unable[@]}" "$snp_launch" start web1 --unbound
measured web1
run 0 "$snp_launch" remove -f web1
key id
system_vm web1 '"snp": {"id": {"key": "'"$work"'/id.pem"}}'
opens_it
run 3 "${unable[@]}" "$snp_launch" create web1.json
says "[launch-refused]"
wait "$attacker"
run 0 "${unable[@]}" "$snp_launch" create web1.json
says "bound by      ID block of this host"
run 0 "$snp_launch" remove -f web1
system_vm web1 '"relabel": false'
opens_it
run 0 "${unable[@]}" "$snp_launch" create web1.json
says "bound by      protected copies"
measured web1
kill "$attacker" 2>/dev/null || fail "QEMU's user opened the kernel"
roots
run 0 "$snp_launch" kill web1
run 0 "${unable[@]}" "$snp_launch" start web1
run 0 "$snp_launch" remove -f web1

# A daemon that does not see the mount gives the copies away: then nothing stays up.
kill "$libvirtd"
wait "$libvirtd"
cat >"$work/apart" <<-END
	#!/bin/sh
	exec unshare --mount --propagation private libvirtd
END
chmod 755 "$work/apart"
libvirtd_program=$work/apart launch_libvirtd
system_vm web1
refuse 4 boot-files-not-protected "$snp_launch" create web1.json
[ ! -e "$folder/web1" ] || fail "left: $(find "$folder/web1")"

# With a mount namespace for each guest, as is libvirt's default, the mount does as well. (A guest without SNP, as
# not every container lets libvirt make /dev/sev there.)
run 0 "$snp_launch" create web1.json --no-start
qemu_conf
restart_libvirtd
cat >plain.xml <<-END
	<domain type='qemu'>
	  <name>plain</name>
	  <memory unit='MiB'>64</memory>
	  <os><type arch='x86_64' machine='q35'>hvm</type><kernel>$boot/kernel</kernel></os>
	  <devices><memballoon model='none'/></devices>
	</domain>
END
run 0 virsh define plain.xml
run 0 virsh start plain --paused
roots
pid=$(cat /run/libvirt/qemu/plain.pid)
[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || fail "no mount namespace of its own"
run 0 "$snp_launch" remove web1
run 0 virsh destroy plain
