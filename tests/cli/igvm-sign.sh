#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# IGVM files that are written: an ID block put in and taken out again, a file from its description, a firmware image
# in a file; and what a user gets wrong.
. "$(dirname "$0")/functions.sh"

command -v python3 >/dev/null || skip "needs python3"
export PYTHONPATH=$SNP_SOURCE/tests/golden PYTHONDONTWRITEBYTECODE=1
key id
key author
profiles=(igvm-qemu-10 igvm-qemu-11 igvm-directive-order igvm-native-zero)

# naive FILE PROFILE: its digest for two vCPUs.
naive() {
	python3 -c 'import sys, igvm_naive
print(igvm_naive.launch(open(sys.argv[1], "rb").read(), sys.argv[2], 2, 0x800F12, 512 << 20))' "$@"
}

igvm_file file 0x101000 0x102000
valid file.json
two=(--vcpus 2 --vcpu-type EPYC-v4)

# Signed for each profile, with the digest of the unsigned file, and with its own after it was signed for itself.
for profile in "${profiles[@]}"; do
	run 0 "$snp_measure" igvm sign file -o signed --profile "$profile" "${two[@]}" --id-key id.pem \
		--author-key author.pem --svn 3 --family-id "$(printf %032d 7)"
	says "launch digest      $(naive file "$profile")"
	says 'policy             0xb0000'
	cp out shown
	for other in "${profiles[@]}"; do
		want=$(naive file "$other")
		if [ "$want" = "$(naive file "$profile")" ] || [[ $other != *qemu* ]]; then
			run 0 "$snp_measure" --igvm signed --profile "$other" --policy 0xb0000 "${two[@]}"
			[ "$(cat out)" = "$want" ] || fail "$other: signing for $profile changed the digest"
			[ "$(naive signed "$other")" = "$want" ] || fail "$other: not the naive reader's digest"
		else
			refuse 4 id-block-differs "$snp_measure" --igvm signed --profile "$other" --policy 0xb0000 "${two[@]}"
			[ "$(naive signed "$other")" = refused ] || fail "$other: the naive reader launches it"
		fi
	done
	run 0 "$snp_measure" igvm strip signed -o stripped
	[ ! -s out ] && [ ! -s err ] || fail "strip has something to say"
	cmp file stripped || fail "strip does not undo sign"
done

# What a file with an ID block holds, and for which loader the block is.
run 0 "$snp_measure" igvm sign file -o signed --profile igvm-directive-order "${two[@]}" --id-key id.pem --svn 3
run 0 "$snp_measure" inspect signed --vcpus 2 --vcpu-type EPYC-v4 --memory 512M
grep -q "igvm-directive-order *2 vCPUs  $(naive file igvm-directive-order)  as in the ID block" out ||
	fail "the ID block is not for igvm-directive-order"
grep -q "igvm-qemu-10 *2 vCPUs  $(naive file igvm-qemu-10)  not as in the ID block" out ||
	fail "the ID block is for igvm-qemu-10"
