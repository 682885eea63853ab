#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

sources '*' | grep -iE '(^|[/_-])(utils?|common|helpers?|misc)([._/-]|$)' >"$broken" || true
find . -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vxE '\.git|build.*|\.ci|\.clang-format|'\
'\.editorconfig|\.gitignore|CMakeLists\.txt|README\.md|LICENSE|launcher|measure|templates|tests|docs' \
	>>"$broken" || true
verdict "a file is named after one concept, and the top level is what design draws"
