#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A running guest is asked for a fresh report, and what it says is held against its record.
. "$(dirname "$0")/guests.sh"
begin
make_keys
export XDG_DATA_HOME=$work/none

vm one '"snp": {"id": {"key": "'"$work/id.pem"'", "author_key": "'"$work/author.pem"'", "svn": 3},
	"host_data": "'"$(printf '5a%.0s' {1..32})"'"}'
run 0 "$snp_launch" create one.json
root=$folder/chip/ark.der
checks='measurement policy host-data report-data vmpl id-key-digest author-key-digest guest-svn family-id image-id'

run 0 "$snp_launch" attest --simulated-root "$root" one
says 'one: accepted: Simulated'
says 'freshness checked'
run 0 "$snp_launch" attest --simulated-root "$root" --json one
grep -q '"verdict": "accepted"' out || fail "JSON does not say so"
valid out
run 0 "$snp_launch" attest --simulated-root "$root" -v one
for check in $checks; do
	grep -Eq "passed +$check " out || fail "$check was not asked"
done

# What was asked and answered is kept, and judged again by the other tool, which trusts the simulated chip as little.
run 0 "$snp_launch" attest --simulated-root "$root" --json --save kept one
cmp -s out kept/verdict.json || fail "another verdict was saved than printed"
valid kept/evidence.json
run 0 "$snp_measure" verify -v --simulated-root "$root" kept
says 'accepted: Simulated'
for check in $checks; do
	grep -Eq "passed +$check " out || fail "$check was not asked again"
done
run 3 "$snp_measure" verify kept
refuse 1 exists "$snp_launch" attest --simulated-root "$root" --save kept one

# A command has the conversation: 64 bytes in, a container out.
cat >responder <<'END'
#!/usr/bin/env python3
import socket, sys
data = sys.stdin.buffer.read(64)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(data if len(sys.argv) < 3 else bytes(64))
while chunk := s.recv(65536):
    sys.stdout.buffer.write(chunk)
END
chmod +x responder
sock=$folder/guests/one/run/report.sock
run 0 "$snp_launch" attest --simulated-root "$root" one -- ./responder "$sock"
says 'accepted: Simulated'

# It may ask at the terminal, as ssh does for a passphrase, and the terminal comes back.
cat >asks <<END
"$snp_launch" attest --simulated-root "$root" one -- sh -c 'read word </dev/tty && ./responder "$sock" \$word'
sh -c 'read word </dev/tty && echo "then \$word"'
END
(sleep 1 && echo && sleep 2 && echo again && sleep 1) | timeout 60 script -qec 'bash -i asks' /dev/null >out 2>&1
says 'accepted: Simulated'
says 'then again'

# It may ask a service, and answer with the report and a token about it. The service here is the test's own.
openssl req -x509 -newkey rsa:2048 -noenc -keyout maa.pem -out maa.crt -days 9 -subj /CN=maa 2>/dev/null || fail "no certificate was made"
printf '{"keys":[{"kty":"RSA","kid":"k","x5c":["%s"]}]}' "$(openssl x509 -in maa.crt -outform DER | base64 -w0)" >keys.json
cat >service <<'END'
#!/usr/bin/env python3
import base64, json, subprocess, sys, time
r = subprocess.run(["./responder", sys.argv[1]], input=sys.stdin.buffer.read(64), stdout=subprocess.PIPE, check=True).stdout
r, table = r[:1184], r[1184:]
url = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
now, p = int(time.time()), "x-ms-sevsnpvm-"
c = {"exp": now + 600, "iat": now, "nbf": now, "iss": "https://maa.example", "x-ms-attestation-type": "sevsnpvm",
     "x-ms-compliance-status": "azure-compliant-cvm", p + "guestsvn": r[4] + int(sys.argv[2]), p + "vmpl": r[0x30],
     p + "is-debuggable": False, p + "migration-allowed": False, p + "smt-allowed": bool(r[0x0a] & 1)}
for name, at, size in ("launchmeasurement", 0x90, 48), ("hostdata", 0xc0, 32), ("reportdata", 0x50, 64), ("reportid", 0x140, 32), \
        ("familyId", 0x10, 16), ("imageId", 0x20, 16), ("idkeydigest", 0xe0, 48), ("authorkeydigest", 0x110, 48):
    c[p + name] = r[at:at + size].hex()
for name, at in ("bootloader", 0x180), ("tee", 0x181), ("snpfw", 0x186), ("microcode", 0x187):
    c[f"{p}{name}-svn"] = r[at]
h = {"alg": "RS256", "jku": "https://maa.example/certs", "kid": "k"}
signed = url(json.dumps(h).encode()) + "." + url(json.dumps(c).encode())
sig = subprocess.run(["openssl", "dgst", "-sha256", "-sign", "maa.pem"], input=signed.encode(), stdout=subprocess.PIPE, check=True).stdout
b64 = lambda b: base64.b64encode(b).decode()
print(json.dumps({"evidence": b64(r), "endorsements": b64(table), "token": signed + "." + url(sig)}))
END
chmod +x service
with_token=(attest --simulated-root "$root" --jwks keys.json --maa-issuer https://maa.example --maa-compliance azure-compliant-cvm
	-v one --)
