#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The day of an operator: ten guests from one vm.json, one gets more memory and one another kernel, libvirtd dies, the
# host reboots. No guest is lost, and nothing is done by hand.
. "$(dirname "$0")/guests.sh"
begin
vcpus=1
vm web '"labels": {"app": "shop"}, "autostart": true'
sed -i 's/"initrd": "[^"]*", //; s/256MiB/128MiB/' web.json
all=10

# all_run: each guest runs.
all_run() {
	local i
	for ((i = 0; i < 100; i++)); do
		run 0 "$snp_launch" list --label app=shop
		[ "$(grep -c ' running ' out)" != $all ] || break
		sleep 0.2
	done
	[ "$(grep -c ' running ' out)" = $all ] || fail "not all run: $(cat out)"
}

# said_last NAME: the digest that the guest said when it was last started.
said_last() {
	heard "$1" launch_digest | tail -n 1
}

for ((i = 1; i <= all; i++)); do
	run 0 "$snp_launch" create web.json --set "name=web$i"
done
all_run
digest=$("$snp_launch" list --format digest | sed -n 2p)
[ ${#digest} = 96 ] || fail "no digest: $digest"

# More memory: not measured, so the digest stays.
run 0 "$snp_launch" apply web.json --set name=web3 --set memory.size=192MiB --restart
run 0 "$snp_launch" list --format name,memory,digest
grep -qx "web3 *192MiB *$digest" out || fail "$(cat out)"
run 0 "$snp_launch" apply web.json --set name=web3 --set memory.size=192MiB
says "up to date"

# The host upgrades its kernel: that alone changes no guest.
cp linux linux-new
printf x | dd of=linux-new bs=1 seek=290000 conv=notrunc status=none
chmod 644 linux-new
run 3 "$snp_launch" apply web.json --set name=web7 --set boot.kernel="$work/linux-new" --restart
new=$(grep -oE '[0-9a-f]{96}' out | grep -vx "$digest" | head -n 1)
[ ${#new} = 96 ] || fail "the new digest is not shown: $(cat out)"
[ "$(virsh domstate web7)" = running ] || fail "the guest was stopped for a digest that nobody confirmed"
run 0 "$snp_launch" apply web.json --set name=web7 --set boot.kernel="$work/linux-new" --restart --expect "$new"
[ "$(said_last web7)" = "$new" ] || fail "web7 says $(said_last web7)"
all_run

# libvirtd dies and comes back: the guests have not noticed.
pids=$(cat "$folder"/run/libvirt/qemu/run/web*.pid | sort)
run 0 "$simulated_host" restart "$folder"
all_run
[ "$(cat "$folder"/run/libvirt/qemu/run/web*.pid | sort)" = "$pids" ] || fail "a guest was started anew"

# The host reboots: all come up again, as they were.
run 0 "$simulated_host" reboot "$folder"
all_run
[ "$(said_last web7)" = "$new" ] || fail "web7 says $(said_last web7)"
[ "$(said_last web1)" = "$digest" ] || fail "web1 says $(said_last web1)"
for ((i = 1; i <= all; i++)); do
	run 0 "$snp_launch" diff "web$i"
done
run 0 "$snp_launch" list --format name,memory,digest
grep -qx "web3 *192MiB *$digest" out || fail "$(cat out)"

# One whose QEMU is killed is seen, and started again.
kill -9 "$(cat "$folder/run/libvirt/qemu/run/web5.pid")"
for ((i = 0; i < 100; i++)); do
	run 0 "$snp_launch" list
	! grep -q '^web5 *crashed ' out || break
	sleep 0.1
done
grep -q '^web5 *crashed ' out || fail "$(cat out)"
run 0 "$snp_launch" start --label app=shop
[ "$(grep -c 'unchanged' out)" = $((all - 1)) ] || fail "$(cat out)"
all_run
run 0 "$snp_launch" stop --all
run 0 "$snp_launch" remove --all --force
[ -z "$(ls -A "$folder/guests")" ] || fail "left: $(ls -A "$folder/guests")"
