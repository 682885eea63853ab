#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The manual names every verb, option, profile and warning, docs/measurement.md every refusal of a launch,
# and snp-errors(7) every error.
# SNP_TEST_REGENERATE=1 writes snp-errors(7) anew out of snp/error.h.
. "$(dirname "$0")/functions.sh"

manual=$SNP_SOURCE/docs/snp-measure.1
manual_agrees "$snp_measure" "$manual"

"$snp_measure" publish --help | sed -n '/^Formats and/,$s/^  \([^ ]*\)  *\(.*\)/\1 \2/p' >formats
[ "$(wc -l <formats)" -ge 9 ] || fail "publish --help lists no formats"
while read -r format _; do
	sed -n '/^\.It Fl -format/,/^\.It Fl -sign-key/p' "$manual" | grep -qE "^\.Cm (.* )?$format( |$)" ||
		fail "no word about the format $format"
done <formats
awk '
	/^\.Sh/ { inside = $2 == "FORMATS" }
	inside && /^\.It Sy/ { name = $3 }
	inside && /^\.Pa/ { $1 = name; gsub(/ ,/, ""); print }' "$SNP_SOURCE/docs/snp-reference-values.5" >described
diff formats described >&2 || fail "snp-reference-values(5) has other formats than publish --help"

while read -r profile _; do
	grep -qE "^\.It Cm .*\b$profile\b" "$manual" || fail "no word about the profile $profile"
done < <("$snp_measure" --profile list)

# Warnings: as in the source, and no others. (bad-signature is the name of an error, of which id-block show warns.)
{
	echo bad-signature
	cat "$SNP_SOURCE"/measure/{launch/launch_warnings,launch/igvm_findings,reference/publish,reference/release,cli/*}.c | tr '\n\t' '  ' |
		grep -oE '(say\([wf]|o->warn\(o->arg|[^>_]warn\(arg|cli_warn\(),? *"[a-z0-9-]+"' | grep -oE '"[^"]+"' | tr -d '"'
	sed -n 's/^#define SNP_WARN_[A-Z_]*[ \t]*"\(.*\)"$/\1/p' "$SNP_SOURCE/measure/include/snp/launch.h"
} | sort -u >warnings
[ "$(wc -l <warnings)" -gt 20 ] || fail "few warnings were found in the source"
sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh /{s/ , /\n/g; s/^\.It Sy //p}' "$manual" | sort >described
diff warnings described >&2 || fail "the manual has other warnings than the source"

sed -n '/^\t\/\* firmware \*\//,/^\t\/\* reference values /s/^\tX([A-Z_]*, *[0-9]*, *"\([a-z0-9-]*\)".*/\1/p' \
	"$SNP_SOURCE/measure/include/snp/error.h" | grep -vx bad-tcb >refusals
[ -s refusals ] || fail "no refusals were found in the source"
while read -r refusal; do
	grep -qF "| $refusal |" "$SNP_SOURCE/docs/measurement.md" || fail "measurement.md does not explain $refusal"
done <refusals

errors=$SNP_SOURCE/docs/snp-errors.7
sed -n 's/^\tX([A-Z_]*, *[0-9]*, *"\([a-z0-9-]*\)", *\([A-Z]*\), *"\(.*\)").*/\1 \2 \3/p' \
	"$SNP_SOURCE/measure/include/snp/error.h" | sort | awk '
	BEGIN { status["FAILED"] = 1; status["USAGE"] = 2; status["NO"] = 3; status["REFUSED"] = 4 }
	{
		name = $1; class = status[$2]; $1 = $2 = ""; sub(/^ +/, "")
		printf ".It Sy %s Pq %d\n%s.\n", name, class, toupper(substr($0, 1, 1)) substr($0, 2)
	}' >list
{
	sed '/^\.Bl/q' "$errors"
	cat list
	sed -n '/^\.El/,$p' "$errors"
} >page
[ -z "${SNP_TEST_REGENERATE:-}" ] || cp page "$errors"
cmp -s page "$errors" || fail "snp-errors(7) is out of date: run with SNP_TEST_REGENERATE=1 $(diff page "$errors")"

command -v mandoc >/dev/null || skip "no mandoc to judge the manual's form"
for page in "$SNP_SOURCE"/docs/*.[1-8]; do
	run 0 mandoc -T lint -W warning "$page"
	[ ! -s out ] || fail "$(cat out)"
done
