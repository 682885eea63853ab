#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A kernel that somebody swaps while guests are made of it: what is launched is always one of the two files
# whole, the one that the guest was measured with, or create says that the file changed. And libvirtd, killed
# in the middle: create comes back with a clear reason.
. "$SNP_SOURCE/tests/e2e/guests.sh"
begin
vcpus=1
cp linux first
cp linux second
printf x | dd of=second bs=1 seek=290000 conv=notrunc status=none
chmod 644 first second
vm web1
: >digests
for kernel in first second; do
	cp $kernel linux
	predicted >>digests
done

# Ends with the test, also where that fails and its folder goes.
while [ -e first ] && [ ! -e stop ]; do
	# Renamed over, and written over in place.
	cp second swap && mv swap linux
	cp first swap && mv swap linux
	cp second linux
	cp first linux
done &
swapper=$!
made=0
for ((i = 0; i < 40; i++)); do
	if "$snp_launch" create web1.json --no-start >out 2>err; then
		made=$((made + 1))
		digest=$(sed -n 's/^launch digest //p' out)
		grep -qx "$digest" digests || fail "the digest is of neither file: $digest"
		cmp -s "$folder/guests/web1/boot/kernel" first || cmp -s "$folder/guests/web1/boot/kernel" second ||
			fail "the copy is neither file"
		run 0 "$snp_launch" diff web1
		run 0 "$snp_launch" remove web1
	else
		grep -qE '\[(changed-while-read|not-a-bzimage|empty-file)\]$' err || fail "$(cat err)"
		nothing_left web1
	fi
done
touch stop
wait $swapper
[ $made -gt 0 ] || fail "no guest was made at all"

# libvirtd is killed at some time while one guest after another is made.
for delay in 0.05 0.15 0.3; do
	begin
	cp first linux
	(
		sleep "$delay"
		pgrep -f "^[^ ]*libvirtd .*$folder/|libvirtd --config $folder/" | head -n 1 | xargs -r kill -9
	) &
	killer=$!
	status=0
	for ((i = 0; i < 20 && status == 0; i++)); do
		vm "web$i"
		timeout 30 "$snp_launch" create "web$i.json" >out 2>err || status=$?
	done
	wait $killer
	[ $status = 1 ] || fail "create ends with $status: $(cat err)"
	grep -q '\[libvirt-failed\]$' err || fail "$(cat err)"
	[ "$(wc -l <err)" = 1 ] || fail "more than one line: $(cat err)"
done
