#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An installed library is usable with nothing but pkg-config, shared and static, and says so itself.
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
run 0 "$cc" -std=gnu17 $(flags --cflags) use.c -o static "-L$lib" \
	-Wl,--whole-archive -l:libsnpmeasure.a -Wl,--no-whole-archive $(flags --static --libs-only-l)
run 0 ./static
says found

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
