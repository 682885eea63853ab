#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The plan ends in the digest, shows every update once, and folds without losing any.
. "$(dirname "$0")/functions.sh"

firmware fw
kernel kernel
launch=(--ovmf fw --vcpus 3 --vcpu-type EPYC-v4 --kernel kernel)
digest=$("$snp_measure" "${launch[@]}")

run 0 "$snp_measure" plan --all "${launch[@]}"
# 16 pages of firmware, 9 + 3 + 15 of memory, secrets, CPUID, SVSM_CAA, hash table, 3 VMSAs.
[ "$(tail -n +2 out | wc -l)" = 50 ] || fail "$(wc -l <out) lines, not 1 + 50"
[ "$(tail -n1 out | awk '{print $NF}')" = "$digest" ] || fail "the plan does not end in the digest"
tail -n +2 out | awk '$1 != NR - 1 {exit 1}' || fail "updates are not numbered in order"
for text in 'firmware 15' 'section 2 SNP_SECRETS' 'SEV hash table' 'vCPU 2'; do
	says "$text"
done
cp out all

# vCPU i's running digest is the digest of i + 1 vCPUs.
for n in 1 2 3; do
	d=$("$snp_measure" --ovmf fw --vcpus $n --vcpu-type EPYC-v4 --kernel kernel) || fail "no digest of $n vCPUs"
	grep "vCPU $((n - 1)) " all | grep -q "$d\$" || fail "the plan has no digest of $n vCPUs"
done

run 0 "$snp_measure" plan "${launch[@]}"
[ "$(sed '1d;/^$/q' out | grep -c .)" = 10 ] || fail "$(wc -l <out) lines, not 1 + 10 + 2, when folded"
says '0-15 '
says 'vCPU 1-2'
[ "$(tail -n1 out | awk '{print $NF}')" = "$digest" ] || fail "the folded plan ends elsewhere"
cp out folded

run 0 "$snp_measure" plan --json --all "${launch[@]}"
python3 - "$digest" <<'EOF' || fail "the object says something else than the text"
import json, sys
d = json.load(open("out"))
assert d["schema"] == "snp-plan/1" and d["launch_digest"] == sys.argv[1]
lines = open("all").read().splitlines()[1:]
assert len(lines) == len(d["updates"])
for line, u in zip(lines, d["updates"]):
    words = line.split()
    assert words[0] == str(u["index"]) and words[1] == u["page_type"] and words[2] == u["gpa"]
    assert words[-2:] == [u["contents"], u["digest"]] and u["origin"] in line and u["count"] == 1
EOF
run 0 "$snp_measure" plan --json "${launch[@]}"
python3 - <<'EOF' || fail "folding loses updates"
import json
at = 0
for u in json.load(open("out"))["updates"]:
    assert u["index"] == at
    at += u["count"]
assert at == 50
EOF
