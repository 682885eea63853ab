#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Golden measurements are endorsed with an RSA key and its certificate, as OpenSSL and protoc see it.
. "$(dirname "$0")/functions.sh"

command -v protoc >/dev/null || skip "no protoc"
firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
sed 's/"4-64"/"4-6"/' "$SNP_SOURCE/templates/release.json" >release.json
key ec
key small -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key other -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
for name in ec small rsa other; do
	openssl req -x509 -new -key $name.pem -subj "/CN=$name" -days 2 -out $name.crt || skip "needs openssl"
done
openssl x509 -in rsa.crt -outform DER -out rsa.der
openssl rsa -in rsa.pem -traditional -out pkcs1.pem 2>/dev/null && chmod 600 pkcs1.pem
(umask 077 && openssl rsa -in rsa.pem -aes128 -passout pass:secret -out locked.pem 2>/dev/null)
(umask 077 && echo secret >passphrase)

publish() {
	"$snp_measure" publish release.json -o "$@"
}

# field NUMBER FILE: the bytes of a message's field of that number.
field() {
	python3 - "$1" "$2" <<'END'
import sys
wanted, data, at = int(sys.argv[1]), open(sys.argv[2], "rb").read(), 0


def varint():
    global at
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value


while at < len(data):
    tag = varint()
    assert tag & 7 == 2, "only fields with a length are read"
    size = varint()
    if tag >> 3 == wanted:
        sys.stdout.buffer.write(data[at:at + size])
    at += size
END
}

# verifies FOLDER FILE: what is endorsed is the plain message with the certificate in it, and signed.
verifies() {
	local file=$1/$2
	protoc --decode_raw <"$file" >raw || fail "protoc cannot read $file"
	[ "$(grep -oE '^[0-9]+' raw | sort -u | tr '\n' ' ')" = '1 2 ' ] || fail "$file has other fields than 1 and 2"
	field 1 "$file" >inner && field 2 "$file" >signature
	openssl dgst -sha256 -verify rsa.pub -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
		-sigopt rsa_mgf1_md:sha256 -signature signature inner >&2 || fail "openssl does not verify $file"
	field 4 inner | cmp - rsa.der || fail "field 4 is not the certificate"
	protoc --decode_raw <inner >raw && [ "$(grep -c '^  2 {' raw)" = "$3" ] || fail "$file has not $3 measurements"
	for n in 5 7; do
		field $n inner | cmp - <(field $n "$1/$4") || fail "field $n is another than in $4"
	done
}

run 0 publish pub --endorsement-key rsa.pem --endorsement-certificate rsa.crt
grep -qF '[random-signature]' err || fail "random signatures are not mentioned"
[ "$(find pub/golden -name '*.endorsement.pb' | wc -l)" = 3 ] || fail "not an endorsement for each model"
for file in pub/golden/*.endorsement.pb; do
	file=${file#pub/}
	verifies pub "$file" 5 "${file%.endorsement.pb}.pb"
done

# One model: one file. The plain message and all other files are as without an endorsement.
sed -i 's/"cpu_model": .*/"cpu_model": ["EPYC-v4"],/' release.json
run 0 publish plain
run 0 publish pub --endorsement-key rsa.pem --endorsement-certificate rsa.der
verifies pub golden-endorsement.pb 5 golden.pb
[ "$(diff -rq plain pub)" = 'Only in pub: golden-endorsement.pb' ] || fail "more differs: $(diff -rq plain pub)"

# show reads it again: each digest of the list with its vCPUs.
run 0 "$snp_measure" show pub/golden-endorsement.pb
says 'certificate         rsa'
tail -n +2 pub/launch-digests.tsv | awk -F'\t' '{ printf "MEASUREMENT         %s, %s vCPUs\n", $8, $3 }' >wanted
grep MEASUREMENT out | diff wanted - >&2 || fail "show prints other digests"

# A signature that still verifies stays; another key's does not. Keys in other clothes are the same.
cp pub/golden-endorsement.pb kept
run 0 publish pub --endorsement-key pkcs1.pem --endorsement-certificate rsa.crt --format golden
cmp pub/golden-endorsement.pb kept || fail "a good endorsement was made again"
run 0 publish pub --endorsement-key locked.pem --passphrase-file passphrase --endorsement-certificate rsa.crt
cmp pub/golden-endorsement.pb kept || fail "a good endorsement was made again"
run 0 publish pub --endorsement-key fd:3 --endorsement-certificate other.crt 3<other.pem
! cmp -s pub/golden-endorsement.pb kept || fail "another key's endorsement was kept"

# reproduce checks what is endorsed, the signature, and on demand whose it is.
reproduce() {
	"$snp_measure" reproduce pub/reference-values.json --images . "$@"
}
run 0 reproduce
run 3 reproduce --endorsement-certificate rsa.crt
says 'endorsed with another certificate'
cp kept pub/golden-endorsement.pb
run 0 reproduce --endorsement-certificate rsa.crt
size=$(stat -c %s kept)
for at in 1 100 $((size / 2)) $((size - 1)); do
	cp kept pub/golden-endorsement.pb
	python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); b = f.read(1)[0]
f.seek(-1, 1); f.write(bytes([b ^ 1]))' pub/golden-endorsement.pb $at
	run 3 reproduce --endorsement-certificate rsa.crt
	says golden-endorsement.pb
done
head -c $((size - 1)) kept >pub/golden-endorsement.pb
run 3 reproduce
printf '\x1a\x00' | cat kept - >pub/golden-endorsement.pb
run 3 reproduce
says 'more than the two fields'
rm pub/golden-endorsement.pb
run 0 reproduce
run 3 reproduce --endorsement-certificate rsa.crt

# refused NAME KEY CERTIFICATE: nothing is written.
refused() {
	refuse 4 "$1" publish x --endorsement-key "$2" --endorsement-certificate "$3"
	[ ! -e x ] || fail "a refused key left a folder"
}
refused bad-key ec.pem ec.crt
refused bad-key small.pem small.crt
refused bad-key pss.pem rsa.crt
refused unsafe-key-file rsa.crt rsa.crt
refused bad-certificate rsa.pem other.crt
refused bad-certificate rsa.pem ec.crt
refused bad-certificate rsa.pem rsa.pem
cat rsa.crt other.crt >both.crt
refused bad-certificate rsa.pem both.crt
cp rsa.pem open.pem && chmod 644 open.pem
refused unsafe-key-file open.pem rsa.crt
refuse 4 bad-key publish x --key rsa.pem
refuse 4 bad-key publish x --id-key rsa.pem
refuse 2 usage publish x --endorsement-key rsa.pem
refuse 2 usage publish x --endorsement-certificate rsa.crt
refuse 2 usage publish x --endorsement-key rsa.pem --endorsement-certificate rsa.crt --format tsv
