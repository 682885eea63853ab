#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Reports of real machines: accepted under the right expectations, refused by name under each wrong one.
. "$(dirname "$0")/functions.sh"

data=${SNP_SHARED_DATA:-}/attestation
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data/ca" ] || skip "no attestation/ca in SNP_SHARED_DATA"
export XDG_DATA_HOME=$work/data
at=(--at-time 2026-06-01)

field() { # field FOLDER OFFSET SIZE: hex out of its report
	od -An -v -tx1 -j "$2" -N "$3" "$data/$1/report.bin" | tr -d ' \n'
}

# Nothing is assumed about certificates, and what is missing is named with its path.
run 3 "$snp_measure" verify --any-measurement "$data/turin-v5-aci/report.bin"
says 'refused: certificate: '
says '/vcek/v1/Turin/'
run 3 "$snp_measure" verify --fetch-path "$data/turin-v5-aci/report.bin"
[ "$(wc -l <out)" = 2 ] || fail "not two paths: $(cat out)"
says '?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81'
run 0 "$snp_measure" certificates add "$data"/ca/*.der
run 3 "$snp_measure" verify --fetch-path "$data/turin-v5-aci/report.bin"
[ "$(wc -l <out)" = 1 ] || fail "the chain is kept, and asked for: $(cat out)"
run 0 "$snp_measure" verify --fetch-path --certificates "$data/turin-v5-aci" "$data/turin-v5-aci/report.bin"
[ ! -s out ] || fail "nothing is missing: $(cat out)"

# Every genuine one, held against all that it says.
for folder in genoa-v3-aci genoa-v5-routex milan-v2-azure-aci milan-v2-gsg milan-v2-virtee milan-v3-azure-hcl-a \
	milan-v3-vlek-aws milan-v5-gcp-ext milan-v5-gcp-vmpl1-a turin-v5-aci; do
	options=(--certificates "$data/$folder" --measurement "$(field $folder 0x90 48)"
		--report-data "$(field $folder 0x50 64)" --host-data "$(field $folder 0xc0 32)"
		--family-id "$(field $folder 0x10 16)" --image-id "$(field $folder 0x20 16)"
		--id-key-digest "$(field $folder 0xe0 48)" --author-key-digest "$(field $folder 0x110 48)"
		--report-id "$(field $folder 0x140 32)" --chip-id "$(field $folder 0x1a0 64)"
		--vmpl "0x$(field $folder 0x30 1)" --guest-svn-min "0x$(field $folder 4 1)"
		--policy "0x$(field $folder 0x0a 1)$(field $folder 9 1)$(field $folder 8 1)")
	case $folder in
	milan-v2-gsg) options+=(--allow-debug "${at[@]}") ;;
	milan-v3-vlek-aws) options+=(--at-time 2025-06-01T12:00:00Z) ;;
	*) options+=(--at-time @1780272000) ;;
	esac
	run 0 "$snp_measure" verify "${options[@]}" "$data/$folder/report.bin"
	says 'accepted: '
	says 'freshness checked'
	says 'launch digest checked'
	says 'revocation not checked'
done

# One wrong expectation each, the others right.
report=$data/turin-v5-aci/report.bin
right=(verify "${at[@]}" --certificates "$data/turin-v5-aci" --measurement "$(field turin-v5-aci 0x90 48)")
zeros() { printf "%0$((2 * $1))d" 0; }
while read -r name options; do
	run 3 "$snp_measure" "${right[@]}" $options "$report"
	says "refused: $name: "
	[ "$(wc -l <out)" = 1 ] || fail "$options fails more than $name: $(cat out)"
done <<END
report-data --report-data $(zeros 63)01
host-data --host-data $(zeros 31)01
policy --policy 0x30000
policy-at-most --policy-at-most 0x20000
guest-svn --guest-svn-min 3
family-id --family-id $(zeros 15)77
image-id --image-id $(zeros 15)77
id-key-digest --id-key-digest $(zeros 48)
author-key-digest --author-key-digest $(zeros 47)01
expected-chip-id --chip-id 59790fb1c39f35c2
report-id --report-id $(zeros 32)
vmpl --vmpl 1
minimum-tcb --minimum-tcb bl=1,tee=1,snp=4,ucode=81,fmc=2
minimum-tcb --minimum-tcb fmc=1,ucode=82,snp=4,tee=1,bl=1
minimum-launch-tcb --minimum-launch-tcb bl=2,tee=1,snp=4,ucode=81
firmware-version --firmware-min 1.55.66
platform-require --platform-require 0x80
platform-forbid --platform-forbid 0x40
launch-mitigations --launch-mitigations 0x40
current-mitigations --current-mitigations 0x40
denied-product --deny-product turin
END
run 3 "$snp_measure" "${right[@]/2026-06-01/2020-01-01}" "$report"
says 'refused: certificate-dates: '
run 0 "$snp_measure" "${right[@]}" --chip-id 59790fb1c39f35c1 --minimum-tcb bl=1,tee=1,snp=4,ucode=81,fmc=1 \
	--firmware-min 1.55.65 --platform-require 0x24 --platform-forbid 0x80 --current-mitigations 0x3f \
	--no-provisional-firmware --deny-product Milan --deny-product genoa "$report"
run 3 "$snp_measure" verify "${at[@]}" --certificates "$data/turin-v5-aci" --measurement "$(zeros 48)" "$report"
says 'refused: measurement: '
run 0 "$snp_measure" verify "${at[@]}" --certificates "$data/turin-v5-aci" --measurement "$(zeros 48)" \
	--measurement "$(field turin-v5-aci 0x90 48)" "$report"

# A CRL that is given has to be of the chain: one of another root is not passed over.
run 3 "$snp_measure" "${right[@]}" --crl "$SNP_SOURCE/tests/fuzz/corpus/crl/ask" "$report"
says 'refused: revocation: none of the CRLs is of ARK-Turin'

# Negatives.
run 3 "$snp_measure" verify --any-measurement --certificates "$data/NEG-milan-v2-kinvolk-mismatched-vcek" \
	"$data/NEG-milan-v2-kinvolk-mismatched-vcek/report.bin"
says 'refused: chip-id: '
says 'report-signature'
run 3 "$snp_measure" verify --any-measurement --certificates "$data/milan-v2-gsg" "$data/milan-v2-gsg/report.bin"
says 'refused: debug: '
run 3 "$snp_measure" verify --any-measurement --certificates "$data/milan-v3-vlek-aws" "${at[@]}" \
	"$data/milan-v3-vlek-aws/report.bin"
says 'refused: certificate-dates: the VLEK expired on 2025-12-10'
run 3 "$snp_measure" verify --any-measurement --no-provisional-firmware --certificates "$data/milan-v3-vlek-aws" \
	--at-time 2025-06-01 "$data/milan-v3-vlek-aws/report.bin"
says 'refused: provisional-firmware: '
run 3 "$snp_measure" verify --any-measurement "$data/genoa-v2-routex-noVEK/report.bin"
says 'refused: certificate: '

# Containers around a real report.
run 0 "$snp_measure" verify --any-measurement "${at[@]}" "$data/milan-v5-gcp-ext/extended.bin"
mkdir tsm
cp "$data/milan-v5-gcp-ext/report.bin" tsm/outblob
tail -c +1185 "$data/milan-v5-gcp-ext/extended.bin" >tsm/auxblob
rm -rf "$XDG_DATA_HOME"
run 0 "$snp_measure" verify --any-measurement "${at[@]}" tsm
: >tsm/auxblob
run 3 "$snp_measure" verify --any-measurement "${at[@]}" tsm
says 'refused: certificate: '
{
	printf '\0\0\0\0\240\004\0\0'
	head -c 24 /dev/zero
	cat "$data/milan-v5-gcp-ext/report.bin"
	head -c 2784 /dev/zero
} >response
run 0 "$snp_measure" verify --any-measurement "${at[@]}" --certificates "$data/milan-v5-gcp-ext" --certificates \
	"$data/ca" response
