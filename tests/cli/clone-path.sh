#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The clone's path is no shell text, and a CDPATH of the caller's is not asked where it is.
. "$(dirname "$0")/functions.sh"

command -v ninja >/dev/null || skip "needs ninja"
clone="$work/it's \`touch ran\` \$(touch ran)"
mkdir "$clone"
for name in CMakeLists.txt measure launcher templates tests docs; do
	cp -r "$SNP_SOURCE/$name" "$clone"
done
run 0 cmake -S "$clone" -B "$clone/build" -G Ninja
run 0 ninja -C "$clone/build" measure/golden.pb-c.c launcher/vm_schema.c
[ -z "$(find "$work" -name ran)" ] || fail "the path was run as a command"

cd "$clone" || exit 1
for script in launcher/quickstart tests/run; do
	top=$(CDPATH=.:/ bash -c "$(sed -n '/^unset CDPATH$/p; /^top=/p' $script); printf %s \"\$top\"" $script)
	[ "$top" = "$clone" ] || fail "$script under CDPATH takes the clone to be in '$top'"
done
