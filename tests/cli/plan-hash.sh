#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The digests of the plan follow from its pages by SHA-384 of PAGE_INFO (SEV-SNP firmware ABI 56860),
# computed here by another program.
. "$(dirname "$0")/functions.sh"

firmware fw
kernel kernel
run 0 "$snp_measure" plan --json --all --ovmf fw --vcpus 4 --vcpu-type EPYC-Genoa --kernel kernel
python3 - <<'EOF' || fail "a digest does not follow from its update"
import hashlib, json, struct
types = {"NORMAL": 1, "VMSA": 2, "ZERO": 3, "UNMEASURED": 4, "SECRETS": 5, "CPUID": 6}
plan = json.load(open("out"))
firmware = open("fw", "rb").read()
ld = bytes(48)
for u in plan["updates"]:
    contents = bytes.fromhex(u["contents"])
    if u["origin"].startswith("firmware"):
        at = int(u["gpa"], 16) - (2**32 - len(firmware))
        assert contents == hashlib.sha384(firmware[at:at + 4096]).digest()
    if types[u["page_type"]] > 2:
        assert contents == bytes(48)
    ld = hashlib.sha384(ld + contents + struct.pack("<HBBIQ", 0x70, types[u["page_type"]], 0, 0,
                                                    int(u["gpa"], 16))).digest()
    assert ld == bytes.fromhex(u["digest"]), u["index"]
assert ld == bytes.fromhex(plan["launch_digest"])
EOF
