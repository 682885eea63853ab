#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A release with a container group of Azure: HOST_DATA is published instead of digests, in the formats that can say it.
. "$(dirname "$0")/functions.sh"

printf 'package policy\ncontainers := []\n' >policy.rego
base64 -w0 policy.rego >policy.b64
hash=$(sha256sum <policy.rego | cut -d' ' -f1)
group='{"name": "notary", "security_policy": "policy.rego", "maa_issuer": "https://x.attest.azure.net", "guest_svn": 2, "minimum_tcb": {"Milan": "bl=3,tee=0,snp=8,ucode=115"}}'
release() { printf '{"schema": "snp-release/1", "images": [%s]}' "$1"; }
release "$group" >release.json

run 0 "$snp_measure" publish release.json -o pub
[ "$(ls pub | tr '\n' ' ')" = 'index.html keys.txt maa-policy.txt reference-values.json skr-policy.json ' ] || fail "other files: $(ls pub)"
! grep -q left-out err || fail "formats for digests are missed: $(cat err)"
grep -qF '"schema": "snp-reference-values/3"' pub/reference-values.json || fail "another schema"
grep -qF "\"host_data\": \"$hash\"" pub/reference-values.json || fail "another HOST_DATA"
valid pub/reference-values.json
grep -qF "hostdata\", value==\"$hash\"]" pub/maa-policy.txt || fail "maa-policy.txt lacks HOST_DATA"
for claim in 'vmpl", value==0' 'is-debuggable", value==false' 'microcode-svn", value>=115' 'compliance-status", value=="azure-compliant-uvm"'; do
	grep -qF "$claim" pub/maa-policy.txt || fail "maa-policy.txt lacks $claim"
done
python3 - "$hash" <<'EOF' || fail "another release policy: $(cat pub/skr-policy.json)"
import json, sys
p = json.load(open("pub/skr-policy.json"))
assert p["version"] == "1.0.0" and len(p["anyOf"]) == 1
one = p["anyOf"][0]
assert one["authority"] == "https://x.attest.azure.net"
assert {c["claim"]: c["equals"] for c in one["allOf"]} == {
    "x-ms-attestation-type": "sevsnpvm", "x-ms-compliance-status": "azure-compliant-uvm", "x-ms-sevsnpvm-hostdata": sys.argv[1],
    "x-ms-sevsnpvm-is-debuggable": "false", "x-ms-sevsnpvm-vmpl": "0"}
EOF
run 0 "$snp_measure" reproduce pub/reference-values.json --images .

# Text and base64 of it are one policy, published as two files.
release "${group/policy.rego/policy.b64}" >base64.json
run 0 "$snp_measure" publish base64.json -o base64
grep -qF "\"host_data\": \"$hash\"" base64/reference-values.json || fail "another HOST_DATA of base64"

# A policy that changed is a difference.
mkdir changed
sed 's/\[\]/[{}]/' policy.rego >changed/policy.rego
run 3 "$snp_measure" reproduce pub/reference-values.json --images changed
says 'security policy'
sed "s/$hash/$(printf %064d 1)/" base64/reference-values.json >other.json
run 3 "$snp_measure" reproduce other.json --images .
says 'HOST_DATA'

# Beside an image with digests: each format says what it is for.
firmware fw
release "$group, {\"name\": \"vm\", \"firmware\": \"fw\", \"vcpu_count\": [1], \"cpu_model\": [\"EPYC-v4\"]}" >mixed.json
run 0 "$snp_measure" publish mixed.json -o mixed
valid mixed/reference-values.json
[ "$(grep -c '=> permit' mixed/maa-policy.txt)" = 2 ] || fail "not two rules"
[ "$(grep -c '^vm' mixed/launch-digests.tsv) $(grep -c notary mixed/launch-digests.tsv)" = '1 0' ] || fail "$(cat mixed/launch-digests.tsv)"
run 0 "$snp_measure" reproduce mixed/reference-values.json --images .
release '{"name": "vm", "firmware": "fw", "vcpu_count": [1], "cpu_model": ["EPYC-v4"]}' >plain.json
run 0 "$snp_measure" publish plain.json -o plain
! grep -q skr err || fail "told of a format for container groups: $(cat err)"
grep -qF '"schema": "snp-reference-values/1"' plain/reference-values.json || fail "a later schema than is needed"
refuse 4 format-cannot-say "$snp_measure" publish plain.json -o skr --format skr-policy
refuse 4 format-cannot-say "$snp_measure" publish release.json -o tsv --format tsv
release '{"name": "notary", "security_policy": "policy.rego"}' >nowhere.json
refuse 4 format-cannot-say "$snp_measure" publish nowhere.json -o skr --format skr-policy

