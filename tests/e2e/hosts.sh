# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests on simulated hosts share: starting and stopping them, guests, and what the guests say.

. "$(dirname "${BASH_SOURCE[0]}")/../cli/functions.sh"

simulated_host=$SNP_BUILD/tests/e2e/simulated-host
library=$SNP_BUILD/launcher/rehearsal/libsnp-rehearsal.so
images=$SNP_SOURCE/build/images
# libvirt's probe of QEMU takes seconds; all tests of a build share one.
cache=$SNP_BUILD/tests/e2e/cache

# at_least VERSION MINIMUM
at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

needs_host() {
	local version
	PATH=$PATH:/usr/sbin
	command -v libvirtd >/dev/null || skip "no libvirtd"
	command -v virsh >/dev/null || skip "no virsh"
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
	version=$(virsh --version)
	at_least "$version" 10.5 || skip "libvirt $version is older than 10.5"
	version=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	at_least "$version" 9.1 || skip "QEMU $version is older than 9.1"
}

# Firmware and kernel where QEMU's user can read them, whoever that is and wherever the clone lies.
needs_images() {
	local image
	for image in OVMF.amdsev.fd linux; do
		[ -s "$images/$image" ] || skip "no $images/$image (tests/run fetches it)"
	done
	chmod 755 "$work"
	cp "$images/OVMF.amdsev.fd" "$images/linux" "$work/"
	chmod 644 "$work/OVMF.amdsev.fd" "$work/linux"
}

folders=()
stop_all() {
	local folder
	for folder in "${folders[@]}"; do
		[ ! -e "$folder" ] || "$simulated_host" stop "$folder"
	done
	rm -rf "$work"
}
trap stop_all EXIT

# start_host OPTION…: its folder in $folder, its URI in $uri.
# shellcheck disable=SC2034,SC2120 # for the callers, with and without options
start_host() {
	run 0 "$simulated_host" start --library "$library" --cache "$cache" "$@"
	read -r folder uri <"$work/out" || fail "no URI"
	folders+=("$folder")
}

# domain NAME POLICY [LAUNCH-SECURITY-CHILDREN]: a guest's XML; $cpu, $vcpus, $cmdline and $hashes vary it.
domain() {
	cat <<-END
		<domain type='kvm'>
		  <name>$1</name>
		  <memory unit='MiB'>512</memory>
		  <vcpu>${vcpus:-2}</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <loader type='rom'>$work/OVMF.amdsev.fd</loader>
		    <kernel>$work/linux</kernel>
		    <cmdline>${cmdline:-console=ttyS0}</cmdline>
		  </os>
		  <features><acpi/><apic/></features>
		  <cpu mode='custom' match='exact' check='none'><model>${cpu:-EPYC-v4}</model></cpu>
		  <on_reboot>destroy</on_reboot>
		  <devices>
		    ${emulator:+<emulator>$emulator</emulator>}
		    <serial type='pty'><log file='$folder/foreign/$1.log'/></serial>
		    <memballoon model='none'/>
		    <video><model type='none'/></video>
		  </devices>
		  <launchSecurity type='sev-snp' kernelHashes='${hashes:-yes}'>
		    <policy>$2</policy>
		    ${3:-}
		  </launchSecurity>
		</domain>
	END
}

# said NAME KEY: what the guest said on its serial port.
said() {
	local i
	for ((i = 0; i < 600; i++)); do
		if grep -q '^simulated-guest: host_data=' "$folder/foreign/$1.log" 2>/dev/null; then
			sed -n "s/^simulated-guest: $2=\([0-9a-fx]*\)\r*$/\1/p" "$folder/foreign/$1.log"
			return
		fi
		sleep 0.1
	done
	fail "guest $1 says nothing"
}

# Processes of the host in $1, the keeper left out.
processes() {
	pgrep -f -- "${1:?}/" | grep -vx -e $$ -e "$BASHPID" || true
}

# gone FOLDER: neither the folder nor a process of it is left.
gone() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ -e "$1" ] || [ -n "$(processes "$1")" ] || return 0
		sleep 0.1
	done
	fail "left of $1: $(ls -A "$1" 2>/dev/null) $(processes "$1" | xargs -r ps -o pid,args -p)"
}
