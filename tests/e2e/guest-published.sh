#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main road: ID blocks signed where the images were published, no private key on the host. The guest
# for whose vCPU count and model there is one is launched bound to it; another image is refused, by name.
. "$(dirname "$0")/guests.sh"
begin
make_keys

cat >release.json <<-END
	{"schema": "snp-release/1",
	 "images": [{"name": "web", "firmware": "OVMF.amdsev.fd", "kernel": "linux", "initrd": "initrd",
	   "cmdline": "console=ttyS0 quiet", "policy": "0x30000", "guest_svn": 4,
	   "vcpu_count": ["1-4"], "cpu_model": ["EPYC-v4", "EPYC-Milan"],
	   "guest_features": ["0x1"], "vmm_profile": ["qemu"]}]}
END
run 0 "$snp_measure" publish release.json -o published --id-key id.pem --author-key author.pem
run 0 "$snp_measure" publish release.json -o unsigned
rm id.pem author.pem

vm web1 '"snp": {"id": {"reference": "'"$work"'/published/reference-values.json"}}'
run 0 "$snp_launch" create web1.json
says "bound by      ID block of its publisher"
[ "$(heard web1 launch_digest)" = "$(predicted)" ] || fail "the guest says another digest"
run 0 "$snp_launch" show web1 --json
[ "$(field guest_svn)" = 4 ] || fail "svn is $(field guest_svn)"
[ "$(field source)" = reference ] || fail "bound by $(field source)"
says '"author_key_digest"'
run 0 "$snp_launch" remove -f web1

cp linux original
printf x | dd of=linux bs=1 seek=290000 conv=notrunc status=none
run 3 "$snp_launch" create web1.json
says "another kernel"
nothing_left web1
cp original linux
sed -i 's/ttyS0 quiet/ttyS0 single/' web1.json
run 3 "$snp_launch" create web1.json
says "another command line"
nothing_left web1

# A count that was not published, and a document without ID blocks.
vcpus=5
vm web1 '"snp": {"id": {"reference": "'"$work"'/published/reference-values.json"}}'
run 3 "$snp_launch" create web1.json
says "[no-such-variant]"
nothing_left web1
vcpus=2
vm web1 '"snp": {"id": {"reference": "'"$work"'/unsigned/reference-values.json"}}'
refuse 4 not-bound "$snp_launch" create web1.json
nothing_left web1

# A UKI has its own initrd. It is measured, bound and launched as one file.
fixture make-uki uki .linux=@linux .initrd=@initrd '.cmdline=root=/dev/vda'
sed 's/"kernel": "linux", "initrd": "initrd"/"kernel": "uki"/' release.json >uki-release.json
key id
run 0 "$snp_measure" publish uki-release.json -o uki-published --id-key id.pem
vm web2 '"snp": {"id": {"reference": "'"$work"'/uki-published/reference-values.json"}}'
sed -i 's|"kernel": "[^"]*", "initrd": "[^"]*"|"kernel": "'"$work"'/uki"|' web2.json
run 0 "$snp_launch" create web2.json
says "bound by      ID block of its publisher"
[ "$(heard web2 launch_digest)" = "$("$snp_measure" --ovmf OVMF.amdsev.fd --kernel uki --append 'console=ttyS0 quiet' \
	--vcpus 2 --vcpu-type EPYC-v4)" ] || fail "the guest says another digest"
run 0 "$snp_launch" remove -f web2

# A template stands for the command line of each vCPU count, in the document and in vm.json.
sed 's/"cmdline": "[^"]*"/"cmdline": "console=ttyS0 nr_cpus={vcpu_count}"/' release.json >template-release.json
run 0 "$snp_measure" publish template-release.json -o template --id-key id.pem
vm web3 '"snp": {"id": {"reference": "'"$work"'/template/reference-values.json"}}'
sed -i 's/"cmdline": "[^"]*"/"cmdline": "console=ttyS0 nr_cpus={vcpu_count}"/' web3.json
run 0 "$snp_launch" create web3.json
[ "$(heard web3 launch_digest)" = "$("$snp_measure" --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd \
	--append 'console=ttyS0 nr_cpus=2' --vcpus 2 --vcpu-type EPYC-v4)" ] || fail "the guest says another digest"
run 0 "$snp_launch" diff web3
run 0 "$snp_launch" remove -f web3
sed -i 's/nr_cpus={vcpu_count}/nr_cpus=1/' web3.json
run 3 "$snp_launch" create web3.json
says "another command line"
nothing_left web3
