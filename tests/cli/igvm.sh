#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The digest of an IGVM file: as the naive reader has it, with the loader's changes named, in text, JSON, plan and
# ID block; and what a user gets wrong.
. "$(dirname "$0")/functions.sh"

command -v python3 >/dev/null || skip "needs python3"
export PYTHONPATH=$SNP_SOURCE/tests/golden PYTHONDONTWRITEBYTECODE=1

# naive FILE PROFILE VCPUS
naive() {
	python3 -c 'import sys, igvm_naive
print(igvm_naive.launch(open(sys.argv[1], "rb").read(), sys.argv[2], int(sys.argv[3]), 0x800F12, 512 << 20))' "$@"
}

igvm_file file 0x101000 0x102000
for profile in igvm-qemu-10 igvm-qemu-11 igvm-directive-order igvm-native-zero; do
	run 0 "$snp_measure" --igvm file --profile $profile --vcpus 2 --vcpu-type EPYC-v4
	[ "$(cat out)" = "$(naive file $profile 2)" ] || fail "$profile: not the naive reader's digest"
	cp out digest.$profile
done
# Others start no vCPU without a context, and OpenVMM none that does not start in long mode.
run 0 "$snp_measure" --igvm file --profile igvm-cloud-hypervisor --vcpus 1
[ "$(cat out)" = "$(naive file igvm-cloud-hypervisor 1)" ] || fail "Cloud Hypervisor: not the naive reader's digest"
grep -qF '[policy-of-file]' err || fail "no word about whose policy it is"
refuse 4 igvm-launch-refused "$snp_measure" --igvm file --profile igvm-cloud-hypervisor --vcpus 2 --vcpu-type EPYC-v4
refuse 4 igvm-launch-refused "$snp_measure" --igvm file --profile igvm-openvmm --vcpus 1

cmp -s digest.igvm-qemu-10 digest.igvm-qemu-11 || fail "QEMU 11 differs"
cmp -s digest.igvm-qemu-10 digest.igvm-directive-order && fail "the order of the loaders does not count"

# What is not as the file says is named; the model counts only for vCPUs without a context.
run 0 "$snp_measure" --igvm file --vcpus 1
grep -qF '[policy-not-launched]' err || fail "no word about the policy"
same "$snp_measure" --igvm file --vcpus 1 --vcpu-type EPYC-Genoa --memory 4G --policy 0xb0000
[ ! -s err ] || fail "a warning too many: $(cat err)"
same "$snp_measure" --igvm file --vcpus 1 --vmm-type QEMU --mode snp:igvm
refuse 4 needs-cpu-model "$snp_measure" --igvm file --vcpus 2

# Parameters first, then the run that stands before them.
run 0 "$snp_measure" plan --igvm file --vcpus 1
awk 'NR == 2 { exit $2 != "UNMEASURED" } ' out || fail "the parameters are not launched first"
says 'PAGE_DATA 3'
run 0 "$snp_measure" plan --json --all --igvm file --vcpus 1
valid out
says '"snp-plan/2"'
cp out first.json
run 0 "$snp_measure" plan --json --all --igvm file --profile igvm-directive-order --vcpus 1
cp out second.json
run 3 "$snp_measure" plan --diff first.json second.json
says 'update 0'
# Equal contexts at two addresses are two lines.
python3 - <<'END'
import copy, json
d = json.load(open("file.json"))
d["headers"].append(copy.deepcopy(d["headers"][-1]))
d["headers"][-1].update(gpa="0x300000", vcpu=1)
json.dump(d, open("two.json", "w"))
END
"$snp_measure" igvm build two.json -o two || fail "igvm build makes no file of two contexts"
run 0 "$snp_measure" plan --igvm two --profile igvm-directive-order --vcpus 1
[ "$(awk '$2 == "VMSA" { print $3 }' out | xargs)" = '0xfffffffff000 0x300000' ] || fail "two contexts: $(cat out)"

