#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tree depends on no machine's folders, and nothing in it is left for later. Brackets keep the patterns
# from finding themselves.
. "$(dirname "$0")/rules"

mapfile -t files < <(sources '*' | grep -vE '^(tests/fuzz/corpus|tests/fixtures|tests/vectors)/')
{
	grep -nIE '(^|[^[:alnum:]_.])/([w]ork|[f]arm|[r]oot)/|\.\./[s]hared/(reference|design)' "${files[@]}" || true
	grep -nI '\.\./[s]hared' "${files[@]}" | grep -v '^\.ci/run:' || true
	grep -nIwE '[T]ODO|[F]IXME|[X]XX|[H]ACK' "${files[@]}" || true
} >"$broken"
verdict "no machine's paths, nothing left for later"
