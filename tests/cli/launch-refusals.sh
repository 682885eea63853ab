#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vm.json that is malformed, or that a named check refuses, is refused in one line with JSON pointer,
# line and column, status 4, before a host is asked; nothing is defined, copied or left.
. "$(dirname "$0")/launch.sh"
firmware fw
kernel kernel

# wrong NAME POINTER MEMBERS
wrong() {
	vm "$3"
	refuse 4 "$1" "$snp_launch" create vm.json
	grep -qE "^snp-launch: error: vm.json:[0-9]+:[0-9]+: $2: " err || fail "$3: $(cat err)"
}

wrong json-unknown-key /polcy '"polcy": 1'
wrong json-duplicate-key /cpu '"cpu": {"count": 3}'
wrong json-wrong-type /autostart '"autostart": "yes"'
wrong json-bad-value /snp/policy/raw '"snp": {"policy": {"raw": "196608"}}'
wrong json-bad-value /snp/host_data '"snp": {"host_data": "00"}'
wrong json-missing-key /snp/id '"snp": {"id": {"block": "/b"}}'
vm '"snp": {"policy": {"debug": true}}'
run 4 "$snp_launch" create vm.json
[ ! -s out ] || fail "stdout is not empty"
grep -qF '/snp/policy' err || fail "$(cat err)"
grep -q '; .*--allow-debug.* \[policy-debug\]' err || fail "no word about what to do: $(cat err)"
vm '"snp": {"policy": {"migrate_ma": true}}'
run 4 "$snp_launch" create vm.json
run 4 "$snp_launch" create vm.json --json
valid err
# No host was asked by then. One that is reached by a command shows it.
printf '#!/bin/sh\ntouch %s/asked\nexit 1\n' "$work" >connect
chmod +x connect
for verb in create check; do
	LIBVIRT_DEFAULT_URI="qemu+ext:///system?command=$work/connect" run 4 "$snp_launch" $verb vm.json
	[ ! -e asked ] || fail "$verb asks the host before it reports a mistake in vm.json"
done
sed 's/"migrate_ma": true/"migrate_ma": false/' vm.json >right.json
LIBVIRT_DEFAULT_URI="qemu+ext:///system?command=$work/connect" run 1 "$snp_launch" create right.json
[ -e asked ] || fail "create does not ask the host: $(cat err)"
for name in '' . .. a/b -c "$(printf %064d 0)" 'a b'; do
	sed "s|\"web1\"|\"$name\"|" vm.json >named.json
	run 4 "$snp_launch" create named.json
	[ "$(wc -l <err)" = 1 ] || fail "$(cat err)"
done
refuse 1 cannot-open "$snp_launch" create ./absent.json
mkfifo fifo.json
refuse 4 not-a-regular-file "$snp_launch" create fifo.json
[ ! -e state ] || fail "left: $(find state)"

# lint says all that is wrong at once, and its answer is on stdout.
run 3 "$snp_launch" lint vm.json
grep -q ' \[' out || fail "no name of a check: $(cat out)"
run 3 "$snp_launch" lint vm.json --json
valid out
vm
run 0 "$snp_launch" lint vm.json

# A user of the guest's own is of no use where every QEMU runs as one.
vm '"snp": {"user": "root"}'
run 3 env LIBVIRT_DEFAULT_URI=qemu:///session "$snp_launch" lint vm.json
says "a session libvirtd runs every QEMU as its own user"
run 3 env LIBVIRT_DEFAULT_URI=qemu+ssh://host/system "$snp_launch" lint vm.json
says "the users of another machine are unknown here"
run 0 "$snp_launch" measure vm.json
vm

# Of a domain a place has a line and no column.
cat >domain.xml <<-END
	<domain type='kvm'>
	  <name>foreign</name>
	  <launchSecurity type='sev-snp'><policy>196608</policy></launchSecurity>
	</domain>
END
run 3 "$snp_launch" lint domain.xml
says "error: domain.xml:3: /domain/launchSecurity/policy: "
run 3 "$snp_launch" lint domain.xml --json
valid out
refuse 4 check-failed "$snp_launch" measure domain.xml
grep -q '^snp-launch: error: domain.xml:[0-9]*: /domain' err || fail "$(cat err)"
run 4 "$snp_launch" measure domain.xml --json
valid err

# A key that will not do is named, whichever of the two it is.
key id
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
vm '"snp": {"id": {"key": "'"$work"'/id.pem", "author_key": "'"$work"'/p256.pem"}}'
refuse 4 bad-key "$snp_launch" create vm.json --dry-run
grep -qF "$work/p256.pem: key is P-256" err || fail "$(cat err)"
# An author key that is the ID key is refused, whatever the file is called.
openssl pkey -in id.pem -out again.pem
chmod 600 again.pem
for author in id again; do
	vm '"snp": {"id": {"key": "'"$work"'/id.pem", "author_key": "'"$work/$author"'.pem"}}'
	refuse 4 bad-key "$snp_launch" create vm.json --dry-run
	grep -qF "$work/$author.pem: the author key is the same as the ID key" err || fail "$(cat err)"
done

# Files that QEMU cannot load: each verb that has them at hand says so.
cp fw whole
printf x >>fw
vm
sed 's|"cmdline"|"initrd": "'"$work"'/initrd", &|' vm.json >large.json
unloadable() { # unloadable CHECK FILE
	local verb
	for verb in "create --dry-run" measure rehearse; do
		# shellcheck disable=SC2086 # an option apart
		refuse 4 check-failed "$snp_launch" $verb "$2"
		grep -qF "[$1]" err || fail "$verb: $(cat err)"
	done
	run 4 "$snp_launch" check "$2"
	grep -qF "[$1]" err || fail "check: $(cat err)"
	run 3 "$snp_launch" lint "$2"
	says "[$1]"
}
unloadable firmware-size vm.json
printf IGVM | dd of=fw conv=notrunc status=none
unloadable firmware-igvm vm.json
mkdir -p elsewhere"$work" && mv whole elsewhere"$work"/fw && cp kernel elsewhere"$work"
run 4 "$snp_launch" measure vm.json
run 0 "$snp_launch" measure vm.json --remote-root "$work/elsewhere"
cp elsewhere"$work"/fw fw
truncate -s 255M initrd
run 0 "$snp_launch" lint large.json
truncate -s 256M initrd
unloadable initrd-too-large large.json
