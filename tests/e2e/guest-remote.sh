#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A host whose files are not seen from here: it launches its own, which are measured from copies below
# --remote-root; without an ID block that is refused unless it is asked for. (The "remote" host is one more
# simulated host of this machine, which --remote-root makes a remote one.)
. "$(dirname "$0")/guests.sh"
begin
make_keys
digest=$(predicted)
mkdir -p "mirror$work"
cp OVMF.amdsev.fd linux initrd "mirror$work/"

vm web1
refuse 4 boot-files-not-protected "$snp_launch" create web1.json --remote-root "$work/mirror"
nothing_left web1
run 0 "$snp_launch" create web1.json --remote-root "$work/mirror" --unbound
says "bound by      nothing"
[ -z "$(ls "$folder/guests/web1/boot")" ] || fail "files were copied"
run 0 "$snp_launch" remove -f web1

vm web1 '"snp": {"id": {"key": "'"$work"'/id.pem"}}'
run 0 "$snp_launch" create web1.json --remote-root "$work/mirror"
virsh dumpxml web1 >web1.xml
grep -qF "<kernel>$work/linux</kernel>" web1.xml || fail "the host's own kernel is not named"
virsh console web1 </dev/null >said 2>/dev/null
run 0 "$snp_launch" show web1 --json
[ "$(field remote)" = true ] || fail "the record does not say remote"
[ "$(field launch_digest)" = "$digest" ] || fail "another digest"
run 0 "$snp_launch" kill web1

# The host's kernel is another than the copy here: its secure processor refuses it, and is understood.
printf x | dd of=linux bs=1 seek=290000 conv=notrunc status=none
run 3 "$snp_launch" start web1
says BAD_MEASUREMENT
says '[launch-refused]'
run 0 "$snp_launch" remove web1
nothing_left web1
run 3 "$snp_launch" create web1.json --remote-root "$work/mirror"
says '[launch-refused]'
says 'snp-launch rehearse FILE, snp-launch diff NAME or snp-measure explain'
nothing_left web1
