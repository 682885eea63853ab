#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whoever is killed of a simulated host, starter, libvirtd or keeper: no process is left, and no folder
# after the next start.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images

launch() {
	domain web1 0x30000 >web1.xml
	run 0 virsh -c "$uri" define web1.xml
	run 0 virsh -c "$uri" start web1
	[ -n "$(said web1 launch_digest)" ] || fail "no digest"
}

# The starter, of a host that ends with it.
mkfifo stdin
"$simulated_host" start --wait --library "$library" --cache "$cache" <stdin >started &
starter=$!
exec 3>stdin
for ((i = 0; i < 600; i++)); do
	[ ! -s started ] || break
	sleep 0.1
done
read -r folder uri <started || fail "no URI"
folders+=("$folder")
launch
kill -KILL $starter
wait $starter 2>/dev/null
gone "$folder"
exec 3>&-

# libvirtd
start_host
launch
pkill -KILL -f -- "libvirtd --config ${folder:?}/"
gone "$folder"

# The keeper: the rest ends by itself, and the next start clears away what it left.
start_host
launch
first=$folder
kill -KILL "$(cat "$folder/keeper.lock")"
for ((i = 0; i < 600; i++)); do
	[ -n "$(processes "$first")" ] || break
	sleep 0.1
done
[ -z "$(processes "$first")" ] || fail "left: $(processes "$first" | xargs ps -o pid,args -p)"
start_host
[ ! -e "$first" ] || fail "$first is still there"
run 0 "$simulated_host" stop "$folder"
gone "$folder"

# A starter that was killed before it had a keeper: with a lock that nobody holds, or none yet. What is as
# new as a host that is being made stays, and so does what has something in it.
old=$(mktemp -d /tmp/snp-host-XXXXXX) empty=$(mktemp -d /tmp/snp-host-XXXXXX)
new=$(mktemp -d /tmp/snp-host-XXXXXX) other=$(mktemp -d /tmp/snp-host-XXXXXX)
touch "$new/keeper.lock" "$other/something"
mkdir "$old/lib"
touch -d '1 minute ago' "$old/keeper.lock" "$empty" "$other"
start_host
[ ! -e "$old" ] || fail "a folder with an old lock is still there"
[ ! -e "$empty" ] || fail "an old empty folder is still there"
[ -e "$new/keeper.lock" ] || fail "a host that is being made was cleared away"
[ -e "$other/something" ] || fail "a folder of something else was cleared away"
rm -r "$new" "$other"
run 0 "$simulated_host" stop "$folder"
