#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several guests at once: by names, by --all and by labels; one that fails stops no other, and nobody else's domain
# is touched.
. "$(dirname "$0")/guests.sh"
begin
vcpus=1
for ((i = 1; i <= 5; i++)); do
	tier=$([ "$i" -gt 3 ] && echo db || echo web)
	vm "$tier$i" '"labels": {"app": "shop", "tier": "'$tier'"}'
	run 0 "$snp_launch" create "$tier$i.json" --no-start
done
domain foreign 0x30000 >foreign.xml
run 0 virsh define foreign.xml
run 0 virsh start foreign
mkdir "$folder/guests/cut-off" # of a create that was killed

# By name, each once; one that is not there fails alone.
run 1 "$snp_launch" start web1 nobody web2 web1
[ "$(cat out)" = "$(printf 'web1: running\nweb2: running')" ] || fail "$(cat out)"
grep -q '^snp-launch: nobody: error: .*\[not-found\]$' err || fail "$(cat err)"
run 0 "$snp_launch" stop web1 web2 --json
valid out

# By label: those that are as they should be already are left so.
run 0 "$snp_launch" start web2
run 0 "$snp_launch" start --label app=shop --label tier=web
[ "$(cat out)" = "$(printf 'web1: running\nweb2: running (unchanged)\nweb3: running')" ] || fail "$(cat out)"
run 0 "$snp_launch" stop --label tier=none
[ ! -s out ] || fail "$(cat out)"

# The worst status is that of all: web3 may not start, and web1 runs already.
run 0 "$snp_launch" kill web3
printf x | dd of="$folder/guests/web3/boot/kernel" bs=1 seek=290000 conv=notrunc status=none
run 3 "$snp_launch" start --all
[ "$(wc -l <out)" = 5 ] || fail "$(cat out)"
says "web1: running (unchanged)"
says "db5: running"
says "web3: no: "
run 3 "$snp_launch" --json start --all
valid out
[ "$(grep -c '"changed": *false' out)" = 4 ] || fail "$(cat out)"

# The list: what a guest is now, by columns, on at most 80 of them; colours for people alone.
run 0 "$snp_launch" list -a
fits out
grep -qE '^NAME +STATE +MEMORY +VCPUS +UPTIME +AUTOSTART +BOUND BY$' out || fail "$(cat out)"
grep -qE '^web1 +running +256MiB +1 +[0-9]+[sm] +no +nothing$' out || fail "$(cat out)"
grep -qE '^web3 +off +256MiB +1 +- +no +nothing$' out || fail "$(cat out)"
run 0 "$snp_launch" list -q
[ "$(tr '\n' ' ' <out)" = "cut-off db4 db5 web1 web2 " ] || fail "$(cat out)"
run 0 "$snp_launch" list -aq --label tier=web
[ "$(tr '\n' ' ' <out)" = "web1 web2 web3 " ] || fail "$(cat out)"
run 0 "$snp_launch" list --label tier=db --format labels,name,uuid
grep -qE "^app=shop,tier=db  db4   $(virsh domuuid db4)\$" out || fail "$(cat out)"
run 0 "$snp_launch" list --json --label tier=db
valid out
[ "$(grep -c '"schema": *"snp-launch/1"' out)" = 2 ] || fail "vm.json is not in it: $(cat out)"
! "$snp_launch" list | grep -q $'\033' || fail "colours for a pipe"
if command -v script >/dev/null; then
	TERM=xterm script -qec "$snp_launch list" /dev/null </dev/null >out
	says $'\033[32mrunning\033[0m'
	TERM=xterm NO_COLOR=1 script -qec "$snp_launch list" /dev/null </dev/null >out
	! grep -q $'\033' out || fail "NO_COLOR is not heard"
fi

# QEMU that died is said to have crashed, and why; it starts again.
kill -9 "$(cat "$folder/run/libvirt/qemu/run/db4.pid")"
for ((i = 0; i < 100; i++)); do
	run 0 "$snp_launch" list
	! grep -q '^db4 *crashed ' out || break
	sleep 0.1
done
grep -q '^db4 *crashed ' out || fail "$(cat out)"
run 0 "$snp_launch" show db4
grep -qx 'why  *QEMU ended unexpectedly (libvirt: crashed)' out || fail "$(cat out)"
grep -q "QEMU's log  *char device redirected" out || fail "$(cat out)"
run 0 "$snp_launch" show db4 --json
valid out
run 0 "$snp_launch" start db4

# A daemon that hangs is given up.
daemon=$(pgrep -f "libvirtd --config $folder/")
kill -STOP "$daemon"
start=$SECONDS
refuse 1 timeout "$snp_launch" list
[ $((SECONDS - start)) -le 12 ] || fail "list took $((SECONDS - start)) s"
kill -CONT "$daemon"

# What cannot be taken back is asked for, or forced.
refuse 2 usage "$snp_launch" kill --all
refuse 2 usage "$snp_launch" remove --all
answer() {
	echo "$1" | script -qec "$snp_launch $2" /dev/null >out 2>err
}
if command -v script >/dev/null; then
	answer n 'kill --all' && fail "no is taken for yes"
	says 'Kill 5 guests (db4, db5, web1, web2, web3)? [y/N]'
	[ "$(virsh domstate web1)" = running ] || fail "killed without a yes"
	answer y 'kill --all' || fail "$(cat out)"
	says 'web1: off'
	run 0 "$snp_launch" start web1
fi
run 0 "$snp_launch" kill --all --force
run 0 "$snp_launch" remove --all -f
[ "$(wc -l <out)" = 5 ] || fail "$(cat out)"
for name in web1 web2 web3 db4 db5; do
	nothing_left $name
done
[ "$(virsh domstate foreign)" = running ] || fail "another's domain was turned off"
[ -d "$folder/guests/cut-off" ] || fail "what has no record was removed"
run 0 "$snp_launch" remove cut-off
