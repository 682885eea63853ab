#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# inspect says what stands in an image, and what it can be launched as.
. "$(dirname "$0")/functions.sh"

firmware fw
run 0 "$snp_measure" inspect fw
says '65536 bytes'
says "$(sha256sum <fw | cut -d' ' -f1)"
says "$("$snp_measure" --mode snp:ovmf-hash --ovmf fw)"
says 00f771de-1a7e-4fcb-890e-68c77e2fb44e
says 'SNP_SEC_MEM'
says '0x80b004'
says '0x810c00'
grep ' no: ' out | grep -qv SVSM && fail "a good image is said to lack something: $(cat out)"

run 0 "$snp_measure" inspect --json fw
python3 - <<'EOF' || fail "not what was built: $(cat out)"
import json
d = json.load(open("out"))
assert d["schema"] == "snp-inspect/1" and d["size"] == 0x10000 and d["gpa"] == "0xffff0000"
assert [s["type"] for s in d["sections"]] == [1, 1, 2, 3, 4, 1, 16]
assert d["reset_address"] == "0x80b004" and d["hash_table_gpa"] == "0x810c00"
assert all(v["possible"] != (v["way"] == "SVSM") for v in d["verdicts"]) and len(d["verdicts"]) > 2
EOF

run 0 "$snp_measure" inspect --summary fw
python3 - <<'EOF' || fail "not the summary of what was built: $(cat out)"
import json
d = json.load(open("out"))
assert list(d) == ["schema", "firmware_digest", "reset_address", "hash_table_gpa", "kernel_hash_verifier", "sections"]
assert d["kernel_hash_verifier"] == "present"
assert d["schema"] == "snp-firmware/1"
assert d["sections"][6] == {"type": 16, "gpa": "0x810000", "size": "0x1000"}
EOF

firmware generic 'hash-table 0 0' 'section 0x800000 0x9000 1' 'section 0x80d000 0x1000 2' 'section 0x80e000 0x1000 3'
run 0 "$snp_measure" inspect generic
grep -q 'kernel.* no: .*AmdSev' out || fail "a kernel is not refused with a hint: $(cat out)"

firmware broken 'put 0x800c ffffffff'
run 0 "$snp_measure" inspect broken
says '[bad-sev-metadata]'
refuse 4 bad-sev-metadata "$snp_measure" inspect --summary broken

firmware plain no-footer
run 0 "$snp_measure" inspect plain
[ ! -s err ] || fail "a warning of metadata that is not there"
says '[no-sev-metadata]'
refuse 4 no-sev-metadata "$snp_measure" inspect --summary plain

firmware twice 'entry 00f771de-1a7e-4fcb-890e-68c77e2fb44e 04b08000' 'size 0x11000'
run 0 "$snp_measure" inspect twice
grep -qF '[duplicate-table-entry]' err || fail "no warning of an entry that stands twice"
grep -qF '[firmware-not-for-bios]' err || fail "no warning of a size that -bios refuses"
run 0 "$snp_measure" inspect --json twice
says '"duplicate-table-entry"'

# What is odd many times over is said once, and hides nothing else.
odd=('section 0x80d000 0x1000 2' 'section 0x80e000 0x1000 3')
for ((i = 0; i < 20; i++)); do
	odd+=("section $((0x900000 + 0x1000 * i)) 0x1000 0x99" 'entry 00f771de-1a7e-4fcb-890e-68c77e2fb44e 04b08000')
done
firmware odd "${odd[@]}"
run 0 "$snp_measure" --ovmf odd --vcpus 1 --vcpu-type EPYC-v4 --guest-features 0x21
[ "$(grep -o '\[[a-z-]*\]$' err | tr -d '\n')" = '[duplicate-table-entry][unknown-section-type][guest-features-not-of-qemu]' ] ||
	fail "other warnings: $(cat err)"

# Whether the firmware checks the kernel hashes that it has measured: in the image, its summary, and wherever a
# digest is made with a kernel.
kernel kernel
digest=(--kernel kernel --vcpus 1 --vcpu-type EPYC-v4)
fixture make-firmware absent.fd 'volume lzma/volume filler=100000'
fixture make-firmware unknown.fd
firmware present.fd
for verifier in present absent unknown; do
	run 0 "$snp_measure" inspect --json $verifier.fd
	says "\"kernel_hash_verifier\": \"$verifier\""
	run 0 "$snp_measure" inspect --summary $verifier.fd
	mv out $verifier.json
	run 0 "$snp_measure" plan --ovmf $verifier.fd "${digest[@]}"
	[ $verifier = present ] || grep -qE '\[kernel-hash(es-not-checked|-check-unknown)\]' err || fail "plan: no warning"
	for given in "--ovmf $verifier.fd" "--firmware-summary $verifier.json" "--mode seves --ovmf $verifier.fd" \
		"--mode sev --ovmf $verifier.fd"; do
		run 0 "$snp_measure" $given "${digest[@]}"
		case $verifier in
		present) grep -qF '[kernel-hash' err && fail "words about a firmware that checks: $(cat err)" ;;
		absent) grep -qF '[kernel-hashes-not-checked]' err || fail "$given: no warning" ;;
		unknown) grep -qF '[kernel-hash-check-unknown]' err || fail "$given: no warning" ;;
		esac
	done
	run 0 "$snp_measure" --ovmf $verifier.fd --vcpus 1 --vcpu-type EPYC-v4
	grep -qF '[kernel' err && fail "a warning without a kernel: $(cat err)"
done
run 0 "$snp_measure" inspect absent.fd
[ "$(grep -c 'kernel hashes *measured, not checked (this firmware does not compare them)$' out)" = 3 ] ||
	fail "not of every mode: $(cat out)"
sed 's/"present"/"perhaps"/' present.json >odd.json
refuse 4 json-bad-value "$snp_measure" --firmware-summary odd.json "${digest[@]}"

# A kernel that no firmware of today starts in a confidential guest.
printf 'ZM' | dd of=kernel conv=notrunc status=none
run 0 "$snp_measure" --ovmf present.fd "${digest[@]}"
grep -qF '[kernel-not-efi-loadable]' err || fail "no warning of a kernel without PE header"
