#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command gets by with a small stack, as services and containers have it.
. "$(dirname "$0")/functions.sh"

unsanitized "sanitizers have frames of their own"
firmware fw
kernel kernel
key id
corpus=$SNP_SOURCE/tests/fuzz/corpus
launch=(--ovmf fw --kernel kernel --append ro --vcpus 4 --vcpu-type EPYC-v4)
printf '{"schema": "snp-release/1", "images": [{"name": "web", "firmware": "fw", "kernel": "kernel", "cmdline": "ro",
	"vcpu_count": [1, 4], "cpu_model": ["EPYC-Milan"]}]}' >release.json
ulimit -s 128

run 0 "$snp_measure" "${launch[@]}"
run 0 "$snp_measure" plan --json "${launch[@]}" && mv out plan
run 0 "$snp_measure" plan --diff plan plan
run 3 "$snp_measure" explain --digest "$(printf %096d 1)" "${launch[@]}" --max-vcpus 16 --candidates .
run 0 "$snp_measure" inspect fw
run 0 "$snp_measure" show "$corpus/report/Genoa-v5"
run 3 "$snp_measure" verify --any-measurement --certificates "$corpus/certificate" "$corpus/report/Genoa-v5"
run 0 "$snp_measure" certificates list
run 0 "$snp_measure" id-block create "${launch[@]}" --key id.pem --output-block block --output-auth auth
run 0 "$snp_measure" id-block verify "${launch[@]}" --id-block @block --id-auth @auth
run 0 "$snp_measure" publish release.json -o published --id-key id.pem
run 0 "$snp_measure" reproduce published/reference-values.json --images .