# Of the contexts, the first that starts with other registers is named, whichever vCPU's it is.
python3 - <<'END'
import copy, json
d = json.load(open("file.json"))
d["headers"].append(copy.deepcopy(d["headers"][-1]))
d["headers"][-1]["vcpu"] = 1
d["headers"][-1]["registers"]["tr"]["base"] = "0x5000"
json.dump(d, open("second.json", "w"))
END
"$snp_measure" igvm build second.json -o second || fail "igvm build makes no file of two vCPUs"
run 0 "$snp_measure" --igvm second --vcpus 2
[ "$(cat out)" = "$(naive second igvm-qemu-10 2)" ] || fail "two contexts: not the naive reader's digest"
grep -q 'vCPU 1: .*[[]tr-base-of-ldtr]' err && grep -q 'vCPU 1: .*[[]context-changed]' err ||
	fail "no word about the second vCPU: $(cat err)"

# Required memory discards contents, a CPUID table and parameters that stand before it; zeros are none.
python3 - <<'END'
import json
d = json.load(open("file.json"))
required = {"type": "REQUIRED_MEMORY", "gpa": "0x300000", "size": "0x1000"}
for name, header in (("contents", {"type": "PAGE_DATA", "gpa": "0x300000", "contents": {"fill": 9}}),
                     ("table", {"type": "PAGE_DATA", "gpa": "0x300000", "page_type": "CPUID"}),
                     ("parameters", {"type": "PARAMETER_INSERT", "gpa": "0x2ff000", "area": 1}),
                     ("zeros", {"type": "PAGE_DATA", "gpa": "0x300000"})):
    area = {"type": "PARAMETER_AREA", "area": 1, "size": "0x2000"}
    # The page after it ends the run that is discarded.
    new = [area, header, {"type": "PAGE_DATA", "gpa": "0x400000"}, required]
    json.dump(dict(d, headers=d["headers"][:-1] + new + d["headers"][-1:]), open(f"{name}.json", "w"))
END
for what in contents table parameters zeros; do
	"$snp_measure" igvm build $what.json -o $what || fail "igvm build makes no $what"
	run 0 "$snp_measure" --igvm $what --vcpus 1 --memory 512M --policy 0xb0000
	[ "$(cat out)" = "$(naive $what igvm-qemu-10 1)" ] || fail "$what: not the naive reader's digest"
	[ "$(grep -c '[[]memory-discarded]' err)" = "$([ $what = zeros ]; echo $?)" ] || fail "$what: $(cat err)"
done

run 0 "$snp_measure" --json --igvm file --vcpus 1 --memory 1G
valid out
says '"snp-digest/2"'
says '"memory_size": "0x40000000"'
python3 -c 'import hashlib, json
assert json.load(open("out"))["inputs"]["igvm"]["sha256"] == hashlib.sha256(open("file", "rb").read()).hexdigest()' ||
	fail "not the file's SHA-256"

# The VMSA is that of the context.
run 0 "$snp_measure" --igvm file --vcpus 2 --vcpu-type EPYC-v4 --dump-vmsa=.
[ "$(od -An -tx1 -j 0x178 -N 4 vmsa0.bin)" = ' 00 00 01 00' ] || fail "vCPU 0 does not start as its context says"
[ "$(od -An -tx1 -j 0x178 -N 4 vmsa1.bin)" = ' f0 ff 00 00' ] || fail "vCPU 1 does not start as at reset"

# What is in it.
run 0 "$snp_measure" inspect file
says '0x100000-0x100fff'
says '0x101000-0x102fff'
says 'rip           0x10000'
says 'debug'
grep -q "igvm-directive-order *1 vCPU  $(naive file igvm-directive-order 1)" out || fail "inspect has another digest"
run 0 "$snp_measure" inspect --json file
valid out
says "\"launch_digest\": \"$(naive file igvm-qemu-10 1)\""
refuse 4 no-sev-metadata "$snp_measure" inspect --summary file

# An ID block for the launch, whatever the file has.
key id
run 0 "$snp_measure" id-block create --igvm file --vcpus 1 --policy 0x30000 --id-key id.pem --output-format libvirt

