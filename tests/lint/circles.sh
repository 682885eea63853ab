#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No two files include each other, directly or through other headers of the tree. A header and the .c file of
# its name in the same folder count as one: where two such pairs need each other, neither can be read alone.
. "$(dirname "$0")/rules"

# circles: each circle of includes in the current folder's tree, as "A B A" on a line of its own. A header is
# looked for beside the file that names it, then in the folders that the build searches.
circles() {
	{
		sources '*.c' '*.h'
		includes ''
	} | awk '
		NF == 1 { exists[$1] = 1; next }
		{
			n = split("measure/include/ measure/internal/ measure/ launcher/ launcher/rehearsal/preload/ tests/unit/", place, " ")
			place[0] = $1
			sub(/[^\/]*$/, "", place[0])
			for (i = 0; i <= n && !((place[i] $3) in exists); i++)
				continue
			from = $1
			to = place[i] $3
			sub(/\.[ch]$/, "", from)
			sub(/\.[ch]$/, "", to)
			if (i <= n && from != to)
				print from, to
		}' | sort -u | { tsort 2>&1 >/dev/null || true; } | awk '
		/input contains a loop/ { if (first) print circle, first; first = ""; next }
		{ circle = first ? circle " " $2 : $2; if (!first) first = $2 }
		END { if (first) print circle, first }'
}

# The rule must find a circle through a .c file, and one of three headers.
sandbox=$(mktemp -d)
trap 'rm -rf "$broken" "$sandbox"' EXIT
(
	cd "$sandbox"
	mkdir -p launcher/room measure/room
	echo '#include "room/two.h"' >launcher/room/one.c
	echo '#include "room/one.h"' | tee launcher/room/two.h >launcher/room/outside.c
	touch launcher/room/one.h
	for pair in 'a b' 'b c' 'c a'; do
		echo "#include \"${pair#* }.h\"" >"measure/room/${pair% *}.h"
	done
	circles
) | sort >"$sandbox/found"
if [ "$(grep -c -e room/two -e room/c "$sandbox/found")" -ne 2 ]; then
	echo "this test does not find the circles that it must find" >>"$broken"
fi

circles | sed 's/^/circle of includes: /' >>"$broken"
verdict "no two files include each other"
