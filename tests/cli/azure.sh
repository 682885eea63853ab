#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A genuine container group of Azure: what its sidecar and its host hand out is read and accepted, and each part
# that is changed, exchanged or left out is refused by name.
. "$(dirname "$0")/functions.sh"

data=${SNP_SHARED_DATA:-}/azure/aci-milan-v2
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data" ] || skip "no azure/aci-milan-v2 in SNP_SHARED_DATA"
export XDG_DATA_HOME=$work/data data
at=(--at-time 2023-06-01)
host=$data/uvm_host_amd_certificate.json
report=$data/snp_report.bin

python3 - <<'EOF'
import base64, json, os
data = os.environ["data"]
read = lambda name: open(f"{data}/{name}", "rb").read()
b64 = lambda b: base64.b64encode(b).decode()
def write(name, content):
    open(name, "wb").write(content if isinstance(content, bytes) else content.encode())
report, host, cose = read("snp_report.bin"), json.loads(read("uvm_host_amd_certificate.json")), read("body.uvm_reference_info.bin")
write("raw.json", json.dumps({"report": report.hex()}))
combined = {"evidence": b64(report), "endorsements": b64((host["vcekCert"] + host["certificateChain"]).encode()),
            "uvm_endorsements": b64(cose), "endorsed_tcb": host["tcbm"]}
write("combined.json", json.dumps(combined))
write("combined.b64", b64(json.dumps(combined).encode()) + "\n")
write("report.b64", b64(report))
write("host.b64", b64(read("uvm_host_amd_certificate.json")))
write("other-tcb.json", json.dumps({**combined, "endorsed_tcb": "7308000000000004"}))
write("other-tcbm.json", json.dumps({**host, "tcbm": "7308000000000004"}))
write("no-chain.json", json.dumps({k: v for k, v in host.items() if k != "certificateChain"}))
write("no-certificates.json", json.dumps({**combined, "endorsements": ""}))
write("failed.json", json.dumps({"error": "no\nreport"}))
EOF

# Every form of the report, and of the certificates.
for form in "$report" raw.json report.b64; do
	for certificates in "$host" host.b64; do
		run 0 "$snp_measure" verify --any-measurement "${at[@]}" --certificates "$certificates" "$form"
		says 'accepted: Milan'
	done
	run 3 "$snp_measure" verify --any-measurement "${at[@]}" "$form"
	says 'refused: certificate: '
done
for form in combined.json combined.b64; do
	run 0 "$snp_measure" verify --any-measurement "${at[@]}" "$form"
	says 'accepted: Milan'
done
run 3 "$snp_measure" verify --any-measurement "${at[@]}" no-certificates.json
says 'refused: certificate: '
refuse 4 bad-report-container "$snp_measure" verify --any-measurement "${at[@]}" other-tcb.json
refuse 4 bad-report-container "$snp_measure" verify --any-measurement "${at[@]}" failed.json
refuse 4 bad-certificate "$snp_measure" verify --any-measurement "${at[@]}" --certificates other-tcbm.json "$report"
refuse 4 json-missing-key "$snp_measure" verify --any-measurement "${at[@]}" --certificates no-chain.json "$report"

# The policy that names the customer's containers.
policy=$data/uvm_security_policy.base64
base64 -d "$policy" >policy.rego
sed 's/"0.10.0"/"0.10.1"/' policy.rego >other.rego
verify=(verify --any-measurement "${at[@]}" combined.json)
for given in "$policy" policy.rego; do
	run 0 "$snp_measure" "${verify[@]}" --security-policy "$given"
	says 'accepted: Milan'
	run 0 "$snp_measure" show "$given"
	says 'cadd74f71ebb8fbf9782baab649612520f3c416bc5ce9ac768808ddc8d9b031c'
	says 'the policy is not judged'
	run 0 "$snp_measure" show --json "$given"
	valid out
done
run 3 "$snp_measure" "${verify[@]}" --security-policy other.rego
says 'refused: host-data: '
refuse 4 bad-security-policy "$snp_measure" "${verify[@]}" --security-policy "$report"
refuse 2 usage "$snp_measure" "${verify[@]}" --security-policy policy.rego --host-data "$(printf %064d 1)"
printf 'package policy\ncontainers := [{"id": "a", "command": ["x y", "z"], "layers": ["00ff"]}]\n' >known.rego
run 0 "$snp_measure" show known.rego
says 'command           "x y" "z"'
says '  layer             00ff'
run 0 "$snp_measure" show --json known.rego
valid out

# show names what it found.
while read -r form name; do
	run 0 "$snp_measure" show "$form"
	says "container           $name"
	run 0 "$snp_measure" show --json "$form"
	valid out
done <<END
$report raw report
raw.json /attest/raw
report.b64 base64 of raw report
combined.json /attest/combined
combined.b64 base64 of /attest/combined
$host host-amd-cert
host.b64 base64 of host-amd-cert
END
