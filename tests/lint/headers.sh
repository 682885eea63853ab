#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. tests/lint/rules

flags=(-std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 '-DSNP_VERSION="0"' -Wall -Wextra -Werror
	-Imeasure/include)
read -r -a libraries < <(pkg-config --cflags libcrypto libcjson libxml-2.0 libvirt libcbor libprotobuf-c)

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
verdict "each header compiles alone"
