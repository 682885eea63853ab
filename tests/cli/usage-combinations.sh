#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Options that do not go together are wrong usage, said before a file is looked at.
. "$(dirname "$0")/functions.sh"

ok=(--ovmf no-such-file --vcpus 1 --vcpu-type EPYC)
sha=$(printf '%064d' 0)
wrong() {
	refuse 2 usage "$snp_measure" "$@"
	refuse 2 usage "$snp_measure" plan "$@"
}

wrong
wrong --ovmf f
wrong --vcpus 1 --vcpu-type EPYC
wrong --ovmf f --vcpus 1
wrong --ovmf f --vcpu-type EPYC
wrong "${ok[@]}" --firmware-summary s
# No value that was given is dropped in silence.
wrong "${ok[@]}" --ovmf other
wrong "${ok[@]}" --vcpus 2
wrong "${ok[@]}" --profile qemu --vmm-type QEMU
wrong "${ok[@]}" --vcpu-sig 0
wrong "${ok[@]}" --vcpu-family 23 --vcpu-model 1 --vcpu-stepping 2
wrong --ovmf f --vcpus 1 --vcpu-sig 1 --vcpu-family 23 --vcpu-model 1 --vcpu-stepping 2
wrong --ovmf f --vcpus 1 --vcpu-family 23
wrong --ovmf f --vcpus 1 --vcpu-family 23 --vcpu-stepping 2
wrong --ovmf f --vcpus 1 --vcpu-sig 0x100000000
wrong --ovmf f --vcpus 0x100000000 --vcpu-type EPYC
wrong "${ok[@]}" --mode tdx
wrong "${ok[@]}" --initrd i
wrong "${ok[@]}" --append quiet
wrong "${ok[@]}" --append ''
wrong "${ok[@]}" --append-file f
wrong "${ok[@]}" --kernel k --kernel-sha256 "$sha"
wrong "${ok[@]}" --kernel k --initrd i --initrd-sha256 "$sha"
wrong "${ok[@]}" --kernel k --append a --append-file f
wrong "${ok[@]}" --kernel k --append a --append-sha256 "$sha"
wrong "${ok[@]}" --kernel ''
wrong "${ok[@]}" --kernel k --initrd ''
wrong "${ok[@]}" --svsm s
wrong "${ok[@]}" --vars-size 1
wrong "${ok[@]}" --mode snp:svsm --vars-size 4096
wrong "${ok[@]}" --mode snp:svsm --svsm s
wrong "${ok[@]}" --mode snp:svsm --svsm s --vars-size 4096 --vars-file v
wrong "${ok[@]}" --mode snp:svsm --svsm s --vars-size 4096 --kernel k
wrong "${ok[@]}" --mode seves --snp-ovmf-hash "$sha"
wrong --firmware-summary s --snp-ovmf-hash "$sha" --vcpus 1 --vcpu-type EPYC
refuse 2 usage "$snp_measure" "${ok[@]}" --output-format binary
refuse 2 usage "$snp_measure" "${ok[@]}" --output-format base64 --json

firmware fw
refuse 2 usage "$snp_measure" --ovmf fw --mode sev --dump-vmsa
refuse 2 usage "$snp_measure" --ovmf fw --mode snp:ovmf-hash --dump-vmsa
refuse 2 usage "$snp_measure" --ovmf fw --mode snp:ovmf-hash --json
refuse 2 usage "$snp_measure" plan --ovmf fw --mode snp:ovmf-hash
refuse 2 usage "$snp_measure" --ovmf fw --mode snp:ovmf-hash --kernel k
refuse 2 usage "$snp_measure" --ovmf fw --mode snp:ovmf-hash --vcpu-type EPYC --vcpu-sig 1
refuse 4 unknown-cpu-model "$snp_measure" --ovmf fw --mode snp:ovmf-hash --vcpu-type Skylake
refuse 4 unknown-profile "$snp_measure" --ovmf fw --mode snp:ovmf-hash --vmm-type xen
