#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A firmware that does not check the kernel hashes is launched only by name; every verb that looks at such a
# guest says so, of one that an earlier release made as well. Where the image does not tell, they warn of that.
. "$(dirname "$0")/guests.sh" || exit 1
[ -s "$images/sid-OVMF.fd" ] || skip "no $images/sid-OVMF.fd (tests/run fetches it)"
cp "$images/sid-OVMF.fd" "$work/OVMF.amdsev.fd"
"$SNP_SOURCE/tests/fixtures/make-firmware" unknown.fd || skip "needs python3"
chmod 644 "$work/OVMF.amdsev.fd" unknown.fd
begin

# warned VERB…: by the name in $warning, which is in the JSON as well where that was asked for.
warned() {
	grep -qF "[$warning]" err || fail "$* says nothing of it: $(cat err)"
	[[ " $* " != *' --json '* ]] && return
	valid out
	jq -r '.warnings[].name' out | grep -qx "$warning" || fail "the JSON of $* lacks it: $(cat out)"
}

# looked_at NAME LINT: each verb that looks at a guest warns; lint exits with LINT.
looked_at() {
	local record=$folder/guests/$1/record.json
	run "$2" "$snp_launch" lint "$1"
	grep -qF "[$warning]" out err || fail "lint says nothing of it: $(cat out err)"
	run 0 "$snp_launch" diff "$1"
	warned diff
	run 0 "$snp_launch" diff "$1" --json
	warned diff --json
	run 0 "$snp_launch" diff "$1.json" --json
	warned diff FILE --json
	run 0 "$snp_launch" kill "$1"
	run 0 "$snp_launch" start "$1" --json
	warned start --json
	run 0 "$snp_launch" kill "$1"

	# As 0.1.0 wrote it.
	sed '/"kernel_hash_verifier"/d' "$record" >older
	cat older >"$record"
	run 0 "$snp_launch" start "$1"
	warned start of an older guest
	run 0 "$snp_launch" kill "$1"
	run 0 "$snp_launch" remove "$1"
}

warning=kernel-hashes-not-checked
vm guest
run 4 "$snp_launch" create guest.json
warned create
[ ! -e "$folder/guests/guest" ] || fail "the guest is there all the same"
run 0 "$snp_launch" create guest.json --warn kernel-hashes-not-checked --json
warned create --warn --json
grep -q '"kernel_hash_verifier": "absent"' "$folder/guests/guest/record.json" || fail "the record does not say it"
looked_at guest 3

warning=kernel-hash-check-unknown
vm unknown
sed -i 's/OVMF.amdsev.fd/unknown.fd/' unknown.json
run 0 "$snp_launch" create unknown.json --json
warned create --json
grep -q '"kernel_hash_verifier": "unknown"' "$folder/guests/unknown/record.json" || fail "the record does not say it"
looked_at unknown 0
