# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests on qemu:///system share. Root's libvirtd with its DAC driver, virtlogd and QEMU as another user
# run in mount, PID and network namespaces of the test's own: all they write goes into tmpfs, and all end with the
# test. The simulated processor is the preload library, as on a simulated host (hosts.sh).

[ "$(id -u)" = 0 ] || {
	echo "skipped: needs root, to run a system libvirtd" >&2
	exit 77
}
if [ -z "${SNP_IN_NAMESPACE:-}" ]; then
	unshare --mount --pid --net --fork true 2>/dev/null || {
		echo "skipped: no mount, PID and network namespaces to be had here" >&2
		exit 77
	}
	SNP_IN_NAMESPACE=1 exec unshare --mount --pid --net --fork --kill-child --mount-proc "$BASH" "$0" "$@"
fi

. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"

needs_system() {
	needs_host
	command -v virtlogd >/dev/null || skip "no virtlogd"
	qemu_user=libvirt-qemu
	id "$qemu_user" >/dev/null 2>&1 || skip "no user $qemu_user"
}

# qemu_conf [LINE…]: what the system daemon is told, and further lines.
qemu_conf() {
	printf '%s\n' 'security_driver = "none"' 'cgroup_controllers = []' \
		"user = \"$qemu_user\"" 'group = "kvm"' "$@" >/etc/libvirt/qemu.conf
}

# start_system [LINE…]: virtlogd and libvirtd, with further lines of qemu.conf.
start_system() {
	local mount i
	for mount in /run /var/lib/libvirt /var/lib/snp-launch /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
		mkdir -p "$mount"
		mount -t tmpfs -o mode=755 tmpfs "$mount" || skip "cannot mount a tmpfs over $mount"
	done
	: >/etc/libvirt/libvirt.conf
	: >/etc/libvirt/virtlogd.conf
	echo 'log_outputs = "3:stderr"' >/etc/libvirt/libvirtd.conf
	qemu_conf "$@"
	# The processor's folder, as a simulated host has it; QEMU's user writes there.
	start_host
	mkdir "$work/processor" "$work/processor/foreign" "$work/processor/log"
	cp -r "$folder/lib" "$folder/chip" "$folder/host.conf" "$work/processor/"
	mkdir -p /var/cache/libvirt/qemu
	[ ! -d "$folder/cache/libvirt/qemu/cache" ] || cp -r "$folder/cache/libvirt/qemu/cache/." /var/cache/libvirt/qemu/
	chmod -R a+rX "$work/processor"
	chmod 1777 "$work/processor/foreign" "$work/processor/log"
	run 0 "$simulated_host" stop "$folder"
	virtlogd 2>"$work/virtlogd.log" &
	launch_libvirtd
	export LIBVIRT_DEFAULT_URI=qemu:///system
	folder=/var/lib/snp-launch
}

launch_libvirtd() {
	local i
	LD_PRELOAD=$work/processor/lib/libsnp-rehearsal.so \
		"${libvirtd_program:-libvirtd}" 2>>"$work/libvirtd.log" &
	libvirtd=$!
	for ((i = 0; i < 600; i++)); do
		! virsh -c qemu:///system uri >/dev/null 2>&1 || return 0
		kill -0 "$libvirtd" 2>/dev/null || break
		sleep 0.1
	done
	fail "libvirtd does not answer: $(tail -n 5 "$work/libvirtd.log")"
}

restart_libvirtd() {
	kill "$libvirtd"
	wait "$libvirtd"
	launch_libvirtd
}

as_qemu() {
	setpriv --reuid="$qemu_user" --regid=kvm --clear-groups "$@"
}

# attack COMMAND…: a process of QEMU's user beside the test, $attacker.
attack() {
	exec setpriv --reuid="$qemu_user" --regid=kvm --clear-groups "$@" &
	attacker=$!
}

# system_vm NAME [MEMBERS]: NAME.json, as vm() of guests.sh.
system_vm() {
	cat >"$1.json" <<-END
		{"schema": "snp-launch/1", "name": "$1",
		 "firmware": {"path": "$work/OVMF.amdsev.fd"},
		 "boot": {"kernel": "$work/linux", "initrd": "$work/initrd", "cmdline": "console=ttyS0 quiet"},
		 "cpu": {"count": 2}, "memory": {"size": "256MiB"}${2:+, $2}}
	END
}

# launched NAME: the digest that the simulated processor launched, as the guest says on its console.
launched() {
	local i
	for ((i = 0; i < 100; i++)); do
		sed -n 's/^simulated-guest: launch_digest=\([0-9a-f]*\)\r*$/\1/p' \
			"$folder/$1"/{log,run}/console.log 2>/dev/null | grep . && return
		sleep 0.1
	done
	fail "guest $1 says nothing"
}

needs_system
needs_images
snp_launch=$SNP_BUILD/launcher/snp-launch
head -c 300000 /dev/zero | tr '\0' 'i' >"$work/initrd"
