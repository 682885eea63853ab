#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The console's log of each boot is kept, also when virsh starts the guest or it is made anew, and QEMU's own is
# found. Whoever may write in the log's folder leads nobody elsewhere.
. "$(dirname "$0")/guests.sh"
begin
vcpus=1
vm web1
logs=$folder/guests/web1/log

# says_boot N TEXT: the guest's log of that boot has this line.
says_boot() {
	run 0 "$snp_launch" logs web1 --boot "$1"
	grep -qx "$2" out || fail "boot $1 lacks '$2': $(cat out)"
}
run 0 "$snp_launch" create web1.json
heard web1 launch_digest >/dev/null
echo first >>"$logs/console.log"
echo 'older part' >"$logs/console.log.0" # as virtlogd does
run 0 "$snp_launch" logs web1
[ "$(head -n 1 out)" = "older part" ] || fail "the part that was rotated away is missing: $(cat out)"
refuse 1 not-found "$snp_launch" logs web1 --boot -1
run 0 "$snp_launch" restart web1
heard web1 launch_digest >/dev/null
echo second >>"$logs/console.log"
says_boot -1 first
says_boot -1 'older part'
says_boot 0 second
! grep -qx first out || fail "two boots in one log"

# By virsh it goes into the same log, and takes nothing away.
run 0 "$snp_launch" kill web1
run 0 virsh start web1
for ((i = 0; i < 100; i++)); do
	[ "$(grep -c launch_digest= "$logs/console.log")" != 2 ] || break
	sleep 0.1
done
says_boot 0 second
[ "$(grep -c launch_digest= out)" = 2 ] || fail "not both boots: $(cat out)"

run 0 "$snp_launch" logs web1 -n 1
[ "$(wc -l <out)" = 1 ] || fail "$(cat out)"
run 0 "$snp_launch" logs web1 -n 0
[ ! -s out ] || fail "$(cat out)"
run 0 "$snp_launch" logs web1 --since 1h
grep -qx first out && grep -qx second out || fail "--since shows not all boots: $(cat out)"
touch -d '2 hours ago' "$logs/1/console.log"
run 0 "$snp_launch" logs web1 --since 1h
! grep -qx first out || fail "--since shows an older boot"
run 0 "$snp_launch" logs web1 --since 1h -n 1
[ "$(wc -l <out)" = 1 ] || fail "$(cat out)"
for wrong in '--since soon' '--boot 1' '--boot x' '--boot -1 --follow' '-n x'; do
	refuse 2 usage "$snp_launch" logs web1 $wrong
done

# QEMU's, also of one run alone.
run 0 "$snp_launch" logs web1 --qemu
[ "$(grep -c 'starting up libvirt' out)" = 1 ] || fail "$(grep -c 'starting up' out) runs"
! grep -q 'shutting down' out || fail "it is of another run: $(tail -n 3 out)"
run 0 "$snp_launch" logs web1 --qemu --boot -1
grep -q 'shutting down, reason=shutdown' out || fail "$(tail -n 3 out)"
refuse 1 not-found "$snp_launch" logs web1 --qemu --boot -5
run 0 "$snp_launch" logs web1 --qemu --since @4000000000
[ ! -s out ] || fail "--since leaves $(cat out)"

# Without libvirt they are there too.
run 0 "$snp_launch" logs web1 -c "qemu+unix:///session?socket=$work/none" --state-dir "$folder/guests"
grep -qx second out || fail "$(cat out)"
grep -q 'host-not-asked' err || fail "$(cat err)"
refuse 1 libvirt-failed "$snp_launch" logs nobody -c "qemu+unix:///session?socket=$work/none" --state-dir "$folder/guests"

# Made anew, it keeps them; only so many are kept.
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" create web1.json --replace
says_boot -1 second
says_boot -2 first
for ((i = 3; i < 14; i++)); do
	mkdir -p "$logs/$i"
	echo "boot $i" >"$logs/$i/console.log"
done
run 0 "$snp_launch" kill web1
run 0 "$snp_launch" start web1
[ "$(find "$logs" -mindepth 1 -type d | wc -l)" = 10 ] || fail "kept: $(ls "$logs")"
says_boot -2 'boot 13'

# A link in the log's folder is not followed, whether it is a log or a boot.
echo secret >secret
run 0 "$snp_launch" kill web1
rm "$logs/console.log"
ln -s "$work/secret" "$logs/console.log"
refuse 4 not-a-regular-file "$snp_launch" logs web1
mkdir elsewhere
ln -s "$work/elsewhere" "$logs/99"
echo other >elsewhere/console.log
refuse 4 not-a-regular-file "$snp_launch" logs web1 --boot -1
run 0 "$snp_launch" start web1
[ -d elsewhere ] && [ "$(cat elsewhere/console.log secret)" = "$(printf 'other\nsecret')" ] || fail "a link was followed"
run 0 "$snp_launch" remove -f web1
[ "$(cat secret)" = secret ] || fail "a link was followed"
nothing_left web1
