#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A UKI is measured as QEMU launches it, and inspect says what it holds.
. "$(dirname "$0")/functions.sh"

uki() {
	fixture make-uki "$@"
}

sum() {
	sha256sum | cut -d' ' -f1
}

# section NAME: that section of the last document, as one line of JSON.
section() {
	jq -c --arg name "$1" '.sections[] | select(.name == $name) | [.size, .memory_size, .sha256, .text, .fields]' out
}

firmware fw
head -c 300000 /dev/zero >linux
head -c 70000 /dev/zero | tr '\0' i >initrd
osrel='ID=debian\nPRETTY_NAME="Debian \\"12\\""\n# a comment\n\nodd line\nNUL=a\0b\n\x1b[31m=x\n'
uki image .linux=@linux .initrd=@initrd '.cmdline=root=/dev/vda\0 \x1b[31m\n' ".osrel=$osrel" .uname=6.12.1 .data+4096=x \
	'.sbat=sbat,1\n'

run 0 "$snp_measure" inspect image
says 'kind             UKI'
says "SHA-256          $(sum <image)"
says "as a kernel      yes, without a separate initrd"
says "$(sum <linux)"
says '    root=/dev/vda\x00 \x1b[31m\x0a'
says '    PRETTY_NAME=Debian "12"'
says '    odd line'
says '    NUL=a\x00b'
says '    \x1b[31m=x'
says '    6.12.1'
! grep -q 'a comment' out || fail "a comment is shown as a field"
LC_ALL=C grep -q $'\x1b' out && fail "an escape sequence reaches the terminal"

run 0 "$snp_measure" inspect --json image
valid out
[ "$(section .linux)" = "[300000,300000,\"$(sum <linux)\",null,null]" ] || fail "another .linux: $(section .linux)"
[ "$(section .initrd)" = "[70000,70000,\"$(sum <initrd)\",null,null]" ] || fail "another .initrd: $(section .initrd)"
[ "$(section .uname)" = "[6,6,\"$(printf 6.12.1 | sum)\",\"6.12.1\",null]" ] || fail "another .uname: $(section .uname)"
[ "$(jq -r '.sections[] | select(.name == ".cmdline").text' out)" = 'root=/dev/vda\x00 \x1b[31m\x0a' ] ||
	fail "another command line: $(section .cmdline)"
[ "$(jq -c '.sections[] | select(.name == ".osrel").fields' out)" = '[{"name":"ID","value":"debian"},{"name":"PRETTY_NAME","value":"Debian \"12\""},{"value":"odd line"},{"value":"NUL=a\\x00b"},{"value":"\\x1b[31m=x"}]' ] ||
	fail "other fields: $(section .osrel)"
[ "$(jq -c '.sections[] | select(.name == ".data") | [.size, .memory_size]' out)" = '[512,4097]' ] ||
	fail "another .data: $(section .data)"
[ "$(jq -r '[.kind, .sha256, .boot_protocol, .efi_loadable] | join(" ")' out)" = "UKI $(sum <image) 0x0 true" ] ||
	fail "not what was built: $(head -n 12 out)"
refuse 4 no-sev-metadata "$snp_measure" inspect --summary image

# What systemd-stub takes one of, twice; behind a .profile it may come again.
uki twice .linux=k .cmdline=a .cmdline=b
run 0 "$snp_measure" inspect twice
grep -qF "section '.cmdline' is in the image more than once" err || fail "no warning of a second command line"
grep -qF '[duplicate-section]' err || fail "the warning has no name"
uki profiles .linux=k .cmdline=a '.profile=ID=x\n' .cmdline=b
run 0 "$snp_measure" inspect --json profiles
valid out
[ "$(jq -c '[.sections[].text]' out)" = '[null,"a",null,"b"]' ] || fail "not both command lines: $(cat out)"
[ "$(jq -c .warnings out)" = '[]' ] || fail "a warning of a profile: $(jq -c .warnings out)"

