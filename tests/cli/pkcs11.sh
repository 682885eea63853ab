#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keys that never leave their token sign through OpenSSL's provider for PKCS#11, with softhsm2 as token.
. "$(dirname "$0")/functions.sh"

unsanitized "sanitizers refuse how pkcs11-provider loads modules"
module=/usr/lib/softhsm/libsofthsm2.so
provider=$(openssl version -m 2>err | sed 's/.*"\(.*\)"/\1/')/pkcs11.so
if [ ! -e $module ] || [ ! -e "$provider" ] || ! command -v pkcs11-tool softhsm2-util >tools; then
	skip "needs softhsm2, opensc and pkcs11-provider"
fi
# docs/publishing.md, from an empty token to a signed release.
mkdir doc bin && ln -s "$snp_measure" bin/snp-measure
(cd doc && firmware OVMF.amdsev.fd && kernel vmlinuz) || fail "no files for the manual's release"
head -c 5000 /dev/zero >doc/initrd.img
sed 's/"4-64"/4/' "$SNP_SOURCE/templates/release.json" >doc/release.json
awk '$0 == "```" { inside = 0 } inside { print >("doc/block-" n) } $0 == "```bash" { inside = 1; n++ }' \
	"$SNP_SOURCE/docs/publishing.md"
for block in block-1 block-2; do
	run 0 env -C doc PATH="$work/bin:$PATH" bash -eu $block
	says 'reproduced: '
done
[ -s doc/elsewhere/corim.cose ] && [ "$(stat -c %s doc/to-sign/id-block-00001.bin.sig)" = 96 ] ||
	fail "the token has not signed"

mkdir tokens
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$work/tokens" >softhsm.conf
# Without the quirk, finalizing softhsm2 after libcrypto crashes, also openssl(1).
cat >openssl.cnf <<CONF
openssl_conf = all
[all]
providers = providers
[providers]
default = builtin
pkcs11 = pkcs11
[builtin]
activate = 1
[pkcs11]
module = $provider
pkcs11-module-path = $module
pkcs11-module-quirks = no-deinit
activate = 1
CONF
export SOFTHSM2_CONF=$work/softhsm.conf
softhsm2-util --init-token --free --label token --pin 1234 --so-pin 5678 >out || fail "softhsm2 makes no token"
make_key() {
	pkcs11-tool --module $module --login --pin 1234 --keypairgen --key-type "$1" --label "$2" \
		--id "$3" >out 2>err || fail "softhsm2 makes no $1 key"
}
make_key EC:secp384r1 id 01
make_key EC:secp384r1 author 02
make_key EC:prime256v1 small 03
export OPENSSL_CONF=$work/openssl.cnf
(
	umask 077
	echo 1234 >pin
	echo 9999 >wrong
)

uri='pkcs11:token=token;type=private;object='
create=("$snp_measure" id-block create --measurement "$(printf %096d 1)" --output-block block
	--output-auth auth)
run 0 "${create[@]}" --key "${uri}id" --passphrase-file pin
for name in id author; do
	openssl pkey -in "$uri$name?pin-value=1234" -pubout -out $name.pub || fail "no public half of $name"
done
run 0 "$snp_measure" id-block verify --id-block @block --id-auth @auth --public-key id.pub
run 0 "${create[@]}" --key "${uri}id?pin-value=1234" --author-key "${uri}author" \
	--author-passphrase-file pin
run 0 "$snp_measure" id-block verify --id-block @block --id-auth @auth --public-key id.pub \
	--author-public-key author.pub

refuse 1 not-found "${create[@]}" --key "${uri}absent" --passphrase-file pin
refuse 1 not-found "${create[@]}" --key "${uri}id" --passphrase-file wrong
refuse 4 wrong-passphrase "${create[@]}" --key "${uri}id"
refuse 4 bad-key "${create[@]}" --key "${uri}small" --passphrase-file pin
refuse 4 bad-key "${create[@]}" --key 'pkcs11:token=token;type=private' --passphrase-file pin
refuse 1 cannot-open "${create[@]}" --key 'pkcs12:token'

# A file of the URI's name is never opened, whatever it is: the token signs, or nothing does.
pkcs11-tool --module $module --login --pin 1234 --keypairgen --key-type rsa:2048 --label rsa --id 04 >out 2>err ||
	skip "softhsm2 makes no RSA key"
openssl req -new -x509 -key "${uri}rsa?pin-value=1234" -subj /CN=test -out rsa.crt 2>err || fail "no certificate"
key planted
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out planted-rsa.pem 2>err
firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
sed 's/"4-64"/4/' "$SNP_SOURCE/templates/release.json" >release.json
plant() {
	local file
	for name in id author small rsa; do
		file="$uri$name"
		rm -f "$file"
		case $1 in
		file) cat planted"$([ $name != rsa ] || echo -rsa)".pem >"$file" && chmod 666 "$file" ;;
		link) ln -s planted.pem "$file" ;;
		fifo) mkfifo "$file" ;;
		esac
	done
}
publish=(timeout 60 "$snp_measure" publish release.json --format "golden,intoto" --passphrase-file pin)
for kind in file link fifo; do
	plant $kind
	run 0 timeout 60 "${create[@]}" --key "${uri}id" --passphrase-file pin --author-key "${uri}author" \
		--author-passphrase-file pin
	run 0 "$snp_measure" id-block verify --id-block @block --id-auth @auth --public-key id.pub \
		--author-public-key author.pub
	refuse 1 cannot-open env OPENSSL_CONF=/dev/null timeout 60 "${create[@]}" --key "${uri}id" \
		--passphrase-file pin
	refuse 1 cannot-open timeout 60 "${create[@]}" --key "x-${uri}id" --passphrase-file pin
	run 0 "${publish[@]}" -o pub --key "${uri}small" --id-key "${uri}id" --author-key "${uri}author" \
		--endorsement-key "${uri}rsa" --endorsement-certificate rsa.crt
	run 0 "$snp_measure" reproduce pub/reference-values.json --images . --endorsement-certificate rsa.crt
	refuse 1 cannot-open env OPENSSL_CONF=/dev/null "${publish[@]}" -o none --endorsement-key "${uri}rsa" \
		--endorsement-certificate rsa.crt
done
