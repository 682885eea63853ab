#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A verdict is kept with all that it was made from, and repeated from that alone.
. "$(dirname "$0")/functions.sh"

data=${SNP_SHARED_DATA:-}/attestation
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data/ca" ] || skip "no attestation/ca in SNP_SHARED_DATA"
command -v jq >/dev/null || skip "there is no jq here"
export XDG_DATA_HOME=$work/data
report=$data/turin-v5-aci/report.bin
field() { od -An -v -tx1 -j "$1" -N "$2" "$report" | tr -d ' \n'; }
verify=("$snp_measure" verify --certificates "$data/ca" --certificates "$data/turin-v5-aci")

# checks: the checks of the last run's JSON, without what differs from one folder to another.
checks() { jq -S '{verdict, reason, product, checks: [.checks[] | {name, result}]}' "$1"; }

firmware fw
printf '{"schema": "snp-release/1", "images": [{"name": "image", "firmware": "fw", "vcpu_count": [4],
	"cpu_model": ["EPYC-Milan"], "vmm_profile": ["qemu"]}]}' >release.json
run 0 "$snp_measure" publish release.json -o published
jq --arg digest "$(field 0x90 48)" --arg family "$(field 0x10 16)" --arg image "$(field 0x20 16)" '
	.images[0] |= (.policy = "0x3001f" | .family_id = $family | .image_id = $image | .guest_svn = 2 |
	.variants[0].launch_digest = $digest)' published/reference-values.json >master.json
key publisher
openssl dgst -sha384 -sign publisher.pem -out master.json.sig master.json

# Whole: what was given, what was expected, the time and the verdict; and nothing else is needed later.
all=(--at-time 2026-06-01 --reference master.json --reference published --report-data "$(field 0x50 64)"
	--minimum-tcb "Turin:bl=1,tee=1,snp=4,ucode=81,fmc=1" --firmware-min 1.55.65 --vmpl 0 --deny-product Milan)
run 0 "${verify[@]}" "${all[@]}" --json --save kept "$report"
valid kept/evidence.json
cmp -s out kept/verdict.json || fail "another verdict was saved than printed"
cmp -s kept/report.bin "$report" || fail "another report was saved"
cmp -s kept/reference-values.json master.json && cmp -s kept/reference-values.json.sig master.json.sig &&
	cmp -s kept/reference-values-2.json published/reference-values.json || fail "other documents were saved"
[ "$(od -An -v -tx1 kept/nonce.bin | tr -d ' \n')" = "$(field 0x50 64)" ] || fail "another nonce was saved"
openssl x509 -inform DER -in kept/certificates/0001-*.der -noout || fail "no certificate was saved"
cp -r kept moved
mv master.json gone.json
run 0 "$snp_measure" verify --json moved
checks out >now
checks kept/verdict.json | cmp -s now || fail "the verdict is not the same again"
run 0 "$snp_measure" verify moved
says 'accepted: Turin, as published'
says 'freshness checked'
says 'reference values: moved/reference-values.json'
grep -qF 'expectations and the time 2026-06-01T00:00:00Z come from the folder' err || fail "it is not said whose they are"
grep -qF '[signature-not-checked]' err || fail "no signature was checked, and that is not said"
# Its time, or another; a verdict that is no longer the same.
run 3 "$snp_measure" verify --at-time 2020-01-01 moved
says 'refused: certificate-dates: '
grep -qF '[another-verdict]' err || fail "it is not said that the verdict was another"
# It can be kept again.
run 0 "$snp_measure" verify --save again moved
diff -r -x 'verdict.*' kept again >/dev/null || fail "what was kept again is not the same"
# A refused report is evidence too.
run 3 "${verify[@]}" --any-measurement --at-time 2026-06-01 --vmpl 1 --save no "$report"
run 3 "$snp_measure" verify no
says 'refused: vmpl: '
! grep -qF '[another-verdict]' err || fail "the same verdict passes for another"

