#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Firmware images and kernels of every shape: what QEMU launches has the digest that snp-measure computes, and what QEMU
# refuses snp-measure refuses. Every row is a run of QEMU; images are made of text.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images
start_host
mkdir rows

# boot IMAGE QEMU-OPTION…: what the guest of an image says its launch digest is; nothing if none starts.
boot() {
	local image=$1 at=$1.qemu pid i
	shift
	LD_PRELOAD=$folder/lib/libsnp-rehearsal.so qemu-system-x86_64 -nodefaults -display none -accel kvm \
		-machine q35,confidential-guest-support=sev0 -m 512M -cpu EPYC-v4 -smp 2 \
		-bios "$image" -serial "file:$at" "$@" 2>"$at.err" &
	pid=$!
	for ((i = 0; i < 1500; i++)); do
		! grep -q '^simulated-guest: host_data' "$at" 2>/dev/null || break
		kill -0 $pid 2>/dev/null || break
		sleep 0.04
	done
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
	sed -n 's/^simulated-guest: launch_digest=\([0-9a-f]*\)\r$/\1/p' "$at" 2>/dev/null
}

kernel=(-kernel "$work/linux" -append console=ttyS0)
measured=(--kernel "$work/linux" --append console=ttyS0)

declare -A object profile=([snp]=qemu [seves]=qemu-es-legacy [sev]=qemu)
object[snp]="sev-snp-guest"
object[seves]="sev-guest,policy=0x5,legacy-vm-type=on"
object[sev]="sev-guest,policy=0x1"

# compare WANT NAME LINE…: WANT is "launched", "refused" by both, or "useless": launched by QEMU, and
# refused by snp-measure since no guest could run. $mode; $hashes: with a kernel.
compare() {
	local want=$1 name=$2 image=rows/$n.fd said computed
	local properties=${object[$mode]},id=sev0,cbitpos=51,reduced-phys-bits=1 options=() more=()
	shift 2
	firmware "$image" "$@"
	if [ "${hashes:-}" ]; then
		options=("${kernel[@]}") more=("${measured[@]}") properties+=,kernel-hashes=on
	fi
	said=$(boot "$image" "${options[@]}" -object "$properties")
	computed=$("$snp_measure" --mode "$mode" --profile "${profile[$mode]}" --ovmf "$image" --vcpus 2 \
		--vcpu-type EPYC-v4 "${more[@]}" 2>"$image.err")
	echo "$mode $name" >>rows/done
	case $want in
	launched) [ -n "$said" ] && [ "$said" = "$computed" ] ;;
	refused) [ -z "$said$computed" ] ;;
	useless) [ -n "$said" ] && [ -z "$computed" ] ;;
	esac && return
	{
		echo "$mode, $name, $want: the guest says '$said', snp-measure '$computed'"
		cat "$image.qemu.err" "$image.err"
	} >>wrong
}

row() {
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	n=$((n + 1)) # process IDs come again
	compare "$@" &
}
n=0

needed=("section 0x80d000 0x1000 2" "section 0x80e000 0x1000 3")
reset=00f771de-1a7e-4fcb-890e-68c77e2fb44e

mode=snp
row launched "as AmdSev builds"
row launched "16 MiB" "size 0x1000000"
row launched "16 MiB and 64 KiB" "size 0x1010000"
row launched "17 MiB, up to the local APICs" "size 0x1100000"
row refused "17 MiB and 64 KiB" "size 0x1110000"
row refused "20 MiB" "size 0x1400000"
row launched "low memory" "${needed[@]}" "section 0x0 0xa0000 1" "section 0xa0000 0x10000 1"
row launched "metadata of version 2" "put 0x8008 02"
row launched "a type that nobody knows" "${needed[@]}" "section 0x800000 0x2000 0x101"
row launched "secrets of two pages" "section 0x80c000 0x2000 2" "section 0x80e000 0x1000 3"
row launched "CPUID of two pages" "section 0x80c000 0x1000 2" "section 0x80e000 0x2000 3"
row launched "two secrets" "${needed[@]}" "section 0x800000 0x1000 2"
row launched "two reset blocks: the one nearest the footer" "entry $reset 22221111"
row launched "17 bytes beside the entries" "put -50 6900"
row launched "reset address in the last page" "reset 0xfffff000"
row refused "reset address 0" "reset 0"
row refused "no reset block" no-reset
row refused "no metadata" no-metadata
row refused "no footer" no-footer
row refused "table of 17 bytes" "put -50 1100"
row refused "table larger than the image" "put -50 ffff"
row refused "first entry of no bytes" "put -68 0000"
row refused "first entry larger than the table" "put -68 ffff"
row refused "no signature" "put 0x8000 58"
row refused "metadata shorter than their header" "put 0x8004 0f"
row refused "section of no bytes" "${needed[@]}" "section 0x800000 0 1"
row refused "section inside a page" "${needed[@]}" "section 0x800800 0x1000 1"
row refused "section of part of a page" "${needed[@]}" "section 0x800000 0x1800 1"
row refused "sections over each other" "${needed[@]}" "section 0x80d000 0x1000 1"
row refused "section over the firmware" "${needed[@]}" "section 0xffff0000 0x1000 1"
row launched "sections beside the borders of QEMU's regions" "${needed[@]}" "section 0xb0000 0x10000 1" \
	"section 0xc0000 0x20000 1" "section 0xe0000 0x20000 1"