says 'guest SVN          3'
says '0x000000100000-0x000000102fff  measured'
says '0x000000200000-0x000000200fff  parameters'
run 0 "$snp_measure" inspect --json signed --vcpus 2 --vcpu-type EPYC-v4
valid out
python3 - <<'END' || fail "the JSON does not say it"
import json
d = json.load(open("out"))
block = d["headers"][-1]
assert block["policy"] == "0xb0000" and block["guest_svn"] == 3 and len(block["id_key_digest"]) == 96
assert [r["kind"] for r in d["memory"]] == ["measured", "parameters"]
assert {l["vmm_profile"]: l.get("id_block_fits") for l in d["launches"]}["igvm-native-zero"] is True
END
# The map: what pages say, parameters of their area's size, and required memory where nothing else is.
cat >map.json <<'END'
{"schema": "snp-igvm-build/1", "headers": [
{"type": "SUPPORTED_PLATFORM", "platform": "native"}, {"type": "SUPPORTED_PLATFORM", "mask": "0x2", "platform": "SEV-SNP"},
{"type": "PARAMETER_AREA", "area": 7, "size": "0x3000"},
{"type": "REQUIRED_MEMORY", "mask": "0x2", "gpa": "0x1000", "size": "0x3000"},
{"type": "REQUIRED_MEMORY", "mask": "0x2", "gpa": "0x4000", "size": "0x8000"},
{"type": "REQUIRED_MEMORY", "mask": "0x1", "gpa": "0x900000", "size": "0x1000"},
{"type": "PAGE_DATA", "mask": "0x2", "gpa": "0x5000", "shared": true},
{"type": "PAGE_DATA", "mask": "0x3", "gpa": "0x3000", "contents": {"fill": 1}},
{"type": "PAGE_DATA", "mask": "0x2", "gpa": "0x2000"},
{"type": "PAGE_DATA", "mask": "0x2", "gpa": "0x200000", "large": true, "unmeasured": true},
{"type": "PAGE_DATA", "mask": "0x2", "gpa": "0x6000", "page_type": "secrets"},
{"type": "PAGE_DATA", "mask": "0x1", "gpa": "0x800000"},
{"type": "PARAMETER_INSERT", "mask": "0x2", "gpa": "0xa000", "area": 7}]}
END
run 0 "$snp_measure" igvm build map.json -o map
run 0 "$snp_measure" inspect --json map
valid out
python3 - <<'END' || fail "not the map: $(cat out)"
import json
found = [(int(r["gpa"], 16), int(r["size"], 16), r["kind"]) for r in json.load(open("out"))["memory"]]
assert found == [(0x1000, 0x1000, "required"), (0x2000, 0x2000, "measured"), (0x4000, 0x1000, "required"),
                 (0x5000, 0x1000, "shared"), (0x6000, 0x1000, "secrets"), (0x7000, 0x3000, "required"),
                 (0xa000, 0x3000, "parameters"), (0x200000, 0x200000, "unmeasured")], found
END
# An ID block that nothing would take.
python3 - <<'END'
import json
d = json.load(open("file.json"))
block = {"type": "SNP_ID_BLOCK", "payload": "01" + "00" * 695}
at = next(i for i, h in enumerate(d["headers"]) if h.get("gpa") == "0x102000")
d["headers"].insert(at, block)
json.dump(d, open("between.json", "w"))
END
run 0 "$snp_measure" igvm build between.json -o between
run 0 "$snp_measure" inspect --json between
valid out
says '"problem"'
refuse 2 usage "$snp_measure" inspect --vcpus 2 id.pub
refuse 4 unknown-cpu-model "$snp_measure" inspect file --vcpu-type Pentium

# In place, and in JSON; the ID block is one that id-block verify takes.
cp file place
run 0 "$snp_measure" igvm sign place -o place --json "${two[@]}" --id-key id.pem
valid out
python3 -c 'import json; d = json.load(open("out")); print(d["id_block"]); print(d["id_auth"], file=open("auth", "w"))' >block
run 0 "$snp_measure" id-block verify --id-block @block --id-auth @auth --public-key id.pub --policy 0xb0000 \
	--measurement "$(naive file igvm-qemu-10)"

# Signed elsewhere.
run 0 "$snp_measure" id-block create --igvm file "${two[@]}" --policy 0xb0000 --to-sign --output-block to-sign
openssl dgst -sha384 -sign id.pem -out signature to-sign || fail "openssl does not sign"
run 0 "$snp_measure" igvm sign file -o elsewhere "${two[@]}" --public-key id.pub --signature signature
run 0 "$snp_measure" --igvm elsewhere --policy 0xb0000 "${two[@]}"
[ "$(cat out)" = "$(naive file igvm-qemu-10)" ] || fail "signed elsewhere: another digest"

