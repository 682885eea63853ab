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