run 0 "$snp_launch" "${with_token[@]}" ./service "$sock" 0
says 'accepted: Simulated'
grep -Eq 'passed +token-report ' out || fail "the token was not held against the report: $(cat out)"
run 3 "$snp_launch" "${with_token[@]}" ./service "$sock" 1
says 'refused: token-report'
refuse 2 usage "$snp_launch" "${with_token[@]}" ./responder "$sock"

# It may bind a key that it made, and the key comes out only if the report is over it and the nonce.
cat >binds <<'END'
#!/usr/bin/env python3
import base64, hashlib, json, subprocess, sys
nonce, key = sys.stdin.buffer.read(64), b"a public key\n"
data = {"right": nonce + key, "other": bytes(64) + key, "short": nonce[:63]}[sys.argv[2]]
wanted = hashlib.sha256(data).digest() + bytes(32)
r = subprocess.run(["./responder", sys.argv[1]], input=wanted, stdout=subprocess.PIPE, check=True).stdout
b64 = lambda b: base64.b64encode(b).decode()
said = data.replace(b"public", b"secret") if len(sys.argv) > 3 else data
print(json.dumps({"evidence": b64(r[:1184]), "endorsements": b64(r[1184:]), "runtime_data": b64(said)}))
END
chmod +x binds
bound=(attest --simulated-root "$root" -v --save-runtime-data key.pub one -- ./binds "$sock")
for case in 'other report-data' 'short report-data' 'right changed runtime-data'; do
	# shellcheck disable=SC2086
	run 3 "$snp_launch" "${bound[@]}" ${case% *}
	says "refused: ${case##* }"
	[ ! -e key.pub ] || fail "a key that nobody vouches for was written"
done
run 0 "$snp_launch" "${bound[@]}" right
grep -Eq 'passed +runtime-data ' out || fail "the runtime data were not checked: $(cat out)"
[ "$(cat key.pub)" = 'a public key' ] || fail "another key was written"
refuse 1 no-evidence "$snp_launch" attest --simulated-root "$root" --save-runtime-data other one -- ./responder "$sock"
[ ! -e other ] || fail "something was written"

# The report of a simulated chip fails against AMD's roots, an old one by its nonce, and another guest's by
# its measurement.
run 3 "$snp_launch" attest one -- ./responder "$sock"
grep -Eq '^one: refused: (product|ca-certificates|certificate-names|certificate-chain)' out || fail "$(cat out)"
run 3 "$snp_launch" attest --simulated-root "$root" one -- ./responder "$sock" stale
says 'refused: report-data'
vcpus=3 vm two
run 0 "$snp_launch" create two.json
run 3 "$snp_launch" attest --simulated-root "$root" two -- ./responder "$sock"
says 'refused: measurement'
# Without an ID block it must say zeros, and nothing less is asked.
run 0 "$snp_launch" attest --simulated-root "$root" -v two
for check in $checks; do
	grep -Eq "passed +$check " out || fail "$check was not asked of a guest without an ID block"
done

# What a verdict stands on beyond the checks, and what to do about a certificate that is missing.
cat >answer <<'END'
#!/bin/sh
cat >/dev/null
exec cat "$1"
END
chmod +x answer
corpus=$SNP_SOURCE/tests/fuzz/corpus/report
run 3 "$snp_launch" attest one -- ./answer "$corpus/extended-vcek"
grep -qF '[milan-forgeable]' err || fail "Milan passes without a word: $(cat err)"
run 3 "$snp_launch" attest --json one -- ./answer "$corpus/Milan-v2"
grep -qF '"name": "no-alias-check"' out || fail "version 2 passes without a word: $(cat out)"
valid out
says '`snp-measure show --fetch-path`'

# What is no answer.
refuse 1 no-evidence "$snp_launch" attest one -- false
refuse 1 no-evidence "$snp_launch" attest one -- ./nothing-here
refuse 1 no-evidence "$snp_launch" attest one -- cat /dev/zero
refuse 4 not-a-report "$snp_launch" attest one -- cat
refuse 1 no-evidence "$snp_launch" attest one --vsock 4294967294:1
refuse 2 usage "$snp_launch" attest one --vsock 3
refuse 2 usage "$snp_launch" attest one
refuse 2 usage "$snp_launch" attest one --guest-agent -- true
# What is not said to be a command is none.
refuse 2 usage "$snp_launch" attest one touch "$work/ran"
refuse 2 usage "$snp_launch" attest --simulated-root "$root" one two
[ ! -e ran ] || fail "it was run"
refuse 1 libvirt-failed "$snp_launch" attest one --guest-agent
refuse 4 bad-certificate "$snp_launch" attest one --simulated-root "$work/one.json"
refuse 1 not-found "$snp_launch" attest --simulated-root "$root" nobody

run 0 "$snp_launch" kill one
refuse 1 wrong-guest-state "$snp_launch" attest --simulated-root "$root" one
