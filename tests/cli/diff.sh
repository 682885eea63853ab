#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What changed from one release to the next, in published folders, masters and releases.
. "$(dirname "$0")/functions.sh"

firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
cp "$SNP_SOURCE/templates/release.json" .
openssl ecparam -name secp384r1 -genkey -noout -out id.pem 2>/dev/null
chmod 600 id.pem
run 0 "$snp_measure" publish release.json -o one --format tsv
run 0 "$snp_measure" publish release.json -o bound --format tsv --id-key id.pem

# The same in every form.
for same in 'one one' 'one/ one/reference-values.json' 'release.json one'; do
	run 0 "$snp_measure" diff $same
	says 'web: same'
done
run 0 "$snp_measure" diff --json one one
grep -q '"same": true' out || fail "JSON and text differ"

# Another kernel, and a word.
printf x | dd of=vmlinuz bs=1 seek=3000 conv=notrunc status=none
sed -i 's/console=ttyS0 ro/console=ttyS0 <b>|/; s/"4-64"/"4-65"/' release.json
run 0 "$snp_measure" publish release.json -o two --format tsv
run 3 "$snp_measure" diff one two
cp out text
says 'web: changed'
says '  kernel: vmlinuz, '
says "  command line: removes 'ro'; adds '<b>|'"
says '  vCPU counts: adds 65'
says '  every launch digest changed because the kernel and the command line changed'
! grep -q 'initrd\|firmware\|policy' out || fail "what is the same is said to differ"
run 3 "$snp_measure" diff one release.json
diff text out >&2 || fail "a release is another than its published folder"
run 3 "$snp_measure" diff --json one two
grep -q '"same": false' out || fail "JSON and text differ"
run 3 "$snp_measure" diff --markdown one two
says 'console=ttyS0 \<b\>\|'

# The digest of the ID key.
run 3 "$snp_measure" diff one bound
says '  ID blocks: none -> ID key '
! grep -q 'every launch digest' out || fail "digests are said to have changed"

# A named release says its keys, and what all images have in common is said once.
python3 - >named.json <<'END'
import json
d = json.load(open("release.json"))
image = d["images"][0]
d["release"] = {"name": "web images", "version": "1.1", "date": "2026-11-30", "url": "https://example.org",
                "source_revision": "abc123"}
d["defaults"] = {k: image.pop(k) for k in list(image) if k not in ("name", "guest_svn")}
d["defaults"]["guest_svn"] = 9
d["images"].append({"name": "other", "kernel": "vmlinuz", "cmdline": "", "vcpu_count": [3]})
d["images"][1]["firmware"] = "OVMF.amdsev.fd"
print(json.dumps(d))
END
key release -algorithm ed25519
run 0 "$snp_measure" publish named.json -o named --sign-key release.pem --id-key id.pem
run 0 "$snp_measure" reproduce named --images . --public-key release.pub
run 3 "$snp_measure" diff two named
says 'release: web images 1.1'
says 'other: added'
! grep -q 'guest SVN\|kernel:\|vCPU' out || fail "defaults change what the image says: $(cat out)"
python3 - <<'END' || fail "the master says something else"
import json
d, text = json.load(open("named/reference-values.json")), open("release.pub").read()
assert d["schema"] == "snp-reference-values/3" and d["release"]["version"] == "1.1"
assert d["keys"]["public_key"] == text and len(d["keys"]["id_key_digest"]) == 96 and d["keys"]["note"]
assert "author_key_digest" not in d["keys"]
assert [i["guest_svn"] for i in d["images"]] == [1, 9]
assert d["images"][1]["inputs"]["initrd"]["name"] == "initrd.img" and len(d["images"][1]["variants"]) == 3
END
valid named.json
valid named/reference-values.json
sed 's/"id_key_digest": "[0-9a-f]/"id_key_digest": "x/; s/"x/"0/' named/reference-values.json >other.json
cmp -s other.json named/reference-values.json ||
	refuse 4 json-bad-value "$snp_measure" diff two other.json
sed 's/"defaults": {/"defaults": {"name": "x", /' named.json >bad.json
refuse 4 json-unknown-key "$snp_measure" diff two bad.json
sed 's/"version": "1.1", //' named.json >bad.json
refuse 4 json-missing-key "$snp_measure" diff two bad.json

refuse 2 usage "$snp_measure" diff one
refuse 2 usage "$snp_measure" diff --json --markdown one two
refuse 1 cannot-open "$snp_measure" diff one missing
echo '{}' >empty.json
refuse 4 json-missing-key "$snp_measure" diff one empty.json
echo '{"schema": "snp-launch/1"}' >vm.json
refuse 4 json-unknown-schema "$snp_measure" diff one vm.json
rm vmlinuz
refuse 1 cannot-open "$snp_measure" diff one release.json
