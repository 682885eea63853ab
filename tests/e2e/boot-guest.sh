#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A guest is booted under emulation with its own kernel, and the firmware refuses other files beside its hash
# table. A firmware that has the code which checks, and does not run it, is found out by the boot alone.
. "$(dirname "$0")/guests.sh" || exit 1
[ -s "$images/sid-OVMF.fd" ] || skip "no $images/sid-OVMF.fd (tests/run fetches it)"

vm guest
sed -i 's/ quiet//; s/256MiB/512MiB/' guest.json
run 0 "$snp_launch" rehearse --boot-only guest.json --until 'Linux version' --json
valid out
[ "$(jq -r '.boots[].firmware_did' out | xargs)" = 'started started refused refused refused' ] ||
	fail "not as it should be: $(cat out)"

# What is never seen is not told from a refusal; its console is kept.
run 0 "$snp_launch" rehearse --boot-only guest.json --until 'never said' --timeout 8
says 'cannot tell: the guest'
says "last lines of the console (all of it is in /tmp/snp-console-"
rm -f "$(sed -n 's/.*all of it is in \(.*\))$/\1/p' out)"

# A generic build with the names of the table's entries written into its free space.
python3 - "$images/sid-OVMF.fd" names.fd <<'END'
import sys, uuid
image = bytearray(open(sys.argv[1], "rb").read())
at = image.rfind(b"\xff" * 4096)
assert at > 0
for i, name in enumerate(("4de79437-abd2-427f-b835-d5b172d2045b", "44baf731-3a2f-4bd7-9af1-41e29169781d",
                          "97d02dd8-bd20-4c94-aa78-e7714d36ab2a")):
    image[at + 2048 + 16 * i:at + 2064 + 16 * i] = uuid.UUID(name).bytes_le
open(sys.argv[2], "wb").write(image)
END
run 3 "$snp_launch" check --firmware names.fd
says 'the code that checks kernel hashes: present'
says 'starts a changed kernel, initrd and command line'
says 'the boot shows that it does not work'

vm usage
refuse 2 usage "$snp_launch" rehearse --boot --boot-only usage.json
refuse 2 usage "$snp_launch" rehearse --until text usage.json
refuse 2 usage "$snp_launch" rehearse --boot-only --against plan.json usage.json
refuse 2 usage "$snp_launch" rehearse --boot-only --timeout 0 usage.json
