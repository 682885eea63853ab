#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

# Versions format differently; the tree is held to one.
for tool in clang-format-14 clang-format; do
	! "$tool" --version 2>/dev/null | grep -q 'version 14\.' || break
	tool=
done
[ -n "$tool" ] || skip "there is no clang-format 14 here"

sources '*.c' '*.h' | xargs -d '\n' "$tool" --dry-run 2>&1 | grep 'warning:' >"$broken" || true
verdict "C is formatted by .clang-format: $tool -i FILE"
