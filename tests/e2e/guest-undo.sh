#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever fails, all is as it was; whatever is killed, list shows and remove clears.
. "$(dirname "$0")/guests.sh"
begin

# At each step: a file that is absent, a domain that libvirt refuses, a start that QEMU refuses. What the host lacks is
# seen before; past that, libvirt sees it.
vm web1 '"disks": [{"path": "'"$work"'/absent.img", "format": "raw"}]'
refuse 4 check-failed "$snp_launch" create web1.json
nothing_left web1
refuse 1 libvirt-failed "$snp_launch" create web1.json --warn=guest-disk
nothing_left web1
vm web1 '"networks": [{"type": "network", "source": "nowhere"}]'
refuse 4 check-failed "$snp_launch" create web1.json
nothing_left web1
refuse 1 libvirt-failed "$snp_launch" create web1.json --warn=network
nothing_left web1
vm web1
sed -i "s|$work/initrd|$work/nothing|" web1.json
refuse 1 cannot-open "$snp_launch" create web1.json
nothing_left web1

# The file that is at fault is the operator's, not a copy that is gone by then.
vm web1
sed -i "s|$work/linux|$work/initrd|" web1.json
refuse 4 not-a-bzimage "$snp_launch" create web1.json
grep -qF "error: $work/initrd: " err || fail "$(cat err)"
nothing_left web1

# A domain of that name which is not ours stays as it is.
domain web1 0x30000 >web1.xml
run 0 virsh define web1.xml
vm web1
refuse 1 exists "$snp_launch" create web1.json
run 0 virsh dominfo web1
run 0 virsh undefine web1
nothing_left web1
# Nor does one that has the UUID that vm.json asks for.
sed 's|<name>web1|<uuid>11111111-2222-4333-8444-555555555555</uuid><name>other|' web1.xml >other.xml
run 0 virsh define other.xml
run 0 virsh start other
vm web1 '"uuid": "11111111-2222-4333-8444-555555555555"'
refuse 1 exists "$snp_launch" create web1.json
nothing_left web1
# Nor do kill and remove turn it off, after a create that was cut off in between.
vm web1
run 0 "$snp_launch" create web1.json --no-start
sed -i 's|"uuid": "[^"]*"|"uuid": "11111111-2222-4333-8444-555555555555"|' "$folder/guests/web1/record.json"
run 0 virsh undefine web1
refuse 1 not-found "$snp_launch" kill web1
run 0 "$snp_launch" remove --force web1
nothing_left web1
[ "$(virsh domstate other)" = running ] || fail "another's domain was turned off"
run 0 virsh destroy other
vm web1

# A domain that snp-launch did not make is found by its name even where a directory of that name is left, and
# keeps it: with no record, nobody knows whose that is.
run 0 virsh start other
mkdir -m 711 "$folder/guests/other"
run 0 "$snp_launch" list -a
grep -q '^other *running ' out || fail "$(cat out)"
run 0 "$snp_launch" show other
says 'none: snp-launch did not create this domain'
run 0 "$snp_launch" dumpxml other
refuse 1 exists "$snp_launch" remove --force other
[ -d "$folder/guests/other" ] || fail "the folder is gone"
run 0 "$snp_launch" kill other
run 0 virsh undefine other
run 0 "$snp_launch" list -a
grep -q '^other *incomplete ' out || fail "$(cat out)"
for verb in start restart edit; do
	refuse 1 not-found "$snp_launch" $verb other
	grep -q 'its creation was interrupted; remove it' err || fail "$(cat err)"
done
run 0 "$snp_launch" remove other
nothing_left other

# Everybody may read what is recorded, whatever the umask.
(umask 077 && run 0 "$snp_launch" create web1.json --no-start) || exit 1
[ "$(stat -c %a "$folder/guests/web1/record.json")" = 644 ] || fail "the record is for its owner alone"
run 0 "$snp_launch" remove web1

