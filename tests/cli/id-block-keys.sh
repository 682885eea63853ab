#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where private keys come from, and which are refused.
. "$(dirname "$0")/functions.sh"

key id
key author
key other
digest=$(printf %096d 1)
create=("$snp_measure" id-block create --measurement "$digest")
show=("$snp_measure" id-block show --id-block @block --id-auth @auth)
run 0 "${create[@]}" --key id.pem --output-block block --output-auth auth
run 0 "${show[@]}"
cp out shown

# same_key COMMAND…: makes an ID auth by the same key.
same_key() {
	rm auth
	run 0 "$@" --output-auth auth
	run 0 "${show[@]}"
	cmp -s out shown || fail "$* is another key: $(cat out)"
}

umask 077
openssl ec -in id.pem -out sec1.pem 2>err
openssl pkey -in id.pem -outform DER -out pkcs8.der
openssl ec -in id.pem -outform DER -out sec1.der 2>err
openssl pkcs8 -topk8 -in id.pem -passout pass:secret -out encrypted.pem
openssl ec -in id.pem -aes256 -passout pass:secret -out encrypted-sec1.pem 2>err
echo secret >passphrase
echo wrong >wrong
for file in sec1.pem pkcs8.der sec1.der; do
	same_key "${create[@]}" --key "$file"
done
for file in encrypted.pem encrypted-sec1.pem; do
	same_key "${create[@]}" --key "$file" --passphrase-file passphrase
	refuse 4 wrong-passphrase "${create[@]}" --key "$file" --passphrase-file wrong
	refuse 4 wrong-passphrase "${create[@]}" --key "$file"
done
same_key "${create[@]}" --key fd:3 3<id.pem
same_key bash -c '"$@" <id.pem' bash "${create[@]}" --key -
same_key bash -c 'cat id.pem | "$@"' bash "${create[@]}" --key -
same_key "${create[@]}" --key encrypted.pem --passphrase-file fd:3 3<passphrase

# Signatures are random before OpenSSL 3.2; then one that still verifies is kept, and it is said once that
# they are.
run 0 "${create[@]}" --key id.pem --author-key author.pem --output-auth auth
[ "$(grep -c random-signature err)" -le 1 ] || fail "it is said twice that signatures are random"
cp auth first
if ! grep -q random-signature err; then
	same "${create[@]}" --key id.pem --author-key author.pem
fi
run 0 "${create[@]}" --key id.pem --author-key author.pem --output-auth auth
cmp auth first || fail "the same ID block is signed anew"
run 0 "${create[@]}" --key id.pem --author-key other.pem --output-auth auth
cmp -s auth first && fail "the signature of another author is kept"
run 0 "${create[@]}" --key id.pem --author-key author.pem --svn 1 --output-auth auth
cmp -s auth first && fail "the signature of another block is kept"

# refused NAME KEY: with its own error, and without a word of the key's text.
refused() {
	refuse 4 "$1" "${create[@]}" --key "$2" --output-auth never
	[ ! -e never ] || fail "a refused key writes a file"
	[ -f "$2" ] && grep -aE '^[A-Za-z0-9+/=]{16,}$' "$2" >lines || return 0
	! grep -qFf lines err || fail "the error quotes the key"
}
for mode in 644 640 660 606 601; do
	cp id.pem mode.pem
	chmod $mode mode.pem
	refused unsafe-key-file mode.pem
done
ln -s id.pem link.pem
refused unsafe-key-file link.pem
refused unsafe-key-file file:id.pem
mkfifo fifo.pem
refused not-a-regular-file fifo.pem
mkdir open
chmod 777 open
cp id.pem open/
refused unsafe-key-file open/id.pem
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
refused bad-key p256.pem
key ed25519 -algorithm ED25519
refused bad-key ed25519.pem
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
refused bad-key rsa.pem
cat id.pem author.pem >two.pem
refused bad-key two.pem
cp id.pub public.pem
chmod 600 public.pem
refused bad-key public.pem
openssl pkey -in id.pem -ec_param_enc explicit -out explicit.pem
refused bad-key explicit.pem
head -c 100 id.pem >cut.pem
refused bad-key cut.pem
head -c 1048576 /dev/zero >large.pem
refused too-large large.pem
: >empty.pem
refused bad-key empty.pem
refuse 1 cannot-open "${create[@]}" --key absent.pem

# --key is an older name of --id-key, which messages and --help name.
same_key "${create[@]}" --id-key id.pem
refuse 2 usage "${create[@]}"
grep -qF 'give --id-key, or' err || fail "another key is asked for: $(cat err)"
refuse 2 usage "${create[@]}" --id-key id.pem --public-key id.pub
grep -qF -- '--id-key cannot be combined' err || fail "another option is named: $(cat err)"
"$snp_measure" id-block create --help | grep -E -- '--(id-)?key=' >out
[ "$(wc -l <out)" = 1 ] && grep -qF -- --id-key=KEY out || fail "--help has not one name of the ID key: $(cat out)"
refuse 1 cannot-open "${create[@]}" --key fd:77x
refuse 1 cannot-open "${create[@]}" --key 'pkcs11:object=k?pin-value=1234'
grep -q 1234 err && fail "an error shows a PIN"
refuse 4 bad-key "${create[@]}" --key id.pem --author-key sec1.pem
chmod 644 passphrase
refuse 4 unsafe-key-file "${create[@]}" --key encrypted.pem --passphrase-file passphrase
exit 0
