#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What snp-launch answers without a host: diagnose, policy, schema, check; as text and as documents that are
# valid by their schemas.
. "$(dirname "$0")/launch.sh"

run 0 "$snp_launch" diagnose "SNP_LAUNCH_FINISH ret=-5 fw_error=11 'Bad measurement'"
says 'BAD_MEASUREMENT'
says 'SNP_LAUNCH_FINISH'
run 0 "$snp_launch" diagnose SNP_LAUNCH_START ret=-22 fw_error=0
says 'KVM, not the firmware, refuses the launch'
# A message that begins as an option does, wherever it stands; without a blank it is one.
for text in '-accel kvm: vm-type SEV-SNP not supported by KVM' '--accel kvm: vm-type X not supported by KVM'; do
	run 0 "$snp_launch" diagnose "$text"
	says 'snp-launch rehearse'
	run 0 "$snp_launch" diagnose "$text" --json
	valid out
	says '"name": "no-snp-vm-type"'
	run 0 "$snp_launch" diagnose qemu: "$text"
	run 0 "$snp_launch" diagnose -- "$text"
done
refuse 2 usage "$snp_launch" diagnose -accel
run 0 "$snp_launch" explain --json 0x16
valid out
says '"firmware_error": "0x16"'
run 3 "$snp_launch" diagnose 'the printer is on fire'
says 'message not recognized'
run 3 "$snp_launch" diagnose --json 'the printer is on fire'
valid out

run 0 "$snp_launch" policy encode
says 0x30000
run 0 "$snp_launch" policy encode debug abi_min=1.55
says 0xb0137
run 0 "$snp_launch" policy decode 0xb0137
grep -q '^debug *true' out || fail "$(cat out)"
run 0 "$snp_launch" policy decode 0xb0137 --json
valid out
run 0 "$snp_launch" policy encode smt=false --json
valid out
refuse 4 bad-hex "$snp_launch" policy decode 196608

run 0 "$snp_launch" schema
cmp -s out "$SNP_SOURCE/templates/vm.schema.json" || fail "not the schema of vm.json"

# Whatever this machine is, the answer comes whole, on one screen, and says what to do.
"$snp_launch" check >out 2>err
status=$?
[ $status = 0 ] || [ $status = 3 ] || fail "check exits with $status"
[ ! -s err ] || fail "check writes to stderr: $(cat err)"
[ "$(wc -l <out)" -le 40 ] || fail "more than a screen"
[ $status = 0 ] || says 'snp-launch rehearse'
"$snp_launch" check --json >out
valid out
firmware fw
kernel kernel
vm
"$snp_launch" check --json vm.json >out
valid out
says "$work/fw"

# Firmware that cannot measure a kernel will do for a host, and not for a guest that has one.
firmware fw no-hash-table
"$snp_launch" check vm.json >out 2>err
grep -q "^no  *firmware  *$work/fw: SEV-SNP, but without a measured kernel" out || fail "$(cat out)"
sed -i '/"boot"/d' vm.json
"$snp_launch" check vm.json >out 2>err
grep -q "^note  *firmware  *$work/fw: SEV-SNP, but without a measured kernel" out || fail "$(cat out)"
