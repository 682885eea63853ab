#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

flags=(-std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 '-DSNP_VERSION="0"' '-DSNP_SOURCE="."' -Wall -Wextra -Werror
	-Imeasure/include -Imeasure/internal)
read -r -a libraries < <(pkg-config --cflags libcrypto libcjson libxml-2.0 libvirt libcbor libprotobuf-c liblzma libarchive)

sources '*.h' | while read -r header; do
	case $header in
	measure/include/*) own=() ;;
	measure/*) own=(-Imeasure) ;;
	launcher/rehearsal/preload/*) own=(-Ilauncher/rehearsal/preload) ;;
	launcher/*) own=(-Ilauncher) ;;
	*) own=(-Imeasure -Ilauncher) ;;
	esac
	printf '#include "%s"\n' "$PWD/$header" |
		"${CC:-cc}" "${flags[@]}" "${own[@]}" "${libraries[@]}" -fsyntax-only -x c - \
			>>"$broken" 2>&1 || echo "$header does not compile alone" >>"$broken"
done

# What is installed asks nothing of its user: plain C11, without feature macros, and C++, and no other library's
# headers.
strict=(-Wall -Wextra -pedantic -Werror -Imeasure/include -fsyntax-only)
for header in measure/include/snp/*.h; do
	unit=$(printf '#include "%s"\nextern int unit;\n' "$PWD/$header")
	"${CC:-cc}" -std=c11 "${strict[@]}" -x c - <<<"$unit" >>"$broken" 2>&1 ||
		echo "$header does not compile as C11" >>"$broken"
	! command -v clang >/dev/null ||
		clang -std=c++17 "${strict[@]}" -x c++ - <<<"$unit" >>"$broken" 2>&1 ||
		echo "$header does not compile as C++" >>"$broken"
done
verdict "each header compiles alone"
