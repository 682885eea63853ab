#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --json says what the text says, and every input and parameter.
. "$(dirname "$0")/functions.sh"

firmware fw
kernel kernel
printf 'an initrd' >initrd
launch=(--ovmf fw --vcpus 3 --vcpu-type EPYC-Milan --kernel kernel --initrd initrd --append quiet)
text=$("$snp_measure" "${launch[@]}")
run 0 "$snp_measure" --json "${launch[@]}"
python3 - "$text" <<'EOF' || fail "the object says something else: $(cat out)"
import hashlib, json, os, sys
d = json.load(open("out"))
assert d["schema"] == "snp-digest/1" and d["tool"]["name"] == "snp-measure"
assert d["launch_digest"] == sys.argv[1]
assert d["mode"] == "snp" and d["vmm_profile"] == "qemu" and d["kernel_hashes"] is True
assert d["vcpu_count"] == 3 and d["cpu_model"] == "EPYC-Milan"
assert d["cpu_signature"] == "0xa00f11" and d["guest_features"] == "0x1"
for name, path in ("firmware", "fw"), ("kernel", "kernel"), ("initrd", "initrd"):
    bytes = open(path, "rb").read()
    assert d["inputs"][name] == {"name": path, "size": len(bytes),
                                 "sha256": hashlib.sha256(bytes).hexdigest()}, name
assert d["inputs"]["cmdline"] == {"size": 5, "sha256": hashlib.sha256(b"quiet\0").hexdigest()}
assert d["not_covered"] and d["warnings"] == []
EOF

run 0 "$snp_measure" --json --ovmf fw --vcpus 1 --vcpu-sig 0x800f12
python3 - <<'EOF' || fail "without kernel: $(cat out)"
import json
d = json.load(open("out"))
assert d["kernel_hashes"] is False and set(d["inputs"]) == {"firmware"} and "cpu_model" not in d
assert any("kernel" in thing for thing in d["not_covered"])
EOF

# A summary in the image's place: the document's size and SHA-256, and what it stands for.
"$snp_measure" inspect --summary fw >summary
run 0 "$snp_measure" --json --firmware-summary summary --vcpus 1 --vcpu-sig 0x800f12
python3 - <<'EOF' || fail "of a summary: $(cat out)"
import hashlib, json
text = open("summary", "rb").read()
assert json.load(open("out"))["inputs"]["firmware"] == {
    "name": "summary", "size": len(text), "sha256": hashlib.sha256(text).hexdigest(),
    "firmware_digest": json.loads(text)["firmware_digest"]}
EOF
