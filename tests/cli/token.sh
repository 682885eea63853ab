#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Attestation tokens by a service of the test's own: alone, and beside the report that they are about.
. "$(dirname "$0")/functions.sh"

export XDG_DATA_HOME=$work/data
openssl req -x509 -newkey rsa:2048 -noenc -keyout key.pem -out cert.pem -days 20000 -subj /CN=a.attest.azure.net 2>/dev/null ||
	skip "openssl makes no certificate"
report=$SNP_SOURCE/tests/fuzz/corpus/report/Milan-v2
printf 'runtime data' >runtime

# jwt KEY JSON-CHANGES…: a token about the report, its claims changed by python expressions over `c`.
cat >make.py <<'EOF'
import base64, hashlib, json, subprocess, sys, time
report, key, out, *changes = sys.argv[1:]
r = open(report, "rb").read()
url = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
now = int(time.time())
c = {"exp": now + 28800, "iat": now, "nbf": now, "iss": "https://a.attest.azure.net", "x-ms-ver": "1.0",
     "x-ms-attestation-type": "sevsnpvm", "x-ms-compliance-status": "azure-compliant-uvm"}
h = {"alg": "RS256", "jku": "https://a.attest.azure.net/certs", "kid": "k", "typ": "JWT"}
p = "x-ms-sevsnpvm-"
for name, at, size in ("launchmeasurement", 0x90, 48), ("hostdata", 0xc0, 32), ("reportdata", 0x50, 64), ("reportid", 0x140, 32), \
        ("familyId", 0x10, 16), ("imageId", 0x20, 16), ("idkeydigest", 0xe0, 48), ("authorkeydigest", 0x110, 48):
    c[p + name] = r[at:at + size].hex()
c |= {p + "guestsvn": r[4], p + "vmpl": r[0x30], p + "bootloader-svn": r[0x180], p + "tee-svn": r[0x181], p + "snpfw-svn": r[0x186],
      p + "microcode-svn": r[0x187], p + "is-debuggable": False, p + "migration-allowed": bool(r[0x0a] & 4), p + "smt-allowed": bool(r[0x0a] & 1)}
for change in changes:
    exec(change)
