#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

command -v jq >/dev/null || skip "there is no jq here"
sources '*.json' | { grep '^templates/' || true; } | while read -r file; do
	jq -e . "$file" 2>&1 >/dev/null | sed "s|^|$file: |"
done >"$broken"
verdict "every JSON template parses"
