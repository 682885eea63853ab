#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --version prints name and version, in every verb, and nothing else.
. "$(dirname "$0")/functions.sh"

for verb in '' digest plan inspect; do
	run 0 "$snp_measure" $verb --version
	grep -qxE 'snp-measure [0-9]+\.[0-9]+\.[0-9]+' out || fail "not a version: $(cat out)"
	[ "$(wc -l <out)" = 1 ] && [ ! -s err ] || fail "--version prints more than one line"
done
