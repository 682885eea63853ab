#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Launches that real machines reported are computed again from their summaries.
. "$(dirname "$0")/functions.sh"

command -v python3 >/dev/null || skip "there is no python3 here"
python3 - "$snp_measure" "$SNP_SOURCE/tests/vectors/hardware.json" <<'EOF' || fail "a launch is not reproduced"
import json, subprocess, sys
tool, path = sys.argv[1:]
launches = [l for l in json.load(open(path))["launches"] if "firmware" in l]
for l in launches:
    json.dump(l["firmware"], open("summary", "w"))
    line = [tool, "--firmware-summary", "summary", "--profile", l["vmm_profile"],
            "--vcpus", str(l["vcpu_count"]), "--guest-features", l["guest_features"]]
    if l.get("cpu_model"):
        line += ["--vcpu-type", l["cpu_model"]]
    if l.get("cpu_signature") and not l.get("cpu_model"):
        line += ["--vcpu-sig", l["cpu_signature"]]
    if l.get("kernel_sha256"):
        line += ["--kernel-sha256", l["kernel_sha256"], "--append", l["cmdline"]]
        if l.get("initrd_sha256"):
            line += ["--initrd-sha256", l["initrd_sha256"]]
    got = subprocess.run(line, capture_output=True, text=True)
    if got.stdout.strip() != l["launch_digest"]:
        sys.exit(f"{l['name']}: {got.stdout}{got.stderr}")
print(f"{len(launches)} launches", file=sys.stderr)
EOF

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
