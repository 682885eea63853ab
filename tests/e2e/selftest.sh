#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# selftest, as far as a machine without SEV-SNP can go: the guest boots under emulation, the launch runs on a simulated
# host, and the answer says what was simulated. The guest's side of the conversation over its console runs under
# emulation, with a responder that stands in for the secure processor.
. "$(dirname "$0")/guests.sh"
for tool in busybox cpio python3 jq; do
	command -v $tool >/dev/null || skip "no $tool"
done
unset LIBVIRT_DEFAULT_URI
selftest=("$snp_launch" selftest --firmware OVMF.amdsev.fd --kernel linux)
# No libvirt of this machine's: the host can launch nothing.
host=(-c "qemu+unix:///system?socket=$work/none")
states() {
	jq -r '[.steps[] | select(.state == $state) | .name] | join(" ")' --arg state "$1" out
}

run 3 "${selftest[@]}" "${host[@]}" --json --save witness.json
valid out
valid witness.json
[ "$(jq -r '.outcome + " " + (.on_hardware | tostring)' out)" = 'needs-hardware false' ] || fail "$(cat out)"
[ "$(states 'not run')" = host ] || fail "not run: $(cat out)"
expected='firmware guest digest emulated-boot'
at_least "$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')" 10.0 || expected='firmware guest digest'
[ "$(states passed)" = "$expected" ] || fail "passed: $(cat out)"
[ "$(states simulated)" = 'launch report signature contents changed-kernel' ] || fail "simulated: $(cat out)"
jq -r '.steps[] | select(.name == "changed-kernel") | .found' out | grep -q BAD_MEASUREMENT || fail "$(cat out)"
digest=$(jq -r '.steps[] | select(.name == "digest") | .found' out)
[ "${digest%%,*}" = "$(jq -r .launch.launch_digest witness.json)" ] || fail "another digest in the witness"

# What was kept is read back: digest and verdict come out again, and not of a witness that somebody changed.
witness=("$SNP_SOURCE/tests/golden/read-witness" "$snp_measure")
run 0 "${witness[@]}" witness.json
jq '.launch.kernel_sha256 |= ("00" + .[2:])' witness.json >other.json
run 1 "${witness[@]}" other.json
grep -q 'another digest' err || fail "a changed kernel's hash: $(cat err)"
jq '.nonce |= ("00" + .[2:])' witness.json >other.json
run 1 "${witness[@]}" other.json
grep -q 'refused: report-data' err || fail "another nonce: $(cat err)"

# A firmware that checks no hashes ends it before anything is launched.
if [ -s "$images/sid-OVMF.fd" ]; then
	run 3 "$snp_launch" selftest "${host[@]}" --firmware "$images/sid-OVMF.fd" --kernel linux --save none.json
	grep -Eq '^firmware +failed .*does not check kernel hashes' out || fail "$(cat out)"
	grep -Eq '^launch +not run' out || fail "$(cat out)"
	grep -qF '1 failed, 1 passed on this machine, 0 on a simulated secure processor, 8 not run' out || fail "$(cat out)"
	grep -qF '[no-witness]' err || fail "no word about the witness: $(cat err)"
	[ ! -e none.json ] || fail "a witness of nothing"
fi
run 3 "$snp_launch" selftest "${host[@]}" --firmware OVMF.amdsev.fd --kernel OVMF.amdsev.fd
grep -Eq '^guest +failed .*is not a bzImage' out || fail "firmware as a kernel: $(cat out)"
refuse 2 usage "${selftest[@]}" --timeout 0

# The same files make the same guest; where its processor has no SEV-SNP, it says so. With something in place of the
# device and of the responder, it answers over its console.
maker=$SNP_SOURCE/launcher/libexec/selftest-guest
for n in 1 2; do
	run 0 "$maker" linux "" "$SNP_SOURCE/templates/snp-responder" initrd$n
done
cmp -s initrd1 initrd2 || fail "another guest of the same files"
# Modules come with what they need, in the order in which they are loaded, and unpacked.
mkdir -p modules/kernel
echo configfs >modules/kernel/configfs.ko
for name in tsm sev-guest; do
	echo $name | gzip >modules/kernel/$name.ko.gz
done
cat >modules/modules.dep <<'END'
kernel/other.ko.xz: kernel/configfs.ko
kernel/sev-guest.ko.gz: kernel/tsm.ko.gz kernel/configfs.ko
kernel/tsm.ko.gz: kernel/configfs.ko
kernel/configfs.ko:
END
run 0 "$maker" linux modules "$SNP_SOURCE/templates/snp-responder" initrd3
for name in modules lib/configfs.ko lib/tsm.ko lib/sev-guest.ko; do
	cpio -i --quiet --to-stdout "$name" <initrd3
done >unpacked 2>/dev/null
printf '%s\n' configfs.ko tsm.ko sev-guest.ko configfs tsm sev-guest | cmp -s - unpacked || fail "modules: $(cat unpacked)"
run 1 "$maker" initrd1 "" "$SNP_SOURCE/templates/snp-responder" initrd4
grep -q 'is not a bzImage' err || fail "an initrd as kernel: $(cat err)"
mkdir -p over/bin
printf '#!/bin/sh\n' >over/bin/has-sev-guest
cat >over/bin/snp-responder <<'END'
#!/bin/sh
head -c 64
yes responder | head -n 300
END
chmod 755 over/bin/*
(cd over && find . | cpio -o -H newc -R 0:0 --quiet) >>initrd2
qemu-system-x86_64 -accel tcg -machine pc -cpu max -m 256 -no-user-config -nodefaults -display none -no-reboot \
	-kernel linux -initrd initrd2 -append 'console=ttyS0 quiet panic=-1' \
	-chardev "socket,id=console,path=$work/console.sock,server=on,wait=off,logfile=$work/console.log" -serial chardev:console &
qemu=$!
trap 'kill $qemu 2>/dev/null; stop_all' EXIT
cat >console <<'END'
#!/usr/bin/env python3
import os, select, socket, sys
assert sys.argv[1:] == ["-c", "uri", "console", "--force", "--raw", "guest"], sys.argv
s = socket.socket(socket.AF_UNIX)
s.connect("console.sock")
while True:
    for ready in select.select([s, 0], [], [])[0]:
        data = os.read(ready if ready == 0 else s.fileno(), 4096)
        if not data:
            sys.exit()
        s.sendall(data) if ready == 0 else os.write(1, data)
END
chmod +x console
for ((i = 0; i < 1200; i++)); do
	! grep -q '^snp-selftest: ready' console.log 2>/dev/null || break
	kill -0 $qemu 2>/dev/null || fail "QEMU ended early: $(cat console.log)"
	sleep 0.1
done
# A nonce with every kind of byte that a terminal would take for itself.
{
	printf '\0\1\3\4\n\r\21\23\32\34\177%%\\'
	head -c 64 /dev/zero | tr '\0' '\377'
} | head -c 64 >nonce
{
	cat nonce
	yes responder | head -n 300
} >expected
for n in 1 2; do
	"$SNP_SOURCE/launcher/libexec/ask-console" ./console uri guest <nonce >answer || fail "no answer: $(cat console.log)"
	cmp -s answer expected || fail "another answer: $(od -c answer | head -n 6)"
done
