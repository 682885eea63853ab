#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# id-block create makes what openssl, told nothing of ID blocks, verifies; show and verify read it back.
. "$(dirname "$0")/functions.sh"

key id
key author
digest=$(printf '%048d%048d' 1 2)
fields=(--measurement "$digest" --family-id 000102030405060708090a0b0c0d0e0f --svn 7 --policy 0x3001f)
create=("$snp_measure" id-block create "${fields[@]}")
files=(--output-block block --output-auth auth --output-key id-key)
pair=(--id-block @block --id-auth @auth)

# bytes FILE OFFSET SIZE
bytes() {
	tail -c +$(($2 + 1)) "$1" | head -c "$3"
}

# hex [WIDTH]: standard input, WIDTH bytes a line.
hex() {
	od -An -v -tx1 "-w${1:-4096}" | tr -d ' '
}

# der FILE OFFSET: R and S at OFFSET of FILE, 72 bytes each and little-endian, as openssl has signatures.
der() {
	local r s
	r=$(bytes "$1" "$2" 72 | hex 1 | tac | tr -d '\n')
	s=$(bytes "$1" $(($2 + 72)) 72 | hex 1 | tac | tr -d '\n')
	printf '%s\n' asn1=SEQUENCE:signature '[signature]' "r=INTEGER:0x$r" "s=INTEGER:0x$s" >asn1
	openssl asn1parse -genconf asn1 -noout -out der >/dev/null || fail "no signature in $1"
}

run 0 "${create[@]}" --key id.pem --author-key author.pem "${files[@]}"
says "$(base64 -w0 block)"
says "$(base64 -w0 auth)"
[ "$(stat -c %s block auth id-key | tr '\n' ' ')" = '96 4096 1028 ' ] || fail "sizes are wrong"
[ "$(hex <block)" = "${digest}000102030405060708090a0b0c0d0e0f$(printf %032d 0)01000000070000001f00030000000000" ] ||
	fail "the block is $(hex <block)"
bytes auth 0x240 1028 | cmp - id-key || fail "the ID key is not in the ID auth"
der auth 0x40
openssl dgst -sha384 -verify id.pub -signature der block >/dev/null ||
	fail "openssl does not verify the ID block's signature"
der auth 0x680
openssl dgst -sha384 -verify author.pub -signature der id-key >/dev/null ||
	fail "openssl does not verify the ID key's signature"

run 0 "$snp_measure" id-block show "${pair[@]}"
says "ID key digest      $(sha384sum <id-key | cut -d' ' -f1)"
says "author key digest  $(bytes auth 0x880 1028 | sha384sum | cut -d' ' -f1)"
says 'guest SVN          7'
same "$snp_measure" id-block show --id-block "$(base64 -w0 block)" --id-auth "$(base64 -w0 auth)"
base64 -w0 block >block.b64
same "$snp_measure" id-block show --id-block @block.b64 --id-auth @auth

# Both of them for libvirt and QEMU, in one form each.
run 0 "${create[@]}" --key id.pem --output-format libvirt
says "<idBlock>$(base64 -w0 block)</idBlock>"
says "authorKey='no'"
run 0 "${create[@]}" --key id.pem --author-key author.pem --output-format qemu
says "policy=0x3001f,author-key-enabled=on,id-block=$(base64 -w0 block),id-auth="

# Every expectation, met and not.
verify=("$snp_measure" id-block verify "${pair[@]}")
met=(--measurement "$digest" --policy 0x3001f --policy-at-most 0x30000 --svn 7
	--family-id 000102030405060708090a0b0c0d0e0f --image-id "$(printf %032d 0)"
	--public-key id.pub --author-public-key author.pub)
run 0 "${verify[@]}" "${met[@]}"
for unmet in "--measurement $(printf %096d 3)" '--policy 0x30000' '--policy-at-most 0x20000' '--svn 8' \
	"--family-id $(printf %032d 0)" "--image-id $(printf %032d 1)" '--public-key author.pub' \
	'--author-public-key id.pub'; do
	rest=()
	for ((i = 0; i < ${#met[@]}; i += 2)); do
		[ "${met[i]}" = "${unmet%% *}" ] || rest+=("${met[@]:i:2}")
	done
	run 3 "${verify[@]}" "${rest[@]}" $unmet
	says 'verdict            refused'
	[ "$(grep -c ' no: ' out)" = 1 ] || fail "$unmet: $(cat out)"
done
firmware fw
launch=(--ovmf fw --vcpus 2 --vcpu-type EPYC-v4)
run 0 "$snp_measure" id-block create "${launch[@]}" --key id.pem --output-block b --output-auth a
run 0 "$snp_measure" id-block verify --id-block @b --id-auth @a "${launch[@]}" --public-key id.pub
run 3 "$snp_measure" id-block verify --id-block @b --id-auth @a "${launch[@]/2/3}"
run 0 "$snp_measure" "${launch[@]}"
run 0 "$snp_measure" id-block verify --id-block @b --id-auth @a --measurement "$(cat out)"

# What was tampered with does not verify, and show says so.
cp block tampered
printf '\x08' | dd of=tampered bs=1 seek=$((0x54)) conv=notrunc status=none
run 3 "$snp_measure" id-block verify --id-block @tampered --id-auth @auth
says 'signatures         no'
run 0 "$snp_measure" id-block show --id-block @tampered --id-auth @auth
grep -qF '[bad-signature]' err || fail "show says nothing of a bad signature"
run 3 "$snp_measure" id-block verify --json --id-block @tampered --id-auth @auth
says '"accepted": false'

# Files are written all or none: a new block beside an old auth is refused at the launch.
cp block kept
for bad in /nonexistent/auth . ./; do
	refuse 1 cannot-write "${create[@]/#7/9}" --key id.pem --output-block block --output-auth "$bad"
	cmp block kept || fail "the block was replaced and the auth was not written"
	refuse 1 cannot-write "${create[@]/#7/9}" --key id.pem --output-block new --output-auth "$bad"
	[ ! -e new ] || fail "a block was left without its auth"
done
