#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch-firmware on an archive of the test's own, signed by a key of the test's own: what it installs, and that whatever
# goes wrong leaves nothing or what was there.
. "$(dirname "$0")/../cli/functions.sh"
images=$SNP_SOURCE/build/images
for tool in apt-get dpkg-deb gpg gpgconf qemu-system-x86_64 jq; do
	command -v $tool >/dev/null || skip "no $tool"
done
for image in OVMF.amdsev.fd linux; do
	[ -s "$images/$image" ] || skip "no $images/$image (tests/run fetches it)"
done
chmod 755 "$work"
fetch=$SNP_SOURCE/launcher/libexec/fetch-firmware
export GNUPGHOME=$work/gnupg
mkdir -m 700 gnupg
trap 'gpgconf --kill all; rm -rf "$work"' EXIT
for name in archive other; do
	gpg -q --batch --passphrase '' --quick-gen-key $name@example ed25519 sign never 2>/dev/null || fail "no key"
	gpg -q --export $name@example >$name.gpg
done

# archive VERSION IMAGE: the archive has that version of the package, with that image.
archive() {
	local folder=archive/dists/sid/main/binary-amd64
	rm -rf package archive
	mkdir -p package/DEBIAN package/usr/share/ovmf package/usr/share/qemu/firmware archive/pool "$folder"
	printf 'Package: ovmf-amdsev\nVersion: %s\nArchitecture: all\nMaintainer: test\nDescription: test\n' "$1" \
		>package/DEBIAN/control
	cp "$2" package/usr/share/ovmf/OVMF.amdsev.fd
	cp "$SNP_SOURCE/tests/fuzz/corpus/firmware_descriptor/memory" \
		package/usr/share/qemu/firmware/60-edk2-x86_64-amdsev.json
	dpkg-deb --root-owner-group -Zgzip -z1 -b package "archive/pool/ovmf-amdsev.deb" >/dev/null || fail "no package"
	{
		cat package/DEBIAN/control
		echo "Filename: pool/ovmf-amdsev.deb"
		echo "Size: $(stat -c %s archive/pool/ovmf-amdsev.deb)"
		echo "SHA256: $(sha256sum <archive/pool/ovmf-amdsev.deb | cut -d' ' -f1)"
	} >$folder/Packages
	{
		printf 'Suite: unstable\nCodename: sid\nComponents: main\nArchitectures: amd64\nDate: %s\nSHA256:\n' \
			"$(LC_ALL=C date -Ru)"
		echo " $(sha256sum <$folder/Packages | cut -d' ' -f1) $(stat -c %s $folder/Packages) main/binary-amd64/Packages"
	} >release
	gpg -q --batch -u archive@example --clearsign -o archive/dists/sid/InRelease release || fail "not signed"
}

# launch BODY: the snp-launch that fetch-firmware finds does that.
launch() {
	mkdir -p bin
	printf '#!/bin/sh\n%s\n' "$1" >bin/snp-launch
	chmod +x bin/snp-launch
}
export PATH=$work/bin:$PATH
options=(--root "$work/root" --mirror "file:$work/archive" --keyring "$work/archive.gpg")
# What is installed, with times, so that a change is seen.
tree() {
	find root -printf '%p %s %T@\n' 2>/dev/null | sort
}

archive 1.0-1 "$images/OVMF.amdsev.fd"
sum=$(sha256sum <"$images/OVMF.amdsev.fd" | cut -d' ' -f1)
launch 'echo tried >>tried; exit 1'
run 2 "$fetch" "${options[@]}"
grep -q -e '--yes' err || fail "nobody is asked, and --yes is not named: $(cat err)"
if command -v script >/dev/null; then
	run 1 script -qec "$(printf '%q ' "$fetch" "${options[@]}")" /dev/null < <(echo n)
	says 'Go on?'
fi
run 2 "$fetch" "${options[@]}" --yes --sha256 12
run 2 "$fetch" --what
run 1 "$fetch" "${options[@]}" --yes --keyring "$work/other.gpg"
grep -q 'its signature is wrong' err || fail "another key's signature: $(cat err)"
run 3 "$fetch" "${options[@]}" --yes --sha256 "$(printf %064d 0)"
grep -q "has SHA-256 $sum; must be 0" err || fail "a wrong pin: $(cat err)"
[ ! -e tried ] || fail "a firmware of another hash was booted"
run 1 "$fetch" "${options[@]}" --yes
[ -e tried ] || fail "it was not booted"
[ ! -e root ] || fail "left: $(tree)"

