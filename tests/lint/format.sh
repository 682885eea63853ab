#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-format 14 to 19 format the tree alike; what a later one would change is shown, and no failure.
. "$(dirname "$0")/rules"

tool=
for tool in clang-format clang-format-{14..19} ''; do
	version=$("${tool:-false}" --version 2>/dev/null | sed -nE 's/.*version ([0-9]+)\..*/\1/p') || true
	[ "${version:-0}" -lt 14 ] || break
done
[ -n "$tool" ] || skip "no clang-format from 14 on"

sources '*.c' '*.h' | xargs -d '\n' "$tool" --dry-run 2>&1 | grep 'warning:' >"$broken" || true
if [ "$version" -gt 19 ] && [ -s "$broken" ]; then
	cat "$broken"
	skip "not decided: clang-format $version differs; 14 to 19 decide"
fi
verdict "C is formatted by .clang-format: $tool -i FILE"
