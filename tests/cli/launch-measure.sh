#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# snp-launch measure is snp-measure digest of what a vm.json, or any domain, launches: the same digest,
# and but for the tool's name the same document.
. "$(dirname "$0")/launch.sh"
firmware fw
kernel kernel
printf initrd >initrd

# same VCPUS MODEL CMDLINE [INITRD]
same() {
	local initrd=${4:-}
	cat >vm.json <<-END
		{"schema": "snp-launch/1", "name": "web1", "firmware": {"path": "$work/fw"},
		 "boot": {"kernel": "$work/kernel", ${initrd:+"\"initrd\": \"$work/$initrd\", "}"cmdline": "$3"},
		 "cpu": {"count": $1, "model": "$2"}, "memory": {"size": "256MiB"}}
	END
	run 0 "$snp_measure" --json --ovmf "$work/fw" --kernel "$work/kernel" ${initrd:+--initrd "$work/$initrd"} \
		--append "$3" --vcpus "$1" --vcpu-type "$2"
	sed 's/"snp-measure"/"snp-launch"/' out >expected
	run 0 "$snp_launch" measure --json --ignore not-bound vm.json
	cmp out expected || fail "$(diff out expected)"
	valid out
	digest=$(sed -n 's/.*"launch_digest": "\(.*\)",/\1/p' expected)
	run 0 "$snp_launch" measure vm.json
	says "$digest"
	run 0 "$snp_launch" create vm.json --dry-run -c test:///default
	cp out domain.xml
	grep -q "$digest" domain.xml || fail "the domain's metadata lack the digest"
	# The domain names the copies; here it is held against the files they would be copies of.
	sed "s|$work/state/web1/boot/firmware|$work/fw|; s|$work/state/web1/boot/|$work/|" domain.xml >here.xml
	run 0 "$snp_launch" measure here.xml
	says "$digest"
	[ ! -e state ] || fail "a dry run leaves: $(find state)"
}

same 1 EPYC-v4 quiet
same 4 EPYC-v4 quiet initrd
same 255 EPYC-Milan '' initrd
same 2 EPYC-Genoa-v2 ' a  b '
same 3 EPYC "root=/dev/vda <&>' ü" initrd

# A command line that follows the vCPU count is launched with this guest's.
run 0 "$snp_measure" --ovmf fw --kernel kernel --append 'nr_cpus=3 3' --vcpus 3 --vcpu-type EPYC
digest=$(<out)
sed 's|"initrd": [^,]*, "cmdline": "[^}]*}|"cmdline": "nr_cpus={vcpu_count} {vcpu_count}"}|' vm.json >template.json
run 0 "$snp_launch" measure template.json
says "$digest"
run 0 "$snp_launch" create template.json --dry-run -c test:///default
says '<cmdline>nr_cpus=3 3</cmdline>'

# What would be defined can be seen without a host, and says that none was asked.
run 0 "$snp_launch" create vm.json --dry-run
grep -q '\[host-not-asked\]$' err || fail "$(cat err)"
run 0 "$snp_launch" create vm.json --dry-run=json
valid out
refuse 1 libvirt-failed "$snp_launch" create vm.json --dry-run=argv

# What only a fragment can say is checked as vm.json is, of the finished domain.
fragment() { # fragment CHILDREN
	printf '<domain xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0">%s</domain>' "$1" >fragment.xml
	sed 's|"cpu"|"libvirt_xml": "'"$work"'/fragment.xml", &|' vm.json >with.json
}
fragment '<q:commandline><q:env name="TZ" value="UTC"/></q:commandline>'
run 0 "$snp_launch" create with.json --dry-run
grep -q "fragment.xml: /domain: 'TZ' is passed directly to QEMU; .*\[qemu-argument\]$" err || fail "$(cat err)"
refuse 4 check-failed "$snp_launch" create with.json --dry-run --error qemu-argument
run 0 "$snp_launch" create with.json --dry-run --ignore qemu-argument
! grep -q qemu-argument err || fail "$(cat err)"
for option in -append -dtb -device -m; do
	fragment "<q:commandline><q:arg value='$option'/><q:arg value='loader,file=/f'/></q:commandline>"
	refuse 4 bad-domain "$snp_launch" create with.json --dry-run
	grep -q '\[qemu-launch-argument\]' err || fail "$(cat err)"
done

# Nobody's guest, and nothing that could be measured.
sed 's/sev-snp/sev/' here.xml >sev.xml
run 4 "$snp_launch" measure sev.xml
[ ! -s out ] || fail "a digest of a guest without SNP"
printf '<domain/>' >empty.xml
run 4 "$snp_launch" measure empty.xml
printf '<domain' >broken.xml
refuse 4 xml-syntax "$snp_launch" measure broken.xml
refuse 1 cannot-open "$snp_launch" measure ./absent.xml

# With a small stack, as services and containers have it. (Sanitizers have frames of their own.)
if ! is_sanitized; then
	for verb in measure lint 'create --dry-run -c test:///default'; do
		(ulimit -s 128 && run 0 "$snp_launch" $verb --ignore not-bound vm.json) || exit 1
	done
	(ulimit -s 128 && run 3 "$snp_launch" check -c test:///default vm.json) || exit 1
fi

rm kernel
refuse 1 cannot-open "$snp_launch" measure vm.json
