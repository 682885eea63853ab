#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# sigstore's own library verifies the published bundle, with the key that the verifier has and not one out of the
# bundle; and refuses it with another key, another statement or a signature by a P-384 key, as publish warns.
. "$(dirname "$0")/functions.sh"

PATH=$PATH:/usr/local/bin
command -v node npm >/dev/null || skip "needs node and npm"
timeout 100 npm install --silent --no-audit --no-fund --prefix . @sigstore/bundle@4 @sigstore/verify@3 \
	@sigstore/protobuf-specs@0.5 >/dev/null 2>&1 || skip "needs sigstore's packages from npm"

firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
cp "$SNP_SOURCE/templates/release.json" .
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key ed25519 -algorithm ed25519
key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384

cat >verify.js <<'END'
const fs = require('fs'), crypto = require('crypto')
const { bundleFromJSON } = require('@sigstore/bundle')
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify')
const { TrustedRoot } = require('@sigstore/protobuf-specs')
const [file, pub, statement] = process.argv.slice(2)
const publicKey = crypto.createPublicKey(fs.readFileSync(pub))
const hint = crypto.createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64')
const root = TrustedRoot.fromJSON({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' })
const find = (asked) => {
	if (asked !== hint) throw new Error('a hint at another key')
	return { publicKey, validFor: () => true }
}
const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(file)))
const none = { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0 }
new Verifier(toTrustMaterial(root, find), none).verify(toSignedEntity(bundle))
if (!bundle.content.dsseEnvelope.payload.equals(fs.readFileSync(statement))) throw new Error('another statement')
END

for kind in p256 ed25519 p384; do
	run 0 "$snp_measure" publish release.json -o $kind --format intoto --sign-key $kind.pem
	grep -q '\[cosign-needs-p256\]$' err && warned=p384 || warned=
	[ "$warned" = "$([ $kind != p384 ] || echo p384)" ] || fail "the warning for $kind: '$warned'"
	run 0 "$snp_measure" reproduce $kind --images . --public-key $kind.pub
done
run 0 node verify.js p256/intoto.sigstore.json p256.pub p256/intoto.json
run 0 node verify.js ed25519/intoto.sigstore.json ed25519.pub ed25519/intoto.json
run 1 node verify.js p256/intoto.sigstore.json ed25519.pub p256/intoto.json
run 1 node verify.js p256/intoto.sigstore.json p256.pub p256/reference-values.json
# publish's warning would be wrong the day that this passes.
run 1 node verify.js p384/intoto.sigstore.json p384.pub p384/intoto.json

# The statement, or the hint, exchanged.
sed -i 's/"payload": "e/"payload": "f/' p256/intoto.sigstore.json
run 3 "$snp_measure" reproduce p256 --images . --public-key p256.pub
says 'intoto.sigstore.json differs'
run 1 node verify.js p256/intoto.sigstore.json p256.pub p256/intoto.json
# A folder of 0.1.0 has no bundle.
rm p256/intoto.sigstore.json
run 0 "$snp_measure" reproduce p256 --images . --public-key p256.pub
