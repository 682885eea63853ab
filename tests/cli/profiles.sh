#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The profiles are listed one a line, name first; each is accepted by the mode it is for, and those of
# different VMMs have different digests.
. "$(dirname "$0")/functions.sh"

firmware fw 'section 0x800000 0x9000 1' 'section 0x80d000 0x1000 2' 'section 0x80e000 0x1000 3'
run 0 "$snp_measure" --profile list
cp out list
for name in qemu qemu-fpu0 qemu-es-legacy qemu-es-init2 ec2 ec2-rdx0 gce svsm svsm-fpu0 \
	igvm-qemu-10 igvm-qemu-11 igvm-directive-order igvm-native-zero igvm-cloud-hypervisor igvm-openvmm; do
	grep -q "^$name " list || fail "--profile list lacks $name"
done
# What a profile of IGVM files rests on: the first and both of igvmmeasure were run.
[ "$(sed -n 's/ .*(witnessed by runs)$//p' list | xargs)" = 'igvm-qemu-10 igvm-directive-order igvm-native-zero' ] ||
	fail "another profile is witnessed"
[ "$(grep -c '(read in source, not run)$' list)" = 3 ] || fail "three profiles were read only"

for name in qemu qemu-fpu0 ec2 ec2-rdx0 gce; do
	run 0 "$snp_measure" --profile $name --ovmf fw --vcpus 2 --vcpu-type EPYC
	cat out >>digests
done
for name in qemu-es-legacy qemu-es-init2; do
	run 0 "$snp_measure" --mode seves --profile $name --ovmf fw --vcpus 2 --vcpu-type EPYC
	cat out >>digests
done
[ "$(sort -u digests | wc -l)" = 7 ] || fail "two profiles give one digest"

# The short way to a VMM's current one; only QEMU's needs the vCPU model.
for vmm in ec2 gce; do
	run 0 "$snp_measure" --profile $vmm --ovmf fw --vcpus 2
	same "$snp_measure" --vmm-type ${vmm^^} --ovmf fw --vcpus 2
	same "$snp_measure" --vmm-type $vmm --ovmf fw --vcpus 2 --vcpu-type EPYC-Milan
done

# SEV-ES has two right digests; without a profile the tool says which one it gave.
run 0 "$snp_measure" --mode seves --ovmf fw --vcpus 1 --vcpu-type EPYC
grep -qF '[two-es-digests]' err || fail "no warning about the second right digest"
same "$snp_measure" --mode seves --profile qemu-es-init2 --ovmf fw --vcpus 1 --vcpu-type EPYC
[ ! -s err ] || fail "a warning although the profile is named"
run 0 "$snp_measure" --json --mode seves --ovmf fw --vcpus 1 --vcpu-type EPYC
says '"two-es-digests"'
