#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A digest that was seen is traced to what was otherwise, in one sentence.
. "$SNP_SOURCE/tests/cli/functions.sh"

firmware fw
firmware other-fw 'put 0 5a'
kernel kernel
kernel other-kernel 0x9000
head -c 3000 /dev/zero >initrd
stated=(--ovmf fw --kernel kernel --initrd initrd --vcpus 4 --vcpu-type EPYC-v4)
line='console=ttyS0 console=tty1 ro'

# explain SENTENCE OPTION…: the launch with these options instead of the stated ones is said to match.
explain() {
	local sentence=$1
	shift
	run 0 "$snp_measure" "$@"
	run 0 "$snp_measure" explain --digest "$(cat out)" "${stated[@]}" --append "$line" \
		--max-vcpus 16
	says "$sentence"
}

base=(--ovmf fw --kernel kernel --initrd initrd)
explain 'matches the stated launch' "${stated[@]}" --append "$line"
explain 'matches with --vcpus 8 instead of 4 and guest features 0x21 instead of 0x1' \
	"${base[@]}" --append "$line" --vcpus 8 --vcpu-type EPYC-v4 --guest-features 0x21
explain 'CPU signature 0x00a10f10 (EPYC-Genoa' \
	"${base[@]}" --append "$line" --vcpus 4 --vcpu-type EPYC-Genoa
explain 'a command line with a blank at its end' \
	"${base[@]}" --append "$line " --vcpus 4 --vcpu-type EPYC-v4
explain 'a command line with a line end' \
	"${base[@]}" --append "$line
" --vcpus 4 --vcpu-type EPYC-v4
explain 'its console arguments in another order and --vcpus 7' \
	"${base[@]}" --append 'console=tty1 console=ttyS0 ro' --vcpus 7 --vcpu-type EPYC-v4
explain 'an empty command line' "${base[@]}" --vcpus 4 --vcpu-type EPYC-v4
explain 'no initrd' --ovmf fw --kernel kernel --append "$line" --vcpus 4 --vcpu-type EPYC-v4
explain 'kernel hashes off' --ovmf fw --vcpus 4 --vcpu-type EPYC-v4
explain '--profile ec2 instead of qemu' \
	"${base[@]}" --append "$line" --vcpus 4 --profile ec2

# Files of a folder.
mkdir folder && cp other-fw other-kernel folder
run 0 "$snp_measure" --ovmf other-fw --kernel other-kernel --initrd initrd --append "$line" \
	--vcpus 5 --vcpu-type EPYC-v4
digest=$(cat out)
run 0 "$snp_measure" explain --digest "$digest" "${stated[@]}" --append "$line" --candidates folder
says 'firmware folder/other-fw'
says 'kernel folder/other-kernel'
says '--vcpus 5 instead of 4'

# A published document.
sed 's/"OVMF.amdsev.fd"/"other-fw"/; s/"vmlinuz"/"other-kernel"/; s/"initrd.img"/"initrd"/;
	s/"console=ttyS0 ro"/"console=ttyS0 console=tty1 ro"/' "$SNP_SOURCE/templates/release.json" \
	>release.json
run 0 "$snp_measure" publish release.json -o pub --format reference-values
run 0 "$snp_measure" explain --digest "$digest" "${stated[@]}" --append "$line" \
	--reference pub/reference-values.json
says 'published as image web in pub/reference-values.json: qemu, 5 vCPUs'

# Nothing fits: the answer is no, and says of how many.
run 3 "$snp_measure" explain --digest "$(printf 'ab%.0s' {1..48})" "${stated[@]}" --append "$line" \
	--max-vcpus 16
grep -Eq '^matches none of [0-9]{6,} launches' out || fail "no number: $(cat out)"
run 3 "$snp_measure" explain --digest "$(printf 'ab%.0s' {1..48})" "${stated[@]}" --append "$line" \
	--max-vcpus 16 --json
grep -q '"found": false' out || fail "JSON does not say so"

refuse 2 usage "$snp_measure" explain "${stated[@]}"
refuse 2 usage "$snp_measure" explain --digest 00 --report x "${stated[@]}"
refuse 4 bad-hex "$snp_measure" explain --digest 00 "${stated[@]}"
refuse 2 usage "$snp_measure" explain --digest "$digest" "${stated[@]}" --max-vcpus 0
