#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

# SC2034: who sources a file uses what it sets. SC2043: a list of one is a list that may grow.
command -v shellcheck >/dev/null || skip "there is no shellcheck here"
sources '*' | while read -r file; do
	if head -n 2 "$file" | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh$|shellcheck shell='; then
		echo "$file"
	fi
done | xargs -d '\n' shellcheck --external-sources --source-path=SCRIPTDIR --severity=warning --exclude=SC2034,SC2043 --format=gcc >"$broken" || true
verdict "scripts pass shellcheck"