# For real, with the emulated boot of a kernel.
launch "exec $SNP_BUILD/launcher/snp-launch \"\$@\""
run 0 "$fetch" "${options[@]}" --yes --sha256 "${sum^^}" --kernel "$images/linux"
share=root/usr/local/share/snp-launch/firmware descriptor=root/usr/local/share/qemu/firmware/60-edk2-x86_64-amdsev.json
cmp -s $share/ovmf-amdsev-1.0-1.fd "$images/OVMF.amdsev.fd" || fail "another image"
[ "$(jq -r .mapping.filename $descriptor)" = "/${share#*/}/ovmf-amdsev-1.0-1.fd" ] || fail "$(cat $descriptor)"
valid $share/ovmf-amdsev-1.0-1.json
[ "$(jq -r '.package + " " + .version + " " + .sha256' $share/ovmf-amdsev-1.0-1.json)" = "ovmf-amdsev 1.0-1 $sum" ] ||
	fail "$(cat $share/ovmf-amdsev-1.0-1.json)"
valid $share/ovmf-amdsev-1.0-1.boot.json
[ "$(jq -r '.boot + " " + .firmware.sha256' $share/ovmf-amdsev-1.0-1.boot.json)" = "refuses $sum" ] || fail "the boot"
[ -z "$(find root -type f ! -perm 644)$(find root -type d ! -perm 755)" ] || fail "not for all to read"

# A second time nothing changes: by the archive's version, and by the hash without the archive.
launch 'exit 1'
tree >before
run 0 "$fetch" "${options[@]}" --yes
says "ovmf-amdsev 1.0-1 is installed"
run 0 "$fetch" "${options[@]}" --mirror file:/nowhere --sha256 "$sum"
says "ovmf-amdsev 1.0-1 is installed"
tree | cmp -s - before || fail "a second run changes: $(tree)"

# A firmware that does not pass, or cannot be tried, takes the place of none; one that passes does, whole.
archive 2.0-1 "$SNP_BUILD/measure/snp-measure"
launch 'echo "{\"boot\": \"starts\", \"sentence\": \"starts a changed kernel\"}"; exit 3'
run 3 "$fetch" "${options[@]}" --yes
grep -q 'starts a changed kernel' err || fail "no reason: $(cat err)"
launch 'echo "{\"boot\": \"cannot-tell\"}"'
run 3 "$fetch" "${options[@]}" --yes
tree | cmp -s - before || fail "a refused firmware changes: $(tree)"
launch 'echo "{\"boot\": \"refuses\"}"'
run 0 "$fetch" "${options[@]}" --yes
[ "$(cd $share && echo ./*)" = './ovmf-amdsev-2.0-1.boot.json ./ovmf-amdsev-2.0-1.fd ./ovmf-amdsev-2.0-1.json' ] || fail "$(tree)"
grep -q "ovmf-amdsev-2.0-1.fd" $descriptor || fail "$(cat $descriptor)"

# An image that somebody changed is not taken for what the record says.
echo >>$share/ovmf-amdsev-2.0-1.fd
run 0 "$fetch" "${options[@]}" --yes
cmp -s $share/ovmf-amdsev-2.0-1.fd "$SNP_BUILD/measure/snp-measure" || fail "a changed image stays"

# A failure after the first file is in place takes all of them back.
tree >before
archive 3.0-1 "$SNP_BUILD/measure/snp-measure"
launch 'echo "{\"boot\": \"refuses\"}"'
cat >bin/sync <<'END'
#!/bin/sh
exit 1
END
chmod +x bin/sync
run 1 "$fetch" "${options[@]}" --yes
tree | sed 's/ [^ ]*$//' >after
sed 's/ [^ ]*$//' before | cmp -s - after || fail "a failure changes: $(tree)"

# What only unpacks.
run 0 "$fetch" --mirror "file:$work/archive" --keyring "$work/archive.gpg" --unpack only \
	"sid ovmf-amdsev /usr/share/ovmf/OVMF.amdsev.fd image" "sid ovmf-amdsev /usr/share/qemu/firmware/60-edk2-x86_64-amdsev.json text"
cmp -s only/image "$SNP_BUILD/measure/snp-measure" || fail "not unpacked"
cmp -s only/text "$SNP_SOURCE/tests/fuzz/corpus/firmware_descriptor/memory" || fail "not unpacked"
run 1 "$fetch" --mirror "file:$work/archive" --keyring "$work/archive.gpg" --unpack only "sid ovmf-amdsev /usr/none none"
[ "$(cd only && echo ./*)" = './image ./text' ] || fail "left: $(ls only)"
