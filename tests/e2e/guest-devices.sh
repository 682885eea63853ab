#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people put into guests changes no launch digest, and the running guest has it: cloud-init's disk, made anew
# when its files change and without a trace of their contents elsewhere; a CD-ROM; cards, nodes, pinned vCPUs and
# the firmware's window; forwarded ports. A firmware beside the vm.json is found from anywhere.
. "$(dirname "$0")/guests.sh"
command -v xorriso >/dev/null || skip "there is no xorriso here"
begin
guest=$folder/guests/web1 seed=$folder/guests/web1/cloud-init.iso
truncate -s 1M cd.iso
chmod 644 cd.iso
printf '#cloud-config\npassword: rosebud-1941\n' >user.yaml
chmod 600 user.yaml

# inside FILE: a file in the image.
inside() {
	xorriso -osirrox on -indev "$seed" -extract "/$1" "inside-$1" >/dev/null 2>&1 || fail "no $1 in the image"
	cat "inside-$1"
	rm -f "inside-$1"
}

members='"cloud_init": {"user_data": "'$work'/user.yaml"}, "cdrom": [{"path": "'$work'/cd.iso"}],
	"networks": [{"type": "user", "model": "e1000e"}, {"type": "user"}], "mmio64": "64GiB",
	"numa": [{"cpus": "0", "memory": "128M"}, {"cpus": "1", "memory": 134217728}]'
vm web1 "$members"
sed -i 's|"'"$work"'/OVMF.amdsev.fd"|"OVMF.amdsev.fd"|; s/"count": 2/"count": 2, "pinning": ["0", "0"]/;
	s/snp-launch\/1/snp-launch\/2/' web1.json
(cd / && "$snp_launch" create "$work/web1.json") >out 2>err || fail "create: $(cat err)"
for check in cloud-init-not-measured cdrom-not-measured; do
	grep -q "\[$check\]" err || fail "create says nothing of $check"
done
[ "$(heard web1 launch_digest)" = "$(predicted)" ] || fail "the devices change the digest"
[ "$(virsh -q domstate web1)" = running ] || fail "the guest does not run"
virsh -q qemu-monitor-command web1 --hmp info block >blocks
grep -q cloud-init.iso blocks && grep -q cd.iso blocks || fail "QEMU has $(cat blocks)"
virsh -q qemu-monitor-command web1 --hmp info numa | grep '2 nodes' >/dev/null || fail "QEMU has other nodes"
virsh -q qemu-monitor-command web1 --hmp info network | grep 'model=e1000e' >/dev/null || fail "there is no e1000e: $(virsh -q qemu-monitor-command web1 --hmp info network)"

# The contents are in the image, and nowhere else. QEMU's group can read it, others cannot.
[ "$(inside user-data)" = "$(cat user.yaml)" ] || fail "the image has other user data"
inside meta-data | grep -x 'local-hostname: web1' >/dev/null || fail "the image has other meta data"
[ $(($(stat -c %a "$seed") % 10)) = 0 ] || fail "everybody can read the image"
! grep -rl rosebud "$guest" | grep -v cloud-init.iso || fail "the secret is elsewhere"
! virsh -q dumpxml web1 | grep rosebud || fail "the domain has the secret"
hash=$(sha256sum <user.yaml | cut -c1-64)
! grep -r "$hash" "$guest" || fail "the hash of the secret is kept"
grep -q "\"$work/OVMF.amdsev.fd\"" "$guest/vm.json" || fail "the kept vm.json has a relative path"

# The same files: nothing to do. Others: the image is made again, and the digest stays.
run 0 "$snp_launch" apply web1.json
says 'web1: up to date'
before=$(stat -c %i "$seed")
printf '#cloud-config\npassword: xanadu\n' >user.yaml
run 3 "$snp_launch" diff web1.json
says cloud-init
run 0 "$snp_launch" apply web1.json
says cloud-init
[ "$(inside user-data)" = "$(cat user.yaml)" ] || fail "apply left the old user data"
[ "$(stat -c %i "$seed")" != "$before" ] || fail "the image that runs was written to"
[ ! -e "$guest/.cloud-init" ] || fail "what apply made the image of is left"
run 0 "$snp_launch" restart web1
[ "$(heard web1 launch_digest)" = "$(predicted)" ] || fail "the new image changes the digest"

# One that cannot be made changes nothing; one that is no longer wanted goes.
mkdir nothing
ln -s "$(command -v virsh)" nothing/
printf '#cloud-config\n' >user.yaml
PATH=$work/nothing run 1 "$snp_launch" apply --ignore xorriso web1.json
grep -qF -- 'xorriso is not installed' err || fail "stderr: $(cat err)"
inside user-data | grep xanadu >/dev/null || fail "the old image is gone"
sed -i 's/"cloud_init": {[^}]*}, //' web1.json
run 0 "$snp_launch" apply --restart web1.json
[ ! -e "$seed" ] || fail "the image is left"
run 0 "$snp_launch" remove -f web1
nothing_left web1

# A create that fails leaves no secret.
vm web2 '"cloud_init": {"user_data": "'"$work"'/user.yaml", "network_config": "'"$work"'/none"}'
run 1 "$snp_launch" create --ignore cloud-init-file web2.json
nothing_left web2

# A port of the host leads to the guest.
if command -v passt >/dev/null; then
	vm web3 '"networks": [{"type": "user", "forward": [{"address": "127.0.0.1", "host": 22422, "guest": 22}]}]'
	run 0 "$snp_launch" create web3.json
	[ "$(heard web3 launch_digest)" = "$(predicted)" ] || fail "a forwarded port changes the digest"
	run 0 "$snp_launch" remove -f web3
fi

# HOST_DATA of initdata, which must be of SHA-256.
printf 'version = "0.1.0"\nalgorithm = "sha256"\n[data]\n' >web4.toml
vm web4
sed -i 's|"kernel":|"initdata": "'"$work"'/web4.toml", "kernel":|' web4.json
run 0 "$snp_launch" create web4.json
[ "$(heard web4 host_data)" = "$(sha256sum <web4.toml | cut -c1-64)" ] || fail "HOST_DATA is another"
run 0 "$snp_launch" remove -f web4
sed -i s/sha256/sha384/ web4.toml
run 4 "$snp_launch" create web4.json
grep -qF -- '[bad-initdata]' err || fail "stderr: $(cat err)"