# With the publisher's key, the documents are the publisher's and what the folder allows besides does not count.
rm moved/reference-values-2.json
jq '.references = 1' kept/evidence.json >moved/evidence.json
run 0 "$snp_measure" verify --public-key publisher.pub moved
! grep -qF '[signature-not-checked]' err || fail "the signature was checked, and it says not"
grep -qF 'the nonce, the time 2026-06-01T00:00:00Z, and all that is not in the reference values, come from the folder' err || fail "it is not said whose they are"
key other
refuse 3 bad-signature "$snp_measure" verify --public-key other.pub moved
jq --arg d "$(field 0x90 48)" '.expected.measurements = [$d]' moved/evidence.json >forged
cp forged moved/evidence.json
jq '.images[0].variants[0].launch_digest |= "00" + .[2:]' kept/reference-values.json >moved/reference-values.json
openssl dgst -sha384 -sign publisher.pem -out moved/reference-values.json.sig moved/reference-values.json
run 0 "$snp_measure" verify moved
run 3 "$snp_measure" verify --public-key publisher.pub moved
says 'refused: measurement: '
rm moved/reference-values.json.sig
refuse 1 cannot-open "$snp_measure" verify --public-key publisher.pub moved
refuse 2 usage "$snp_measure" verify --public-key publisher.pub no
# With expectations of one's own, none of the folder's.
run 3 "$snp_measure" verify --measurement "$(printf %096d 0)" kept
says 'refused: measurement: not among the 1 expected'
run 0 "$snp_measure" verify --measurement "$(field 0x90 48)" --vmpl 0 no
grep -qF 'the time 2026-06-01T00:00:00Z comes from the folder; ' err || fail "it is not said whose time it is"
run 0 "$snp_measure" verify --reference kept --public-key publisher.pub --report-data @kept/nonce.bin --at-time 2026-06-02 kept
! grep -qF '[folder-decides]' err || fail "nothing is the folder's, and it says so"
refuse 2 usage "$snp_measure" verify --vmpl 0 kept

# Whole or not at all, and nothing that is there is touched.
refuse 1 exists "${verify[@]}" --any-measurement --save kept "$report"
mkdir empty full
: >full/.mine
run 0 "${verify[@]}" --any-measurement --at-time 2026-06-01 --save empty "$report"
refuse 1 exists "${verify[@]}" --any-measurement --save full "$report"
[ "$(ls -A full)" = .mine ] || fail "something was written beside what is there"
refuse 1 exists "${verify[@]}" --any-measurement --save master.json.sig "$report"
refuse 1 cannot-write "${verify[@]}" --any-measurement --save none/here "$report"
refuse 2 usage "${verify[@]}" --fetch-path --save new "$report"
[ ! -e new ] || fail "a folder was made"
refuse 4 not-a-report "$snp_measure" verify --any-measurement --save new release.json
[ ! -e new ] || fail "a folder was made"

# Whoever made the folder is not trusted.
hostile() { # hostile STATUS NAME COMMAND: a copy of the folder, changed by the command, is refused
	rm -rf bad
	cp -r kept bad
	(cd bad && eval "$3") || fail "$3 fails"
	refuse "$1" "$2" "$snp_measure" verify bad
}
vcek=$(cd kept && echo certificates/*-vcek-turin.der)
for file in evidence.json report.bin nonce.bin verdict.json reference-values.json reference-values.json.sig \
	certificates "$vcek"; do
	hostile 4 not-a-regular-file "mv $file ../out-of-it; ln -s ../out-of-it $file"
	rm -rf out-of-it
done
hostile 4 not-a-regular-file 'rm nonce.bin; mkfifo nonce.bin'
hostile 4 not-a-regular-file 'rm report.bin; mkdir report.bin'
hostile 4 too-large 'truncate -s 2M evidence.json'
hostile 4 too-large 'truncate -s 1185 report.bin'
hostile 4 too-large "truncate -s 20k $vcek"
hostile 4 too-large 'truncate -s 65 nonce.bin'
hostile 4 json-bad-value 'printf %064d 1 >nonce.bin'
hostile 4 json-bad-value 'truncate -s 63 nonce.bin'
hostile 4 json-bad-value 'jq "del(.expected.report_data)" evidence.json >e && mv e evidence.json'
hostile 4 too-large 'truncate -s 2M verdict.json'
hostile 4 bad-certificate 'echo >certificates/zz.der'
hostile 4 bad-crl 'mkdir crls; echo >crls/01.der'
hostile 1 cannot-open 'rm reference-values-2.json'
hostile 4 bad-svsm-manifest 'rm nonce.bin; echo >svsm-manifest.bin'
hostile 4 json-syntax 'echo "{" >verdict.json'
