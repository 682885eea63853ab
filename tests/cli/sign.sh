#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A release is signed by keys that the publishing machine never has, with plain OpenSSL, in two rounds.
. "$(dirname "$0")/functions.sh"

firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
cat >release.json <<-'END'
	{"schema": "snp-release/1",
	 "release": {"name": "web", "version": "1.0"},
	 "images": [
	  {"name": "web", "firmware": "OVMF.amdsev.fd", "kernel": "vmlinuz", "initrd": "initrd.img",
	   "cmdline": "console=ttyS0", "vcpu_count": [1, 2], "cpu_model": ["EPYC-v4", "EPYC-Milan"],
	   "minimum_tcb": {"Milan": "bl=4,tee=0,snp=24,ucode=219"}},
	  {"name": "db", "firmware": "OVMF.amdsev.fd", "vcpu_count": [4], "cpu_model": ["EPYC-v4"], "guest_svn": 3,
	   "minimum_tcb": {"Milan": "bl=4,tee=0,snp=24,ucode=219"}}]}
END
key id
key author
key other
openssl genpkey -algorithm ed25519 -out release.pem 2>/dev/null && chmod 600 release.pem &&
	openssl pkey -in release.pem -pubout -out release.pub || fail "openssl makes no Ed25519 key"

publish=("$snp_measure" publish release.json)
sign=("$snp_measure" sign)
reproduce() {
	run 0 "$snp_measure" reproduce "$1" --images . "${@:2}"
}
sign_blocks() { # DIR KEY: as a script beside a safe would
	local f
	for f in "$1"/id-block-*.bin; do
		openssl dgst -sha384 -sign "$2" -out "$f.sig" "$f" || fail "openssl cannot sign"
	done
}
sign_documents() { # DIR FILE...
	local f
	for f in "${@:2}"; do
		openssl pkeyutl -sign -rawin -inkey release.pem -in "$1/$f" -out "$1/$f.sig" ||
			fail "openssl cannot sign"
	done
}
unchanged() { # FOLDER: is as it was before
	diff -r "$1" before >&2 || fail "$1 has changed although $2"
}

# The documents alone: everything is deterministic, so the folder is the same, byte for byte.
run 0 "${publish[@]}" -o at-hand --sign-key release.pem
run 0 "${publish[@]}" -o pub --to-sign safe --public-key release.pub
says "--signatures safe"
[ ! -e pub/reference-values.json.sig ] || fail "signed without a key"
for file in reference-values.json intoto.pae corim.sig-structure public-key.pem manifest.json; do
	[ -s "safe/$file" ] || fail "$file is not there to be signed"
done
cp -r pub before
refuse 1 cannot-open "${sign[@]}" pub --signatures safe
grep -q 'safe/reference-values.json.sig' err || fail "the missing signature is not named: $(cat err)"
sign_documents safe reference-values.json intoto.pae
refuse 1 cannot-open "${sign[@]}" pub --signatures safe
grep -q 'safe/corim.sig-structure.sig' err || fail "the missing signature is not named: $(cat err)"
unchanged pub "a signature is missing"
cp safe/intoto.pae.sig safe/corim.sig-structure.sig
refuse 3 bad-signature "${sign[@]}" pub --signatures safe
grep -q 'safe/corim.sig-structure.sig' err || fail "the swapped signature is not named: $(cat err)"
unchanged pub "a signature is wrong"
sign_documents safe corim.sig-structure
run 0 "${sign[@]}" pub --signatures safe
says complete
diff -r pub at-hand >&2 || fail "signed elsewhere is not signed at hand"
reproduce pub --public-key release.pub
refuse 1 exists "${sign[@]}" pub --signatures safe
refuse 1 exists "${publish[@]}" -o new --to-sign safe --public-key release.pub
[ ! -e new ] || fail "published although there is no place for what is to be signed"

# A key at hand signs a folder that was published without.
cp -r before pub2
run 0 "${sign[@]}" pub2 --sign-key release.pem
diff -r pub2 at-hand >&2 || fail "signed later is not signed at once"

# Only the formats that are there are signed, and of the images those that a format has.
run 0 "${publish[@]}" -o few --format tsv,intoto --sign-key release.pem
run 0 "${publish[@]}" -o few2 --format tsv,intoto
cp -r few2 few3
run 0 "${sign[@]}" few2 --sign-key release.pem
diff -r few few2 >&2 || fail "signed later has other formats"
run 0 "${sign[@]}" few3 --sign-key other.pem
grep -q cosign-needs-p256 err || fail "no word about cosign and P-384"
run 0 "${publish[@]}" -o few4 --format tsv
run 0 "${sign[@]}" few4 --sign-key other.pem
! grep -q cosign-needs-p256 err || fail "a word about cosign, for which nothing is there"
sed '/"cpu_model": \["EPYC-v4"\], "guest_svn"/{n;s/.*/"policy": "0xb0000"}]}/}' release.json >mixed.json
run 0 "$snp_measure" publish mixed.json -o mixed --partial --sign-key release.pem
grep -q image-left-out err || fail "every format has every image: $(cat err)"
run 0 "$snp_measure" publish mixed.json -o mixed2 --partial
run 0 "${sign[@]}" mixed2 --sign-key release.pem
diff -r mixed mixed2 >&2 || fail "signed later has other images"

# A folder of which a file is not what its document says is not signed.
cp -r before odd
echo >>odd/rvps.json
refuse 1 exists "${sign[@]}" odd --sign-key release.pem
grep -q 'rvps.json' err || fail "the file is not named: $(cat err)"