# What is no group, and no image.
while read -r name image; do
	release "$image" >bad.json
	refuse 4 "$name" "$snp_measure" publish bad.json -o bad
done <<'END'
json-bad-value {"name": "x", "security_policy": "policy.rego", "firmware": "fw"}
json-bad-value {"name": "x", "security_policy": "policy.rego", "vcpu_count": [1]}
json-bad-value {"name": "x", "security_policy": "policy.rego", "policy": "0x30000"}
json-bad-value {"name": "x", "security_policy": "policy.rego", "maa_issuer": "http://x"}
json-bad-value {"name": "x", "security_policy": "policy.rego", "maa_issuer": "https://x/"}
json-bad-value {"name": "x", "firmware": "fw", "vcpu_count": [1], "maa_issuer": "https://x"}
json-missing-key {"name": "x", "vcpu_count": [1]}
bad-security-policy {"name": "x", "security_policy": "fw"}
END
while read -r name change; do
	sed "$change" pub/reference-values.json >bad.json
	refuse 4 "$name" "$snp_measure" reproduce bad.json --images .
done <<'END'
json-missing-key s/"host_data"/"image_id2"/;s/"image_id2".*/"guest_svn": 2,/;s/"guest_svn": 2,$//
json-bad-value s/"guest_svn"/"policy": "0x30000", "guest_svn"/
json-unknown-key s|values/3|values/2|
json-bad-value s/"security_policy"/"firmware": {"name": "fw", "size": 1, "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "sha384": "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"}, "security_policy"/
END

# The genuine group is held to such a release, and to no other.
data=${SNP_SHARED_DATA:-}/azure
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data" ] || skip "the rest: no azure in SNP_SHARED_DATA"
data=$data/aci-milan-v2
cp "$data/uvm_security_policy.base64" policy.b64
run 0 "$snp_measure" publish base64.json -o genuine
genuine=(verify --at-time 2023-06-01 --certificates "$data/uvm_host_amd_certificate.json"
	--uvm-endorsement "$data/body.uvm_reference_info.bin" --uvm-svn 22)
run 0 "$snp_measure" "${genuine[@]}" --reference genuine/reference-values.json -v "$data/snp_report.bin"
says 'notary, endorsed as ContainerPlat-AMD-UVM, SVN 22'
run 0 "$snp_measure" "${genuine[@]}" --reference pub/reference-values.json --reference genuine/reference-values.json "$data/snp_report.bin"
run 3 "$snp_measure" "${genuine[@]}" --reference pub/reference-values.json "$data/snp_report.bin"
says 'refused: host-data: not among the 1 published'
run 3 "$snp_measure" "${genuine[@]}" --reference plain/reference-values.json "$data/snp_report.bin"
says 'refused: measurement: not among the 1 expected'
run 3 "$snp_measure" verify --at-time 2023-06-01 --certificates "$data/uvm_host_amd_certificate.json" \
	--reference genuine/reference-values.json "$data/snp_report.bin"
says 'refused: measurement: container groups are published, and no endorsement is expected'
sed 's/ucode=115/ucode=116/' base64.json >above.json
run 0 "$snp_measure" publish above.json -o above
run 3 "$snp_measure" "${genuine[@]}" --reference above/reference-values.json "$data/snp_report.bin"
says 'refused: minimum-tcb: '
