#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual of vm.json has every key of the schema and every named check as it stands in the table.
. "$(dirname "$0")/functions.sh"

manual=$SNP_SOURCE/docs/snp-launch-vm.json.5
command -v jq >/dev/null || skip "there is no jq here"
jq -r '.. | .properties? // empty | keys[]' "$SNP_SOURCE/templates/vm.schema.json" | sort -u >keys
[ "$(wc -l <keys)" -gt 60 ] || fail "the schema has few keys"
while read -r key; do
	grep -E '^\.(It )?Va ' "$manual" | grep -qwF "$key" || fail "no word about the key $key"
done <keys

# name, severity and whether it is fixed, of the table and of the manual
sed -nE 's/^\s*(HOST_)?CHECK\("([a-z0-9-]+)", (ERROR|WARNING), (true|false),.*/\2 \3 \4/p' \
	"$SNP_SOURCE"/launcher/config/check_*.c | sort >table
sed -nE 's/^\.It Sy ([a-z0-9-]+) Pq (error|warning)(, fixed)?$/\1 \U\2\E \3/p' "$manual" |
	sed 's/, fixed$/true/; s/ $/ false/' >list
sort -c list || fail "the checks are not in order"
[ "$(wc -l <table)" -gt 40 ] || fail "the table has few checks"
cmp table list >&2 || fail "$(diff table list)"

command -v mandoc >/dev/null || skip "no mandoc to judge the manual's form"
run 0 mandoc -T lint -W warning "$manual"
[ ! -s out ] || fail "$(cat out)"
