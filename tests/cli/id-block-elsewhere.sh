#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keys that live elsewhere: what is to be signed goes out, signatures come back.
. "$(dirname "$0")/functions.sh"

key id
key author
digest=$(printf %096d 1)
create=("$snp_measure" id-block create --measurement "$digest")
verify=("$snp_measure" id-block verify --id-block @block --id-auth @auth --measurement "$digest"
	--public-key id.pub)

run 0 "${create[@]}" --to-sign --public-key id.pub --output-block block --output-key id-key
says "ID block           $(base64 -w0 block)"
says "ID key             $(base64 -w0 id-key)"
openssl dgst -sha384 -sign id.pem -out block.sig block || fail "openssl cannot sign"
openssl dgst -sha384 -sign author.pem -out key.sig id-key || fail "openssl cannot sign"
id=(--public-key id.pub --signature block.sig)
author=(--author-public-key author.pub --author-signature key.sig)

run 0 "${create[@]}" "${id[@]}" --output-auth auth
run 0 "${verify[@]}"
same "${verify[@]}"
run 0 "${create[@]}" "${id[@]}" "${author[@]}" --output-auth auth
run 0 "${verify[@]}" --author-public-key author.pub
# An author signs an ID key once; that signature serves every block of the key.
run 0 "${create[@]}" --svn 8 --key id.pem "${author[@]}" --output-block block --output-auth auth
run 0 "${verify[@]}" --author-public-key author.pub --svn 8

# As hardware tokens write it: r and s, 48 bytes each.
run 0 "${create[@]}" --to-sign --output-block block
openssl asn1parse -inform DER -in block.sig | sed -n 's/.*INTEGER *://p' |
	while read -r number; do printf '%096s' "$number" | tr ' ' 0; done |
	sed 's/../\\x&/g' | { read -r line; printf "$line"; } >raw.sig
[ "$(stat -c %s raw.sig)" = 96 ] || fail "the test made no raw signature"
run 0 "${create[@]}" --public-key id.pub --signature raw.sig --output-auth auth
run 0 "${verify[@]}"

refuse 3 bad-signature "${create[@]}" --svn 9 "${id[@]}"
refuse 3 bad-signature "${create[@]}" --public-key author.pub --signature block.sig
refuse 3 bad-signature "${create[@]}" "${id[@]}" --author-public-key author.pub --author-signature block.sig
head -c 95 raw.sig >short.sig
refuse 4 bad-id-block "${create[@]}" --public-key id.pub --signature short.sig
head -c 200 /dev/zero >long.sig
refuse 4 too-large "${create[@]}" --public-key id.pub --signature long.sig
refuse 4 bad-key "${create[@]}" --public-key id.pem --signature block.sig
