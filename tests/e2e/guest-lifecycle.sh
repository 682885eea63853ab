#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# create to remove, and by virsh alone: the digest that create predicts is the one that the guest says on
# its console, and in the end nothing is left.
. "$(dirname "$0")/guests.sh"
begin
make_keys
digest=$(predicted)

vm web1 '"snp": {"id": {"key": "'"$work"'/id.pem", "author_key": "'"$work"'/author.pem", "svn": 7,
	"image_id": "000102030405060708090a0b0c0d0e0f"}, "host_data": "'"$(printf %064d 5)"'"},
	"autostart": true'
run 0 "$snp_launch" create web1.json
says "web1: running"
says "launch digest $digest"
says "bound by      ID block of this host"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "the guest says $(heard web1 launch_digest)"
[ "$(heard web1 host_data)" = "$(printf %064d 5)" ] || fail "host data are $(heard web1 host_data)"
run 0 "$snp_launch" console web1
run 0 "$snp_launch" show web1 --json
valid out
valid "$folder/guests/web1/record.json"
[ "$(field launch_digest)" = "$digest" ] || fail "show has $(field launch_digest)"
[ "$(field state)" = running ] || fail "state is $(field state)"
[ "$(field guest_svn)" = 7 ] || fail "svn is $(field guest_svn)"
run 0 "$snp_launch" measure web1
# By its UUID it is the same guest.
run 0 "$snp_launch" show "$(virsh domuuid web1)"
grep -qx 'name *web1' out || fail "$(cat out)"
says "launch digest      $digest"
says "$folder/guests/web1"
says "$digest"
run 0 "$snp_launch" diff web1
run 0 "$snp_launch" diff web1.json
run 0 "$snp_launch" lint web1
run 0 virsh dominfo web1
grep -q '^Autostart: *enable' out || fail "the guest does not come up with the host"

# By an alias of the host's URI it is the same guest. (Root's aliases are in /etc.)
mkdir -p config/libvirt
echo "uri_aliases = [ \"sim=$uri\" ]" >config/libvirt/libvirt.conf
cp "$snp_launch" launch
user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
run 0 "${user[@]}" env XDG_CONFIG_HOME="$work/config" ./launch show -c sim web1 --json
[ "$(field directory)" = "$folder/guests/web1" ] || fail "its directory is $(field directory)"
[ "$(field state)" = running ] || fail "state is $(field state)"

# Another's or a second guest of that name.
refuse 1 exists "$snp_launch" create web1.json
refuse 1 wrong-guest-state "$snp_launch" start web1
refuse 1 wrong-guest-state "$snp_launch" remove web1

# Restarted, also by its UUID, it is launched anew; what could not start again is not stopped.
uuid=$(virsh domuuid web1)
run 0 "$snp_launch" restart "$uuid"
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another digest after a restart"
cp "$folder/guests/web1/boot/kernel" saved
printf x | dd of="$folder/guests/web1/boot/kernel" bs=1 seek=290000 conv=notrunc status=none
run 3 "$snp_launch" restart web1
says "the kernel has changed since it was measured"
[ "$(virsh domstate web1)" = running ] || fail "the guest was stopped"
cat saved >"$folder/guests/web1/boot/kernel"
domain foreign 0x30000 >foreign.xml
run 0 virsh define foreign.xml
run 0 virsh start foreign
for foreign in foreign "$(virsh domuuid foreign)" "$(virsh domid foreign)"; do
	refuse 1 not-found "$snp_launch" restart "$foreign"
	[ "$(virsh domstate foreign)" = running ] || fail "another's domain was stopped"
done
run 0 "$snp_launch" kill foreign
run 0 virsh undefine foreign

# Asked to power off, it does, but not without its power button (PM1_EN of the ICH9).
run 0 "$snp_launch" stop web1
run 0 "$snp_launch" start web1
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another digest after stop and start"
run 0 virsh qemu-monitor-command web1 --hmp 'o/h 0x602 0'
refuse 1 timeout "$snp_launch" stop web1 --timeout 1

# By virsh alone.
run 0 virsh destroy web1
run 0 "$snp_launch" list
! grep -q web1 out || fail "list shows a guest that is off"
run 0 "$snp_launch" list -a
grep -q '^web1 *off ' out || fail "list -a does not show it off"
run 0 virsh start web1
run 0 "$snp_launch" list
grep -q '^web1 *running ' out || fail "list does not show it running"

# Paused: nothing is measured before the first resume.
run 0 "$snp_launch" kill web1
refuse 1 wrong-guest-state "$snp_launch" resume web1
run 0 "$snp_launch" start web1 --paused
grep -q paused out || fail "not paused"
refuse 1 wrong-guest-state "$snp_launch" stop web1
run 0 "$snp_launch" resume web1
run 0 "$snp_launch" show web1
grep -q '^state *running' out || fail "not running after resume"

run 0 "$snp_launch" diff web1 --json
valid out
run 0 "$snp_launch" list -a --json
valid out
run 0 "$snp_launch" check web1.json --json
valid out
run 0 "$snp_launch" kill web1 --json
valid out
run 0 "$snp_launch" remove web1
nothing_left web1
refuse 1 not-found "$snp_launch" show web1

# A site's own template, and a log that is followed until the guest is off.
sed 's|</devices>|<sound model="ich9"/>&|' "$SNP_SOURCE/templates/domain.xml" >site.xml
run 0 "$snp_launch" create web1.json --template site.xml
[ "$(heard web1 launch_digest)" = "$digest" ] || fail "another digest with a site's template"
run 0 "$snp_launch" dumpxml web1
says "<sound model='ich9'>"
timeout 60 "$snp_launch" logs -f web1 >followed &
follower=$!
run 0 "$snp_launch" kill web1
wait $follower || fail "logs -f ends with $?"
grep -q "launch_digest=$digest" followed || fail "logs -f says: $(cat followed)"
sed -i 's|</domain>||' site.xml
refuse 4 xml-syntax "$snp_launch" create web1.json --replace --template site.xml
run 0 "$snp_launch" diff web1
run 0 "$snp_launch" remove web1
nothing_left web1

# Without an ID block it runs, and is shown as what it is.
vm plain
run 0 "$snp_launch" create plain.json --no-start
says "bound by      nothing"
run 0 "$snp_launch" list -a
grep -q '^plain .* nothing$' out || fail "list does not say 'nothing'"
run 0 "$snp_launch" show plain
grep -q '^bound by *nothing' out || fail "show does not say 'nothing'"
run 0 "$snp_launch" remove plain
nothing_left plain