row refused "section across 0xc0000" "${needed[@]}" "section 0xbf000 0x2000 1"
row refused "section across 0xe0000" "${needed[@]}" "section 0xdf000 0x2000 1"
row refused "section beyond memory" "${needed[@]}" "section 0xf0000000 0x1000 1"
row useless "no CPUID" "section 0x80d000 0x1000 2"
row useless "no sections" no-sections
wait

hashes=yes
row launched "kernel"
row launched "hash section of two pages" "${needed[@]}" "section 0x810000 0x2000 0x10"
row launched "table up to the page's end" "hash-table 0x810f50 176"
row refused "table over the page's end" "hash-table 0x810f60 176"
row refused "table at 0" "hash-table 0 0x400"
row refused "table of 175 bytes" "hash-table 0x810c00 175"
row refused "no table" no-hash-table
row useless "table in another page" "hash-table 0x820c00 0x400"
row useless "no hash section" "${needed[@]}"
wait

# kernel_row WANT NAME KERNEL CMDLINE [INITRD]: another kernel than the one above.
kernel_row() {
	kernel=(-kernel "$3" -append "$4") measured=(--kernel "$3" --append "$4")
	[ -z "${5:-}" ] || kernel+=(-initrd "$5") measured+=(--initrd "$5")
	row "$1" "kernel: $2"
}

# What QEMU hashes without a boot protocol, and what it does not hash.
head -c 65536 /dev/urandom >random
printf '\x05' | dd of=random bs=1 seek=$((0x1f1)) conv=notrunc status=none # 6 sectors of setup
printf 'not a header' | dd of=random bs=1 seek=$((0x200)) conv=notrunc status=none
{ printf MZ && tail -c +3 random; } >uki
cp uki short
truncate -s 1023 short
printf '\x7fELF' | dd of=elf conv=notrunc status=none
cat random >>elf
cp random multiboot
printf '\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4' | dd of=multiboot bs=1 seek=4096 conv=notrunc status=none
gzip -n <random >compressed
printf '\x05' | dd of=compressed bs=1 seek=$((0x1f1)) conv=notrunc status=none
printf '\x01' | dd of=random bs=1 seek=$((0x1f1)) conv=notrunc status=none
head -c 1024 random >smallest
kernel_row launched "a PE image" uki quiet
fixture make-uki real .linux=@random '.cmdline=root=/dev/vda' .initrd=@random
kernel_row launched "a UKI" real quiet
kernel_row refused "an initrd beside a UKI" real quiet random
kernel_row launched "random bytes" random quiet
kernel_row launched "a gzip file" compressed quiet
kernel_row launched "1024 bytes" smallest quiet
kernel_row refused "1023 bytes" short quiet
kernel_row refused "ELF" elf quiet
kernel_row refused "multiboot" multiboot quiet
kernel_row refused "an initrd beside a PE image" uki quiet random
for line in 'vga=normal' 'quiet vga=0x317 ro' 'vga= 7' 'vga=-1' 'vga=askme' 'vga=1 vga=x' 'vga=4294967295'; do
	kernel_row launched "'$line'" "$work/linux" "$line"
done
for line in 'vga=' 'root=/dev/mapper/vga=x' 'vga=4294967296' 'vga=791x' 'vga=0x' 'vga=norm' 'vga=-4294967296'; do
	kernel_row refused "'$line'" "$work/linux" "$line"
done
kernel=(-kernel "$work/linux" -append console=ttyS0) measured=(--kernel "$work/linux" --append console=ttyS0)
wait

mode=seves hashes=
# The block where the footer now is, of 22 bytes, and the address before it.
legacy=(no-footer "put -48 de71f7007e1acb4f890e68c77e2fb44e" "put -50 1600" "put -54 0fd0ff00")
row launched "as AmdSev builds"
row launched "no metadata" no-metadata
row launched "no signature" "put 0x8000 58"
row launched "section of no bytes" "section 0x800000 0 1"
row launched "reset block of 2020" "${legacy[@]}"
row refused "reset block of 2020, address 0" "${legacy[@]}" "put -54 00000000"
row refused "no reset block" no-reset
row refused "table of 17 bytes" "put -50 1100"
wait
hashes=yes
row launched "kernel" no-sections
row refused "kernel, table at 0" "hash-table 0 0x400"
wait
mode=sev
row launched "kernel"
row refused "kernel, no footer" no-footer
wait
hashes=
row launched "no footer" no-footer
row launched "table of 17 bytes" "put -50 1100"
wait

[ "$(wc -l <rows/done)" = 83 ] || fail "$(wc -l <rows/done) rows, not 81"
[ ! -s wrong ] || fail "$(cat wrong)"
