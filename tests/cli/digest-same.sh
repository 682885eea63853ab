#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One launch described in every way that the options allow has one digest.
. "$(dirname "$0")/functions.sh"

firmware fw
kernel kernel
printf 'an initrd' >initrd
printf 'console=ttyS0 quiet' >cmdline
sha256() { sha256sum | cut -d' ' -f1; }

launch=(--ovmf fw --vcpus 2 --kernel kernel --initrd initrd --append 'console=ttyS0 quiet')
run 0 "$snp_measure" "${launch[@]}" --vcpu-type EPYC-v4
grep -qxE '[0-9a-f]{96}' out || fail "not a digest: $(cat out)"
[ ! -s err ] || fail "a plain digest comes with words on stderr"
hex=$(cat out)

for cpu in --vcpu-type=EPYC --vcpu-type=EPYC-v1 --vcpu-sig=0x800f12 --vcpu-sig=8392466 --vcpu-sig=0X800F12 \
	'--vcpu-family 23 --vcpu-model 1 --vcpu-stepping 2' '--vcpu-family 0x17 --vcpu-model 0o1 --vcpu-stepping 0b10'; do
	same "$snp_measure" "${launch[@]}" $cpu
done
same "$snp_measure" "${launch[@]}" --vcpu-t=EPYC-v4
same "$snp_measure" "${launch[@]/2/02}" --vcpu-type EPYC-v4
launch+=(--vcpu-type EPYC-v4)
same "$snp_measure" digest "${launch[@]}"
for more in --mode=snp --mode=SNP --vmm-type=qemu --vmm-type=QEMU --profile=qemu --guest-features=1 \
	--output-format=hex; do
	same "$snp_measure" "${launch[@]}" $more
done

same "$snp_measure" --ovmf fw --vcpus 2 --vcpu-type EPYC-v4 --kernel-sha256 "$(sha256 <kernel)" \
	--initrd-sha256 "$(sha256 <initrd)" --append-sha256 "$( (cat cmdline; printf '\0') | sha256)"
same "$snp_measure" --ovmf fw --vcpus 2 --vcpu-type EPYC-v4 --kernel kernel --initrd initrd \
	--append-file cmdline
"$snp_measure" inspect --summary fw >summary || fail "no summary"
same "$snp_measure" --firmware-summary summary --vcpus 2 --vcpu-type EPYC-v4 --kernel kernel \
	--initrd initrd --append-file cmdline
hash=$("$snp_measure" --mode snp:ovmf-hash --ovmf fw)
same "$snp_measure" "${launch[@]}" --snp-ovmf-hash "$hash"
grep -q "\"$hash\"" summary || fail "the summary has another firmware digest"

run 0 "$snp_measure" "${launch[@]}" --output-format base64
[ "$(base64 -d out | od -An -v -tx1 | tr -d ' \n')" = "$hex" ] || fail "base64 is of something else"
run 0 "$snp_measure" "${launch[@]}" -v
says "Calculated SEV_SNP guest measurement: $hex"

# No initrd is an empty one, no command line an empty one; neither is the other thing.
: >empty
run 0 "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --kernel kernel
same "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --kernel kernel --initrd empty --append ''
same "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --kernel kernel --append-file empty
without=$(cat out)
run 0 "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC
[ "$(cat out)" != "$without" ] || fail "a kernel makes no difference"
run 0 "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --kernel kernel --append ' '
[ "$(cat out)" != "$without" ] || fail "a blank in the command line makes no difference"

# Where features of SEV-SNP are handed on to a mode that has none, as sev-snp-measure does, they are left out.
for mode in seves sev; do
	run 0 "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --mode $mode
	hex=$(cat out)
	same "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --mode $mode --guest-features 0x1
	grep -q '\[snp-guest-features\]$' err || fail "no warning: $(cat err)"
done

# A command line that no kernel reads to its end has a digest, and a warning.
for size in 4096 4097; do
	run 0 "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC --kernel kernel --append "$(printf "%${size}s" x)"
	[ "$(grep -c '\[long-cmdline\]$' err)" = $((size - 4096)) ] || fail "of $size bytes: $(cat err)"
done
