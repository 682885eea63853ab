#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A report against published reference values, signed and not.
. "$(dirname "$0")/functions.sh"

data=${SNP_SHARED_DATA:-}/attestation
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data/ca" ] || skip "no attestation/ca in SNP_SHARED_DATA"
command -v jq >/dev/null || skip "there is no jq here"
export XDG_DATA_HOME=$work/data
verify=("$snp_measure" verify --certificates "$data/ca" --certificates "$data/turin-v5-aci" --at-time 2026-06-01)
report=$data/turin-v5-aci/report.bin
field() { od -An -v -tx1 -j "$1" -N "$2" "$report" | tr -d ' \n'; }

# A document of the tool's own, its digest and identity put to what the report says.
firmware fw
printf '{"schema": "snp-release/1", "images": [{"name": "image", "firmware": "fw", "vcpu_count": [4],
	"cpu_model": ["EPYC-Milan"], "vmm_profile": ["qemu"]}]}' >release.json
run 0 "$snp_measure" publish release.json -o published
jq --arg digest "$(field 0x90 48)" --arg family "$(field 0x10 16)" --arg image "$(field 0x20 16)" '
	.images[0] |= (.policy = "0x3001f" | .family_id = $family | .image_id = $image | .guest_svn = 2 |
	.variants[0].launch_digest = $digest)' published/reference-values.json >master.json

run 0 "${verify[@]}" --reference master.json "$report"
says 'accepted: Turin, as published'
says 'launch digest: image on qemu, 4 vCPUs, EPYC-Milan'
grep -qF '[signature-not-checked]' err || fail "nothing about the signature: $(cat err)"
run 0 "${verify[@]}" --json --reference master.json "$report"
[ "$(jq -r '.reference | "\(.image) \(.vmm_profile) \(.vcpu_count)"' out)" = 'image qemu 4' ] || fail "$(cat out)"

while IFS='|' read -r name edit; do
	jq "$edit" master.json >other.json
	run 3 "${verify[@]}" --reference other.json "$report"
	says "refused: $name: "
	lines=1
	if [ "$name" = measurement ]; then
		lines=3
		says "  launch digest seen: $(field 0x90 48)"
		says "  to find what is different: snp-measure explain --digest $(field 0x90 48) --reference other.json"
	fi
	[ "$(wc -l <out)" = $lines ] || fail "more than $name: $(cat out)"
done <<-'END'
	measurement|.images[0].variants[0].launch_digest |= "00" + .[2:]
	policy|.images[0].policy = "0x30000"
	guest-svn|.images[0].guest_svn = 3
	family-id|.images[0].family_id |= "77" + .[2:]
	image-id|.images[0].image_id |= "77" + .[2:]
END
# A policy of fewer permissions than published is one that the publisher would allow.
jq '.images[0].policy = "0x30000"' master.json >other.json
run 0 "${verify[@]}" --reference other.json --policy-at-most 0x30000 "$report"

# Every document counts, in any order, and the verdict says which one has the launch.
jq '.images[0].variants[0].launch_digest |= "00" + .[2:]' master.json >other.json
for pair in 'master.json other.json' 'other.json master.json' 'other.json master.json master.json'; do
	references=()
	for file in $pair; do references+=(--reference "$file"); done
	run 0 "${verify[@]}" "${references[@]}" "$report"
	says 'reference values: master.json'
	run 0 "${verify[@]}" --json "${references[@]}" "$report"
	[ "$(jq -r '"\(.schema) \(.reference.file)"' out)" = 'snp-verify/2 master.json' ] || fail "$(cat out)"
	valid out
done
run 3 "${verify[@]}" --reference other.json --reference other.json "$report"
says 'refused: measurement: not among the 2 expected'
# The nearest image decides, wherever it is.
jq '.images[0].policy = "0x30000"' master.json >nearby.json
run 0 "${verify[@]}" --reference nearby.json --reference master.json "$report"
says 'reference values: master.json'

# What the document says of its own firmware: a boot says more than the image.
while IFS='|' read -r warns check; do
	jq ".schema = \"snp-reference-values/2\" | .images[0].kernel_hash_check = $check" master.json >checked.json
	run 0 "${verify[@]}" --reference checked.json "$report"
	[ "$(grep -cF '[kernel-hashes-not-checked]' err)" = "$warns" ] || fail "$check: $(cat err)"
done <<-'END'
	0|{static: "present"}
	0|{static: "unknown"}
	1|{static: "absent"}
	1|{static: "absent", boot: "cannot-tell"}
	0|{static: "absent", boot: "refuses"}
	1|{static: "present", boot: "starts"}
END

# What is signed is what is read.
openssl ecparam -name secp384r1 -genkey -noout -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out public.pem
openssl dgst -sha384 -sign key.pem -out master.json.sig master.json
run 0 "${verify[@]}" --reference master.json --public-key public.pem "$report"
# Each of several documents needs its signature, by any of the keys.
openssl ecparam -name prime256v1 -genkey -noout -out key2.pem 2>/dev/null
openssl pkey -in key2.pem -pubout -out public2.pem
both=(--reference other.json --reference master.json)
refuse 1 cannot-open "${verify[@]}" "${both[@]}" --public-key public.pem "$report"
openssl dgst -sha256 -sign key2.pem -out other.json.sig other.json
refuse 3 bad-signature "${verify[@]}" "${both[@]}" --public-key public.pem "$report"
refuse 3 bad-signature "${verify[@]}" "${both[@]}" --public-key public2.pem "$report"
run 0 "${verify[@]}" "${both[@]}" --public-key public.pem --public-key public2.pem "$report"
run 0 "${verify[@]}" --reference master.json --public-key public.pem "$report"
! grep -qF '[signature-not-checked]' err || fail "the signature was checked, and it says not"
echo >>master.json
refuse 3 bad-signature "${verify[@]}" --reference master.json --public-key public.pem "$report"
rm master.json.sig
refuse 1 cannot-open "${verify[@]}" --reference master.json --public-key public.pem "$report"
