#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The installed headers and libsnpmeasure.so hold the same names, each with a comment, and not too many.
. "$(dirname "$0")/rules"

library=${SNP_BUILD:-build}/measure/libsnpmeasure.so
most=130
[ -e "$library" ] || skip "libsnpmeasure.so is not built"
command -v nm >/dev/null || skip "there is no nm here"

# "NAME FILE:LINE COMMENTED" for each function and each extern object: a declaration begins in the first
# column. One comment may stand over several declarations that no empty line parts.
declared() {
	awk '
		FNR == 1 || /^$/ || /^SNP_API_BEGIN/ { commented = 0 }
		/\*\/$/ { commented = 1 }
		/^[a-zA-Z]/ && !/^(typedef|static) / && match($0, /^extern / ? "snp_[a-z0-9_]+[;[]" : "snp_[a-z0-9_]+[(]") {
			print substr($0, RSTART, RLENGTH - 1), FILENAME ":" FNR, commented
		}' measure/include/snp/*.h
}

exported=$(nm -D --defined-only "$library" | awk '$2 != "A" && $3 !~ /asan|ubsan/ { sub(/@.*/, "", $3); print $3 }' | sort)
comm -3 <(declared | cut -d' ' -f1 | sort) <(echo "$exported") |
	sed 's/^\t\(.*\)/\1 is exported, and no installed header declares it/; t; s/$/ is declared, and not exported/' >"$broken"
declared | awk '!$3 { print $2 ": " $1 " has no comment" }' >>"$broken"
nm -D --defined-only "$library" | grep ' snp_' | grep -v '@@SNP_0\.' | sed 's/$/: has no version/' >>"$broken" || true
[ "$(wc -l <<<"$exported")" -le $most ] || echo "$(wc -l <<<"$exported") names are exported, more than $most" >>"$broken"
verdict "what the installed headers declare, and nothing else, is exported and explained"
