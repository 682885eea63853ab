#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A digest that was seen is traced to what was otherwise, in one sentence.
. "$(dirname "$0")/functions.sh"

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
explain 'matches the given launch' "${stated[@]}" --append "$line"
explain 'matches with 8 vCPUs instead of 4 and guest features 0x21 instead of 0x1' \
	"${base[@]}" --append "$line" --vcpus 8 --vcpu-type EPYC-v4 --guest-features 0x21
explain 'CPU signature 0x00a10f10 (EPYC-Genoa' \
	"${base[@]}" --append "$line" --vcpus 4 --vcpu-type EPYC-Genoa
explain 'a command line with a blank at its end' \
	"${base[@]}" --append "$line " --vcpus 4 --vcpu-type EPYC-v4
explain 'a command line with a line end' \
	"${base[@]}" --append "$line
" --vcpus 4 --vcpu-type EPYC-v4
explain 'a command line with a blank and a line end and 2 vCPUs instead of 4' \
	"${base[@]}" --append "$line 
" --vcpus 2 --vcpu-type EPYC-v4
explain 'a command line without ro' \
	"${base[@]}" --append "${line% ro}" --vcpus 4 --vcpu-type EPYC-v4
explain 'a command line with quiet at its end, 9 vCPUs instead of 4 and CPU signature 0x00a00f11' \
	"${base[@]}" --append "$line quiet" --vcpus 9 --vcpu-type EPYC-Milan
explain 'with 2 blanks at its end' \
	"${base[@]}" --append "$line  " --vcpus 4 --vcpu-type EPYC-v4
explain 'with another blank before console=tty1' \
	"${base[@]}" --append 'console=ttyS0  console=tty1 ro' --vcpus 4 --vcpu-type EPYC-v4
explain 'an empty command line' "${base[@]}" --vcpus 4 --vcpu-type EPYC-v4
explain 'no initrd' --ovmf fw --kernel kernel --append "$line" --vcpus 4 --vcpu-type EPYC-v4
explain 'kernel hashes off' --ovmf fw --vcpus 4 --vcpu-type EPYC-v4
explain 'profile ec2 instead of qemu' \
	"${base[@]}" --append "$line" --vcpus 4 --profile ec2
explain 'a command line hashed without its closing NUL' "${base[@]}" --vcpus 4 --vcpu-type EPYC-v4 \
	--append-sha256 "$(printf %s "$line" | sha256sum | cut -d' ' -f1)"
explain 'a command line hashed with two NULs' "${base[@]}" --vcpus 4 --vcpu-type EPYC-v4 \
	--append-sha256 "$(printf '%s\0\0' "$line" | sha256sum | cut -d' ' -f1)"
explain 'with quotes around it' "${base[@]}" --append "'$line'" --vcpus 4 --vcpu-type EPYC-v4
explain 'with a blank at its beginning' "${base[@]}" --append " $line" --vcpus 4 --vcpu-type EPYC-v4
explain 'profile ec2-rdx0 instead of qemu' "${base[@]}" --append "$line" --vcpus 4 --profile ec2-rdx0
explain 'profile qemu-fpu0 instead of qemu and 2 vCPUs instead of 4' \
	"${base[@]}" --append "$line" --vcpus 2 --vcpu-type EPYC-v4 --profile qemu-fpu0
explain 'CPU signature 0x00b00f21 (no QEMU model)' \
	"${base[@]}" --append "$line" --vcpus 4 --vcpu-sig 0x00b00f21

# A whole image, of which only the code part was launched.
{ head -c $(((4 << 20) - $(stat -c %s fw))) /dev/zero && cat fw; } >whole
tail -c +$((0x84000 + 1)) whole >code
run 0 "$snp_measure" --ovmf code --vcpus 2 --vcpu-type EPYC
run 0 "$snp_measure" explain --digest "$(cat out)" --ovmf whole --vcpus 2 --vcpu-type EPYC --max-vcpus 4
says 'matches with the code part of whole alone'

# Another image of a folder, of which only the code part was launched.
mkdir images && { head -c $(((4 << 20) - $(stat -c %s other-fw))) /dev/zero && cat other-fw; } \
	>images/whole
tail -c +$((0x84000 + 1)) images/whole >code
run 0 "$snp_measure" --ovmf code --vcpus 5 --vcpu-type EPYC
run 0 "$snp_measure" explain --digest "$(cat out)" --ovmf fw --vcpus 2 --vcpu-type EPYC --max-vcpus 8 \
	--candidates images
says 'matches with the code part of images/whole alone and 5 vCPUs instead of 2'

# The stated launch itself, with more vCPUs than are tried.
run 0 "$snp_measure" "${base[@]}" --append "$line" --vcpus 40 --vcpu-type EPYC-v4
run 0 "$snp_measure" explain --digest "$(cat out)" "${base[@]}" --append "$line" --vcpus 40 \
	--vcpu-type EPYC-v4 --max-vcpus 2