# Hostile ones: the table, or the file, says what is not.
put() {
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
cp image many && put many $((0x46)) '\xff\xff'
refuse 4 too-large "$snp_measure" inspect many
cp image overlap && put overlap $((0x40 + 24 + 112 + 40 + 20)) '\x00\x02\x00\x00'
refuse 4 bad-pe-image "$snp_measure" inspect overlap
cp image outside && put outside $((0x40 + 24 + 112 + 16)) '\xff\xff\xff\xff'
refuse 4 bad-pe-image "$snp_measure" inspect --json outside
valid err
cp image other && put other $((0x44)) '\x64\xaa'
refuse 4 bad-pe-image "$snp_measure" inspect other
head -c 200000 /dev/zero | tr '\0' x >long
uki long-text .linux=k .cmdline=@long
refuse 4 too-large "$snp_measure" inspect long-text
for name in many overlap outside other long-text; do
	# QEMU does not look into a kernel, so neither does the digest.
	run 0 "$snp_measure" --ovmf fw --vcpus 1 --vcpu-type EPYC-v4 --kernel $name
done

# A kernel that QEMU refuses is shown, with the reason.
cp image setup && put setup $((0x1f1)) '\xff' && truncate -s 100K setup
uki small .linux=k && put small $((0x1f1)) '\xff'
run 0 "$snp_measure" inspect --json small
valid out
[ "$(jq -r .problem.name out)" = not-a-bzimage ] || fail "QEMU's refusal is not shown: $(cat out)"
run 0 "$snp_measure" inspect small
says 'as a kernel      no: '

# One digest, whatever it is asked for with.
cpu=(--vcpus 2 --vcpu-type EPYC-Genoa)
launch=(--ovmf fw "${cpu[@]}" --kernel image --append 'quiet x')
run 0 "$snp_measure" "${launch[@]}"
digest=$(cat out)
same "$snp_measure" --ovmf fw "${cpu[@]}" --kernel-sha256 "$(sum <image)" --append 'quiet x'
refuse 4 not-a-bzimage "$snp_measure" "${launch[@]}" --initrd initrd
run 0 "$snp_measure" explain --ovmf fw --vcpus 1 --vcpu-type EPYC-v4 --kernel twice --append 'quiet x' --digest "$digest" \
	--max-vcpus 4 --candidates .
grep -qE 'kernel.*image' out || fail "the UKI is not found: $(cat out)"
key id
run 0 "$snp_measure" id-block create "${launch[@]}" --id-key id.pem --output-block block --output-auth auth
run 0 "$snp_measure" id-block verify "${launch[@]}" --id-block @block --id-auth @auth
cat >release.json <<-'END'
	{"schema": "snp-release/1", "images": [{"name": "uki", "firmware": "fw", "kernel": "image", "cmdline": "quiet x",
	"vcpu_count": [2], "cpu_model": ["EPYC-Genoa"], "policy": "0x30000"}]}
END
run 0 "$snp_measure" publish release.json -o published
grep -qF "$digest" published/reference-values.json || fail "another digest is published"
run 0 "$snp_measure" reproduce published/reference-values.json --images .
printf x >>image
run 3 "$snp_measure" reproduce published/reference-values.json --images .

# A real one: systemd's stub, with sections added as UAPI.5 describes it.
stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
if [ ! -e "$stub" ] || ! command -v objcopy >/dev/null; then
	echo "systemd-boot-efi or objcopy is not installed: no UKI with systemd's stub"
	exit 0
fi
printf 'ID=debian\n' >osrel
printf 'root=/dev/vda quiet' >cmdline
add=()
vma=$((0x2000000))
for name in osrel cmdline linux initrd; do
	add+=(--add-section ".$name=$name" --change-section-vma ".$name=$vma")
	vma=$((vma + 0x1000000))
done
objcopy "${add[@]}" "$stub" real.efi || fail "objcopy fails"
run 0 "$snp_measure" inspect --json real.efi
valid out
[ "$(jq -r '[.kind, .sha256, .boot_protocol, .efi_loadable] | join(" ")' out)" = "UKI $(sum <real.efi) 0x0 true" ] ||
	fail "not a UKI: $(head -n 12 out)"
for name in osrel cmdline linux initrd; do
	[ "$(jq -r --arg name ".$name" '.sections[] | select(.name == $name).sha256' out)" = "$(sum <$name)" ] ||
		fail "another .$name: $(section .$name)"
done
[ "$(jq -r '.sections[] | select(.name == ".cmdline").text' out)" = 'root=/dev/vda quiet' ] || fail "another command line"
mv out ours

# What systemd's own tool says of the same file, where it is installed.
if command -v ukify >/dev/null && ukify inspect real.efi --json=short >theirs; then
	for name in osrel cmdline linux initrd; do
		[ "$(jq -r --arg name ".$name" '.[$name].sha256' theirs)" = "$(sum <$name)" ] ||
			fail "ukify reads another .$name: $(cat theirs)"
	done
fi
