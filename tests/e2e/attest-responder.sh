#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# templates/snp-responder in a guest of its own, a Debian kernel under QEMU's TCG, is asked by snp-launch. No
# secure processor is there, so a folder takes the place of configfs: FIFOs stand for outblob and auxblob, and
# the simulated chip of the guest "one" answers behind them. Serial ports carry the conversations; the guest
# ends with the answer, which so ends too.
. "$(dirname "$0")/guests.sh"
busybox=$(command -v busybox) || skip "no busybox (Debian's busybox-static)"
! ldd "$busybox" >/dev/null 2>&1 || skip "$busybox is not static (Debian's busybox-static is)"
for tool in cpio python3; do
	command -v $tool >/dev/null || skip "no $tool"
done
begin
export XDG_DATA_HOME=$work/none
vm one
run 0 "$snp_launch" create one.json

# ask SOCKET: its input goes there, what comes back is its output; both are kept.
cat >ask <<'END'
#!/usr/bin/env python3
import socket, sys
data = sys.stdin.buffer.read(64)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(data)
answer = b"".join(iter(lambda: s.recv(65536), b""))
sys.stdout.buffer.write(answer)
open("asked", "wb").write(data)
open("answered", "wb").write(answer)
END
chmod +x ask
chip=$folder/guests/one/run/report.sock
head -c 64 /dev/zero | ./ask "$chip" >/dev/null || fail "the simulated chip does not answer"
size=$(stat -c %s answered)
[ "$size" -gt 1184 ] || fail "the simulated chip gives no certificates"

# As the kernel does it: a new entry has its attributes at once, outblob is made when it is opened, of what is
# in inblob by then, and an entry goes with its attributes.
mkdir -p root/bin root/dev root/report
cp "$busybox" root/bin/busybox
for tool in cat head mkdir mkfifo mount poweroff rm rmdir sh sha256sum sleep stty tail; do
	ln -s busybox root/bin/$tool
done
cp "$SNP_SOURCE/templates/snp-responder" root/bin/
cat >root/bin/kernel <<'END'
#!/bin/sh
until cd /report/*-*; do sleep 0.1; done 2>/dev/null
mkfifo outblob auxblob
echo ready
exec 3>outblob
cat inblob >&9
head -c "$report_size" <&9 >/answer
head -c 1184 /answer >&3
sha256sum inblob /answer
exec 3>&-
exec 4>auxblob
tail -c +1185 /answer >&4
rm inblob outblob auxblob
END
cat >root/init <<'END'
#!/bin/sh
export PATH=/bin SNP_TSM_REPORT=/report report_size
mount -t devtmpfs none /dev
exec 8<>/dev/ttyS1 9<>/dev/ttyS2
stty 115200 raw -echo <&8
stty 115200 raw -echo <&9
kernel &
snp-responder <&8 >&8
echo "status $?"
for left in /report/*; do echo "left $left"; done
exec 8>&- 9>&-
poweroff -f
END
chmod +x root/init root/bin/kernel
(cd root && find . | cpio -o -H newc -R 0:0 --quiet) >initramfs

# The chip waits seconds for its 64 bytes, this stays for a whole boot.
cat >relay <<'END'
#!/usr/bin/env python3
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("chip.sock")
listener.listen()
if os.fork():
    sys.exit()
listener.settimeout(600)
guest = listener.accept()[0]
data = guest.recv(64, socket.MSG_WAITALL)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(data)
while chunk := s.recv(65536):
    guest.sendall(chunk)
guest.recv(1)
END
chmod +x relay
run 0 ./relay "$chip"

qemu-system-x86_64 -accel tcg -machine pc -cpu max -m 192 -no-user-config -nodefaults -display none \
	-no-reboot -kernel linux -initrd initramfs \
	-append "console=ttyS0 quiet panic=-1 mitigations=off report_size=$size" \
	-serial file:console \
	-chardev "socket,id=asked,path=$work/asked.sock,server=on,wait=off" -serial chardev:asked \
	-chardev "socket,id=chip,path=$work/chip.sock" -serial chardev:chip &
qemu=$!
trap 'kill $qemu 2>/dev/null; stop_all' EXIT
for ((i = 0; i < 2400; i++)); do
	! grep -q '^ready' console 2>/dev/null || break
	kill -0 $qemu 2>/dev/null || fail "QEMU ended early: $(cat console)"
	sleep 0.1
done
grep -q '^ready' console || fail "the guest did not come up: $(cat console)"

run 0 "$snp_launch" attest --simulated-root "$folder/chip/ark.der" one -- ./ask "$work/asked.sock"
says 'one: accepted: Simulated'
says 'freshness checked'
wait $qemu || fail "QEMU ends with $?"

# What the guest had in its files is what was sent, and what came back.
tr -d '\r' <console >heard
for file in asked:inblob answered:/answer; do
	sum=$(sha256sum <"${file%%:*}")
	grep -qx "${sum%% *}  ${file#*:}" heard || fail "not what the guest had in ${file#*:}: $(cat heard)"
done
[ "$(stat -c %s asked answered | xargs)" = "64 $size" ] || fail "$(stat -c %s asked answered) bytes"
grep -qx 'status 0' heard || fail "the responder failed: $(cat heard)"
grep -qxF 'left /report/*' heard || fail "the responder left its entry: $(cat heard)"
