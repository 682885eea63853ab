#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# verify --svsm-manifest: REPORT_DATA must be the SHA-512 of nonce and manifest, and VMPL 0.
. "$(dirname "$0")/functions.sh"

printf '\0\1\0\13abcdefgh' >manifest
nonce=$(printf '%0128d' 7)
head -c 1184 /dev/zero >report
verify=("$snp_measure" verify --any-measurement)
refuse 2 usage "${verify[@]}" --svsm-manifest manifest report
refuse 2 usage "${verify[@]}" --nonce "$nonce" report
refuse 2 usage "${verify[@]}" --svsm-manifest manifest --nonce "$nonce" --vmpl 1 report
refuse 2 usage "${verify[@]}" --svsm-manifest manifest --nonce "$nonce" --report-data "$nonce" report
refuse 4 bad-hex "${verify[@]}" --svsm-manifest manifest --nonce 00 report
refuse 1 cannot-open "${verify[@]}" --svsm-manifest nothing --nonce "$nonce" report
: >empty
refuse 4 empty-file "${verify[@]}" --svsm-manifest empty --nonce "$nonce" report
printf '\273\236\204\143\222\75\160\106\241\377\130\371\311\113\207\273%8s' '' >broken
refuse 4 bad-svsm-manifest "${verify[@]}" --svsm-manifest broken --nonce "$nonce" report

data=${SNP_SHARED_DATA:-}/attestation
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data/ca" ] || skip "no attestation/ca in SNP_SHARED_DATA"
export XDG_DATA_HOME=$work/data
run 0 "$snp_measure" certificates add "$data"/ca/*.der
run 3 "$snp_measure" verify --at-time @1780272000 --any-measurement --certificates "$data/genoa-v3-aci" \
	--svsm-manifest manifest --nonce "$nonce" "$data/genoa-v3-aci/report.bin"
says 'refused: report-data'
! grep -q 'SVSM service' out || fail "a manifest is shown that no report vouches for"
run 3 "$snp_measure" verify --json --at-time @1780272000 --any-measurement --certificates "$data/genoa-v3-aci" \
	--svsm-manifest manifest --nonce "$nonce" "$data/genoa-v3-aci/report.bin"
valid out
