#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# create, killed at each of its system calls that change something: afterwards there is no guest, or one
# that list shows and remove clears. No record is ever torn.
. "$(dirname "$0")/guests.sh"
command -v strace >/dev/null || skip "no strace"
strace -o trace true 2>/dev/null || skip "strace may not trace here"
# Its leak check cannot run in a traced process.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
begin
vcpus=1
vm web1
sed -i 's/"initrd": "[^"]*", //' web1.json
killed=0

# sweep CALLS STEP: kill at the first of these calls, then STEP later, and so on until create comes through.
sweep() {
	local when=1 status
	while [ $when -lt 500 ]; do
		status=0
		strace -f -o trace -e trace="$1" -e "inject=$1:signal=KILL:when=$when" \
			"$snp_launch" create web1.json --no-start >out 2>err || status=$?
		if [ -e "$folder/guests/web1/record.json" ]; then
			python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$folder/guests/web1/record.json" ||
				fail "a torn record after $1 number $when"
		fi
		run 0 "$snp_launch" list -a
		if [ -e "$folder/guests/web1" ] || virsh -q list --all --name | grep -qx web1; then
			grep -q '^web1 ' out || fail "list does not show what $1 number $when left"
			run 0 "$snp_launch" remove web1
		fi
		nothing_left web1
		[ $status != 0 ] || return 0
		killed=$((killed + 1))
		when=$((when + $2))
	done
	fail "create never came through"
}

for call in mkdir mkdirat flock fchmod fsync renameat2; do
	sweep $call 1
done
# To files and to libvirtd; the copy alone is some forty pieces.
sweep write,sendmsg 7
[ $killed -gt 15 ] || fail "only $killed were killed"

# A replacement, killed when the new directory is in place and libvirt still has the old guest: the running
# guest is not shown as what it is not.
make_keys
key='"snp": {"id": {"key": "'"$work"'/id.pem"}}'
old_and_new() {
	vcpus=1
	vm web1 "$key"
	run 0 "$snp_launch" create web1.json
	vcpus=2
	vm web1 "$key"
}
old_and_new
run 0 strace -f -o trace -e trace=write,sendmsg,renameat2 "$snp_launch" create web1.json --replace
new=$(sed -n 's/^launch digest //p' out)
[ ${#new} = 96 ] || fail "no digest: $(cat out)"
# strace counts the calls of each thread by itself.
before=$(awk -v main="$(awk '/renameat2/ { print $1; exit }' trace)" '$1 != main { next }
	/renameat2/ { exit } /(write|sendmsg)\(/ { n++ } END { print n }' trace)
run 0 "$snp_launch" remove -f web1
old_and_new
run 137 strace -f -o trace -e trace=write,sendmsg -e "inject=write,sendmsg:signal=KILL:when=$((before + 1))" \
	"$snp_launch" create web1.json --replace
grep -q '"state": "creating"' "$folder/guests/web1/record.json" || fail "it was not the moment"
[ "$(virsh domstate web1)" = running ] || fail "the old guest is over"
run 0 "$snp_launch" list
grep -Eq '^web1 +replacing .* nothing$' out || fail "$(cat out)"
run 0 "$snp_launch" list --json
valid out
[ "$(field state) $(field enforced) $(field launch_digest)" = "replacing false " ] || fail "$(cat out)"
run 0 "$snp_launch" show web1
says 'bound by           nothing'
! grep -q "$new" out || fail "show gives the old guest the new digest"
# Again, and to the end.
run 0 "$snp_launch" create web1.json --replace
run 0 "$snp_launch" show web1
says "$new"
says "ID block of this host"
run 0 "$snp_launch" remove -f web1
nothing_left web1
