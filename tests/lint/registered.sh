#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

sources 'test_*.c' 'fuzz_*.c' | while read -r file; do
	name=${file##*/}
	name=${name%.c}
	grep -qw "${name#*_}" "${file%/*}/CMakeLists.txt" || echo "$file"
done >"$broken"
verdict "a test is built and run"
