#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Options of id-block that do not go together, and values that are refused.
. "$(dirname "$0")/functions.sh"

key id
digest=$(printf %096d 1)
create=("$snp_measure" id-block create)
while read -r arguments; do
	eval "refuse 2 usage \"\${create[@]}\" $arguments"
	eval "refuse 2 usage \"\${create[@]}\" --json $arguments"
done <<'ROWS'

--measurement $digest
--key id.pem
--measurement $digest --key id.pem --ovmf fw
--measurement $digest --key id.pem --vcpus 1
--measurement $digest --key id.pem --to-sign
--measurement $digest --key id.pem --public-key id.pub
--measurement $digest --key id.pem --signature sig
--measurement $digest --signature sig
--measurement $digest --public-key id.pub
--measurement $digest --public-key id.pub --signature sig --passphrase-file p
--measurement $digest --key id.pem --author-public-key id.pub
--measurement $digest --key id.pem --author-signature sig
--measurement $digest --key id.pem --author-passphrase-file p
--measurement $digest --to-sign --author-key id.pem
--measurement $digest --to-sign --output-auth auth
--measurement $digest --to-sign --output-key k
--measurement $digest --to-sign --output-format qemu
--measurement $digest --key id.pem --output-format xml
--measurement $digest --key id.pem --svn 4294967296
--measurement $digest --key id.pem --svn x
--measurement $digest --key id.pem extra
ROWS
refuse 2 usage "${create[@]}" --json --output-format qemu --measurement "$digest" --key id.pem
refuse 2 usage "$snp_measure" id-block show
refuse 2 usage "$snp_measure" id-block show --id-auth @auth
refuse 2 usage "$snp_measure" id-block verify --id-block @block
refuse 2 usage "$snp_measure" id-block

create+=(--key id.pem)
refuse 4 bad-hex "${create[@]}" --measurement "${digest}00"
refuse 1 cannot-open "${create[@]}" --measurement @absent
create+=(--measurement "$digest")
refuse 4 bad-policy "${create[@]}" --policy 0x10000
refuse 4 bad-policy "${create[@]}" --policy 0x4030000
refuse 4 bad-hex "${create[@]}" --policy 196608
refuse 4 bad-hex "${create[@]}" --family-id 00
refuse 4 bad-hex "${create[@]}" --image-id "$(printf %033d 0)"
refuse 1 cannot-write "${create[@]}" --output-block absent/block
run 0 "${create[@]}" --policy 0xb0000
grep -qF '[debug-policy]' err || fail "a policy with debug is no matter"

firmware fw
refuse 2 usage "$snp_measure" id-block create --ovmf fw --vcpus 1 --vcpu-type EPYC --mode seves --key id.pem

show=("$snp_measure" id-block show)
head -c 95 /dev/zero >short
head -c 96 /dev/zero >zeros
refuse 4 bad-hex "${show[@]}" --id-block @short
refuse 4 bad-id-block "${show[@]}" --id-block @zeros
refuse 4 bad-base64 "${show[@]}" --id-block "$(printf %0127d 0)="