# Published, reproduced, and the published ID block put into a copy.
cat >release.json <<'END'
{"schema": "snp-release/1", "images": [{"name": "guest", "igvm": "file", "vcpu_count": [1, "2-3"],
"cpu_model": ["EPYC-v4"], "memory_size": "0x20000000",
"vmm_profile": ["igvm-qemu-10", "igvm-directive-order"]}]}
END
valid release.json
run 0 "$snp_measure" publish release.json -o published --id-key id.pem --author-key author.pem --sign-key author.pem
valid published/reference-values.json
grep -qF '"snp-reference-values/3"' published/reference-values.json || fail "an IGVM file in a document of before"
run 0 "$snp_measure" reproduce published/reference-values.json --images . --public-key author.pub
says '6 launch digests as published'
python3 - "$(naive file igvm-qemu-10)" "$(naive file igvm-directive-order)" <<'END' || fail "not the naive reader's digests"
import json, sys
image = json.load(open("published/reference-values.json"))["images"][0]
assert image["policy"] == "0xb0000" and image["memory_size"] == "0x20000000", image["policy"]
qemu = [v for v in image["variants"] if v["vmm_profile"] == "igvm-qemu-10"]
others = [v for v in image["variants"] if v["vmm_profile"] != "igvm-qemu-10"]
assert [v["vcpu_count"] for v in qemu] == [1, 2, 3] and len({v["launch_digest"] for v in qemu}) == 3
assert qemu[1]["launch_digest"] == sys.argv[1]
assert {v["launch_digest"] for v in others} == {sys.argv[2]}
print(qemu[1]["id_block"], file=open("block", "w"))
print(qemu[1]["id_auth"], file=open("auth", "w"))
END
pair=(--id-block @block --id-auth @auth)
run 0 "$snp_measure" igvm sign file -o bound "${two[@]}" --memory 512M "${pair[@]}"
run 0 "$snp_measure" --igvm bound --policy 0xb0000 "${two[@]}"
[ "$(cat out)" = "$(naive file igvm-qemu-10)" ] || fail "a published ID block: another digest"
refuse 3 digest-differs "$snp_measure" igvm sign file -o bad --vcpus 1 "${pair[@]}"
refuse 2 usage "$snp_measure" igvm sign file -o bad "${two[@]}" --id-block @block
refuse 2 usage "$snp_measure" igvm sign file -o bad "${two[@]}" "${pair[@]}" --svn 1
run 0 "$snp_measure" explain --reference published --igvm file --vcpus 1 --digest "$(naive file igvm-qemu-10)"
says guest
# An ID block in the file fits one number of vCPUs; what would be refused is not published.
sed 's/"file"/"bound"/' release.json >bound.json
refuse 4 id-block-differs "$snp_measure" publish bound.json -o bad
sed 's/"file"/"bound"/; s/\[1, "2-3"\]/[2]/' release.json >bound.json
run 0 "$snp_measure" publish bound.json -o published-bound
run 3 "$snp_measure" diff published published-bound
says 'IGVM file'
for change in 's/"memory_size"/"kernel": "kernel", &/' 's/"memory_size"/"guest_features": ["0x1"], &/' \
	's/"memory_size"/"policy": "0x30000", &/' 's/"igvm"/"firmware"/'; do
	sed "$change" release.json >bad.json
	refuse 4 json-bad-value "$snp_measure" publish bad.json -o bad
done
sed 's/"0x20000000"/"0x1000"/' release.json >bad.json
refuse 4 igvm-launch-refused "$snp_measure" publish bad.json -o bad
sed 's/"igvm-directive-order"/"qemu"/' release.json >bad.json
refuse 4 unknown-profile "$snp_measure" publish bad.json -o bad
sed 's/"cpu_model": \["EPYC-v4"\],//' release.json >bad.json
refuse 4 needs-cpu-model "$snp_measure" publish bad.json -o bad
head -c 8000 file >file.cut && cp file file.whole && cp file.cut file
run 3 "$snp_measure" reproduce published/reference-values.json --images .
says 'IGVM file differs'
mv file.whole file
[ ! -e bad ] || fail "something was written although nothing could be published"

# What cannot be signed leaves nothing behind.
rm -f signed
for wrong in '' '--public-key id.pub' '--id-key id.pem --public-key id.pub' \
	"--id-key id.pem --measurement $(printf %096d 0)"; do
	# shellcheck disable=SC2086 # several words
	refuse 2 usage "$snp_measure" igvm sign file -o signed --vcpus 1 $wrong
