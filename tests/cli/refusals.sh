#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What QEMU, KVM or the secure processor would refuse has no digest: exit 4, one line, the reason's name.
. "$(dirname "$0")/functions.sh"

firmware good
kernel kernel
cpu=(--vcpus 2 --vcpu-type EPYC-v4)
run 0 "$snp_measure" --ovmf good "${cpu[@]}" --kernel kernel

# bad NAME [LINE…]: a firmware with these changes is refused as [NAME], with one vCPU more than it can.
bad() {
	local name=$1
	shift
	firmware fw "$@"
	refuse 4 "$name" "$snp_measure" --ovmf fw "${cpu[@]}" "${more[@]}"
	refuse 4 "$name" "$snp_measure" plan --ovmf fw "${cpu[@]}" "${more[@]}"
	refuse 4 "$name" "$snp_measure" --json --ovmf fw "${cpu[@]}" "${more[@]}"
}
more=()
bad no-sev-metadata no-footer
bad no-sev-metadata no-metadata
bad bad-section 'section 0x800000 0 1'
bad bad-section 'section 0x800800 0x1000 1'
bad bad-section 'section 0x800000 0x9001 1'
bad bad-section 'section 0xbf000 0x2000 1'
bad bad-section 'section 0xdf000 0x2000 1'
bad bad-section 'section 0 0x100000 1'
bad section-overlap 'section 0x800000 0xfffff000 1'
bad section-overlap 'section 0x800000 0x2000 1' 'section 0x801000 0x1000 3'
bad section-overlap 'section 0xffffe000 0x1000 1'
bad no-reset-address no-reset
bad no-reset-address 'reset 0'
bad bad-ovmf-table 'put -50 ffff'
bad bad-ovmf-table 'put -50 1100'
bad bad-sev-metadata 'put 0x8000 41534556'00000000
bad bad-sev-metadata 'put 0x800c ffffffff'
bad bad-sev-metadata 'put 0x8000 00000000'
bad firmware-size 'size 0xfff'
bad firmware-size 'size 0x10800'

more=(--kernel kernel)
bad no-hash-table no-hash-table
bad no-hash-table 'hash-table 0 0'
bad no-hash-table 'hash-table 0x810c00 16'
bad no-hash-table 'hash-table 0x810c00 175'
# Nor does a summary bring back what its image is refused for.
for table in no-hash-table 'hash-table 0 0' 'hash-table 0x810c00 175'; do
	firmware fw "$table"
	"$snp_measure" inspect --summary fw >summary || fail "no summary of an image with $table"
	refuse 4 no-hash-table "$snp_measure" --firmware-summary summary "${cpu[@]}" "${more[@]}"
done
bad no-kernel-hashes-section 'section 0x800000 0x9000 1' 'section 0x80d000 0x1000 2' 'section 0x80e000 0x1000 3'
bad bad-hash-table 'hash-table 0x810fff 0x400'
bad bad-hash-table 'hash-table 0x820c00 0x400'

more=()
for mode in snp seves; do
	refuse 4 bad-vcpu-count "$snp_measure" --mode $mode --ovmf good --vcpus 0 --vcpu-type EPYC
	refuse 4 bad-vcpu-count "$snp_measure" --mode $mode --ovmf good --vcpus 5000 --vcpu-type EPYC
done
refuse 4 unknown-cpu-model "$snp_measure" --ovmf good --vcpus 1 --vcpu-type Skylake
refuse 4 unknown-cpu-model "$snp_measure" --ovmf good --vcpus 1 --vcpu-family 23 --vcpu-model 300 --vcpu-stepping 2
refuse 4 unknown-cpu-model "$snp_measure" --ovmf good --vcpus 1 --vcpu-family 23 --vcpu-model 1 --vcpu-stepping 99
refuse 4 unknown-profile "$snp_measure" --ovmf good "${cpu[@]}" --profile vmware
refuse 4 unknown-profile "$snp_measure" --ovmf good "${cpu[@]}" --vmm-type xen
refuse 4 unknown-profile "$snp_measure" --ovmf good "${cpu[@]}" --mode seves --profile qemu
refuse 4 bad-guest-features "$snp_measure" --ovmf good "${cpu[@]}" --guest-features 0
refuse 4 bad-guest-features "$snp_measure" --ovmf good "${cpu[@]}" --guest-features 0x21 --mode seves
refuse 4 bad-guest-features "$snp_measure" --ovmf good "${cpu[@]}" --guest-features 0x20 --mode sev
refuse 4 bad-hex "$snp_measure" --ovmf good "${cpu[@]}" --snp-ovmf-hash 00
refuse 4 bad-hex "$snp_measure" --ovmf good "${cpu[@]}" --snp-ovmf-hash "$(printf '%095dz' 0)"
refuse 4 bad-hex "$snp_measure" --ovmf good "${cpu[@]}" --kernel-sha256 00

printf '\x7fELF%4096s' '' >elf
printf 'no kernel%4096s' '' >text
: >empty
refuse 4 not-a-bzimage "$snp_measure" --ovmf good "${cpu[@]}" --kernel elf
refuse 4 not-a-bzimage "$snp_measure" --ovmf good "${cpu[@]}" --kernel text
refuse 4 empty-file "$snp_measure" --ovmf good "${cpu[@]}" --kernel empty
# A UKI brings its own initrd; QEMU refuses another one.
{ printf MZ && head -c 65534 /dev/zero; } >uki
run 0 "$snp_measure" --ovmf good "${cpu[@]}" --kernel uki
refuse 4 not-a-bzimage "$snp_measure" --ovmf good "${cpu[@]}" --kernel uki --initrd text
refuse 4 bad-cmdline "$snp_measure" --ovmf good "${cpu[@]}" --kernel kernel --append 'root=/dev/mapper/vga=x'
run 0 "$snp_measure" --ovmf good "${cpu[@]}" --kernel kernel --append 'vga=791 root=/dev/mapper/vga=x'
refuse 4 empty-file "$snp_measure" --ovmf empty "${cpu[@]}"
printf 'a\0b' >nul
refuse 4 bad-cmdline "$snp_measure" --ovmf good "${cpu[@]}" --kernel kernel --append-file nul
{ printf IGVM && head -c 5000 /dev/zero; } >igvm
refuse 4 no-digest "$snp_measure" --ovmf igvm "${cpu[@]}"
grep -q 'an IGVM file' err || fail "not called an IGVM file: $(cat err)"
refuse 4 not-a-regular-file "$snp_measure" --ovmf . "${cpu[@]}"
refuse 4 not-a-regular-file "$snp_measure" --ovmf /dev/zero "${cpu[@]}"
mkfifo fifo
refuse 4 not-a-regular-file "$snp_measure" --ovmf good "${cpu[@]}" --kernel kernel --initrd fifo
refuse 1 cannot-open "$snp_measure" --ovmf missing "${cpu[@]}"
refuse 1 cannot-open "$snp_measure" --ovmf good "${cpu[@]}" --kernel missing
refuse 1 cannot-open "$snp_measure" --ovmf good "${cpu[@]}" --kernel kernel --initrd missing
refuse 1 cannot-open "$snp_measure" inspect missing
truncate -s $((17 * 1024 + 4))K large
refuse 4 too-large "$snp_measure" --ovmf large "${cpu[@]}"
refuse 4 no-digest "$snp_measure" plan --mode sev --ovmf good