says 'matches the given launch ('

# A report's own CPUID: a stepping that no model has, and a digest of it that is in no list.
run 0 "$snp_measure" --ovmf fw --vcpus 3 --vcpu-sig 0x00a10f11
python3 - "$SNP_SOURCE/tests/fuzz/corpus/report/Genoa-v3" "$(cat out)" <<'END' || fail "no report"
import sys

report = bytearray(open(sys.argv[1], "rb").read())
report[0x90:0xC0] = bytes.fromhex(sys.argv[2])
report[0x188:0x18B] = bytes([0x19, 0x11, 1])
open("report", "wb").write(report)
END
run 0 "$snp_measure" explain --report report --ovmf fw --vcpus 3 --vcpu-type EPYC-v4 --guest-features 0x1
says 'CPU signature 0x00a10f11'

# Files of a folder.
mkdir folder && cp other-fw other-kernel folder
run 0 "$snp_measure" --ovmf other-fw --kernel other-kernel --initrd initrd --append "$line" \
	--vcpus 5 --vcpu-type EPYC-v4
digest=$(cat out)
run 0 "$snp_measure" explain --digest "$digest" "${stated[@]}" --append "$line" --candidates folder
says 'firmware folder/other-fw'
says 'kernel folder/other-kernel'
says '5 vCPUs instead of 4'

# A published document.
sed 's/"OVMF.amdsev.fd"/"other-fw"/; s/"vmlinuz"/"other-kernel"/; s/"initrd.img"/"initrd"/;
	s/"console=ttyS0 ro"/"console=ttyS0 console=tty1 ro"/' "$SNP_SOURCE/templates/release.json" \
	>release.json
run 0 "$snp_measure" publish release.json -o pub --format reference-values
run 0 "$snp_measure" explain --digest "$digest" "${stated[@]}" --append "$line" \
	--reference pub/reference-values.json
says 'published as image web in pub/reference-values.json: qemu, 5 vCPUs'

# Nothing fits: the answer is no, and says of how many, and of what not.
unrelated=$(printf 'ab%.0s' {1..48})
run 3 "$snp_measure" explain --digest "$unrelated" --ovmf fw --vcpus 1 --vcpu-type EPYC --max-vcpus 1
grep -Eq '^no match among [0-9]{3,} similar launches' out || fail "no number: $(cat out)"
says '  tried: other numbers of vCPUs; likely CPU signatures and guest features'
says '  not tried: other CPU signatures and guest features; more than one change of firmware, kernel, initrd or'
says '  ask the other side for: the SHA-256 of firmware, kernel and initrd'
run 3 "$snp_measure" explain --digest "$unrelated" --ovmf fw --vcpus 1 --vcpu-type EPYC --max-vcpus 1 \
	--json
grep -q '"found": false' out || fail "JSON does not say so"
says '"other CPU signatures and guest features"'
says '"the command line of the kernel, byte for byte, to try it with --candidate-append"'

# With the published folder alone: no image is there, and no option describes a launch.
mkdir away && sed 's/"4-64"/"4-6"/' release.json >near.json
run 0 "$snp_measure" publish near.json -o away/pub --format firmware
near() { # SENTENCE OPTION…: found from the folder in away/.
	local sentence=$1
	shift
	run 0 "$snp_measure" --ovmf other-fw --kernel other-kernel "$@"
	run 0 env -C away "$snp_measure" explain --digest "$(cat out)" --reference pub --max-vcpus 7
	says "$sentence"
}
near 'matches image web in pub with a command line with quiet at its end and 7 vCPUs instead of 6 (' \
	--initrd initrd --append "$line quiet" --vcpus 7 --vcpu-type EPYC-v4
says '  the nearest published launch has 6 vCPUs, CPU signature 0x00800f12 (EPYC-v4), guest features 0x1 and profile qemu'
near 'matches image web in pub with 3 vCPUs instead of 2 and CPU signature 0x00830f10' \
	--initrd initrd --append "$line" --vcpus 3 --vcpu-type EPYC-Rome
near 'matches image web in pub with a command line without console=tty1 and with quiet at its end (' \
	--initrd initrd --append 'console=ttyS0 ro quiet' --vcpus 5 --vcpu-type EPYC-Milan