# ID blocks, their author and the documents.
rm -rf before
run 0 "${publish[@]}" -o pub3 --to-sign safe3 --id-public-key id.pub --author-public-key author.pub \
	--public-key release.pub
[ "$(ls safe3/*.bin | wc -l)" = 6 ] || fail "not five ID blocks and one key: $(ls safe3)"
[ "$(stat -c %s safe3/id-block-00001.bin safe3/id-key.bin | tr '\n' ' ')" = '96 1028 ' ] ||
	fail "other sizes than an ID block and an ID key have"
[ "$(grep -c '"what": "ID block"' safe3/manifest.json)" = 5 ] || fail "the manifest lacks ID blocks"
cp -r pub3 before
openssl dgst -sha384 -sign author.pem -out safe3/id-key.bin.sig safe3/id-key.bin || fail "openssl cannot sign"
refuse 1 cannot-open "${sign[@]}" pub3 --signatures safe3
sign_blocks safe3 id.pem
cp -r safe3 good
openssl dgst -sha384 -sign other.pem -out safe3/id-block-00002.bin.sig safe3/id-block-00002.bin
refuse 3 bad-signature "${sign[@]}" pub3 --signatures safe3
grep -q 'safe3/id-block-00002.bin.sig' err || fail "the wrong signature is not named: $(cat err)"
cp good/id-block-00001.bin.sig safe3/id-block-00002.bin.sig
refuse 3 bad-signature "${sign[@]}" pub3 --signatures safe3
grep -q 'safe3/id-block-00002.bin.sig' err || fail "the swapped signature is not named: $(cat err)"
cp good/id-block-00001.bin safe3/id-block-00002.bin
refuse 3 bad-signature "${sign[@]}" pub3 --signatures safe3
grep -q 'safe3/id-block-00002.bin: ' err || fail "the changed block is not named: $(cat err)"
cp good/id-block-00002.bin* safe3
openssl dgst -sha384 -sign other.pem -out safe3/id-key.bin.sig safe3/id-key.bin
refuse 3 bad-signature "${sign[@]}" pub3 --signatures safe3
grep -q 'safe3/id-key.bin.sig' err || fail "the author's wrong signature is not named: $(cat err)"
cp good/id-key.bin.sig safe3
[ ! -e safe3/intoto.pae ] || fail "documents are there before the ID blocks are signed"

# As hardware tokens write it: r and s, 48 bytes each.
openssl asn1parse -inform DER -in good/id-block-00003.bin.sig | sed -n 's/.*INTEGER *://p' |
	while read -r number; do printf '%096s' "$number" | tr ' ' 0; done |
	sed 's/../\\x&/g' | { read -r line; printf "$line"; } >safe3/id-block-00003.bin.sig
[ "$(stat -c %s safe3/id-block-00003.bin.sig)" = 96 ] || fail "the test made no raw signature"

run 0 "${sign[@]}" pub3 --signatures safe3
says 'not complete'
unchanged pub3 "its documents are not signed yet"
sign_documents safe3 reference-values.json intoto.pae corim.sig-structure
run 0 "${sign[@]}" pub3 --signatures safe3 --json
says '"complete": true'
reproduce pub3 --public-key release.pub
# The keys at hand make the same of it, byte for byte: publish keeps ECDSA signatures that are right, which are random,
# and makes everything else anew.
cp -r pub3 again
run 0 "${publish[@]}" -o again --sign-key release.pem --id-key id.pem --author-key author.pem
diff -r pub3 again >&2 || fail "signed elsewhere is not signed at hand"

# ID blocks alone, for documents that a key at hand signs; EC keys for the documents, in both forms of signatures.
run 0 "${publish[@]}" -o pub4 --to-sign safe4 --id-public-key id.pub
sign_blocks safe4 id.pem
run 0 "${sign[@]}" pub4 --signatures safe4
reproduce pub4
refuse 1 exists "${sign[@]}" pub4 --signatures safe4
run 0 "${sign[@]}" pub4 --sign-key other.pem
says complete
reproduce pub4 --public-key other.pub
run 0 "${publish[@]}" -o pub5 --id-key id.pem --to-sign safe5 --public-key other.pub
for file in reference-values.json intoto.pae corim.sig-structure; do
	openssl dgst -sha384 -sign other.pem -out "safe5/$file.sig" "safe5/$file" || fail "openssl cannot sign"
done
run 0 "${sign[@]}" pub5 --signatures safe5
reproduce pub5 --public-key other.pub

cp -r before linked && mv linked/reference-values.json elsewhere.json &&
	ln -s ../elsewhere.json linked/reference-values.json
refuse 1 cannot-open "${sign[@]}" before/reference-values.json --sign-key release.pem
refuse 1 cannot-open "${sign[@]}" absent --sign-key release.pem
refuse 4 not-a-regular-file "${sign[@]}" linked --sign-key release.pem
refuse 2 usage "${sign[@]}" pub5
refuse 2 usage "${sign[@]}" pub5 --sign-key other.pem --signatures safe5
refuse 2 usage "${publish[@]}" -o x --to-sign y
refuse 2 usage "${publish[@]}" -o x --id-public-key id.pub
refuse 2 usage "${publish[@]}" -o x --to-sign y --public-key release.pub --sign-key release.pem
refuse 2 usage "${publish[@]}" -o x --to-sign y --id-public-key id.pub --id-key id.pem
refuse 2 usage "${publish[@]}" -o x --to-sign y --public-key release.pub --author-public-key author.pub
mkdir empty
refuse 1 not-found "${sign[@]}" pub5 --signatures empty
refuse 4 bad-key "${publish[@]}" -o x --to-sign y --id-public-key release.pub
