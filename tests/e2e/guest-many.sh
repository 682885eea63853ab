#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 100 guests by 8 processes at once: all there, none twice. One name 64 times at once: exactly one, and
# 63 that say "exists".
. "$(dirname "$0")/guests.sh"
begin
vcpus=1
many=100
for ((i = 0; i < many; i++)); do
	vm "guest$i" '"description": "'"$i"'"'
done
# Direct boot without an initrd: what is measured is not the point here.
sed -i 's/"initrd": "[^"]*", //' guest*.json

seq 0 $((many - 1)) | xargs -P 8 -I{} "$snp_launch" create guest{}.json >made 2>failed ||
	fail "not all were created: $(head -n 3 failed)"
[ "$(grep -c ': running$' made)" = "$many" ] || fail "$(grep -c ': running$' made) run"
run 0 "$snp_launch" list
[ "$(grep -c ' running ' out)" = "$many" ] || fail "list has $(grep -c ' running ' out)"
[ "$(sort -u <(cut -d' ' -f1 out) | wc -l)" = $((many + 1)) ] || fail "list has a guest twice"
[ "$(virsh -q list --name | grep -c guest)" = "$many" ] || fail "libvirt has another number"
seq 0 $((many - 1)) | xargs -P 8 -I{} "$snp_launch" remove --force guest{} >removed 2>failed ||
	fail "not all were removed: $(head -n 3 failed)"
[ -z "$(ls -A "$folder/guests")" ] || fail "left: $(ls -A "$folder/guests")"
[ -z "$(virsh -q list --all --name)" ] || fail "domains are left"

vm one
for ((i = 0; i < 64; i++)); do
	{
		"$snp_launch" create one.json --no-start >/dev/null 2>"err.$i"
		echo $? >"status.$i"
	} &
	pids[i]=$!
done
wait "${pids[@]}"
[ "$(cat status.* | grep -cx 0)" = 1 ] || fail "$(cat status.* | grep -cx 0) of 64 made the guest"
[ "$(cat err.* | grep -c '\[exists\]$')" = 63 ] || fail "others: $(cat err.* | grep -v exists | head -n 3)"
run 0 "$snp_launch" start one
run 0 "$snp_launch" remove -f one
nothing_left one
