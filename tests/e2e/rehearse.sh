#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A launch is rehearsed: what QEMU has the simulated secure processor measure is what was predicted, or
# what a document made earlier says; where not, the first difference has a name. Nothing is left behind.
. "$(dirname "$0")/guests.sh"
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
	run 0 "$snp_measure" plan --json ${fold:-} --ovmf OVMF.amdsev.fd --kernel linux --initrd initrd \
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

# A template stands for the command line of each vCPU count, in the document and in the guest's.
with() {
	sed "s/console=ttyS0 quiet/$1/" "$2"
}
with 'console=ttyS0 nr_cpus={vcpu_count}' release.json >template-release.json
run 0 "$snp_measure" publish template-release.json -o template --format reference-values
for words in 'console=ttyS0 nr_cpus={vcpu_count}' 'console=ttyS0 nr_cpus=2'; do
	with "$words" one.json >follows.json
	run 0 rehearse --against template/reference-values.json follows.json
done
with 'console=ttyS0 nr_cpus=1' one.json >fixed.json
run 3 rehearse --against template/reference-values.json fixed.json
says 'first difference: cmdline'
says 'console=ttyS0 nr_cpus=2'

append='console=ttyS0' plan cmdline.json
run 3 rehearse --against cmdline.json one.json
says 'first difference: SEV hash table: cmdline'
model=EPYC-Milan plan model.json
run 3 rehearse --against model.json one.json
says 'CPU signature 0x00a00f11'
says 'CPU signature 0x00800f12'

# A byte of the firmware: its page where the plan has every page, its pages where they are folded.
fold=--all plan all.json
cp OVMF.amdsev.fd kept
printf x | dd of=OVMF.amdsev.fd bs=1 seek=$((80 * 4096)) conv=notrunc 2>/dev/null
run 3 rehearse --against all.json one.json
says 'first difference: firmware 80'
run 3 rehearse --against plan.json one.json
says 'first difference: firmware 0-1023'
[ "$(grep -c ': digest after them [0-9a-f]\{96\}$' out)" = 2 ] || fail "no digests: $(cat out)"
run 3 rehearse --against pub/reference-values.json one.json
says 'first difference: firmware'
cp kept OVMF.amdsev.fd

# Another QEMU is the one that runs, and not only the one that libvirt is asked about.
mkdir -m 777 ran
chmod 777 ran
cat >other-qemu <<-END
	#!/bin/sh
	case "\$*" in *guest=one*) : >"$work/ran/one" ;; esac
	exec qemu-system-x86_64 "\$@"
END
chmod 755 other-qemu
run 0 rehearse --emulator ./other-qemu one.json
[ -e ran/one ] || fail "--emulator did not run the guest"
refuse 1 cannot-open rehearse --emulator ./no-qemu one.json
if [ -n "${SNP_TEST_QEMU:-}" ] && [ -z "${SNP_TEST_QEMU_DATA:-}" ]; then
	run 0 rehearse --emulator "$SNP_TEST_QEMU" one.json
fi

# A site's own template is filled, as create does.
sed 's,<on_crash>destroy,<on_crash>preserve,' "$SNP_SOURCE/templates/domain.xml" >site.xml
run 0 rehearse --template site.xml one.json
refuse 1 cannot-open rehearse --template no.xml one.json

# What the simulated KVM and secure processor refuse is explained.
vm newer '"snp": {"policy": {"abi_min": "1.99"}}'
run 3 rehearse newer.json
says POLICY_FAILURE
vm socket '"snp": {"policy": {"single_socket": true}}'
run 3 rehearse socket.json
says 'only since Linux 6.19'
run 0 rehearse --kernel 6.19 socket.json

# What the secure processor would refuse is refused here too, with its reason.
make_keys
vm bound '"snp": {"id": {"key": "'"$work/id.pem"'"}}'
run 0 rehearse bound.json
refuse 1 cannot-open rehearse nothing.json

# Several at once; and nothing is left, however a rehearsal ends.
vm other
"$snp_launch" rehearse one.json >one.out 2>&1 &
first=$!
run 0 rehearse other.json
wait "$first" || fail "beside another: $(cat one.out)"
# left NAME: folders of hosts that have a guest of this name, and processes of it.
left() {
	local entry
	for entry in /tmp/snp-host-*/guests/"$1"; do
		[ ! -e "$entry" ] || echo "$entry"
	done
	pgrep -f "guest=$1[, ]" || true
}
set -m # or a shell's background jobs do not hear of Ctrl-C
for signal in INT KILL; do
	vm "by-$signal"
	"$snp_launch" rehearse "by-$signal.json" >killed.out 2>&1 &
	killed=$!
	until [ -n "$(left "by-$signal")" ]; do
		kill -0 "$killed" 2>/dev/null || fail "by-$signal was never there: $(cat killed.out)"
		sleep 0.05
	done
	kill -s "$signal" "$killed"
	wait "$killed" && fail "by-$signal: not killed"
	for ((i = 0; i < 600; i++)); do
		[ -n "$(left "by-$signal")" ] || break
		sleep 0.1
	done
done
for name in one other newer socket bound by-INT by-KILL; do
	[ -z "$(left "$name")" ] || fail "left: $(left "$name")"
done
