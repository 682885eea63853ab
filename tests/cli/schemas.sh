#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every JSON document that snp-measure prints is valid by its schema in templates/, judged by a
# validator of others' making.
. "$(dirname "$0")/functions.sh"

python3 -c 'import jsonschema' 2>/dev/null || skip "needs python3-jsonschema"
firmware fw
kernel kernel
cpu=(--vcpus 2 --vcpu-type EPYC)
"$snp_measure" inspect --summary fw >summary
valid summary
for verb in digest plan 'plan --all'; do
	for launch in '--ovmf fw' '--ovmf fw --kernel kernel --append quiet' '--firmware-summary summary' \
		"--ovmf fw --kernel-sha256 $(printf %064d 0)" '--ovmf fw --profile ec2'; do
		run 0 "$snp_measure" $verb --json $launch "${cpu[@]}"
		valid out
	done
done
for mode in seves sev; do
	run 0 "$snp_measure" --json --mode $mode --ovmf fw "${cpu[@]}"
	valid out
done

firmware broken 'put 0x800c ffffffff'
firmware plain no-footer
firmware legacy no-metadata no-hash-table
for image in fw broken plain legacy; do
	run 0 "$snp_measure" inspect --json $image
	valid out
done

key id
key author
create=(id-block create --json --measurement "$(printf %096d 1)")
for signed in --to-sign '--to-sign --public-key id.pub' '--key id.pem --author-key author.pem' \
	'--key id.pem --output-block block --output-auth auth'; do
	run 0 "$snp_measure" "${create[@]}" $signed
	valid out
done
run 0 "$snp_measure" id-block show --json --id-block @block
valid out
run 3 "$snp_measure" id-block verify --json --id-block @block --id-auth @auth --svn 1
valid out

run 4 "$snp_measure" --json --ovmf broken "${cpu[@]}"
valid err
run 1 "$snp_measure" --json --ovmf missing "${cpu[@]}"
valid err
run 2 "$snp_measure" --json --vcpus x
valid err
sed 's/"type": 16/"type": "16"/' summary >bad
run 4 "$snp_measure" --json --firmware-summary bad "${cpu[@]}"
valid err

export XDG_DATA_HOME=$work/data
for report in Milan-v2 Genoa-v3 Turin-v4 Genoa-v5 extended-vlek hcl; do
	run 0 "$snp_measure" show --json "$SNP_SOURCE/tests/fuzz/corpus/report/$report"
	valid out
	run 3 "$snp_measure" verify --json --any-measurement "$SNP_SOURCE/tests/fuzz/corpus/report/$report"
	valid out
done
run 0 "$snp_measure" certificates list --json
valid out
for report in Milan-v2 Turin-v4 Genoa-v5; do
	run 0 "$snp_measure" show --json --fetch-path "$SNP_SOURCE/tests/fuzz/corpus/report/$report"
	valid out
	run 3 "$snp_measure" verify --json --fetch-path "$SNP_SOURCE/tests/fuzz/corpus/report/$report"
	valid out
done

# What is published, what has changed since, and what else a digest could be of.
cp fw OVMF.amdsev.fd && cp kernel vmlinuz && cp fw initrd.img
cp "$SNP_SOURCE/templates/release.json" .
valid release.json
run 0 "$snp_measure" publish --json release.json -o published
valid out
valid published/reference-values.json
run 0 "$snp_measure" reproduce --json published/reference-values.json --images .
valid out
run 0 "$snp_measure" publish --json release.json -o unsigned --to-sign to-sign --id-public-key id.pub
valid out
valid to-sign/manifest.json
run 0 "$snp_measure" sign --json unsigned --sign-key id.pem
valid out
printf x >>initrd.img
run 3 "$snp_measure" reproduce --json published/reference-values.json --images .
valid out
run 0 "$snp_measure" diff --json published published
valid out
run 3 "$snp_measure" diff --json published release.json
valid out
run 0 "$snp_measure" --ovmf fw --vcpus 3 --vcpu-type EPYC
explain=(explain --json --ovmf fw "${cpu[@]}" --max-vcpus 4)
run 0 "$snp_measure" "${explain[@]}" --digest "$(cat out)"
valid out
run 0 "$snp_measure" "${explain[@]}" --reference published/reference-values.json \
	--digest "$(sed -n 's/.*"launch_digest": "\(.*\)".*/\1/p;T;q' published/reference-values.json)"
valid out
run 3 "$snp_measure" "${explain[@]}" --digest "$(printf %096d 0)"
valid out
run 0 "$snp_measure" --ovmf fw --kernel kernel --initrd fw --append 'console=ttyS0 ro' --vcpus 4 --vcpu-type EPYC-Rome
run 0 "$snp_measure" explain --json --reference published --digest "$(cat out)" --max-vcpus 4
valid out
grep -q '"nearest": {' out || fail "not from the folder: $(cat out)"
for vcpus in 2 3; do
	run 0 "$snp_measure" plan --json --ovmf fw --vcpus $vcpus --vcpu-type EPYC
	mv out plan-$vcpus
done
run 0 "$snp_measure" plan --json --diff plan-2 plan-2
valid out
run 3 "$snp_measure" plan --json --diff plan-2 plan-3
valid out