says '  the nearest published launch has 5 vCPUs, CPU signature 0x00a00f11 (EPYC-Milan)'
near 'matches image web in pub with no initrd (' --append "$line" --vcpus 6 --vcpu-type EPYC-v4
near 'published as image web in pub: qemu, 6 vCPUs' --initrd initrd --append "$line" --vcpus 6 --vcpu-type EPYC-v4
# A word that nobody would guess is found when it is given, together with other vCPUs.
run 0 "$snp_measure" --ovmf other-fw --kernel other-kernel --initrd initrd --append "$line my.word=77" --vcpus 7 --vcpu-type EPYC-v4
guess=(env -C away "$snp_measure" explain --digest "$(cat out)" --reference pub --max-vcpus 7)
run 3 "${guess[@]}" --candidate-append "$line my.word=78"
run 0 "${guess[@]}" --candidate-append "$line my.word=78" --candidate-append "$line my.word=77"
says "with the command line '$line my.word=77' and 7 vCPUs instead of 6 ("
cp -r folder away
run 0 "$snp_measure" --ovmf other-fw --kernel kernel --initrd initrd --append "$line" --vcpus 5 --vcpu-type EPYC-v4
digest_of_kernel=$(cat out)
mkdir away/kernels && cp kernel away/kernels
run 0 env -C away "$snp_measure" explain --digest "$digest_of_kernel" --reference pub --max-vcpus 8 --candidates kernels --json
says '"kernel kernels/kernel"'
says '"vcpu_count": 5'
run 3 env -C away "$snp_measure" explain --digest "$unrelated" --reference pub --max-vcpus 2
says 'ask the other side for'

# Who describes the launch must do so whole, whatever is published.
refuse 2 usage "$snp_measure" explain --digest "$unrelated" --reference pub --vcpus 4
# A summary of other firmware is none, and without one the launch must be described.
sed -i 's/"firmware_digest": "./"firmware_digest": "0/' away/pub/firmware/*.json
refuse 2 usage "$snp_measure" explain --digest "$unrelated" --reference away/pub
rm -r away/pub/firmware
refuse 2 usage "$snp_measure" explain --digest "$unrelated" --reference away/pub
grep -q 'no summary of firmware other-fw' err || fail "the firmware is not named"

# Of a template, the command line is that of each count.
python3 -c '
import json
release = json.load(open("release.json"))
release["images"][0].update(cmdline="nr_cpus={vcpu_count} ro", vcpu_count=[2, 4], cpu_model=["EPYC-v4"])
json.dump(release, open("template.json", "w"))'
run 0 "$snp_measure" publish template.json -o template --format firmware
run 0 "$snp_measure" --ovmf other-fw --kernel other-kernel --initrd initrd --append 'nr_cpus=6 ro' --vcpus 6 \
	--vcpu-type EPYC-v4
run 0 "$snp_measure" explain --digest "$(cat out)" --reference template --max-vcpus 9
says 'matches image web in template with the command line for 6 vCPUs and 6 vCPUs instead of 4'

# A number on the command line that goes with the number of vCPUs.
run 0 "$snp_measure" "${base[@]}" --append 'nr_cpus=12 ro' --vcpus 12 --vcpu-type EPYC-v4
run 0 "$snp_measure" explain --digest "$(cat out)" "${stated[@]}" --append 'nr_cpus=4 ro'
says 'matches with a command line with nr_cpus=12 and 12 vCPUs instead of 4'
run 0 "$snp_measure" "${base[@]}" --append 'nr_cpus=12 ro' --vcpus 12 --vcpu-type EPYC-Milan
run 0 "$snp_measure" explain --digest "$(cat out)" "${stated[@]}" --append 'nr_cpus=4 ro' --max-vcpus 16
says 'with nr_cpus=12, 12 vCPUs instead of 4 and CPU signature 0x00a00f11 (EPYC-Milan)'

# A template: its command line is that of each vCPU count.
run 0 "$snp_measure" "${base[@]}" --append 'nr_cpus=7 x=7' --vcpus 7 --vcpu-type EPYC-v4
digest_of_7=$(cat out)
run 0 "$snp_measure" explain --digest "$digest_of_7" "${stated[@]}" --append 'nr_cpus={vcpu_count} x={vcpu_count}'
says 'matches with the command line for 7 vCPUs and 7 vCPUs instead of 4'
run 0 "$snp_measure" "${base[@]}" --append 'nr_cpus=9 x=9' --vcpus 9 --vcpu-type EPYC-Genoa
run 0 "$snp_measure" explain --digest "$(cat out)" "${stated[@]}" --append 'nr_cpus={vcpu_count} x={vcpu_count}'
says 'matches with the command line for 9 vCPUs, 9 vCPUs instead of 4 and CPU signature'

refuse 2 usage "$snp_measure" explain "${stated[@]}"
refuse 2 usage "$snp_measure" explain --digest 00 --report x "${stated[@]}"
refuse 4 bad-hex "$snp_measure" explain --digest 00 "${stated[@]}"
refuse 2 usage "$snp_measure" explain --digest "$digest" "${stated[@]}" --max-vcpus 0

mkdir many && for ((i = 0; i < 2050; i++)); do echo $i >many/$i; done
refuse 4 too-large "$snp_measure" explain --digest "$digest" "${stated[@]}" --candidates many
refuse 1 cannot-open "$snp_measure" explain --digest "$digest" "${stated[@]}" --candidates missing
