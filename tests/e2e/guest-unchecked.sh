#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A firmware that does not check the kernel hashes is launched only by name; every verb that looks at such a
# guest says so, of one that an earlier release made as well.
. "$(dirname "$0")/guests.sh" || exit 1
[ -s "$images/sid-OVMF.fd" ] || skip "no $images/sid-OVMF.fd (tests/run fetches it)"
cp "$images/sid-OVMF.fd" "$work/OVMF.amdsev.fd"
chmod 644 "$work/OVMF.amdsev.fd"
begin

warned() {
	grep -qF '[kernel-hashes-not-checked]' err || fail "$* says nothing of it: $(cat err)"
}

vm guest
run 4 "$snp_launch" create guest.json
warned create
[ ! -e "$folder/guests/guest" ] || fail "the guest is there all the same"
run 0 "$snp_launch" create guest.json --warn kernel-hashes-not-checked
warned create --warn
record=$folder/guests/guest/record.json
grep -q '"kernel_hash_verifier": "absent"' "$record" || fail "the record does not say it: $(cat "$record")"
run 3 "$snp_launch" lint guest
grep -qF '[kernel-hashes-not-checked]' out err || fail "lint says nothing of it: $(cat out err)"
run 0 "$snp_launch" diff guest
warned diff
run 0 "$snp_launch" kill guest
run 0 "$snp_launch" start guest
warned start
run 0 "$snp_launch" kill guest

# As 0.1.0 wrote it.
sed '/"kernel_hash_verifier"/d' "$record" >older
cat older >"$record"
run 0 "$snp_launch" start guest
warned start of an older guest
run 0 "$snp_launch" kill guest
run 0 "$snp_launch" remove guest
