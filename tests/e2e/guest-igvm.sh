#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A guest from an IGVM file: the QEMU here cannot start one, which check and create say. With a QEMU that says that it
# can, libvirt takes the definition, and the guest's copy has the ID block in it; no such QEMU starts here.
. "$(dirname "$0")/guests.sh"
begin
make_keys
igvm_file guest.igvm 0x101000

cat >web1.json <<END
{"schema": "snp-launch/2", "name": "web1", "igvm": {"path": "$work/guest.igvm"}, "cpu": {"count": 1},
 "memory": {"size": "256MiB"}, "snp": {"policy": {"raw": "0xb0000"}, "id": {"key": "$work/id.pem"}}}
END
for verb in create 'create --no-start' check; do
	# shellcheck disable=SC2086 # an option apart
	refuse 4 check-failed "$snp_launch" $verb --allow-debug web1.json
	grep -qF '[igvm-needs-qemu]' err || fail "no word about igvm-cfg: $(cat err)"
done
nothing_left web1
run 0 "$snp_measure" --igvm guest.igvm --vcpus 1 --policy 0xb0000
digest=$(cat out)

emulator=$(virsh domcapabilities --machine q35 --arch x86_64 | sed -n 's/^ *<path>\(.*\)<.*/\1/p')
# qemu FILE VERSION: the QEMU here, but for what it says of itself.
qemu() {
	cat >"$1" <<-END
		#!/bin/sh
		case "\$*" in
		*igvm-cfg,help*) printf 'igvm-cfg options:\\n  file=<string>\\n' ;;
		*' -version') echo 'QEMU emulator version $2 (Debian 1:$2+ds-1)' ;;
		*) exec $emulator "\$@" ;;
		esac
	END
	chmod 755 "$1"
}
qemu qemu-with-igvm 10.2.2
chmod 775 qemu-with-igvm
sed 's|"name"|"emulator": "'"$work"'/qemu-with-igvm", &|' web1.json >with.json
# Root may run snp-launch: a program that others can replace is not asked.
refuse 4 check-failed "$snp_launch" create --no-start --allow-debug with.json
grep -q 'is not run to find out' err || fail "a program that others can change was run: $(cat err)"
chmod 755 qemu-with-igvm
mkdir open && chmod 777 open && cp qemu-with-igvm open
sed 's|/qemu-with-igvm|/open&|' with.json >open.json
refuse 4 check-failed "$snp_launch" create --no-start --allow-debug open.json
run 0 "$snp_launch" create --no-start --allow-debug with.json
says "launch digest $digest"
says 'bound by      ID block of this host'
copy=$folder/guests/web1/boot/firmware
virsh dumpxml web1 >web1.xml
grep -qF "igvm-cfg,id=igvm0,file=$copy" web1.xml && grep -qF 'igvm-cfg=igvm0' web1.xml || fail "$(cat web1.xml)"
! grep -qE '<idBlock|<loader' web1.xml || fail "an ID block or firmware beside the IGVM file"
# The copy's ID block is for this launch, and the copy is otherwise the file.
run 0 "$snp_measure" --igvm "$copy" --vcpus 1 --policy 0xb0000
[ "$(cat out)" = "$digest" ] || fail "the copy has another digest"
refuse 4 id-block-differs "$snp_measure" --igvm "$copy" --vcpus 1 --policy 0x30000
run 0 "$snp_measure" igvm strip "$copy" -o stripped
cmp stripped guest.igvm || fail "the copy is another file"
run 0 "$snp_launch" diff web1
run 0 "$snp_launch" show web1 --json
valid out
virt-xml-validate web1.xml domain >out 2>err || [ ! -x "$(command -v virt-xml-validate)" ] || fail "$(cat err)"

# What changes the arguments, or the copy, is found.
sed 's|igvm-cfg=igvm0|igvm-cfg=igvm1|' web1.xml >changed.xml
virsh -q define changed.xml >/dev/null || fail "libvirt does not take the change"
run 3 "$snp_launch" diff web1
virsh -q define web1.xml >/dev/null
chmod u+w "$copy" && printf x >>"$copy"
run 3 "$snp_launch" start web1
run 0 "$snp_launch" remove -f web1
nothing_left web1

# Of its profiles the one of the QEMU that was asked counts, and is recorded: only QEMU 11 fills MADT.
python3 - <<'END'
import json
d = json.load(open("guest.igvm.json"))
d["headers"].insert(3, {"type": "MADT", "area": 0})
json.dump(d, open("madt.json", "w"))
END
"$snp_measure" igvm build madt.json -o madt.igvm || fail "no file with MADT"
qemu qemu-11 11.1.3
for qemu in qemu-with-igvm qemu-11; do
	sed "s|/guest.igvm|/madt.igvm|; s|\"name\"|\"emulator\": \"$work/$qemu\", &|" web1.json >$qemu.json
done
refuse 4 igvm-launch-refused "$snp_launch" create --no-start --allow-debug qemu-with-igvm.json
run 0 "$snp_measure" --igvm madt.igvm --vcpus 1 --policy 0xb0000 --profile igvm-qemu-11
digest=$(cat out)
run 0 "$snp_launch" create --no-start --allow-debug qemu-11.json
says "launch digest $digest"
[ "$(jq -r .vmm_profile "$folder/guests/web1/record.json")" = igvm-qemu-11 ] || fail "another profile is recorded"
run 0 "$snp_launch" diff web1
run 0 "$snp_launch" apply --allow-debug --no-start qemu-11.json
run 0 "$snp_launch" measure --allow-debug web1
[ "$(cat out)" = "$digest" ] || fail "measure has another digest"
run 0 "$snp_launch" remove -f web1
nothing_left web1

# An ID block for another digest binds nothing.
run 0 "$snp_measure" id-block create --measurement "$(printf %096d 0)" --policy 0xb0000 --id-key id.pem \
	--output-block block --output-auth auth
sed 's|"id": {[^}]*}|"id": {"block": "'"$work"'/block", "auth": "'"$work"'/auth"}|' with.json >other.json
run 3 "$snp_launch" create --no-start --allow-debug other.json
says digest-differs
nothing_left web1