# Cloud Hypervisor launches the file's policy, so its ID block holds whatever --policy says; one for another digest does not.
run 0 "$snp_measure" igvm sign file -o file.signed --profile igvm-cloud-hypervisor --vcpus 1 --policy 0xb0000 --id-key id.pem
run 0 "$snp_measure" --igvm file.signed --profile igvm-cloud-hypervisor --vcpus 1 --policy 0x30000
[ "$(cat out)" = "$(naive file igvm-cloud-hypervisor 1)" ] || fail "the ID block changes the digest"
refuse 4 id-block-differs "$snp_measure" --igvm file.signed --profile igvm-qemu-10 --vcpus 1 --policy 0x30000
python3 - file.signed other <<'END'
import binascii, sys
b = bytearray(open(sys.argv[1], "rb").read())
at = b.index(bytes.fromhex("0b030000b8020000")) + 16  # SNP_ID_BLOCK: its launch digest
b[at] ^= 1
size = int.from_bytes(b[12:16], "little")
b[20:24] = bytes(4)
b[20:24] = binascii.crc32(b[24:24 + size], binascii.crc32(b[:24])).to_bytes(4, "little")
open(sys.argv[2], "wb").write(b)
END
refuse 4 id-block-differs "$snp_measure" --igvm other --profile igvm-cloud-hypervisor --vcpus 1

# Which launch has a digest.
run 0 "$snp_measure" explain --igvm file --vcpus 1 --digest "$(naive file igvm-qemu-10 1)"
says 'matches the given launch'
run 0 "$snp_measure" explain --igvm file --vcpus 1 --digest "$(naive file igvm-qemu-10 7)"
says 'matches with 7 vCPUs instead of 1 and CPU signature 0x00800f12 ('
run 0 "$snp_measure" explain --igvm file --vcpus 1 --digest "$(naive file igvm-native-zero 1)"
says 'matches with profile igvm-directive-order instead of igvm-qemu-10 ('
run 0 "$snp_measure" explain --igvm file --vcpus 1 --digest "$(naive file igvm-cloud-hypervisor 1)"
says 'instead of igvm-qemu-10 ('
run 3 "$snp_measure" explain --json --igvm file --vcpus 1 --digest "$(printf %096d 0)"
valid out
says 'sizes of memory'

# A file for which it matters where memory ends.
igvm_file far 0x1fffe000 0x1ffff000 0x20000000
refuse 4 needs-memory "$snp_measure" --igvm far --vcpus 1
refuse 4 igvm-launch-refused "$snp_measure" --igvm far --vcpus 1 --memory 512M
run 0 "$snp_measure" --igvm far --vcpus 1 --memory 513M
same "$snp_measure" --igvm far --vcpus 1 --memory 0x20100000

firmware fw
head -c 100 file >short
refuse 4 bad-igvm "$snp_measure" --igvm short --vcpus 1
refuse 4 bad-igvm "$snp_measure" --igvm fw --vcpus 1
refuse 4 no-digest "$snp_measure" --ovmf file --vcpus 1 --vcpu-type EPYC
grep -qF -- --igvm err || fail "--ovmf does not say what to do with an IGVM file"
for wrong in '--ovmf fw' '--kernel fw' '--guest-features 1' '--mode snp' '--mode sev' '--memory 1M' '--memory 1T' \
	'--memory 4X' '--memory 99999999999999999999999999999999G' '--memory=' '--svsm fw' '--snp-ovmf-hash 00'; do
	# shellcheck disable=SC2086 # two words
	refuse 2 usage "$snp_measure" --igvm file --vcpus 1 $wrong
done
refuse 2 usage "$snp_measure" --ovmf fw --memory 1G --vcpus 1 --vcpu-type EPYC
refuse 2 usage "$snp_measure" --mode snp:igvm --ovmf fw --vcpus 1
refuse 4 unknown-profile "$snp_measure" --igvm file --profile qemu --vcpus 1
refuse 4 unknown-profile "$snp_measure" --ovmf fw --profile igvm-qemu-10 --vcpus 1 --vcpu-type EPYC
