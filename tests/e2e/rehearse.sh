#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A launch is rehearsed: what QEMU has the simulated secure processor measure is what was predicted, or
# what a document made earlier says; where not, the first difference has a name. Nothing is left behind.
. "$SNP_SOURCE/tests/e2e/guests.sh" || exit 1
export XDG_CACHE_HOME=$cache/user
mkdir -p "$XDG_CACHE_HOME"

vm one '"networks": [{"type": "user"}], "tpm": "emulated", "vsock": {"cid": "auto"}, "autostart": true,
	"disks": [{"path": "/nonexistent/disk", "format": "raw"}]'
rehearse() {
	"$snp_launch" rehearse --ignore emulated-tpm "$@"
}

run 0 rehearse one.json
says 'nothing is encrypted and no guest code runs'
says "predicted  $(predicted)"
says "rehearsed  $(predicted)"
grep -qx equal out || fail "no verdict: $(cat out)"
for pointer in disks networks vsock tpm autostart; do
	says "left out   /$pointer:"
done
run 0 rehearse --kernel 6.19 one.json --json
grep -q '"equal": true' out || fail "JSON does not say so"
valid out

# A plan that was made before one byte of the kernel changed.
plan() {
	run 0 "$snp_measure" plan --json --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd \
		--append "${append:-console=ttyS0 quiet}" --vcpus 2 --vcpu-type "${model:-EPYC-v4}"
	mv out "$1"
}
plan plan.json
run 0 rehearse --against plan.json one.json
cp linux kept
printf x | dd of=linux bs=1 seek=1000000 conv=notrunc 2>/dev/null
run 3 rehearse --against plan.json one.json
says 'first difference: SEV hash table: kernel'
says "kernel $(sha256sum kept | cut -d' ' -f1)"
says "kernel $(sha256sum linux | cut -d' ' -f1)"
run 3 rehearse --against plan.json one.json --json
grep -q '"what": "SEV hash table: kernel"' out || fail "JSON and text differ"
valid out

# A published document, likewise.
cat >release.json <<-END
	{"schema": "snp-release/1", "images": [{"name": "one", "firmware": "OVMF.amdsev.fd", "kernel": "kept",
	 "initrd": "initrd", "cmdline": "console=ttyS0 quiet", "vcpu_count": [1, 2], "cpu_model": ["EPYC-v4"]}]}
END
run 0 "$snp_measure" publish release.json -o pub --format reference-values
run 3 rehearse --against pub/reference-values.json one.json
says 'first difference: kernel'
cp kept linux
run 0 rehearse --against pub/reference-values.json one.json
append='console=ttyS0' plan cmdline.json
run 3 rehearse --against cmdline.json one.json
says 'first difference: SEV hash table: cmdline'
model=EPYC-Milan plan model.json
run 3 rehearse --against model.json one.json
says 'CPU signature 0x00a00f11'
says 'CPU signature 0x00800f12'

# What the secure processor would refuse is refused here too, with its reason.
make_keys
vm bound '"snp": {"id": {"key": "'"$work/id.pem"'"}}'
run 0 rehearse bound.json
refuse 1 cannot-open rehearse nothing.json

for left in /tmp/snp-host-*/guests/one; do
	[ ! -e "$left" ] || fail "left: $left"
done
