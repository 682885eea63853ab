#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SEV-ES by both of KVM's interfaces, which measure different FPU states, and SEV: what QEMU has the
# simulated firmware measure is what snp-measure computes.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images

start_host
firmware=(--ovmf "$work/OVMF.amdsev.fd" --vcpu-type EPYC-v4)
kernel=(--kernel "$work/linux" --append "console=ttyS0  quiet")

# launch NAME VCPUS SEV-GUEST-PROPERTIES [QEMU-OPTION…]: the digest that the guest says, in $digest.
launch() {
	local name=$1 vcpus=$2 properties=$3 qemu i
	shift 3
	LD_PRELOAD=$folder/lib/libsnp-rehearsal.so qemu-system-x86_64 -name "guest=$name" -nodefaults \
		-display none -accel kvm -machine q35,confidential-guest-support=sev0 -m 512M \
		-cpu EPYC-v4 -smp "$vcpus" -bios "$work/OVMF.amdsev.fd" -serial "file:$work/$name.log" \
		-object "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,$properties" "$@" 2>err &
	qemu=$!
	for ((i = 0; i < 600; i++)); do
		digest=$(sed -n 's/^simulated-guest: launch_digest=\([0-9a-f]*\)\r$/\1/p' "$name.log" \
			2>/dev/null) && [ -n "$digest" ] && break
		sleep 0.1
	done
	kill $qemu 2>/dev/null
	wait $qemu 2>/dev/null
	[ -n "$digest" ] || fail "$name: no digest"
}

# expect OPTION…: the same from snp-measure.
expect() {
	run 0 "$snp_measure" "$@"
	[ "$(cat out)" = "$digest" ] || fail "$* is $(cat out), the launch $digest"
}

launch legacy 3 policy=0x5,kernel-hashes=on,legacy-vm-type=on -kernel "$work/linux" \
	-append "console=ttyS0  quiet"
expect --mode seves --profile qemu-es-legacy "${firmware[@]}" "${kernel[@]}" --vcpus 3
launch init2 3 policy=0x5,kernel-hashes=on,legacy-vm-type=off -kernel "$work/linux" \
	-append "console=ttyS0  quiet"
expect --mode seves --profile qemu-es-init2 "${firmware[@]}" "${kernel[@]}" --vcpus 3
launch plain 1 policy=0x5,legacy-vm-type=on
expect --mode seves --profile qemu-es-legacy "${firmware[@]}" --vcpus 1
launch sev 2 policy=0x1,kernel-hashes=on -kernel "$work/linux" -append "console=ttyS0  quiet"
expect --mode sev "${firmware[@]}" "${kernel[@]}" --vcpus 2
