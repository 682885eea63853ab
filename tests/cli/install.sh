#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An installed library is usable with nothing but pkg-config, shared and static, in C and C++: the programs of
# snp-measure(3) do what snp-measure does.
. "$(dirname "$0")/functions.sh"

run 0 env DESTDIR="$work/root" cmake --install "$SNP_BUILD"
pc=$(find root -name snpmeasure.pc)
[ -n "$pc" ] || fail "no pkg-config file was installed"
# Nothing but the file itself and libcrypto's: the other libraries' development packages are not needed.
mkdir only
cp "$pc" "$(pkg-config --variable=pcfiledir libcrypto)/libcrypto.pc" only/
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$SNP_BUILD/CMakeCache.txt")
lib=$work/${pc%/pkgconfig/*}
flags() {
	PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR=$work/only pkg-config --define-variable=libdir="$lib" \
		--define-variable=includedir="$work/root$prefix/include" "$@" snpmeasure
}

[ ! -e "root$prefix/include/snp/json.h" ] || fail "an internal header was installed"
for header in "root$prefix"/include/snp/*.h; do
	echo "#include <snp/${header##*/}>"
done >use.c
cat >>use.c <<'END'
#include <stdio.h>

int main(void)
{
	uint32_t signature;
	struct snp_error err;

	if (snp_cpu_model_find("EPYC-v4", &signature, &err) < 0 || signature != 0x00800f12)
		return 1;
	puts("found");
	return 0;
}
END
cc=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$SNP_BUILD/CMakeCache.txt")

# shellcheck disable=SC2046 # flags are words
run 0 "$cc" -std=gnu17 -Wall -Werror $(flags --cflags) use.c -o shared $(flags --libs)
run 0 env LD_LIBRARY_PATH="$lib" ./shared
says found

# Every object of the archive, so that a library that the pkg-config file forgets is missed here.
# shellcheck disable=SC2046
run 0 "$cc" -std=gnu17 $(flags --cflags) use.c -o static \
	$(flags --static --libs | sed 's/-lsnpmeasure/-Wl,--whole-archive -l:libsnpmeasure.a -Wl,--no-whole-archive/')
run 0 ./static
says found

# The manual's programs.
awk -v bs='\\' '
	/^\.\\" [a-z]+\.c$/ { name = $2 }
	/^\.Ed/ { name = "" }
	name != "" && !/^\./ { gsub(/\\e/, bs); print >name }' "$SNP_SOURCE/docs/snp-measure.3"
firmware fw
kernel kernel
run 0 "$snp_measure" --ovmf fw --kernel kernel --append 'console=ttyS0 quiet' --vcpus 4 --vcpu-type EPYC-v4
mv out digest
printf '{"schema": "snp-release/1", "images": [{"name": "image", "firmware": "fw", "vcpu_count": [4],
	"cpu_model": ["EPYC-Milan"], "vmm_profile": ["qemu"], "policy": "0x3001f", "guest_svn": 2}]}' >release.json
run 0 "$snp_measure" publish release.json -o published
sed 's/"guest_svn": 2/"minimum_tcb": {"Milan": "bl=4,tee=0,snp=24,ucode=200"}/' release.json >minimum.json
run 0 "$snp_measure" publish minimum.json -o minimum
corpus=$SNP_SOURCE/tests/fuzz/corpus data=${SNP_SHARED_DATA:-}/attestation
export LD_LIBRARY_PATH=$lib
for language in c11 c++17; do
	compiler=$cc
	[ $language = c11 ] || compiler=c++
	command -v "$compiler" >/dev/null || continue
	for program in digest verify hosts; do
		# shellcheck disable=SC2046
		run 0 "$compiler" -x "${language%%[0-9]*}" -std=$language -Wall -Wextra -pedantic -Werror \
			$(flags --cflags) $program.c -o use-$program $(flags --libs)
	done
	run 0 ./use-digest fw kernel 'console=ttyS0 quiet' EPYC-v4
	cmp -s out digest || fail "use-digest prints $(cat out), not $(cat digest)"
	run 1 ./use-digest fw /dev/null quiet EPYC-v4
	grep -qF '[not-a-regular-file] (' err || fail "no error is printed with its meaning"
	run 2 ./use-digest fw kernel
	grep -qF ' EPYC-Milan ' err || fail "no models are listed"
	run 0 ./use-hosts minimum/reference-values.json Milan bl=4,tee=0,snp=24,ucode=219
	says 'image: 0xc818000000000004: yes'
	run 0 ./use-hosts minimum/reference-values.json Milan bl=3,tee=9,snp=24,ucode=219
	says 'image: 0xc818000000000004: no'
	run 0 ./use-hosts minimum/reference-values.json Genoa bl=4,tee=0,snp=24,ucode=219
	says 'image: no minimum'
	run 3 ./use-verify "$corpus/report/Milan-v2" published/reference-values.json \
		"$corpus/certificate/Milan-VCEK"
	says 'refused: ca-certificates: '

	# A real report, and the document of its launch.
	[ -r "$data/ca" ] && command -v jq >/dev/null || continue
	real=$data/turin-v5-aci
	field() { od -An -v -tx1 -j "$1" -N "$2" "$real/report.bin" | tr -d ' \n'; }
	jq --arg digest "$(field 0x90 48)" --arg family "$(field 0x10 16)" --arg image "$(field 0x20 16)" '
		.images[0] |= (.family_id = $family | .image_id = $image | .variants[0].launch_digest = $digest)' \
		published/reference-values.json >master.json
	mkdir -p certificates
	cp "$data"/ca/turin_*.der "$real/vcek.der" certificates/
	run 0 ./use-verify "$real/report.bin" master.json certificates
	says 'accepted: image'
	run 3 ./use-verify "$real/report.bin" published/reference-values.json certificates
	says 'refused: measurement: '
done
unset LD_LIBRARY_PATH

# Nothing in it can meet a name of the program that links it.
if command -v nm >/dev/null; then
	nm -g --defined-only "$lib/libsnpmeasure.a" | awk 'NF == 3 { print $3 }' >names
	[ -s names ] || fail "the archive has no names"
	! grep -vE '^(snp_|__asan|__odr_asan|___asan|asan\.|__ubsan|\.)' names >foreign ||
		fail "names that are not the library's own: $(head -n 3 foreign | tr '\n' ' ')"
fi

run 0 "root$prefix/bin/snp-measure" --version
for manual in "$SNP_SOURCE"/docs/*.[1-8]; do
	[ ! -e "$manual" ] || [ -e "root$prefix/share/man/man${manual##*.}/${manual##*/}" ] ||
		fail "$manual was not installed"
done