signed = url(json.dumps(h).encode()) + "." + url(json.dumps(c, sort_keys=True).encode())
sig = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=signed.encode(), stdout=subprocess.PIPE, check=True).stdout
open(out, "w").write(signed + "." + url(sig))
EOF
jwt() { python3 make.py "$report" key.pem "$@" || fail "no token was made"; }
jwks() { # jwks FILE CERTIFICATE
	printf '{"keys":[{"alg":"RS256","kty":"RSA","use":"sig","kid":"k","x5c":["%s"]}]}' \
		"$(openssl x509 -in "$2" -outform DER | base64 -w0)" >"$1"
}
jwks keys.json cert.pem
jwt token
digest=$(od -An -v -tx1 -j 144 -N 48 "$report" | tr -d ' \n')
right=(verify --maa-token token --jwks keys.json --maa-issuer https://a.attest.azure.net --measurement "$digest")

run 0 "$snp_measure" "${right[@]}"
says 'accepted: from a token, which does not name the product'
grep -qF '[token-alone]' err || fail "nothing says that only the service saw the report: $(cat err)"
grep -qF '[any-containers]' err || fail "nothing says that the containers are anybody's: $(cat err)"
host_data=$(od -An -v -tx1 -j 192 -N 32 "$report" | tr -d ' \n')
for said in "--host-data=$host_data" --any-host-data; do
	run 0 "$snp_measure" "${right[@]}" "$said"
	! grep -qF '[any-containers]' err || fail "warned of any containers after $said"
done
run 0 "$snp_measure" "${right[@]}" --json
valid out
grep -q '"evidence": "token"' out || fail "the object does not say what it is about"
printf '{"token":"%s"}\n' "$(cat token)" >answer
run 0 "$snp_measure" verify --maa-token answer --jwks keys.json --measurement "$digest"
run 0 "$snp_measure" show token
says 'x-ms-sevsnpvm-launchmeasurement'
run 0 "$snp_measure" show --json answer
valid out

# What is expected is held against the claims.
run 3 "$snp_measure" verify --maa-token token --jwks keys.json --measurement "$(printf %096d 1)"
says 'refused: measurement: '
run 3 "$snp_measure" "${right[@]}" --host-data "$(printf %064d 1)"
says 'refused: host-data: '
refuse 2 usage "$snp_measure" "${right[@]}" --maa-issuer https://b.attest.azure.net
run 3 "$snp_measure" verify --maa-token token --jwks keys.json --maa-issuer https://b.attest.azure.net --any-measurement
says 'refused: token-issuer: '
run 3 "$snp_measure" "${right[@]}" --at-time 2020-01-01
says 'refused: token-key: '
run 3 "$snp_measure" "${right[@]}" --maa-compliance azure-compliant-cvm
says 'refused: token-compliance: '
run 3 "$snp_measure" "${right[@]}" --maa-evidence "$(printf %064d 1)"
says 'refused: token-service: not carried'
refuse 4 bad-hex "$snp_measure" "${right[@]}" --maa-evidence 01
run 3 "$snp_measure" "${right[@]}" --platform-require 0x1
says 'refused: platform-require: a token has no such claim'
run 3 "$snp_measure" "${right[@]}" --runtime-data runtime
says 'refused: runtime-data: '
jwt bound "c[p + 'reportdata'] = hashlib.sha256(b'runtime data').hexdigest() + 64 * '0'"
run 0 "$snp_measure" verify --maa-token bound --jwks keys.json --any-measurement --runtime-data runtime

# Beside the report, whose certificates are nobody's here: the token cannot make up for them.
run 3 "$snp_measure" "${right[@]}" "$report"
says 'refused: '
! grep -q accepted out || fail "a token made up for a certificate"

# An answer with both, and one that is the token alone.
printf '{"report":"%s","token":"%s"}' "$(od -An -v -tx1 "$report" | tr -d ' \n')" "$(cat token)" >both.json
run 3 "$snp_measure" verify --jwks keys.json --measurement "$digest" both.json
says 'refused: certificate'
run 3 "$snp_measure" verify --measurement "$digest" both.json
grep -qF '[token-not-checked]' err || fail "nothing says that the token was left alone: $(cat err)"
run 0 "$snp_measure" verify --jwks keys.json --measurement "$digest" answer
run 0 "$snp_measure" verify --jwks keys.json --measurement "$digest" token
refuse 2 usage "$snp_measure" verify --measurement "$digest" token

# A saved one is repeated with the folder's keys, but with a publisher's key or other expectations not by them.
run 0 "$snp_measure" verify --jwks keys.json --measurement "$digest" --save kept token
cmp -s kept/jwks.json keys.json && cmp -s kept/token.jwt token && [ ! -e kept/report.bin ] || fail "other files were saved"
run 0 "$snp_measure" verify kept
run 0 "$snp_measure" verify --jwks keys.json --measurement "$digest" kept
refuse 2 usage "$snp_measure" verify --measurement "$digest" kept
firmware fw
key publisher
printf '{"schema": "snp-release/1", "images": [{"name": "image", "firmware": "fw", "vcpu_count": [1],
	"cpu_model": ["EPYC-Milan"]}]}' >release.json
run 0 "$snp_measure" publish release.json -o published --sign-key publisher.pem
run 3 "$snp_measure" verify --jwks keys.json --reference published --save signed token
refuse 2 usage "$snp_measure" verify --public-key publisher.pub signed
run 3 "$snp_measure" verify --public-key publisher.pub --jwks keys.json signed
jwt other "c['x-ms-sevsnpvm-guestsvn'] = 77"
printf '{"report":"%s","token":"%s"}' "$(od -An -v -tx1 "$report" | tr -d ' \n')" "$(cat other)" >both.json
run 3 "$snp_measure" verify -v --jwks keys.json --measurement "$digest" both.json
says 'token-signature'

