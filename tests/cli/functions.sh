# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the CLI tests share: the tools, a folder of their own, and assertions that say what they saw. A test
# runs by itself from anywhere; it takes the tools from build/, or from $SNP_BUILD.

set -u
# The python3 meant is Debian's, with the modules of Debian's packages.
PATH=/usr/bin:/bin:$PATH
unset CDPATH
SNP_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SNP_BUILD=$(realpath -m "${SNP_BUILD:-$SNP_SOURCE/build}")
snp_measure=$SNP_BUILD/measure/snp-measure
export SNP_SOURCE snp_measure
[ -x "$snp_measure" ] || {
	echo "$snp_measure does not exist: build first, or set SNP_BUILD" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

fail() {
	printf '%s:%s: %s\n' "$0" "${BASH_LINENO[1]:-?}" "$1" >&2
	[ -s "$work/err" ] && sed 's/^/stderr: /' "$work/err" >&2
	exit 1
}

skip() {
	printf 'skipped: %s\n' "$1" >&2
	exit 77
}

# unsanitized WHY: skips where the tools are built with sanitizers.
unsanitized() {
	! is_sanitized || skip "$1"
}
is_sanitized() {
	grep -qx 'SNP_SANITIZE:BOOL=ON' "$SNP_BUILD/CMakeCache.txt"
}

# run STATUS COMMAND…: the exit status must be STATUS; stdout and stderr are kept in out and err.
run() {
	local want=$1 got=0
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	[ "$got" = "$want" ] || fail "$* exits with $got, not $want"
}

# refuse STATUS NAME COMMAND…: exits with STATUS, one line on stderr that ends in [NAME] (with --json, an
# object of that name), nothing on stdout.
refuse() {
	local want=$1 name="[$2]"
	shift 2
	[[ " $* " != *' --json '* ]] || name="\"name\":\"${name:1:-1}\""
	run "$want" "$@"
	[ ! -s "$work/out" ] || fail "$* prints on stdout and fails"
	[ "$(wc -l <"$work/err")" = 1 ] || fail "$* explains itself in more or fewer lines than one"
	grep -qF -- "$name" "$work/err" || fail "$* does not say $name"
}

# verbs TOOL: the verbs that its --help lists, one per line.
verbs() {
	"$1" --help | sed -n '/^See /q;s/^  \([a-z][a-z-]*\( [a-z-]\+\)\?\)  .*/\1/p'
}

# manual_agrees TOOL MANUAL: SYNOPSIS and text of the manual have the verbs and options that --help has, and no
# others.
manual_agrees() {
	local tool=$1 manual=$2 verb option
	verbs "$tool" >verbs
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$manual" >synopsis
	tr '\n' ' ' <synopsis | sed 's/\.Nm/\n/g' >uses
	: >options
	while read -r verb; do
		grep -qE "^\.It Cm ${verb}( |$)" "$manual" || fail "no word about the verb $verb"
		grep -wF -- "${verb% *}" uses | grep -qwF -- "${verb#* }" || fail "SYNOPSIS lacks $verb"
		"$tool" $verb --help | grep -oE '^ {2,6}(-., )?--[a-z][a-z0-9-]*' | sed 's/.*--//' >of_verb
		while read -r option; do
			grep -qE "Fl -$option( |$)" "$manual" || fail "no word about $verb --$option"
		done <of_verb
		cat of_verb >>options
	done <verbs
	[ "$(sort -u options | wc -l)" -gt 20 ] || fail "few options were found in --help"
	sed -n 's/^\..*\bCm //; s/ \(Fl\|Ar\|Op\|Oc\|Ns\)\b.*//; s/|//g; /^[a-z]/p' synopsis |
		tr -s ' ' '\n' >words
	sed -n '/^\.Sh DESCRIPTION/,/^\.Sh OPTIONS/s/^\.It Cm //p' "$manual" | sed 's/ \(Fl\|Ar\|Op\)\b.*//' >described
	[ "$(wc -l <described)" -ge "$(wc -l <verbs)" ] || fail "few verbs were found in $manual"
	while read -r verb; do
		tr ' ' '\n' <verbs | grep -qxF -- "$verb" || fail "SYNOPSIS has $verb, and --help has not"
	done <words
	while read -r verb; do
		grep -qxF -- "$verb" verbs || fail "the manual has the verb '$verb', and --help has not"
	done <described
	sed -n '/^\.Sh OPTIONS/,/^\.Sh /{/^\.It /p}' "$manual" | grep -oE 'Fl -[a-z][a-z0-9-]*' |
		sed 's/Fl -//' >described
	[ "$(wc -l <described)" -gt 20 ] || fail "few options were found in $manual"
	while read -r option; do
		grep -qxF -- "$option" options || fail "the manual has --$option, and --help has not"
	done <described
}

# says TEXT: stdout of the last run has this text.
says() {
	grep -qF -- "$1" "$work/out" || fail "stdout lacks '$1': $(head -c 2000 "$work/out")"
}

# fixture NAME ARGUMENT…: a file made from text by tests/fixtures/NAME, which needs no more than python3.
fixture() {
	command -v python3 >/dev/null || skip "needs python3"
	"$SNP_SOURCE/tests/fixtures/$1" "${@:2}" || fail "tests/fixtures/$* fails"
}

# The firmware has the names by which the code that checks kernel hashes is known.
# firmware OUT [LINE…], kernel OUT [SIZE]
firmware() {
	fixture make-firmware "$1" checks-kernel "${@:2}"
}
kernel() {
	fixture make-kernel "$@"
}

# igvm_file OUT [PAGE-GPA]…: an IGVM file for SEV-SNP and policy 0xb0000, of whose two runs of pages parameters stand
# between, with a VP context for vCPU 0; OUT.json describes it.
igvm_file() {
	local gpa n=0
	{
		cat <<'END'
{"schema": "snp-igvm-build/1", "headers": [
{"type": "SUPPORTED_PLATFORM", "platform": "SEV-SNP"},
{"type": "GUEST_POLICY", "policy": "0xb0000"},
{"type": "PARAMETER_AREA", "area": 0, "size": "0x1000"},
{"type": "PAGE_DATA", "gpa": "0x100000", "contents": {"fill": 0}},
{"type": "PARAMETER_INSERT", "gpa": "0x200000", "area": 0},
END
		for gpa in "${@:2}"; do
			n=$((n + 1))
			echo '{"type": "PAGE_DATA", "gpa": "'"$gpa"'", "contents": {"fill": '$n'}},'
		done
		cat <<'END'
{"type": "VP_CONTEXT", "gpa": "0xfffffffff000", "registers": {
"es": {"selector": "0x10", "attributes": "0xc93", "limit": "0xffffffff"},
"cs": {"selector": "0x8", "attributes": "0xc9b", "limit": "0xffffffff"},
"ss": {"selector": "0x10", "attributes": "0xc93", "limit": "0xffffffff"},
"ds": {"selector": "0x10", "attributes": "0xc93", "limit": "0xffffffff"},
"ldtr": {"attributes": "0x82", "limit": "0xffff"}, "tr": {"attributes": "0x8b", "limit": "0xffff"},
"efer": "0x1000", "cr4": "0x40", "cr0": "0x31", "dr7": "0x400", "dr6": "0xffff0ff0", "rflags": "0x2",
"rip": "0x10000", "g_pat": "0x7040600070406", "sev_features": "0x1", "xcr0": "0x1", "mxcsr": "0x1f80",
"x87_fcw": "0x37f"}}]}
END
	} >"$1.json"
	"$snp_measure" igvm build "$1.json" -o "$1" || fail "igvm build makes no $1"
}

# key NAME [OPENSSL-GENPKEY-OPTION…]: a new key, P-384 unless said otherwise, in NAME.pem and NAME.pub. (A
# process that holds keys cannot be traced, which LeakSanitizer does to itself.)
key() {
	local name=$1
	shift
	[ $# != 0 ] || set -- -algorithm EC -pkeyopt ec_paramgen_curve:P-384
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	(umask 077 && openssl genpkey "$@" -out "$name.pem" 2>err) || skip "needs openssl"
	openssl pkey -in "$name.pem" -pubout -out "$name.pub" || skip "needs openssl"
}

# same COMMAND…: exits with 0 and prints what the run before it printed.
same() {
	mv out before
	run 0 "$@"
	cmp -s out before || fail "$* prints $(head -c 200 out), not $(head -c 200 before)"
}

# valid FILE: the JSON document is what its schema in templates/ says, by a validator of others' making.
valid() {
	python3 -c 'import jsonschema' 2>/dev/null || skip "needs python3-jsonschema"
	python3 - "$SNP_SOURCE/templates" "$1" <<'END' || fail "$1 is not valid: $(head -c 2000 "$1")"
import json, jsonschema, sys
folder, path = sys.argv[1:]
document = json.load(open(path))
schema = json.load(open(f"{folder}/{document['schema'].split('/')[0]}.schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(document)
END
}

# fits FILE: no line is wider than a terminal of 80 columns.
fits() {
	! LC_ALL=C.UTF-8 grep -nE '^.{81}' "$1" || fail "a line has more than 80 columns"
}
