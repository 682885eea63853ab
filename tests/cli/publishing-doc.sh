#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/publishing.md is what happens: its release.json is published, and every command in it runs, in its order.
. "$(dirname "$0")/functions.sh"

doc=$SNP_SOURCE/docs/publishing.md

# blocks LANGUAGE: the fenced blocks of a language, each written to LANGUAGE-N; prints their number.
blocks() {
	awk -v language="$1" '
		$0 == "```" { inside = 0 }
		inside { print >(language "-" n) }
		$0 == "```" language { inside = 1; n++ }
		END { print n + 0 }' "$doc"
}

# What the release names, and whose keys the commands name. Its EC key is of P-384, and for the commands of
# Ed25519 there is one of that.
[ "$(blocks json)" = 1 ] || fail "not one JSON example"
mv json-1 release.json
for file in OVMF.amdsev.fd vmlinuz initrd.img; do
	grep -qF "\"$file\"" release.json || fail "release.json names no $file"
done
firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
key release
key id
key endorsement -algorithm RSA -pkeyopt rsa_keygen_bits:2048
openssl req -x509 -new -key endorsement.pem -subj /CN=test -days 2 -out endorsement.crt || skip "needs openssl"
mkdir bin && ln -s "$snp_measure" bin/snp-measure
PATH=$work/bin:$PATH

# Signing elsewhere has a folder of its own, where the document key is of Ed25519.
mkdir elsewhere
cp release.json OVMF.amdsev.fd vmlinuz initrd.img id.pem id.pub elsewhere
(cd elsewhere && key author && key release -algorithm ed25519) || fail "no keys for signing elsewhere"

n=$(blocks sh)
[ "$n" = 10 ] || fail "$n blocks of commands, where 10 are known here"
for ((i = 1; i <= n; i++)); do
	folder=.
	if grep -q to-sign sh-$i; then
		folder=elsewhere
	elif grep -q pkeyutl sh-$i; then
		key release -algorithm ed25519
		run 0 snp-measure publish release.json -o published --key release.pem --unsigned
	fi
	run 0 env -C $folder bash -eu "$work/sh-$i"
	case $(<sh-$i) in
	*'sign published --signatures'*) says complete ;;
	*--to-sign*) says "published: " ;;
	*'to-sign/id-block'*) [ -s elsewhere/to-sign/id-block-00001.bin.sig ] || fail "no ID block is signed" ;;
	*openssl*) grep -qi verified out || fail "openssl does not say that it verified" ;;
	*reproduce*) says 'reproduced: ' ;;
	*) says "published: " ;;
	esac
done

run 0 snp-measure reproduce elsewhere/published --images . --public-key elsewhere/release.pub

# Every file of its table is there, and there is no file that its table does not have.
grep -oE '^\| `[^|]*\|' "$doc" | grep -oE '`[^`]+`' | tr -d '`' >table
run 0 bash -eu sh-1
run 0 bash -eu sh-3
(cd published && find . -type f | cut -c3-) >files
while read -r file; do
	while read -r pattern; do
		# shellcheck disable=SC2053
		[[ $file != $pattern ]] || continue 2
	done <table
	fail "the table lacks $file"
done <files
while read -r pattern; do
	# golden.pb stands for one CPU model, and the example has two.
	case $pattern in
	golden.pb | golden-endorsement.pb) continue ;;
	esac
	compgen -G "published/$pattern" >/dev/null || fail "no file is $pattern"
done <table

# The pipeline: its script, line by line, in one shell as a runner does it; then its last line alone.
[ "$(blocks yaml)" = 1 ] || fail "not one pipeline"
python3 -c 'import yaml' 2>/dev/null || skip "no python3-yaml for the pipeline"
python3 - <<'END' || fail "the pipeline is no YAML"
import yaml

job = yaml.safe_load(open("yaml-1"))["publish"]
assert job["artifacts"]["paths"] == ["published"]
open("pipeline", "w").write("\n".join(job["script"]) + "\n")
open("later", "w").write(job["script"][-1] + "\n")
END
rm -r published
run 0 env RELEASE_KEY="$work/release.pem" bash -eu pipeline
says 'reproduced: '
[ -s published/corim.cose ] || fail "the pipeline publishes nothing"
run 0 bash -eu later
printf x | dd of=initrd.img bs=1 conv=notrunc 2>/dev/null
run 3 bash -eu later
says 'web: initrd differs'
