#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A published folder is computed again; what changed since is named.
. "$(dirname "$0")/functions.sh"

firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
sed 's/"4-64"/"4-6"/' "$SNP_SOURCE/templates/release.json" >release.json
openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
openssl ecparam -name secp384r1 -genkey -noout -out id.pem 2>/dev/null
openssl genpkey -algorithm ed25519 -out other.pem 2>/dev/null
chmod 600 ./*.pem
openssl pkey -in key.pem -pubout -out public.pem
openssl pkey -in other.pem -pubout -out other-public.pem
run 0 "$snp_measure" publish release.json -o pub --key key.pem --id-key id.pem
openssl pkeyutl -verify -rawin -pubin -inkey public.pem -sigfile pub/reference-values.json.sig \
	-in pub/reference-values.json >&2 || fail "openssl does not verify the master"

reproduce() {
	"$snp_measure" reproduce pub/reference-values.json --images . "$@"
}

run 0 reproduce --public-key public.pem
says 'reproduced: 15 launch digests'
run 0 reproduce
grep -qF '[signature-not-checked]' err || fail "an unchecked signature is not mentioned"
run 3 reproduce --public-key other-public.pem
says 'reference-values.json.sig'

# One changed byte, each time of something else.
change() {
	cp -r pub kept && cp "$1" kept-file
	printf 'x' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
restore() {
	rm -rf pub && mv kept pub && mv kept-file "$1"
}
change initrd.img 4000
run 3 reproduce --public-key public.pem
says 'web: initrd differs'
run 3 reproduce --json
grep -q '"what": "initrd"' out || fail "JSON and text differ"
restore initrd.img
change OVMF.amdsev.fd 100
run 3 reproduce
says 'web: firmware differs'
restore OVMF.amdsev.fd
change pub/rvps.json 30
run 3 reproduce
says 'rvps.json differs'
restore pub/rvps.json
change pub/intoto.dsse.json 40
run 3 reproduce --public-key public.pem
says 'intoto.dsse.json'
restore pub/intoto.dsse.json

# A signature is of what the master says, whether or not what it signs stands beside it.
differs() {
	run 3 reproduce --public-key public.pem
	says "$1 differs: published $2"
}
cp -r pub kept
restored() {
	rm -rf pub && cp -r kept pub
}
rm pub/intoto.json pub/corim.cbor
differs intoto.json 'as reference-values.json says, found no such file'
says 'corim.cbor differs'
printf 'junk' >pub/intoto.dsse.json
printf 'junk' >pub/corim.cose
differs intoto.dsse.json signed
says 'corim.cose differs'
restored
rm pub/corim.cose
differs corim.cose signed
rm pub/corim.cbor
run 0 reproduce --public-key public.pem

# What is not published is not there: a link to nowhere is, and so is what would not have been written.
ln -sf nowhere pub/rvps.json
differs rvps.json 'as reference-values.json says'
restored
ln -sf nowhere pub/golden-endorsement.pb
differs golden-endorsement.pb nothing
restored
ln -s nowhere "$(printf '%s' pub/golden/*EPYC-v4*.pb | sed 's/pb$/endorsement.pb/')"
run 3 reproduce --public-key public.pem
says 'endorsement.pb differs: published signed'
restored
echo x >pub/golden.pb
differs golden.pb 'nothing, found a file'
restored
echo x >pub/go-sev-guest/README
differs go-sev-guest/README 'nothing, found a file'
restored

# A format is there whole or not at all, and none of it is a link, nor behind one.
rm pub/go-sev-guest/*-2vcpu*
differs go-sev-guest/web-qemu-EPYC-v4-0x1-2vcpu-Milan.json 'as reference-values.json says, found no such file'
restored
mv pub/go-sev-guest hidden && echo x >hidden/more.json && ln -s "$PWD/hidden" pub/go-sev-guest
differs go-sev-guest 'a folder, found a symbolic link'
rm -r hidden pub/go-sev-guest
run 0 reproduce --public-key public.pem
mkdir -p pub/go-sev-guest/more && echo x >pub/go-sev-guest/more/more.json
differs go-sev-guest/more/ 'nothing, found a folder'
rm -r pub/go-sev-guest
touch pub/go-sev-guest
differs go-sev-guest 'a folder, found a file'
restored
mv pub/rvps.json elsewhere.json && ln -s ../elsewhere.json pub/rvps.json
differs rvps.json 'as reference-values.json says, found is or lies behind a symbolic link'
restored

# Without a key nobody knows who signed, but what was signed is known.
unsigned() {
	run 3 reproduce
	says "$1 differs: published $2"
	restored
}
envelope() {
	python3 - "$1" <<'END' || fail "cannot change the envelope"
import base64, re, sys
old = text = open("pub/intoto.dsse.json").read()
payload = re.search('"payload": "([^"]*)"', text)[1]
exec(sys.argv[1])
assert text != old
open("pub/intoto.dsse.json", "w").write(text)
END
}
envelope 'statement = base64.b64decode(payload).replace(b"0x30000", b"0xb0000")
text = text.replace(payload, base64.b64encode(statement).decode())'
unsigned intoto.dsse.json 'signed, found the envelope has a different payload, key or form'
envelope 'text = re.sub("""(?<="sig": ")[^"]*""", "AAAA", text)'
unsigned intoto.dsse.json 'signed, found not a signature'
printf junk >pub/corim.cose
unsigned corim.cose signed
for at in 6 12 500; do
	printf '\1' | dd of=pub/corim.cose bs=1 seek=$at conv=notrunc status=none
	unsigned corim.cose 'signed, found the COSE_Sign1 message has a different payload'
done
rm pub/corim.cose
unsigned corim.cose signed
printf junk >pub/reference-values.json.sig
unsigned reference-values.json.sig 'signed, found not a signature'
rm pub/reference-values.json.sig
unsigned reference-values.json.sig signed

# The same of endorsements: all are there, or none is.
(umask 077 && openssl req -new -x509 -newkey rsa:2048 -nodes -keyout rsa.pem -subj /CN=test -out rsa.crt 2>err)
run 0 "$snp_measure" publish release.json -o endorsed --format golden --endorsement-key rsa.pem \
	--endorsement-certificate rsa.crt
run 0 "$snp_measure" reproduce endorsed/reference-values.json --images .
rm endorsed/golden/web-qemu-EPYC-Milan-0x1.endorsement.pb
run 3 "$snp_measure" reproduce endorsed/reference-values.json --images .
says 'golden/web-qemu-EPYC-Milan-0x1.endorsement.pb differs: published signed'
rm endorsed/golden/*.endorsement.pb
run 0 "$snp_measure" reproduce endorsed/reference-values.json --images .

# An envelope is what signing makes of its signature; publishing again puts right what is not.
for change in 're.sub("""(?<="keyid": ")[^"]*""", 64 * "0", text)' 'text.replace("{", """{"x": "%s",""" % (100000 * "x"), 1)' \
	'text.replace("\"sig\"", """"x": 1, "sig\"""")' 'text + " "' 'text.replace("  ", " ")'; do
	envelope "text = $change"
	differs intoto.dsse.json signed
	run 0 "$snp_measure" publish release.json -o pub --key key.pem --id-key id.pem
	cmp pub/intoto.dsse.json kept/intoto.dsse.json || fail "an envelope changed by $change was kept"
done
restored

echo x >pub/README
mkdir pub/images
cp vmlinuz pub/images
run 0 reproduce --public-key public.pem
rm -rf pub && mv kept pub

# A digest that is not that of its images, with everything else as it was.
digest=$(grep -o '"launch_digest": "[0-9a-f]*"' pub/reference-values.json | head -n 1 | cut -d'"' -f4)
cp -r pub kept
run 0 "$snp_measure" publish release.json -o plain --format reference-values
sed -i "s/$digest/$(printf '0%.0s' {1..96})/" plain/reference-values.json
run 3 "$snp_measure" reproduce plain/reference-values.json --images .
says 'launch digest (qemu, EPYC-v4, 0x00800f12, features 0x1, 1 vCPUs) differs'

# What the document says of a file beside its SHA-256.
run 0 "$snp_measure" publish release.json -o plain
said() {
	sed "$1" plain/reference-values.json >odd.json
	! cmp -s odd.json plain/reference-values.json || fail "nothing to change by $1"
	run 3 "$snp_measure" reproduce odd.json --images .
	says "$2"
}
said '/"initrd"/,/size/s/"size": 5000/"size": 5001/' 'web: initrd differs: published 5001 bytes, found 5000 bytes'
said "/sha384/s/[0-9a-f]\{96\}/$(printf '5%.0s' {1..96})/" "web: firmware's SHA-384 differs"
# A model and a signature that is not its own.
sed 's/"cpu_model": "EPYC-v4"/"cpu_model": "EPYC-Milan"/' plain/reference-values.json >odd.json
refuse 4 json-bad-value "$snp_measure" reproduce odd.json --images .

# A file that is no image any more, or gone, is named all the same.
other() {
	cp "$1" kept-file
	eval "$2"
	run 3 reproduce --public-key public.pem
	says "web: $3 differs: published $4"
	[ "$(wc -l <out)" = 2 ] || fail "more is named than the $3: $(cat out)"
	mv kept-file "$1"
}
size=$(stat -c %s OVMF.amdsev.fd)
other OVMF.amdsev.fd 'truncate -s -100 OVMF.amdsev.fd' firmware "$size bytes, found $((size - 100)) bytes"
other OVMF.amdsev.fd ': >OVMF.amdsev.fd' firmware "$size bytes, found 0 bytes"
other OVMF.amdsev.fd 'truncate -s 1G OVMF.amdsev.fd' firmware "$size bytes, found $((1 << 30)) bytes"
other vmlinuz 'printf xxxx | dd of=vmlinuz bs=1 seek=514 conv=notrunc status=none' kernel ''
other vmlinuz ': >vmlinuz' kernel ''
other initrd.img 'rm initrd.img' initrd "$(sha256sum <initrd.img | cut -c-64), found no such file"
# Without --images: in the document's folder, or in the one that it is in; else the option is named.
run 0 "$snp_measure" reproduce pub
! grep -qF images-not-found err || fail "the images are there"
mkdir -p elsewhere/far && cp -r pub elsewhere/far/pub
run 3 "$snp_measure" reproduce elsewhere/far/pub
[ "$(grep -c 'found no such file' out)" = 3 ] || fail "not all three are missed: $(cat out)"
grep -q 'use --images DIR .*\[images-not-found\]' err || fail "the option is not named"
says 'no such file; launch digests are computed from its summary'

# Digests are compared by the summary of firmware that is missing; a summary of other firmware is not taken.
edit() { # FILE PYTHON
	python3 -c "import json, sys
d = json.load(open(sys.argv[1]))
$2
open(sys.argv[1], 'w').write(json.dumps(d, indent=2) + '\n')" "$1"
}
cp -r elsewhere/far/pub plain-pub && rm plain-pub/*.sig plain-pub/intoto.* plain-pub/corim.*
for image in vmlinuz initrd.img; do cp $image elsewhere; done
edit plain-pub/reference-values.json 'for v in d["images"][0]["variants"]: v.pop("id_block"); v.pop("id_auth")
d["images"][0]["variants"][3]["launch_digest"] = "00" * 48'
run 3 "$snp_measure" reproduce plain-pub --images elsewhere
says 'features 0x1, 5 vCPUs) differs: published 0000'
summary=$(cd pub && echo firmware/*.json)
[ "$summary" = "firmware/$(sha256sum <OVMF.amdsev.fd | cut -c-64).json" ] || fail "no summary of the firmware: $summary"
"$snp_measure" inspect --summary OVMF.amdsev.fd | cmp - "pub/$summary" >&2 || fail "the summary is another"
cp -r pub kept-pub
sed -i 's/"reset_address": "0x/&1/' "pub/$summary"
run 3 "$snp_measure" reproduce pub
says "$summary differs: published as reference-values.json says, found other bytes"
run 3 "$snp_measure" reproduce pub --images empty-not
says "$summary differs: published nothing, found a file"
says 'web: firmware differs: published' # and no word of a summary
! grep -q 'from its summary' out || fail "a wrong summary was used"
rm -rf pub && mv kept-pub pub

# The keys beside the values: what is published is what is compared.
first() { # MEMBER of the first variant
	grep -oE "\"$1\": \"[^\"]+" pub/reference-values.json | head -1 | cut -d'"' -f4
}
run 0 "$snp_measure" id-block show --json --id-block "$(first id_block)" --id-auth "$(first id_auth)"
grep -qxF "id_key_digest: $(grep -oE '"id_key_digest": "[0-9a-f]+' out | cut -d'"' -f4)" pub/keys.txt ||
	fail "not the digest of the ID key"
tr '\n' ' ' <pub/keys.txt | grep -q 'A key that is found beside what it signs proves nothing' || fail "no warning in keys.txt"
sed -n '/BEGIN/,/END/p;/END/q' pub/keys.txt | cmp - public.pem >&2 || fail "not the key of the signatures"
cp pub/keys.txt kept-file
openssl pkey -in other.pem -pubout >other-pem
{ sed '/BEGIN/,$d' pub/keys.txt && cat other-pem && sed '1,/END/d' pub/keys.txt; } >changed && mv changed pub/keys.txt
run 3 "$snp_measure" reproduce pub --public-key public.pem
says 'keys.txt differs'
sed -i 's/^id_key_digest: ./id_key_digest: x/' pub/keys.txt
run 3 "$snp_measure" reproduce pub
says 'keys.txt differs'
mv kept-file pub/keys.txt
run 0 "$snp_measure" reproduce pub --public-key public.pem
mkdir empty
run 3 "$snp_measure" reproduce pub/reference-values.json --images empty
[ "$(grep -c 'found no such file' out)" = 3 ] || fail "not all three are missed: $(cat out)"
run 0 reproduce --public-key public.pem

# Images in folders, two of them with files of the same names; paths are published without detours.
mkdir -p release/{a,b} elsewhere
for name in a b; do
	cp OVMF.amdsev.fd vmlinuz initrd.img release/$name
	printf %s "$name" | dd of="release/$name/initrd.img" bs=1 conv=notrunc status=none
done
cp initrd.img elsewhere/common.img
python3 - <<'END' || skip "needs python3"
import json
release = json.load(open("release.json"))
image = release["images"][0]
release["images"] = [dict(image, name=name, firmware=f"./{folder}//OVMF.amdsev.fd", kernel=f"{folder}/vmlinuz",
                          initrd=f"{folder}/initrd.img", vcpu_count=[1]) for name, folder in (("web", "a"), ("web/a", "b"))]
release["images"].append(dict(image, name="odd", firmware="a/OVMF.amdsev.fd", kernel="../release/b/vmlinuz",
                              initrd="../elsewhere/common.img", vcpu_count=[1]))
json.dump(release, open("release/release.json", "w"))
END
run 0 "$snp_measure" publish release/release.json -o folders
cp vmlinuz elsewhere/common.img release
run 0 "$snp_measure" reproduce folders/reference-values.json --images release
cp -r release moved && printf x | dd of=moved/b/initrd.img bs=1 seek=9 conv=notrunc status=none
run 3 "$snp_measure" reproduce folders/reference-values.json --images moved
says 'web/a: initrd differs'
[ "$(wc -l <out)" = 2 ] || fail "more is named than the initrd: $(cat out)"
python3 - <<'END' || fail "see above"
import json
master = json.load(open("folders/reference-values.json"))
names = {i["name"]: [i["inputs"][k]["name"] for k in ("firmware", "kernel", "initrd")] for i in master["images"]}
assert names == {"web": ["a/OVMF.amdsev.fd", "a/vmlinuz", "a/initrd.img"],
                 "web/a": ["b/OVMF.amdsev.fd", "b/vmlinuz", "b/initrd.img"],
                 "odd": ["a/OVMF.amdsev.fd", "vmlinuz", "common.img"]}, names
subjects = [s["name"] for s in json.load(open("folders/intoto.json"))["subject"]]
assert len(set(subjects)) == len(subjects)
assert {"web/a/initrd.img", "web%2Fa/b/initrd.img", "odd/common.img"} <= set(subjects), subjects
END

# An ID auth that the secure processor would refuse is a difference, also for the formats that show its key.
for at in 64 700; do
	python3 - $at <<'END'
import base64, json, sys
master = json.load(open("pub/reference-values.json"))
variant = master["images"][0]["variants"][0]
auth = bytearray(base64.b64decode(variant["id_auth"]))
auth[int(sys.argv[1])] ^= 1
variant["id_auth"] = base64.b64encode(auth).decode()
json.dump(master, open("odd.json", "w"))
END
	run 3 "$snp_measure" reproduce odd.json --images .
	says 'ID block (qemu, EPYC-v4, 0x00800f12, features 0x1, 1 vCPUs) differs: published signed'
	says 'go-sev-guest differs'
done

# What is no file cannot be compared.
rm vmlinuz && mkdir vmlinuz
refuse 4 not-a-regular-file reproduce
