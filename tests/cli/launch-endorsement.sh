#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Launch endorsements in Google's form, by a root of the test's own, beside a genuine report; and one that publish made.
. "$(dirname "$0")/functions.sh"

data=${SNP_SHARED_DATA:-}/azure/aci-milan-v2
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data" ] || skip "no azure/aci-milan-v2 in SNP_SHARED_DATA"
export XDG_DATA_HOME=$work/data
report=$data/snp_report.bin

# Certificates with dates of their own: certify NAME CA FROM TO [OPTIONS…].
cat >ca.cnf <<'EOF'
[ca]
default_ca = here
[here]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
EOF
: >index
echo 01 >serial
certify() {
	local name=$1 ca=$2 from=$3 to=$4
	shift 4
	openssl req -new -newkey rsa:2048 -noenc -keyout "$name.pem" -subj "/CN=$name" -out request 2>/dev/null &&
		openssl ca -config ca.cnf -batch -notext -in request -out "$name.crt" -startdate "${from}0101000000Z" \
			-enddate "${to}0101000000Z" -keyfile "$ca.pem" "$@" 2>/dev/null || skip "openssl certifies nothing"
}
certify root root 2015 2045 -selfsign -extensions root
certify other-root other-root 2015 2045 -selfsign -extensions root
certify signer root 2020 2040 -cert root.crt
certify expired root 2020 2023 -cert root.crt
certify foreign other-root 2020 2040 -cert other-root.crt

# endorse FILE SIGNER KEY [CHANGES…]: python statements change what is endorsed.
cat >endorse.py <<'EOF'
import subprocess, sys
report, out, signer, key, *changes = sys.argv[1:]
def varint(n):
    b = b""
    while n > 127:
        b, n = b + bytes([n & 127 | 128]), n >> 7
    return b + bytes([n])
def number(field, n):
    return varint(field << 3) + varint(n)
def data(field, b):
    return varint(field << 3 | 2) + varint(len(b)) + b
digest = open(report, "rb").read()[144:192]
cert = subprocess.run(["openssl", "x509", "-in", signer, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
launches, svn, policy, more = {1: bytes(48), 2: digest}, 5, 0, b""
for change in changes:
    exec(change)
sev_snp = number(1, svn) + b"".join(data(2, number(1, n) + data(2, d)) for n, d in launches.items())
sev_snp += number(5, policy) if policy else b""
golden = data(1, number(1, 1685577600)) + number(2, 1) + data(4, cert) + data(5, bytes(48)) + data(7, sev_snp) + more
signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, "-sigopt", "rsa_padding_mode:pss", "-sigopt",
                            "rsa_pss_saltlen:32"], input=golden, stdout=subprocess.PIPE, check=True).stdout
open(out, "wb").write(data(1, golden) + data(2, signature))
EOF
endorse() {
	local out=$1 signer=$2 key=$3
	shift 3
	python3 endorse.py "$report" "$out" "$signer.crt" "$key.pem" "$@" || fail "no endorsement was made"
}
endorse right signer signer

beside=(verify "$report" --certificates "$data/uvm_host_amd_certificate.json")
given=("${beside[@]}" --at-time 2023-06-01 --endorsement-root root.crt)
run 0 "$snp_measure" "${given[@]}" --endorsement right
says 'accepted: Milan'
says 'launch digest checked'
run 0 "$snp_measure" "${given[@]}" --endorsement right -v --endorsement-vcpus 2 --endorsement-svn 5 --host-data \
	"$(od -An -v -tx1 -j 192 -N 32 "$report" | tr -d ' \n')"
says 'that of 2 vCPUs'
says 'endorsed, SVN 5'
run 0 "$snp_measure" "${given[@]}" --endorsement right --json
valid out

# show prints it.
run 0 "$snp_measure" show right
says 'container           launch endorsement'
says 'svn                 5'
says 'time                2023-06-01T00:00:00Z'
says 'certificate         signer'
says ', 2 vCPUs'
says 'nothing here is verified'
run 0 "$snp_measure" show --json right
valid out

# refused NAME FILE [OPTIONS…]: by the check of this name, before any other.
refused() {
	local name=$1 file=$2
	shift 2
	run 3 "$snp_measure" "${given[@]}" --endorsement "$file" "$@"
	says "refused: $name: "
}
refused endorsed-measurement right --endorsement-vcpus 1
refused endorsed-measurement right --endorsement-vcpus 3
refused endorsement-svn right --endorsement-svn 6
refused measurement right --measurement "$(printf %096d 1)"
endorse another signer signer 'launches[2] = bytes(47) + b"x"'
refused endorsed-measurement another
endorse another signer signer 'policy = 0x30001'
refused policy another
endorse another signer signer 'policy = int.from_bytes(open(report, "rb").read()[8:16], "little")'
run 0 "$snp_measure" "${given[@]}" --endorsement another
endorse another signer signer 'more = data(8, b"of another technology")'
run 0 "$snp_measure" "${given[@]}" --endorsement another
endorse another foreign foreign
refused endorsement-issuer another
endorse another expired expired
refused endorsement-issuer another
run 0 "$snp_measure" "${beside[@]}" --endorsement another --endorsement-root root.crt --at-time 2022-12-31
endorse another signer foreign
refused endorsement-signature another
run 3 "$snp_measure" "${beside[@]}" --at-time 2023-06-01 --endorsement right --endorsement-root other-root.crt
says 'refused: endorsement-issuer: '

# One bit of what is signed, and of the signature.
size=$(stat -c %s right)
for at in $((size - 1)) $((size - 200)) $((size - 263)); do
	cp right turned
	printf "\\x$(printf %02x $(($(od -An -tu1 -j "$at" -N 1 right) ^ 1)))" | dd of=turned bs=1 seek="$at" conv=notrunc status=none
	refused endorsement-signature turned
done

# What is no endorsement, or is half given.
printf '\x1a\x00' | cat right - >turned
refuse 4 bad-endorsement "$snp_measure" "${given[@]}" --endorsement turned
grep -q ': turned: ' err || fail "another file is named: $(cat err)"
endorse turned signer signer 'launches = {}'
refuse 4 bad-endorsement "$snp_measure" "${given[@]}" --endorsement turned
refuse 4 bad-endorsement "$snp_measure" show turned
refuse 4 bad-endorsement "$snp_measure" "${given[@]}" --endorsement "$data/body.uvm_reference_info.bin"
refuse 4 bad-endorsement "$snp_measure" verify "$report" --uvm-endorsement right
refuse 2 usage "$snp_measure" "${given[@]}"
refuse 2 usage "$snp_measure" verify "$report" --endorsement right
refuse 2 usage "$snp_measure" verify "$report" --endorsement-vcpus 2
refuse 2 usage "$snp_measure" "${given[@]}" --endorsement right --uvm-svn 22
refuse 2 usage "$snp_measure" "${given[@]}" --endorsement right --any-measurement
refuse 2 usage "$snp_measure" "${given[@]}" --endorsement right --endorsement-vcpus 0
refuse 4 bad-certificate "$snp_measure" verify "$report" --endorsement right --endorsement-root right
grep -q ': right: ' err || fail "another file is named: $(cat err)"
