#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Launches that real machines reported are computed again from their summaries.
. "$(dirname "$0")/functions.sh"

command -v python3 >/dev/null || skip "there is no python3 here"
shopt -s nullglob
"$SNP_SOURCE/tests/golden/read-witness" "$snp_measure" "$SNP_SOURCE/tests/vectors/hardware.json" \
	"$SNP_SOURCE"/tests/vectors/witness-*.json || fail "a launch is not reproduced"

[ -n "${SNP_SHARED_DATA:-}" ] || {
	echo "SNP_SHARED_DATA is not set: no launch with an SVSM" >&2
	exit 0
}
svsm=(--mode snp:svsm --profile svsm-fpu0 --ovmf "$SNP_SHARED_DATA/firmware/svsm_ovmf.fd"
	--svsm "$SNP_SHARED_DATA/firmware/svsm.bin" --vars-size 540672 --vcpu-type EPYC-v4)
run 0 "$snp_measure" "${svsm[@]}" --vcpus 4
says 265aed64f2454253f6b19e49e17041ef052dedf964dd8d2740794a06aee3a720c475e3643a1b7e26b9efce7a107bf77f
run 0 "$snp_measure" "${svsm[@]}" --vcpus 2
says 4ae03ca013690e956bc1eb16bc1c6465788dba64ad88a650db09216fa9cdddf06167bfce810eba8988108e71458dd68b
