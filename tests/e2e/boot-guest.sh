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
rm -f "$(sed -n 's/.*(all of it is in \(.*\))$/\1/p' out)"

# A generic build with the names of the table's entries where nothing uses them: the image says that it checks, and its
# boot that it does not. What a boot showed is what publish believes.
firmware names.fd "image $images/sid-OVMF.fd"
run 0 "$snp_measure" inspect --json names.fd
[ "$(jq -r .kernel_hash_verifier out)" = present ] || fail "the image: $(jq .kernel_hash_verifier out)"
run 3 "$snp_launch" check --firmware names.fd
says 'the code that checks kernel hashes: present'
says 'starts a changed kernel, initrd and command line'
says 'the boot shows that it does not work'
run 3 "$snp_launch" check --firmware names.fd --json
[ "$(jq -r '.static + " " + .boot' out)" = 'present starts' ] || fail "names alone: $(cat out)"
cp out names.json
echo '{"schema": "snp-release/1", "images": [{"name": "guest", "firmware": "names.fd", "kernel": "linux",
	"vcpu_count": [1], "cpu_model": ["EPYC-v4"]}]}' >release.json
run 0 "$snp_measure" publish release.json -o published
refuse 4 kernel-hashes-not-checked "$snp_measure" publish release.json -o published --boot-result names.json

vm usage
refuse 2 usage "$snp_launch" rehearse --boot --boot-only usage.json
refuse 2 usage "$snp_launch" rehearse --until text usage.json
refuse 2 usage "$snp_launch" rehearse --boot-only --against plan.json usage.json
refuse 2 usage "$snp_launch" rehearse --boot-only --timeout 0 usage.json
