#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A simulated host offers sev-snp, launches a guest, and is gone when it is stopped. What the guest was
# launched as is read from libvirt's console, and the save areas have the digests that reports of real
# hardware confirm (QEMU 10.0 on a Milan host: signature 0x800f12, features 1, reset address 0x80b004).
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images

start_host
[ "$uri" = "qemu+unix:///session?socket=$folder/run/libvirt/libvirt-sock" ] || fail "the URI is $uri"
run 0 virsh -c "$uri" domcapabilities --machine q35
says '<value>sev-snp</value>'

domain web1 0x30000 "<hostData>$(printf %032d 7 | base64)</hostData>" >web1.xml
run 0 virsh -c "$uri" define --validate web1.xml
run 0 virsh -c "$uri" start web1
run 0 virsh -c "$uri" domstate web1 --reason
says 'running (booted)'
digest=$(said web1 launch_digest)
[ ${#digest} = 96 ] || fail "the guest's digest is '$digest'"
[ "$(said web1 policy)" = 0x30000 ] || fail "the guest's policy is $(said web1 policy)"
[ "$(said web1 host_data)" = "$(printf %032d 7 | od -An -v -tx1 | tr -d ' \n')" ] ||
	fail "the guest's host data is $(said web1 host_data)"

trace=$folder/foreign/web1/trace.json
grep -q "\"launch_digest\": \"$digest\"" "$trace" || fail "trace and console differ"
for vmsa in 77920c4c629ff47e 8413b852790765a3; do
	grep -q "\"page_type\": \"vmsa\".*\"contents\": \"$vmsa" "$trace" || fail "no save area $vmsa"
done

# Enter on the console has it said again; ^] leaves the console.
for ((i = 0; i < 10; i++)); do
	{
		sleep 0.3
		printf '\r'
		sleep 0.5
		printf '\035'
	} | TERM=dumb timeout 60 script -qec "virsh -c '$uri' console web1" /dev/null >console 2>&1
	grep -q "launch_digest=$digest" console && break
done
grep -q "launch_digest=$digest" console || fail "the console says: $(cat -v console)"

# It powers off when asked, and starts again.
run 0 virsh -c "$uri" shutdown web1
for ((i = 0; i < 600; i++)); do
	virsh -c "$uri" domstate web1 | grep -q 'shut off' && break
	sleep 0.1
done
run 0 virsh -c "$uri" domstate web1 --reason
says 'shut off (shutdown)'
run 0 virsh -c "$uri" start web1
# A folder that is there belongs to somebody.
refuse 1 exists "$simulated_host" start --library "$library" --cache "$cache" --folder "$folder"
run 0 virsh -c "$uri" domstate web1
says running

run 0 "$simulated_host" stop "$folder"
gone "$folder"
refuse 1 not-found "$simulated_host" stop "$folder"
