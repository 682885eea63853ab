#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No verb leaves a file behind, in the working folder or in that for temporary ones.
. "$(dirname "$0")/functions.sh"

firmware fw
mkdir cwd tmp
cd cwd || exit 1
export TMPDIR=$work/tmp HOME=$work/tmp
for verb in digest plan; do
	run 0 "$snp_measure" $verb --ovmf ../fw --vcpus 1 --vcpu-type EPYC
	run 4 "$snp_measure" $verb --ovmf ../fw --vcpus 0 --vcpu-type EPYC
done
run 0 "$snp_measure" inspect ../fw
[ -z "$(ls -A . ../tmp)" ] || [ "$(ls -A . ../tmp | tr -d '\n')" = '.:../tmp:' ] || fail "$(ls -A . ../tmp)"
