#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a release to an auditor: signed with keys that the publishing machine never has, compared with the release before,
# launched, attested, kept as evidence, and explained where a guest was started in another way.
. "$(dirname "$0")/guests.sh"
begin
export XDG_DATA_HOME=$work/none
cp "$folder/chip/ark.der" root.der

# The safe has the private keys; what publishes has their public halves.
mkdir safe publisher auditor
(cd safe && make_keys && openssl ecparam -name prime256v1 -genkey -noout -out release.pem)
for name in id author release; do openssl pkey -in safe/$name.pem -pubout -out publisher/$name.pub; done
cp OVMF.amdsev.fd linux initrd publisher

# release VERSION: the publisher's release.json.
release() {
	cat >publisher/release.json <<-END
		{"schema": "snp-release/1", "release": {"name": "shop", "version": "$1"},
		 "defaults": {"firmware": "OVMF.amdsev.fd", "initrd": "initrd", "cmdline": "console=ttyS0 quiet",
		   "vcpu_count": ["1-4"], "cpu_model": ["EPYC-v4", "EPYC-Milan"], "guest_svn": 4},
		 "images": [{"name": "web", "kernel": "linux"}, {"name": "db", "kernel": "${2:-linux}"}]}
	END
}

# publish VERSION: publish it in two rounds, as the keys are elsewhere.
publish() {
	(cd publisher && run 0 "$snp_measure" publish release.json -o "$1" --to-sign "to-sign-$1" --public-key release.pub \
		--id-public-key id.pub --author-public-key author.pub) || exit 1
	mv "publisher/to-sign-$1" safe
	for file in safe/to-sign-"$1"/id-block-*.bin; do
		openssl dgst -sha384 -sign safe/id.pem -out "$file.sig" "$file" || fail "no signature of $file"
	done
	openssl dgst -sha384 -sign safe/author.pem -out "safe/to-sign-$1/id-key.bin.sig" "safe/to-sign-$1/id-key.bin"
	run 0 "$snp_measure" sign "publisher/$1" --signatures "safe/to-sign-$1"
	for file in reference-values.json intoto.pae corim.sig-structure; do
		openssl dgst -sha256 -sign safe/release.pem -out "safe/to-sign-$1/$file.sig" "safe/to-sign-$1/$file"
	done
	run 0 "$snp_measure" sign "publisher/$1" --signatures "safe/to-sign-$1"
	says complete
	run 0 "$snp_measure" reproduce "publisher/$1" --public-key publisher/release.pub
}

release 1.0
publish 1.0
cp publisher/linux publisher/linux-db
printf x | dd of=publisher/linux-db bs=1 seek=290000 conv=notrunc status=none
release 1.1 linux-db
publish 1.1
! find publisher -type f -exec grep -l 'PRIVATE KEY' {} + || fail "the publisher has a private key"

# What changed is the kernel of one image, and nothing else.
run 0 "$snp_measure" diff publisher/1.0 publisher/1.0
run 3 "$snp_measure" diff publisher/1.0 publisher/1.1 --json
python3 - <<'END' || fail "more or less than the kernel of db differs: $(cat out)"
import json
diff = json.load(open("out"))
images = {i["name"]: i for i in diff["images"]}
changed = {name for name, i in images.items() if i.get("changes")}
assert changed == {"db"}, changed
assert [c["what"] for c in images["db"]["changes"]] == ["kernel"], images["db"]["changes"]
END
run 3 "$snp_measure" diff publisher/1.0 publisher/1.1
says kernel

# The auditor has the folder, the publisher's key from elsewhere, and a report. No image is here.
cp -r publisher/1.1 auditor/published
cp publisher/release.pub auditor
cat >ask.py <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(open(sys.argv[2], "rb").read())
while chunk := s.recv(65536):
    sys.stdout.buffer.write(chunk)
END
# report NAME: ask the guest for a report about a nonce.
report() {
	head -c 64 /dev/urandom >"auditor/$1.nonce"
	python3 ask.py "$folder/guests/$1/run/report.sock" "auditor/$1.nonce" >"auditor/$1.report"
}
vm web1 '"snp": {"id": {"reference": "'"$work"'/publisher/1.1/reference-values.json", "image": "web"}}'
run 0 "$snp_launch" create web1.json
says "bound by      ID block of its publisher"
heard web1 launch_digest >/dev/null
report web1

cd auditor || exit
id_key=$(sed -n 's/^id_key_digest: //p' published/keys.txt)
judge=(verify --simulated-root ../root.der --reference published --public-key release.pub --id-key-digest "$id_key")
run 0 "$snp_measure" "${judge[@]}" --report-data @web1.nonce --save evidence web1.report
says 'accepted: Simulated, as published'
says 'web on qemu, 2 vCPUs, EPYC-v4'
# A year later, from what was kept, and judged at the time that is given.
later=$(date -u -d '+1 year' +%Y-%m-%d)
mv published gone && mv ../publisher ../publisher-gone
run 0 "$snp_measure" verify evidence --simulated-root ../root.der --public-key release.pub --at-time "$later"
says 'accepted: Simulated, as published'
run 0 "$snp_measure" verify evidence --simulated-root ../root.der --public-key release.pub
says 'freshness checked'
mv gone published && mv ../publisher-gone ../publisher
cd .. || exit

# A guest with another number of vCPUs and a word more is refused, with the command that says so.
vcpus=5
vm web2
sed -i 's/ttyS0 quiet/ttyS0 quiet nokaslr/' web2.json
run 0 "$snp_launch" create web2.json
heard web2 launch_digest >/dev/null
report web2
cd auditor || exit
run 3 "$snp_measure" verify --simulated-root ../root.der --reference published --public-key release.pub \
	--report-data @web2.nonce web2.report
says 'refused: '
says "launch digest seen: $(heard web2 launch_digest)"
command=$(sed -n 's/^ *to find what is different: snp-measure //p' "$work/out")
# shellcheck disable=SC2086 # the words of the command
run 0 "$snp_measure" $command
says 'matches image web in published with a command line with nokaslr at its end and 5 vCPUs instead of 4'
says 'the nearest published launch has 4 vCPUs'
