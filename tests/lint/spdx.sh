#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

scripts() {
	sources '*' | while read -r file; do
		[ "$(head -c 2 "$file" | tr -d '\0')" != '#!' ] || echo "$file"
	done
}

{
	sources '*.c' '*.h' '*.sh' '*.awk' '*.cmake' '*.in' '*.[1-8]' '*.xml' CMakeLists.txt |
		grep -v '^tests/golden/.*\.xml$' # written by the tool
	scripts
} | sort -u | while read -r file; do
	head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2\.0' || echo "$file"
done >"$broken"
verdict "a file begins with its SPDX line"
