#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What KVM and the secure processor refuse, in the words in which it reaches a client of libvirt; by kernel
# generation and firmware.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images

n=0
# try POLICY RESULT: "started", or a part of libvirt's error.
try() {
	local got=0
	n=$((n + 1))
	domain "try$n" "$1" >domain.xml
	run 0 virsh -c "$uri" define domain.xml
	virsh -c "$uri" start "try$n" >out 2>err </dev/null || got=$?
	if [ "$2" = started ]; then
		[ $got = 0 ] || fail "policy $1 is refused"
		[ "$(said "try$n" policy)" = "$1" ] || fail "policy $1: the guest says otherwise"
		run 0 virsh -c "$uri" destroy "try$n"
	else
		[ $got != 0 ] || fail "policy $1 is accepted"
		grep -qF -- "$2" err || fail "policy $1 is refused in other words"
	fi
}

kvm="SNP_LAUNCH_START ret=-22 fw_error=0 ''"
firmware="SNP_LAUNCH_START ret=-5 fw_error=7 'Policy is not allowed'"

vcpus=1
start_host
try 0x30000 started
try 0x3001f started
try 0xb0000 started
try 0x10000 "$kvm"    # bit 17 clear
try 0x20000 "$kvm"    # SMT clear
try 0x130000 "$kvm"   # SINGLE_SOCKET
try 0x70000 "$kvm"    # MIGRATE_MA
try 0x230000 "$kvm"   # CXL_ALLOW
try 0x2030000 "$kvm"  # PAGE_SWAP_DISABLE
try 0x30138 "$firmware" # ABI 1.56

start_host --kernel 6.19
try 0x30000 started
try 0x130000 started
try 0x230000 started
try 0x20000 "$firmware"   # SMT clear on a host with SMT
try 0x430000 "$firmware"  # AES-256-XTS
try 0x830000 "$firmware"  # RAPL off
try 0x1030000 "$firmware" # ciphertext hiding
try 0x2030000 "$kvm"      # PAGE_SWAP_DISABLE, firmware 1.55
try 0x70000 "$kvm"

start_host --kernel 6.19 --firmware 1.58.1
try 0x2030000 started
try 0x3013a started

# Firmware in pflash has no guest_memfd, and its section comes to KVM before any other.
domain pflash 0x30000 | sed "s|<loader type='rom'>|<loader type='pflash' readonly='yes'>|" >domain.xml
run 0 virsh -c "$uri" define domain.xml
run 1 virsh -c "$uri" start pflash
[ -s err ] || fail "pflash: refused without a word"

refuse 2 usage "$simulated_host" start --kernel 6.13
refuse 2 usage "$simulated_host" start --firmware 1.55
refuse 2 usage "$simulated_host" start --folder relative
