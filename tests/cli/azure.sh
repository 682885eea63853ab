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
	says 'the policy was not checked'
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

# The utility VM, and the whole group at its time.
cose=$data/body.uvm_reference_info.bin
group=(verify "${at[@]}" --security-policy "$policy" --uvm-svn 22)
base64 -w0 "$cose" >cose.b64
for form in combined.json combined.b64; do
	run 0 "$snp_measure" "${group[@]}" "$form"
	says 'accepted: Milan'
	says 'launch digest checked'
	run 0 "$snp_measure" "${group[@]}" --json "$form"
	valid out
done
for endorsement in "$cose" cose.b64; do
	run 0 "$snp_measure" "${group[@]}" --certificates "$host" --uvm-endorsement "$endorsement" raw.json
	run 0 "$snp_measure" "${group[@]}" -v --certificates "$host" --uvm-endorsement "$endorsement" "$report"
	says 'ContainerPlat-AMD-UVM, SVN 22'
	says 'not verified: no root of the authority was given'
	run 0 "$snp_measure" show "$endorsement"
	says 'svn                 22'
	says 'certificate         ContainerPlat'
	run 0 "$snp_measure" show --json "$endorsement"
	valid out
done
# Each is told by name: the default minimum, another feed, issuer or digest, none at all, a changed byte of each part.
run 3 "$snp_measure" verify "${at[@]}" --uvm-svn 22 combined.json
says 'refused: host-data: none is expected, but'
run 0 "$snp_measure" verify "${at[@]}" --uvm-svn 22 --any-host-data combined.json
# Repeated from what was saved: the endorsement and the runtime data came with the report.
run 0 "$snp_measure" verify "${at[@]}" --uvm-svn 22 --any-host-data --save saved combined.json
run 0 "$snp_measure" verify -v saved
grep -Eq 'passed +endorsed-measurement ' out || fail "the endorsement was not kept: $(cat out)"
refuse 2 usage "$snp_measure" "${group[@]}" --any-host-data combined.json
refuse 2 usage "$snp_measure" verify "${at[@]}" --uvm-svn 22 --any-host-data --host-data "$(printf %064d 1)" combined.json
refuse 2 usage "$snp_measure" verify "${at[@]}" --security-policy "$policy" combined.json
grep -qF -- '--uvm-feed' err || fail "does not say how to use the endorsement beside the report: $(cat err)"
run 3 "$snp_measure" verify "${at[@]}" --uvm-feed ContainerPlat-AMD-UVM --security-policy "$policy" combined.json
says 'refused: endorsement-svn: 22; expected at least 100'
run 3 "$snp_measure" "${group[@]}" --uvm-feed ConfAKS-AMD-UVM combined.json
says 'refused: endorsement-issuer: '
says 'endorsement-feed'
run 3 "$snp_measure" "${group[@]}" --uvm-issuer did:x509:0:sha256:x::eku:1.2 --uvm-feed ContainerPlat-AMD-UVM combined.json
says 'refused: endorsement-issuer: '
refuse 2 usage "$snp_measure" "${group[@]}" --uvm-issuer did:x509:0:sha256:x::eku:1.2 combined.json
refuse 2 usage "$snp_measure" "${group[@]}" --any-measurement combined.json
run 3 "$snp_measure" "${group[@]}" --certificates "$host" raw.json
says 'refused: endorsement: none was given'
run 3 "$snp_measure" "${group[@]}" --measurement "$(printf %096d 1)" combined.json
says 'refused: measurement: '
other=$SNP_SHARED_DATA/attestation/milan-v2-gsg
run 3 "$snp_measure" "${group[@]}" --allow-debug --certificates "$other" --certificates "$SNP_SHARED_DATA/attestation/ca" --uvm-endorsement "$cose" "$other/report.bin"
says 'endorsed-measurement'
run 3 "$snp_measure" "${group[@]}" --tsa-root "$SNP_SHARED_DATA/attestation/ca/milan_ark.der" combined.json
says 'refused: endorsement-timestamp: '

# The genuine timestamp, below the authority's CA that is in it: its root is not.
python3 - <<'EOF'
import os
cose = open(f"{os.environ['data']}/body.uvm_reference_info.bin", "rb").read()
at = cose.index(b"timestamp") + 9
end = at + 3 + int.from_bytes(cose[at + 1:at + 3], "big")
open("stamp.der", "wb").write(cose[at + 3:end])
open("unstamped", "wb").write(cose[:at - 11] + bytes([0xa0]) + cose[end:])
EOF
openssl pkcs7 -inform DER -in stamp.der -print_certs -out stamp.pem
awk '/BEGIN/ { n++ } n == 2' stamp.pem >pca.pem
run 0 "$snp_measure" "${group[@]}" -v --tsa-root pca.pem combined.json
says 'a timestamp authority says when it was signed: 2023-02-08'
run 3 "$snp_measure" "${group[@]}" --tsa-root pca.pem --uvm-endorsement unstamped combined.json
says 'refused: endorsement-timestamp: it has no timestamp'
run 0 "$snp_measure" "${group[@]}" --uvm-endorsement unstamped combined.json

# turned FILE OFFSET: a copy with one bit turned.
turned() {
	cp "$1" turned
	chmod u+w turned
	printf "\\x$(printf %02x $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ 1)))" | dd of=turned bs=1 seek="$2" conv=notrunc status=none
}
size=$(stat -c %s "$cose")
for place in "$((size - 1)) endorsement-signature" "$((size - 384 - 20)) endorsement-signature" \
	"5200 endorsement-timestamp" "10290 endorsement-timestamp"; do
	turned "$cose" "${place% *}"
	run 3 "$snp_measure" "${group[@]}" --uvm-endorsement turned combined.json
	says "refused: ${place#* }: "
done
turned "$cose" 60
refuse 4 bad-endorsement "$snp_measure" "${group[@]}" --uvm-endorsement turned combined.json
grep -q ': turned: ' err || fail "another file is named: $(cat err)"
turned "$report" 144
run 3 "$snp_measure" "${group[@]}" --certificates "$host" --uvm-endorsement "$cose" turned
says 'refused: report-signature: '
turned policy.rego 300
run 3 "$snp_measure" verify "${at[@]}" --security-policy turned --uvm-svn 22 combined.json
says 'refused: host-data: '
sed 's/MIIFTDCC/MIIFTDCD/' "$host" >turned
refuse 4 bad-certificate "$snp_measure" "${group[@]}" --certificates turned --uvm-endorsement "$cose" raw.json

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
