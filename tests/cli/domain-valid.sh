#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libvirt's own schema and parser take every domain that snp-launch writes, and the template.
. "$(dirname "$0")/functions.sh"

command -v virt-xml-validate >/dev/null && command -v virsh >/dev/null || skip "there is no libvirt client here"
grep -q sev-snp /usr/share/libvirt/schemas/domaincommon.rng 2>/dev/null ||
	skip "libvirt here is too old to know SEV-SNP"

n=0
for file in "$SNP_SOURCE"/templates/domain.xml "$SNP_SOURCE"/tests/golden/domain/*.xml; do
	run 0 virt-xml-validate "$file" domain
	# The ID auths of golden domains are cut; for the parser, which counts bytes, they are made whole.
	awk -v zeros="$(head -c 5396 /dev/zero | tr '\0' A)" \
		'{ sub(/AA<\/idAuth>/, "AA" zeros "AA==</idAuth>"); print }' "$file" >whole.xml
	run 0 virsh -q -c test:///default "define --validate whole.xml; dumpxml --inactive $(
		sed -n 's|.*<name>\(.*\)</name>.*|\1|p' "$file")"
	says "<launchSecurity type='sev-snp'"
	n=$((n + 1))
done
[ $n -ge 8 ] || fail "only $n domains"
