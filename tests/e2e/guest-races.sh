#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A kernel that somebody swaps while guests are made of it: what is launched is what was measured, the file
# as it stood at one time, or create says that it changed. And libvirtd, killed in the middle: create comes
# back with a clear reason.
. "$(dirname "$0")/guests.sh"
begin
vcpus=1
cp linux first
# Another in every 64 KiB, so that no mixture of the two looks like either.
cp linux second
for ((at = 40000; at < $(stat -c %s second); at += 65536)); do
	printf x | dd of=second bs=1 seek=$at conv=notrunc status=none
done
chmod 644 first second
vm web1

renamed_over() {
	cp first swap && mv swap linux
	sleep 0.05
	cp second swap && mv swap linux
}

# As cp does: cut to nothing and written again.
written_over() {
	cp second linux
	sleep 0.05
	cp first linux
}

# Those two are what the file ever is; while it is written over, it is also the beginning of either.
is_whole() { cmp -s "$1" first || cmp -s "$1" second; }
is_beginning() {
	local size
	size=$(stat -c %s "$1")
	cmp -s -n "$size" "$1" first || cmp -s -n "$size" "$1" second
}

# races SWAPPER CHECK
races() {
	local swapper i digest
	rm -f stop
	# Ends with the test, also where that fails and its folder goes.
	while [ -e first ] && [ ! -e stop ]; do
		$1
	done 2>/dev/null &
	swapper=$!
	for ((i = 0; i < 20; i++)); do
		if "$snp_launch" create web1.json --no-start >out 2>err; then
			digest=$(sed -n 's/^launch digest //p' out)
			cp "$folder/guests/web1/boot/kernel" launched
			$2 launched || fail "the copy is none of what the file was"
			[ "$digest" = "$(predicted launched)" ] || fail "measured as another than the copy: $digest"
			run 0 "$snp_launch" diff web1
			run 0 "$snp_launch" remove web1
		else
			# Not every file system renames so that the name is never missing.
			grep -qE '\[(changed-while-read|not-a-bzimage|empty-file|cannot-open)\]$' err || fail "$(cat err)"
			nothing_left web1
		fi
	done
	touch stop
	wait $swapper
	# Left alone, it is a kernel like any other.
	run 0 "$snp_launch" create web1.json --no-start
	run 0 "$snp_launch" remove web1
}
races renamed_over is_whole
races written_over is_beginning

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
	# The simulated host goes with its libvirtd, and its guests' folder with it.
	grep -qE '\[(libvirt-failed|cannot-write)\]$' err || fail "$(cat err)"
	[ "$(wc -l <err)" = 1 ] || fail "more than one line: $(cat err)"
done
