#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several hosts at once, each with a guest of the same name, do not meet; two start at the same time.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images

for n in 1 2; do
	"$simulated_host" start --library "$library" --cache "$cache" >"started.$n" &
done
wait
start_host
echo "$folder $uri" >started.3
uris=() digests=()
for n in 1 2 3; do
	read -r folder uri <started.$n || fail "host $n did not start"
	folders+=("$folder")
	uris+=("$uri")
	vcpus=$n
	domain web1 0x30000 >web1.xml
	run 0 virsh -c "$uri" define web1.xml
	run 0 virsh -c "$uri" start web1
	digests+=("$(said web1 launch_digest)")
done
[ "$(printf '%s\n' "${digests[@]}" | sort -u | grep -c .)" = 3 ] || fail "digests: ${digests[*]}"

read -r folder uri <started.2
run 0 "$simulated_host" stop "$folder"
gone "$folder"
for n in 0 2; do
	run 0 virsh -c "${uris[n]}" domstate web1
	says running
done
