#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The clone's path is no shell text, and a CDPATH of the caller's is not asked where it is.
. "$(dirname "$0")/functions.sh"

command -v ninja >/dev/null || skip "needs ninja"
clone="$work/it's \`touch ran\` \$(touch ran)"
mkdir "$clone"
for name in .ci CMakeLists.txt measure launcher templates tests docs; do
	cp -r "$SNP_SOURCE/$name" "$clone"
done
run 0 cmake -S "$clone" -B "$clone/build" -G Ninja
run 0 ninja -C "$clone/build" measure/golden.pb-c.c launcher/vm_schema.c
[ -z "$(find "$work" -name ran)" ] || fail "the path was run as a command"

cd "$clone" || exit 1
n=0
while read -r script; do
	n=$((n + 1))
	top=$(CDPATH=.:/ bash -c "$(sed -n '/^unset CDPATH$/p; s/^[a-z]*=\($(cd "$(dirname\)/top=\1/p' "$script"); printf %s \"\$top\"" "$script")
	[ "$top" = "$clone" ] || [ "$top" = "$clone/tests" ] || fail "$script under CDPATH takes the clone to be in '$top'"
done < <(grep -rlE '^[a-z]+=\$\(cd "\$\(dirname "\$0"\)' .ci launcher tests)
[ $n -gt 3 ] || fail "only $n scripts look for the clone"

# Nor is it JSON.
name='a "b" \c'
json=$(bash -c "top=\$1; $(sed -n '/^json_top=/p' launcher/quickstart); printf %s \"\$json_top\"" _ "$name")
[ "$(python3 -c 'import json, sys; print(json.loads("\"%s\"" % sys.argv[1]))' "$json")" = "$name" ] || fail "as JSON: $json"
