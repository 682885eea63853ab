#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --dump-vmsa writes what is measured, one file a vCPU, and nothing if it fails.
. "$(dirname "$0")/functions.sh"

firmware fw
mkdir here there
launch=(--ovmf ../fw --vcpus 3 --vcpu-type EPYC-v4)
cd here || exit 1
run 0 "$snp_measure" "${launch[@]}" --dump-vmsa
[ "$(ls | tr '\n' ' ')" = 'vmsa0.bin vmsa1.bin vmsa2.bin ' ] || fail "not three files: $(ls)"
[ "$(cat vmsa*.bin | wc -c)" = $((3 * 4096)) ] || fail "not pages"
cmp -s vmsa1.bin vmsa2.bin || fail "two APs differ"
cmp -s vmsa0.bin vmsa1.bin && fail "BSP and AP are the same"
run 0 "$snp_measure" plan --all "${launch[@]}"
for i in 0 1 2; do
	says "$(sha384sum <vmsa$i.bin | cut -d' ' -f1)"
done

run 0 "$snp_measure" "${launch[@]}" --dump-vmsa=../there
cmp -s vmsa0.bin ../there/vmsa0.bin || fail "another folder gets another page"
run 0 "$snp_measure" "${launch[@]}" --mode seves --dump-vmsa=../there
cmp -s vmsa0.bin ../there/vmsa0.bin && fail "SEV-ES has the VMSA of SEV-SNP"

rm ./*
refuse 1 cannot-write "$snp_measure" "${launch[@]}" --dump-vmsa=missing
refuse 4 bad-guest-features "$snp_measure" "${launch[@]}" --guest-features 0 --dump-vmsa
[ -z "$(ls -A)" ] || fail "traces are left: $(ls -A)"
mkdir vmsa2.bin
refuse 1 cannot-write "$snp_measure" "${launch[@]}" --dump-vmsa
[ "$(ls -A)" = vmsa2.bin ] || fail "a part of the dump is left: $(ls -A)"
# Nor is an earlier dump lost.
echo old >vmsa0.bin
refuse 1 cannot-write "$snp_measure" "${launch[@]}" --dump-vmsa
[ "$(cat vmsa0.bin)" = old ] || fail "the earlier dump is gone"
# What --dump-vmsa="$DIR" is where DIR is not set.
refuse 2 usage "$snp_measure" "${launch[@]}" --dump-vmsa=

# However many, with few descriptors.
mkdir many
run 0 bash -c 'ulimit -n 32 && "$@"' bash "$snp_measure" --ovmf ../fw --vcpus 100 --vcpu-type EPYC-v4 --dump-vmsa=many
[ "$(ls -A many | wc -l)" = 100 ] || fail "not a hundred files: $(ls -A many | wc -l)"