# Keys of another, a header that brings its own, claims twice.
openssl req -x509 -newkey rsa:2048 -noenc -keyout other.pem -out other-cert.pem -days 20000 -subj /CN=x 2>/dev/null
jwks other.json other-cert.pem
run 3 "$snp_measure" verify --maa-token token --jwks other.json --any-measurement
says 'refused: token-signature: '
jwt embedded "h['x5c'] = ['AAAA']"
refuse 4 json-unknown-key "$snp_measure" verify --maa-token embedded --jwks keys.json --any-measurement
jwt none "h['alg'] = 'none'"
refuse 4 bad-token "$snp_measure" verify --maa-token none --jwks keys.json --any-measurement
jwt nested "c['x-ms-attestation-type'] = 'azurevm'"
refuse 4 bad-token "$snp_measure" verify --maa-token nested --jwks keys.json --any-measurement
printf '%s=' "$(cat token)" >padded
refuse 4 bad-base64 "$snp_measure" verify --maa-token padded --jwks keys.json --any-measurement
printf '{"keys":[]}' >empty.json
refuse 4 json-bad-value "$snp_measure" verify --maa-token token --jwks empty.json --any-measurement
grep -q ' empty.json:' err || fail "another file is named: $(cat err)"
refuse 2 usage "$snp_measure" verify --maa-token token --any-measurement
refuse 2 usage "$snp_measure" verify --jwks keys.json --any-measurement "$report"
refuse 2 usage "$snp_measure" verify --any-measurement
refuse 2 usage "$snp_measure" verify --any-measurement --maa-issuer https://a "$report"

# The genuine group, with a token about it, and the genuine token, whose keys nobody has.
data=${SNP_SHARED_DATA:-}/azure
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data" ] || skip "the rest: no azure in SNP_SHARED_DATA"
group=$data/aci-milan-v2
report=$group/snp_report.bin
at=1685577600 # 2023-06-01
jwt group "c['iat'] = c['nbf'] = $at - 60" "c['exp'] = $at + 28740"
genuine=(verify --at-time "@$at" --maa-token group --jwks keys.json --security-policy "$group/uvm_security_policy.base64"
	--uvm-endorsement "$group/body.uvm_reference_info.bin" --uvm-svn 22 --certificates "$group/uvm_host_amd_certificate.json")
run 3 "$snp_measure" "${genuine[@]}" "$report"
says 'refused: token-key: the certificate of its key is not valid at the time'
run 0 "$snp_measure" show "$data/maa-token-test-instance.jwt"
says '02c3b0d5bf1d256fa4e3b5deefc07b55ff2f7029085ed350f60959140a1a51f1310753ba5ab2c03a0536b1c0c193af47'
run 3 "$snp_measure" verify --at-time 2025-04-08T06:00:00Z --maa-token "$data/maa-token-test-instance.jwt" --jwks keys.json --any-measurement
says 'refused: token-key: the JWKS has no key '
says 'token-compliance'

# openssl(1) makes no certificate of the past.
python3 - <<'EOF' 2>/dev/null || skip "the rest: no python3-cryptography"
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
key = serialization.load_pem_private_key(open("key.pem", "rb").read(), None)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
cert = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.datetime(2023, 1, 1), datetime.datetime(2024, 1, 1))
open("cert.pem", "wb").write(cert.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
EOF
jwks keys.json cert.pem
run 0 "$snp_measure" "${genuine[@]}" "$report"
says 'accepted: Milan'
says 'launch digest checked'
run 0 "$snp_measure" "${genuine[@]}" --json "$report"
valid out
jwt other "c['iat'] = c['nbf'] = $at - 60" "c['exp'] = $at + 28740" "c[p + 'guestsvn'] = 3"
genuine[4]=other
run 3 "$snp_measure" "${genuine[@]}" "$report"
says 'refused: token-report: the token and the report differ: guestsvn'