done
refuse 2 usage "$snp_measure" igvm sign file --vcpus 1 --id-key id.pem
refuse 2 usage "$snp_measure" igvm sign file -o signed --id-key id.pem
refuse 2 usage "$snp_measure" igvm strip file
refuse 1 exists "$snp_measure" igvm sign place -o signed --vcpus 1 --id-key id.pem
refuse 3 policy-differs "$snp_measure" igvm sign file -o signed --vcpus 1 --id-key id.pem --policy 0x30000
refuse 4 needs-cpu-model "$snp_measure" igvm sign file -o signed --vcpus 2 --id-key id.pem
sed '/GUEST_POLICY/d' file.json >no-policy.json
run 0 "$snp_measure" igvm build no-policy.json -o no-policy
refuse 4 igvm-launch-refused "$snp_measure" igvm sign no-policy -o signed --vcpus 1 --id-key id.pem
sed 's/"SEV-SNP"/"SEV-ES"/' file.json >sev-es.json
run 0 "$snp_measure" igvm build sev-es.json -o sev-es
refuse 4 igvm-launch-refused "$snp_measure" igvm sign sev-es -o signed --vcpus 1 --id-key id.pem
head -c 5000 file >short
refuse 4 bad-igvm "$snp_measure" igvm sign short -o signed --vcpus 1 --id-key id.pem
refuse 4 bad-igvm "$snp_measure" igvm strip short -o signed
refuse 1 cannot-write "$snp_measure" igvm strip file -o missing/signed
[ ! -e signed ] || fail "a file was written although nothing was signed"
run 0 "$snp_measure" igvm strip file -o copy
grep -qF '[no-id-block]' err || fail "no word about an ID block that is not there"
cmp file copy || fail "a file without ID block changes"
run 0 "$snp_measure" igvm strip between -o copy
grep -qF '[id-block-between-pages]' err || fail "no word about pages that become one run"
cmp file copy || fail "strip leaves something behind"

# A description names files from its own folder; what it gets wrong is said where it stands.
mkdir there
head -c 5000 /dev/zero | tr '\0' x >there/contents
echo '{"schema": "snp-igvm-build/1", "format_version": 2, "headers": [{"type": "SUPPORTED_PLATFORM", "platform": "SEV-SNP"},
{"type": "PAGE_DATA", "gpa": "0x1000", "contents": {"file": "contents"}}]}' >there/description.json
run 0 "$snp_measure" igvm build there/description.json -o v2
run 0 "$snp_measure" inspect --json v2
valid out
says '"format_version": 2'
says '"count": 2'
sed 's/"contents"}/"missing"}/' there/description.json >there/bad.json
refuse 1 cannot-open "$snp_measure" igvm build there/bad.json -o bad
sed 's/0x1000/0x1001/' there/description.json >there/bad.json
refuse 4 bad-igvm "$snp_measure" igvm build there/bad.json -o bad
grep -qF 'header 1, PAGE_DATA: ' err || fail "the header at fault is not named"
sed 's/PAGE_DATA/PAGE/' there/description.json >there/bad.json
refuse 4 json-bad-value "$snp_measure" igvm build there/bad.json -o bad
grep -qF 'there/bad.json:2:10: /headers/1/type' err || fail "the place in the description is not named"
refuse 2 usage "$snp_measure" igvm build there/description.json
[ ! -e bad ] || fail "a file was written although its description is wrong"

# A firmware image in a file: with its VP contexts the digest of the image itself where zero pages are of type ZERO,
# and without them that of QEMU, for any number of vCPUs.
firmware fw
kernel kernel
for boot in '' '--kernel kernel --append quiet'; do
	# shellcheck disable=SC2086 # several words
	run 0 "$snp_measure" igvm from-ovmf fw -o wrapped $boot "${two[@]}"
	# shellcheck disable=SC2086
	run 0 "$snp_measure" --ovmf fw $boot "${two[@]}"
	same "$snp_measure" --igvm wrapped --profile igvm-native-zero "${two[@]}"
	run 0 "$snp_measure" --igvm wrapped --profile igvm-directive-order "${two[@]}"
	same "$snp_measure" --igvm wrapped "${two[@]}"
	[ "$(cat out)" = "$(naive wrapped igvm-qemu-10)" ] || fail "not the naive reader's digest"
done
run 0 "$snp_measure" igvm from-ovmf fw -o any --policy 0xb0000
for n in 1 3; do
	run 0 "$snp_measure" --igvm any --vcpus $n --vcpu-type EPYC-v4 --policy 0xb0000
done
refuse 2 usage "$snp_measure" igvm from-ovmf fw
refuse 2 usage "$snp_measure" igvm from-ovmf fw -o x --vcpu-type EPYC
refuse 2 usage "$snp_measure" igvm from-ovmf fw -o x --memory 1G
refuse 4 bad-policy "$snp_measure" igvm from-ovmf fw -o x --policy 0x1
firmware plain no-metadata
refuse 4 no-sev-metadata "$snp_measure" igvm from-ovmf plain -o x
[ ! -e x ] || fail "a file was written although nothing was wrapped"