# Replaced: the new one has the name and the directory, the old one is gone.
run 0 "$snp_launch" create web1.json
first=$(sed -n 's/^launch digest //p' out)
refuse 1 exists "$snp_launch" create web1.json
vcpus=1
vm web1
run 0 "$snp_launch" create web1.json --replace
second=$(sed -n 's/^launch digest //p' out)
[ "$first" != "$second" ] || fail "the same digest with one vCPU less"
[ "$(heard web1 launch_digest)" = "$second" ] || fail "the old guest still speaks"
[ "$(pgrep -c -f "qemu.*$folder/guests/web1/")" = 1 ] || fail "two guests run"
[ ! -e "$folder/guests/.web1.next" ] || fail "the old directory is left"
# A replacement that cannot start leaves the old one, which runs again, and comes up with the host as before.
run 0 virsh autostart web1
vm web1 '"disks": [{"path": "'"$work"'/absent.img", "format": "raw"}]'
run 1 "$snp_launch" create web1.json --replace --warn=guest-disk
virsh dominfo web1 | grep -q '^Autostart: *enable' || fail "the old guest no longer comes up with the host"
[ "$(virsh domstate web1)" = running ] || fail "the old guest is $(virsh domstate web1)"
[ "$(heard web1 launch_digest)" = "$second" ] || fail "another guest came back"
run 0 "$snp_launch" remove -f web1
nothing_left web1

# A record that somebody damaged keeps nobody from removing the guest.
run 0 "$snp_launch" create web1.json --no-start
echo '{' >"$folder/guests/web1/record.json"
run 4 "$snp_launch" start web1
run 0 "$snp_launch" list -a
grep -q '^web1 ' out || fail "list hides a guest with a damaged record"
run 0 "$snp_launch" remove web1
nothing_left web1
# Nor from ending it, or from its console.
vm web1
run 0 "$snp_launch" create web1.json
echo '{' >"$folder/guests/web1/record.json"
run 0 "$snp_launch" list
grep -q '^web1 *running .* -$' out || fail "$(cat out)"
run 0 "$snp_launch" console web1
run 0 "$snp_launch" stop web1
grep -q 'unreadable-record' err || fail "$(cat err)"
run 0 virsh start web1
run 0 "$snp_launch" kill web1
grep -q 'unreadable-record' err || fail "$(cat err)"
run 4 "$snp_launch" restart web1
run 4 "$snp_launch" show web1
run 0 "$snp_launch" remove web1
nothing_left web1

# Killed at any time.
vcpus=2
vm web1
for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.06 0.08 0.1 0.15 0.2 0.25 0.3; do
	"$snp_launch" create web1.json >/dev/null 2>&1 &
	sleep "$delay"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	run 0 "$snp_launch" list -a --json
	if [ -e "$folder/guests/web1" ] || virsh -q list --all --name | grep -qx web1; then
		says '"name": "web1"'
		# libvirt may still be starting the guest that nobody waits for.
		for ((i = 0; i < 600; i++)); do
			! "$snp_launch" remove --force web1 >/dev/null 2>&1 || break
			sleep 0.1
		done
	fi
	nothing_left web1
done

# Interrupted: it undoes what it did, and says so.
interrupted=0
for delay in 0.01 0.02 0.04 0.06 0.1 0.15 0.2 0.3 0.4; do
	"$snp_launch" create web1.json >out 2>err &
	sleep "$delay"
	kill -TERM $! 2>/dev/null
	wait $!
	case $? in
	0) run 0 "$snp_launch" remove -f web1 ;;
	1)
		grep -q '\[interrupted\]$' err || fail "$(cat err)"
		interrupted=$((interrupted + 1))
		;;
	143) ;; # before it began
	*) fail "a signal ends create with $?" ;;
	esac
	nothing_left web1
done
[ $interrupted -gt 0 ] || fail "no create was interrupted"

# Killed while it replaces: the name is there, and a second attempt succeeds.
run 0 "$snp_launch" create web1.json --no-start
for delay in 0.01 0.02 0.03 0.05 0.08 0.12; do
	"$snp_launch" create web1.json --replace --no-start >/dev/null 2>&1 &
	sleep "$delay"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	run 0 "$snp_launch" list -a
	says web1
done
run 0 "$snp_launch" create web1.json --replace
run 0 "$snp_launch" remove -f web1
nothing_left web1
