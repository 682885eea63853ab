#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Also what comes in through another library counts.
. "$(dirname "$0")/rules"

SNP_BUILD=${SNP_BUILD:-build}
[ -x "$SNP_BUILD/measure/snp-measure" ] || skip "snp-measure is not built"
for file in "$SNP_BUILD"/measure/snp-measure "$SNP_BUILD"/measure/libsnpmeasure.so; do
	ldd "$file" | grep -E 'not found|libvirt|libxml2' | sed "s|^|${file##*/}:|" >>"$broken" || true
done
verdict "snp-measure links neither libvirt nor libxml2"
