#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever a guest prints steers no terminal: escape sequences, C1 controls in both forms and bidirectional marks
# come out as text, from logs and console. What is no terminal gets the guest's bytes.
. "$(dirname "$0")/guests.sh"
command -v python3 >/dev/null || skip "no python3"
command -v script >/dev/null || skip "no script"
begin
# ESC ] 0 ; … BEL, CSI as U+009B and as one byte, OSC as U+009D, a right-to-left override and an isolate.
hostile='A\x1b]0;t\x07B\xc2\x9b2JC\x9b2JD\xc2\x9d0;tE\xe2\x80\xaeF\xe2\x81\xa6G'

# steers FILE: it has a byte or a character that a terminal obeys.
steers() {
	LC_ALL=C grep -qP '\x1b|\xc2[\x80-\x9f]|(?<![\xc2-\xf4\x80-\xbf])[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$1"
}
# shellcheck disable=SC1003 # backslashes are meant
shown='B\xc2\x9b2JC\x9b2JD\xc2\x9d0;tE\xe2\x80\xaeF\xe2\x81\xa6G'
harmless() {
	grep -qF -- "$shown" out || fail "$1 does not show it: $(cat -v out)"
	! steers out || fail "$1 steers the terminal: $(cat -v out)"
}
as_it_is() {
	grep -qF -- "$(printf '%b' "$hostile" | tail -c 20)" out && steers out || fail "$1 changes it: $(cat -v out)"
}

vm one
run 0 "$snp_launch" create one.json
heard one launch_digest >/dev/null
printf "%b\n" "$hostile" >>"$(find "$folder/guests/one" -name console.log)"
run 0 script -qec "$snp_launch logs one" /dev/null
harmless logs
run 0 "$snp_launch" logs one
as_it_is logs

# A guest of no protection at all prints it for ever, to a console that is a terminal.
python3 - "$hostile" >boot.img <<-'END'
	import sys
	text = sys.argv[1].encode().decode("unicode_escape").encode("latin-1") + b"\r\n\0"
	start = bytes.fromhex("31c0 8ed8 fc")               # ds = 0
	again = bytes.fromhex("be 0000")                    # si = text
	send = bytes.fromhex("ac 84c0 7412 88c4"            # al = next byte; at the end wait
	                     "bafd03 ec a820 74f8"          # until the port takes one
	                     "88e0 baf803 ee ebe9")         # send it
	wait = bytes.fromhex("b90000 51 b90004 e2fe 59 e2f7")
	code = start + again + send + wait
	code += b"\xeb" + bytes([(len(start) - len(code) - 2) & 255])
	code = code.replace(again, b"\xbe" + (0x7c00 + len(code)).to_bytes(2, "little"))
	assert len(code + text) < 510
	sys.stdout.buffer.write((code + text).ljust(510, b"\0") + b"\x55\xaa")
END
truncate -s 1M boot.img # a disk of one sector boots nothing
chmod 644 boot.img
cat >plain.xml <<-END
	<domain type='qemu'>
	  <name>plain</name>
	  <memory unit='MiB'>32</memory>
	  <os><type arch='x86_64' machine='q35'>hvm</type></os>
	  <devices>
	    <disk type='file'><driver name='qemu' type='raw'/><source file='$work/boot.img'/><target dev='vda' bus='virtio'/>
	      <readonly/></disk>
	    <serial type='pty'/><memballoon model='none'/>
	  </devices>
	</domain>
END
run 0 virsh define plain.xml
run 0 virsh start plain
leaves() { # when it has heard it
	for ((i = 0; i < 300; i++)); do
		! LC_ALL=C grep -q 'F.*G' out || break
		sleep 0.1
	done
	printf '\035'
	sleep 1
}
for verb in console "console --raw"; do
	: >out
	leaves | timeout 60 script -qec "$snp_launch $verb plain" /dev/null >out 2>err || fail "$verb does not end at Ctrl-]"
	case $verb in
	*raw) as_it_is "$verb" ;;
	*) harmless "$verb" ;;
	esac
done
run 0 virsh destroy plain

# A large initrd has a bar on a terminal, by create and start, and none elsewhere.
truncate -s 1000M initrd
chmod 644 initrd
vm large
sed -i 's/256MiB/1536MiB/' large.json
run 0 "$snp_launch" create large.json --no-start
! grep -q '#' err || fail "a bar where there is no terminal"
run 0 "$snp_launch" remove large
run 0 script -qec "$snp_launch create --no-start large.json" /dev/null
says 'initrd ['
! grep -qF 'firmware [' out || fail "a bar for work that takes no time"
run 0 script -qec "$snp_launch start large" /dev/null
says 'initrd ['
run 0 "$snp_launch" remove -f large

# So has a large disk, by archive and by import; and a tar file is not for a terminal.
truncate -s 2G disk.img
chmod 666 disk.img
truncate -s 100K initrd
vm small '"disks": [{"path": "'"$work"'/disk.img", "format": "raw"}]'
run 0 "$snp_launch" create small.json --no-start
mkdir disks
run 0 script -qec "$snp_launch archive --disks small | $snp_launch import - --disks disks --name copy --no-start" /dev/null
says 'disks/0 ['
says 'disk ['
run 0 "$snp_launch" remove copy small
run 2 script -qec "$snp_launch archive small" /dev/null
says 'a tar file is not written to a terminal'
! grep -q 'not-found' out || fail "it looked for the guest first"
run 2 script -qec "$snp_launch import -" /dev/null
says 'standard input is a terminal'
