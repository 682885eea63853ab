#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A release becomes a folder of reference values, the same bytes each time, that programs of others read.
. "$(dirname "$0")/functions.sh"

firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
cp "$SNP_SOURCE/templates/release.json" .

run 0 "$snp_measure" publish release.json -o pub -v
says pub/reference-values.json
[ "$(grep -c ^pub/ out)" = "$(find pub -type f | wc -l)" ] || fail "not every file is listed"
run 0 "$snp_measure" publish release.json -o pub
[ "$(cat out)" = "pub: $(find pub -type f | wc -l) files; --verbose lists them
web: $(grep -c '"launch_digest"' pub/reference-values.json) launch digests
not signed" ] || fail "another summary: $(cat out)"

# The digests are those of one launch at a time.
digest() {
	"$snp_measure" --ovmf OVMF.amdsev.fd --kernel vmlinuz --initrd initrd.img \
		--append 'console=ttyS0 ro' --vcpus "$1" --vcpu-type "$2"
}
for vcpus in 1 2 64; do
	for model in EPYC-v4 EPYC-Genoa; do
		[ "$(awk -F'\t' -v n=$vcpus -v m=$model '$3 == n && $4 == m { print $8 }' \
			pub/launch-digests.tsv)" = "$(digest $vcpus $model)" ] ||
			fail "the digest of $vcpus $model vCPUs is another"
	done
done

# Again, in another place and into the same folder: the same bytes.
run 0 "$snp_measure" publish release.json -o again
diff -r pub again >&2 || fail "two runs differ"
run 0 env TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$snp_measure" publish release.json -o pub
diff -r pub again >&2 || fail "a run into an existing folder differs"

# The clock is read for --timestamp alone, and SOURCE_DATE_EPOCH goes before it.
run 0 env SOURCE_DATE_EPOCH=1234567890 "$snp_measure" publish release.json -o dated --timestamp
grep -q '"timestamp": 1234567890' dated/reference-values.json || fail "SOURCE_DATE_EPOCH is not heard"

# QEMU launches SEV-SNP guests only from firmware of whole 64 KiB; 'digest' measures others with a warning.
cp OVMF.amdsev.fd whole
for size in 0x11000 0x1f000; do
	firmware OVMF.amdsev.fd "size $size"
	refuse 4 firmware-size "$snp_measure" publish release.json -o odd
	[ ! -e odd ] || fail "published although refused"
done
mv whole OVMF.amdsev.fd

# Selected formats; the master is always there.
run 0 "$snp_measure" publish release.json -o few --format tsv,rvps
[ "$(ls few)" = "$(printf 'launch-digests.tsv\nreference-values.json\nrvps.json')" ] ||
	fail "other files than asked for: $(ls few)"

# Only the beginning of a kernel, by its own header, is published as it is and said to be that.
cp vmlinuz whole
printf '\1\0\0\1' | dd of=vmlinuz bs=1 seek=$((0x1f4)) conv=notrunc status=none
run 0 "$snp_measure" publish release.json -o short
grep -q '^snp-measure: warning: vmlinuz .*\[cut-short-kernel\]$' err || fail "no word of it: $(cat err)"
run 0 "$snp_measure" --ovmf OVMF.amdsev.fd --kernel vmlinuz --vcpus 1 --vcpu-type EPYC-v4
grep -q '\[cut-short-kernel\]$' err || fail "no word of it: $(cat err)"
mv whole vmlinuz

# What digest warns of, publish does, once; and of a policy that gives the guest away.
sed 's/"EPYC-v4", "EPYC-Milan", "EPYC-Genoa"/"EPYC-v4"/; s/\["0x1"\]/["0x21"]/; s/0x30000/0xb0000/' release.json >odd.json
run 0 "$snp_measure" --ovmf OVMF.amdsev.fd --vcpus 1 --vcpu-type EPYC-v4 --guest-features 0x21
mv err digest.err
[ -s digest.err ] || fail "digest has nothing to warn of"
run 0 "$snp_measure" publish odd.json -o odd
grep -vE '\[(debug-policy|format-left-out)\]$' err | diff digest.err - >&2 || fail "other warnings than digest's"
grep -q '^snp-measure: warning: the policy of web .*\[debug-policy\]$' err || fail "a debug policy is published in silence"
sed 's/"EPYC-v4", //; s/"0x1"/"0x1", "0x21"/; s/"qemu"/"qemu", "ec2"/' release.json >odd.json
run 0 "$snp_measure" publish odd.json -o odd
[ "$(sort err)" = "$(sort -u err)" ] || fail "a warning comes twice: $(cat err)"
for name in guest-features-not-of-qemu kernel-not-of-vmm unconfirmed-profile; do
	grep -q "\[$name\]\$" err || fail "no warning $name: $(cat err)"
done

# A folder that is not ours stays as it is, and nothing is left beside it.
mkdir mine && touch mine/file
refuse 1 exists "$snp_measure" publish release.json -o mine
[ "$(ls mine)" = file ] || fail "a foreign folder was touched"
# An empty file of the master's name makes no folder ours, and a master makes none whose files are others' too.
touch mine/reference-values.json
refuse 1 exists "$snp_measure" publish release.json -o mine
mkdir beside && cp release.json OVMF.amdsev.fd vmlinuz initrd.img beside
cp pub/reference-values.json beside
refuse 1 exists "$snp_measure" publish release.json -o beside
[ "$(find mine beside -type f | wc -l)" = 7 ] || fail "foreign files were removed: $(find mine beside)"
for other in go-sev-guest/notes.txt golden/.hidden images/OVMF.fd rvps.json.orig; do
	cp -r pub other
	mkdir -p "other/${other%/*}" 2>/dev/null
	touch "other/$other"
	refuse 1 exists "$snp_measure" publish release.json -o other
	[ -e "other/$other" ] || fail "$other was removed"
	rm -r other
done
# Not even one whose name could be published, but was not: only what its master stands for goes.
for other in go-sev-guest/my-own-policy.json golden/mine.pb golden.pb go-sev-guest/web-qemu-EPYC-v4-0x1-3vcpu-Milan.json; do
	cp -r pub other
	touch "other/$other"
	refuse 1 exists "$snp_measure" publish release.json -o other
	[ -e "other/$other" ] || fail "$other was removed"
	rm -r other
done
for folder in images golden/deep.pb rvps.json; do
	cp -r pub other
	rm -f "other/$folder" && mkdir "other/$folder"
	refuse 1 exists "$snp_measure" publish release.json -o other
	rm -r other
done
ln -s pub link
refuse 1 exists "$snp_measure" publish release.json -o link/
[ -L link ] || fail "a link was replaced"
[ -z "$(find . -name '.snp-*')" ] || fail "left behind: $(find . -name '.snp-*')"

sed '/minimum_tcb/,/}/d; s/"guest_svn": 1,/"guest_svn": 1/' release.json >plain.json

# One key for the document and for ID blocks works, and is said to be unwise.
key id && key author && key other
for same in id author; do
	run 0 "$snp_measure" publish plain.json -o "same-$same" --key $same.pem --id-key id.pem --author-key author.pem
	grep -qF '[same-key]' err || fail "one key for two things, and not a word: $(cat err)"
done
refuse 4 bad-key "$snp_measure" publish plain.json -o one --id-key id.pem --author-key id.pem
run 0 "$snp_measure" publish plain.json -o apart --key other.pem --id-key id.pem --author-key author.pem
! grep -qF '[same-key]' err || fail "three keys are called the same: $(cat err)"

# The command that is printed is one for a shell, whatever the folder is called, and no terminal obeys it.
key key -algorithm ed25519
cp key.pub PUBLIC.pem
key ec
for out in "it's one" '-x' "\$(touch harm)" '*' "$(printf 'a\\b\033[31m\xff\nc')"; do
	run 0 "$snp_measure" publish release.json "--output=$out" --key key.pem --format tsv
	sed -n 's/^verify with: //p' err >verify-with
	[ "$(wc -l <verify-with)" = 1 ] || fail "no command in one line: $(cat err)"
	! LC_ALL=C grep -q '[^ -~]' verify-with || fail "raw bytes for the terminal: $(od -c verify-with)"
	! LC_ALL=C grep -q '[^ -~]' out || fail "raw bytes for the terminal: $(od -c out)"
	run 0 bash ./verify-with
	says 'Verified Successfully'
	run 0 "$snp_measure" publish release.json "--output=$out" --key ec.pem --format tsv
	sed -n 's/^verify with: //; s/PUBLIC/ec/; s/ec.pem/ec.pub/; /^openssl/p' err >verify-with
	run 0 bash ./verify-with
	says 'Verified OK'
done
[ ! -e harm ] || fail "the shell was told to do harm"

# What is signed stays signed, unless it is said that it need not.
sed 's/, "4-64"//; s/"EPYC-v4", "EPYC-Milan", "EPYC-Genoa"/"EPYC-v4"/' release.json >small.json
key id
key author
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
openssl req -new -x509 -key rsa.pem -subj /CN=test -out rsa.crt 2>err || fail "no certificate"
all=(--key key.pem --id-key id.pem --author-key author.pem --endorsement-key rsa.pem --endorsement-certificate rsa.crt)
# losing WHAT FIRST NUMBER: without the NUMBER options from the FIRST on, WHAT would be lost.
losing() {
	local what=$1 left=("${all[@]:0:$2}" "${all[@]:$2+$3}")
	cp -r signed before
	refuse 1 exists "$snp_measure" publish small.json -o signed "${left[@]}"
	grep -qF "already exists and has $what, which would be lost" err || fail "does not say $what: $(cat err)"
	diff -r before signed >&2 || fail "a refused run changed the folder"
	run 0 "$snp_measure" publish small.json -o signed "${left[@]}" --unsigned
	rm -r before
	run 0 "$snp_measure" publish small.json -o signed "${all[@]}"
}
run 0 "$snp_measure" publish small.json -o signed "${all[@]}"
losing signatures 0 2
losing 'ID blocks' 2 4
losing 'ID blocks with an author' 4 2
losing endorsements 6 4
run 0 "$snp_measure" publish small.json -o signed --unsigned
[ -z "$(find signed -name '*.sig' -o -name 'corim.cose' -o -name '*.dsse.json' -o -name '*endorsement*')" ] ||
	fail "signatures stay in a folder that is unsigned"
run 0 "$snp_measure" publish small.json -o signed

# A command line that follows the vCPU count: each variant's is that of a launch with its own number.
sed 's/"cmdline": "[^"]*"/"cmdline": "ro nr_cpus={vcpu_count} {vcpu_count}"/; s/\[1, 2, "4-64"\]/[1, 2, 12]/;
	s/\["qemu"\]/["qemu", "gce"]/' release.json >template.json
run 0 "$snp_measure" publish template.json -o template
! grep -qF '[fixed-vcpu-count]' err || fail "a number that follows the count is called fixed"
valid template/reference-values.json
grep -qF '"schema": "snp-reference-values/2"' template/reference-values.json || fail "a template in an old document"
for n in 1 2 12; do
	for model in EPYC-v4 EPYC-Genoa; do
		run 0 "$snp_measure" --ovmf OVMF.amdsev.fd --kernel vmlinuz --initrd initrd.img --append "ro nr_cpus=$n $n" \
			--vcpus $n --vcpu-type $model
		[ "$(awk -F'\t' -v n=$n -v m=$model '$3 == n && $4 == m { print $8 }' template/launch-digests.tsv)" = "$(<out)" ] ||
			fail "the digest of $n $model vCPUs is not that of their own command line"
	done
	run 0 "$snp_measure" --ovmf OVMF.amdsev.fd --kernel vmlinuz --initrd initrd.img --append "ro nr_cpus=$n $n" \
		--vcpus $n --profile gce
	grep -qF "$(<out)" template/launch-digests.tsv || fail "the digest of $n vCPUs of another profile is missing"
	grep -qF "\"cmdline_sha256\": \"$(printf 'ro nr_cpus=%s %s\0' $n $n | sha256sum | cut -c-64)\"" \
		template/reference-values.json || fail "no hash of the command line of $n vCPUs"
done
run 0 "$snp_measure" reproduce template/reference-values.json --images .
for change in 's/nr_cpus={vcpu_count}/nr_cpus=9/' 's/\("cmdline_sha256": "\)[0-9a-f]\{8\}/\100000000/' '/"cmdline_sha256"/d' \
	's|values/2|values/1|'; do
	sed "$change" template/reference-values.json >odd-master.json
	run 4 "$snp_measure" reproduce odd-master.json --images .
done
sed 's/"cmdline": "[^"]*"/"cmdline": "ro nr_cpus=4"/' release.json >fixed.json
run 0 "$snp_measure" publish fixed.json -o fixed --format tsv
grep -qF '[fixed-vcpu-count]' err || fail "no word of a number that does not follow the count"

# COSE by every kind of key, rebuilt by its own bytes: ES256, ES384, EdDSA.
key es256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
for kind in es256:26 ec:3822 key:27; do
	run 0 "$snp_measure" publish small.json -o cose --format corim --sign-key "${kind%:*}.pem"
	# Tag 18, array of 4, byte string; a map of 4 whose key 1, the algorithm, is this.
	head -c 9 cose/corim.cose | od -An -tx1 | tr -d ' \n' | grep -qE "^d28458..a401${kind#*:}" ||
		fail "${kind%:*} signs with another algorithm: $(head -c 9 cose/corim.cose | od -An -tx1)"
	run 0 "$snp_measure" reproduce cose/reference-values.json --images . --public-key "${kind%:*}.pub"
	run 0 "$snp_measure" reproduce cose/reference-values.json --images .
	printf x | dd of=cose/corim.cose bs=1 seek=$(($(stat -c %s cose/corim.cose) - 5)) conv=notrunc status=none
	run 3 "$snp_measure" reproduce cose/reference-values.json --images . --public-key "${kind%:*}.pub"
	says 'corim.cose differs'
done

# Nobody else may write what was published, nothing is left behind by a full disk or a signal, and options
# stand where the manual has them.
run 0 bash -c 'umask 000; "$@"' bash "$snp_measure" publish small.json -o open
[ -z "$(find open -perm /022)" ] || fail "others may write: $(find open -perm /022)"
refuse 1 cannot-write bash -c 'ulimit -f 1; exec "$@"' bash "$snp_measure" publish small.json -o full
[ ! -e full ] && [ -z "$(find . -name '.snp-*')" ] || fail "left behind: $(find . -name '.snp-*')"
run 0 env POSIXLY_CORRECT=1 "$snp_measure" publish small.json -o posix --format tsv
if strace -o trace true 2>/dev/null; then
	for signal in INT TERM HUP; do
		strace -f -o trace -e trace=mkdirat -e inject=mkdirat:signal=SIG$signal \
			"$snp_measure" publish small.json -o ended >out 2>err && fail "SIG$signal does not end it"
		grep -q "killed by SIG$signal" trace || fail "it does not end by SIG$signal: $(tail -n 1 trace)"
		[ ! -e ended ] && [ -z "$(find . -name '.snp-*')" ] || fail "SIG$signal leaves $(find . -name '.snp-*')"
	done
fi

# An image that a format cannot hold does not take the others with it in silence.
python3 - <<'END' || skip "needs python3"
import json
release = json.load(open("small.json"))
web = release["images"][0]
release["images"] = [dict(web, name="debug", policy="0xb0000"), web]
json.dump(release, open("debug.json", "w"))
END
refuse 4 format-cannot-say "$snp_measure" publish debug.json -o debug
[ ! -e debug ] || fail "a refused release left a folder"
run 0 "$snp_measure" publish debug.json -o debug --partial
[ "$(grep -c '\[image-left-out\]$' err)" = 2 ] || fail "not told of both formats: $(cat err)"
run 0 "$snp_measure" publish small.json -o one
for file in rvps.json contrast.json; do
	cmp debug/$file one/$file || fail "$file is not that of the other image alone"
done
run 0 "$snp_measure" reproduce debug/reference-values.json --images .

# Nothing is written that nothing reads.
sed 's/\[1, 2, "4-64"\]/["1-4096"]/' release.json >many.json
refuse 4 too-large "$snp_measure" publish many.json -o many --id-key id.pem
sed '/"cpu_model"/s/\[.*\]/['"$(printf '"0x%08x", ' {1..28})"'"0xa00f11"]/; s/\[1, 2, "4-64"\]/["1-4096"]/' release.json >many.json
refuse 4 format-cannot-say "$snp_measure" publish many.json -o many --format maa-policy
sed '/"cpu_model"/s/\[.*\]/['"$(printf '"0x%08x", ' {1..32})"'"0xa00f11"]/; s/\[1, 2, "4-64"\]/["1-4096"]/' release.json >many.json
refuse 4 too-large "$snp_measure" publish many.json -o many
# A template is written out for every variant, so it is refused where it is longer than any kernel takes.
sed "s/\"cmdline\": \"[^\"]*\"/\"cmdline\": \"{vcpu_count}$(printf 'x%.0s' {1..4096})\"/" "$SNP_SOURCE/templates/release.json" >long.json
refuse 4 too-large "$snp_measure" publish long.json -o many
grep -qF /images/0/cmdline err || fail "the place is not named: $(cat err)"
[ ! -e many ] || fail "a refused release left a folder"

refuse 2 usage "$snp_measure" publish release.json
for list in yaml '' ',' 'tsv,' ',tsv' 'tsv,,rvps' 'tsv, rvps'; do
	refuse 2 usage "$snp_measure" publish release.json -o x --format "$list"
done
refuse 2 usage "$snp_measure" publish release.json -o x --author-key key.pem
refuse 1 cannot-open "$snp_measure" publish nothing.json -o x
sed 's/,fmc=1//' release.json >no-fmc.json
refuse 4 bad-tcb "$snp_measure" publish no-fmc.json -o x
refuse 4 format-cannot-say "$snp_measure" publish plain.json -o x --format contrast
[ ! -e x ] || fail "a refused release left a folder"
run 0 "$snp_measure" publish plain.json -o plain
grep -qF '[format-left-out]' err || fail "a format was left out in silence"
[ ! -e plain/contrast.json ] || fail "a format that cannot say it was written"

# Names become lines of tables and of messages.
for bad in '' 'a\tb' 'a\u001b[31m' '\u007f'; do
	sed 's/"name": "web"/"name": "'"${bad//\\/\\\\}"'"/' release.json >bad.json
	refuse 4 json-bad-value "$snp_measure" publish bad.json -o x
	sed 's/"name": "web"/"name": "'"${bad//\\/\\\\}"'"/' pub/reference-values.json >bad-master.json
	refuse 4 json-bad-value "$snp_measure" reproduce bad-master.json --images .
done

# A firmware that does not check the kernel is not published, unless that is said by name.
fixture make-firmware absent.fd 'volume lzma/volume filler=100000'
firmware present.fd
check() {
	python3 -c 'import json; print(json.load(open("'$1'/reference-values.json"))["images"][0].get("kernel_hash_check"))'
}
for name in present absent; do
	cat >$name.json <<-END
		{"schema": "snp-release/1", "images": [{"name": "guest", "firmware": "$name.fd", "kernel": "vmlinuz",
		 "cmdline": "quiet", "vcpu_count": [1], "cpu_model": ["EPYC-v4"]}]}
	END
done
run 0 "$snp_measure" publish present.json -o present
[ "$(check present)" = "{'static': 'present'}" ] || fail "$(check present)"
valid present/reference-values.json
grep -qF '"schema": "snp-reference-values/2"' present/reference-values.json || fail "the check in a document of 0.1.0"
grep -qF 'urn:snp-measure:snp-reference-values/2' present/intoto.json || fail "another predicate"
sed 's/"kernel": .*/"vcpu_count": [1], "cpu_model": ["EPYC-v4"]}]}/; /"cmdline"/d' present.json >no-kernel.json
run 0 "$snp_measure" publish no-kernel.json -o no-kernel
grep -qF '"schema": "snp-reference-values/1"' no-kernel/reference-values.json || fail "no kernel, and not a document of 0.1.0"
[ "$(check no-kernel)" = None ] || fail "$(check no-kernel)"
refuse 4 kernel-hashes-not-checked "$snp_measure" publish absent.json -o absent
[ ! -e absent ] || fail "published all the same"
refuse 2 usage "$snp_measure" publish absent.json -o absent --warn no-such-name
run 0 "$snp_measure" publish absent.json -o absent --warn kernel-hashes-not-checked
grep -qF '[kernel-hashes-not-checked]' err || fail "no warning"
[ "$(check absent)" = "{'static': 'absent'}" ] || fail "$(check absent)"
run 0 "$snp_measure" reproduce absent/reference-values.json --images .

# What cannot be seen is published with a warning; so is a kernel that no firmware of today starts.
"$SNP_SOURCE/tests/fixtures/make-firmware" unknown.fd
kernel old-kernel
printf 'ZM' | dd of=old-kernel conv=notrunc status=none
sed 's/present.fd/unknown.fd/; s/vmlinuz/old-kernel/' present.json >unknown.json
run 0 "$snp_measure" publish unknown.json -o unknown
[ "$(check unknown)" = "{'static': 'unknown'}" ] || fail "$(check unknown)"
for name in kernel-hash-check-unknown kernel-not-efi-loadable; do
	grep -qF "[$name]" err || fail "no warning $name"
done

# What a boot showed is recorded for the firmware that was booted, and counts more than what stands in it.
result() {
	cat <<-END
		{"schema": "snp-boot/1", "tool": {"name": "snp-launch", "version": "1"}, "firmware": {"name": "x", "size": 1,
		 "sha256": "$(sha256sum <$1 | cut -d' ' -f1)"}, "words": "", "static": "present", "boot": "$2",
		 "qemu_version": "10.0.2", "date": "2026-11-30T12:00:00Z", "boots": [], "sentence": "", "warnings": []}
	END
}
result present.fd refuses >refuses.json
result present.fd starts >starts.json
result absent.fd refuses >other.json
run 0 "$snp_measure" publish present.json -o booted --boot-result refuses.json
[ "$(check booted)" = "{'static': 'present', 'boot': 'refuses', 'qemu_version': '10.0.2', 'date': '2026-11-30T12:00:00Z'}" ] ||
	fail "$(check booted)"
cp booted/reference-values.json master
valid master
run 0 "$snp_measure" reproduce booted/reference-values.json --images .
refuse 4 kernel-hashes-not-checked "$snp_measure" publish present.json -o no --boot-result starts.json
refuse 4 kernel-hashes-not-checked "$snp_measure" publish present.json -o no --boot-result starts.json \
	--boot-result refuses.json
run 0 "$snp_measure" publish absent.json -o believed --boot-result other.json
[ "$(check believed | cut -d, -f1,2)" = "{'static': 'absent', 'boot': 'refuses'" ] || fail "$(check believed)"
refuse 3 digest-differs "$snp_measure" publish present.json -o no --boot-result other.json
refuse 4 json-unknown-schema "$snp_measure" publish present.json -o no --boot-result present.json
