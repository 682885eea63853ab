#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/CONTRIBUTING.md, "The house", has both rules. What git ignores may lie anywhere.
. "$(dirname "$0")/rules"

sources '*' | grep -v '^docs/' | grep -iE '(^|[/_-])(utils?|common|helpers?|misc)([._/-]|$)' >"$broken" || true
{ git ls-files -co --exclude-standard 2>/dev/null || sources '*'; } | cut -d/ -f1 | sort -u |
	grep -vxE '\.ci|\.clang-format|\.editorconfig|\.gitignore|CMakeLists\.txt|README\.md|LICENSE|'\
'launcher|measure|templates|tests|docs' >>"$broken" || true
verdict "a file is named after one concept; a new one goes into a room, not beside them"
