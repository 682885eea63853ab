#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Roots of nobody's making are accepted, whatever they are called; what is no report says so.
. "$(dirname "$0")/functions.sh"

export XDG_DATA_HOME=$work/data
corpus=$SNP_SOURCE/tests/fuzz/corpus

# A whole hierarchy with AMD's names, right in everything but that it is not AMD's (tests/fixtures): the
# report, its certificates with it, and the certificates once more by hand.
for report in extended-vcek extended-vlek; do
	run 3 "$snp_measure" verify --any-measurement --at-time 2026-01-01 "$corpus/report/$report"
	says 'refused: ca-certificates: missing ARK and '
	run 3 "$snp_measure" verify --any-measurement --at-time 2026-01-01 --certificates "$corpus/certificate" \
		"$corpus/report/$report"
	says 'refused: ca-certificates: missing ARK and '
done
for certificate in Milan-VCEK Turin-VLEK pem table-vcek; do
	refuse 4 untrusted-certificate "$snp_measure" certificates add "$corpus/certificate/$certificate"
done
[ ! -e "$XDG_DATA_HOME" ] || fail "something was kept"
# No option, and no variable, makes it otherwise: the root of a simulated host is for no other report.
"$snp_measure" verify --help | grep -oE -- "--[a-z-]*root[a-z-]*" | grep -vx -e --tsa-root -e --endorsement-root -e --simulated-root &&
	fail "there is an option for roots"
for certificate in Milan-VCEK Turin-VLEK pem table-vcek; do
	refuse 4 bad-certificate "$snp_measure" verify --any-measurement --simulated-root "$corpus/certificate/$certificate" \
		"$corpus/report/Genoa-v3"
done

# An HCL blob whose claims are not in the report is refused for its certificate first; it is one all the same.
run 3 "$snp_measure" verify --any-measurement "$corpus/report/hcl"
run 3 "$snp_measure" verify --any-measurement "$corpus/report/response"

report=$corpus/report/Milan-v4
for n in 0 1 1183; do
	head -c $n "$report" >short
	refuse 4 not-a-report "$snp_measure" verify --any-measurement short
	refuse 4 not-a-report "$snp_measure" show short
done
{ cat "$report"; printf x; } >long
refuse 4 not-a-report "$snp_measure" verify --any-measurement long
{ cat "$report"; head -c 4096 /dev/urandom; } >long
refuse 4 bad-certificate-table "$snp_measure" verify --any-measurement long
{ printf '\007\0\0\0'; tail -c +5 "$report"; } >v7
refuse 4 unknown-report-version "$snp_measure" verify --any-measurement v7
refuse 4 unknown-report-version "$snp_measure" show v7
run 0 "$snp_measure" show --allow-unknown-version v7
says 'VERSION             7'
! grep -q ^reserved out || fail "nothing is set there: $(cat out)"
printf '\001' | dd of=v7 bs=1 seek=$((0x49f)) conv=notrunc status=none
run 0 "$snp_measure" show --allow-unknown-version v7
says 'reserved            not all zero, first at byte 0x49f'
head -c 4000 /dev/zero >response
refuse 4 bad-report-container "$snp_measure" verify --any-measurement response
printf HCLA >hcl
refuse 4 bad-report-container "$snp_measure" verify --any-measurement hcl
refuse 4 too-large "$snp_measure" verify --any-measurement "$snp_measure"
refuse 1 cannot-open "$snp_measure" verify --any-measurement absent
refuse 4 bad-certificate "$snp_measure" verify --any-measurement --certificates "$report" "$report"
refuse 4 bad-crl "$snp_measure" verify --any-measurement --crl "$report" "$report"
# The report of a configfs-tsm pair is bare: its certificates have a file of their own.
mkdir tsm
for container in extended-vcek response hcl; do
	cp "$corpus/report/$container" tsm/outblob
	refuse 4 bad-report-container "$snp_measure" verify --any-measurement tsm
	refuse 4 bad-report-container "$snp_measure" show tsm
	grep -qF tsm/outblob err || fail "the file is not named: $(cat err)"
done
cp "$report" tsm/outblob
run 0 "$snp_measure" show tsm
mkdir empty
refuse 1 cannot-open "$snp_measure" verify --any-measurement empty

# Where there is no path, a line says why.
run 3 "$snp_measure" verify --fetch-path "$corpus/report/Genoa-v5"
[ "$(cat out)" = https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain ] || fail "another path: $(cat out)"
grep -qF 'no path of the VLEK: ' err && [ "$(wc -l <err)" = 1 ] || fail "nothing says why: $(cat err)"
cp "$corpus/report/Turin-v4" venice
printf '\120' | dd of=venice bs=1 seek=$((0x189)) conv=notrunc status=none
cp "$corpus/report/Turin-v4" unknown
printf '\377' | dd of=unknown bs=1 seek=$((0x189)) conv=notrunc status=none
cp "$corpus/report/Turin-v4" masked
head -c 64 /dev/zero | dd of=masked bs=1 seek=$((0x1a0)) conv=notrunc status=none
cp "$corpus/report/Turin-v4" levels
printf '\1' | dd of=levels bs=1 seek=$((0x184)) conv=notrunc status=none
while read -r file why; do
	run 3 "$snp_measure" verify --fetch-path $file
	grep -qF "$why" err && [ "$(wc -l <err)" = 1 ] || fail "nothing says why: $(cat err)"
done <<-END
	venice no path: AMD has published none for Venice [no-fetch-path]
	unknown unknown product: CPUID family 0x1a model 0xff [no-fetch-path]
	masked CHIP_ID is masked
	levels REPORTED_TCB has an unknown layout
END
run 3 "$snp_measure" verify --fetch-path "$corpus/report/Turin-v4"
[ ! -s err ] || fail "both paths are there: $(cat err)"

# A report without a launch digest to hold it against would be accepted whatever runs in it.
refuse 2 usage "$snp_measure" verify "$report"
refuse 2 usage "$snp_measure" verify --any-measurement --measurement "$(printf %096d 0)" "$report"
refuse 2 usage "$snp_measure" verify --any-measurement --public-key "$report" "$report"
refuse 2 usage "$snp_measure" verify --any-measurement --vmpl 4 "$report"
# A minimum TCB for all products, and one for each, once.
tcb=bl=4,tee=0,snp=24,ucode=219
for minima in "--minimum-tcb $tcb --minimum-tcb $tcb" "--minimum-tcb Milan:$tcb --minimum-tcb milan:$tcb" \
	"--minimum-tcb Rome:$tcb" "--minimum-tcb :$tcb"; do
	refuse 2 usage "$snp_measure" verify --any-measurement $minima "$report"
done
refuse 4 bad-tcb "$snp_measure" verify --any-measurement --minimum-tcb "Milan:$tcb,fmc=1" "$report"
run 3 "$snp_measure" verify --any-measurement --minimum-tcb "$tcb" --minimum-tcb "Milan:$tcb" "$report"
refuse 2 usage "$snp_measure" verify --any-measurement --guest-svn-min 0x100000000 "$report"
refuse 2 usage "$snp_measure" verify --any-measurement --deny-product Naples "$report"
for time in '' 2026 2026-13-01 2026-01-01T00:00:00 @x '2026-01-01 ' ' 2026-06-01' 2026-6-1 2026-06-1 '2026- 6-01' 226-06-01 2026-06-01T1:00:00Z \
	$'2026-06-01\n' +2026-06-01 2026-02-31 2025-02-29 2026-04-31T00:00:00Z \
	2026-12-31T23:59:60Z @253402300800 @9000000000000000000 @18446744073709551615; do
	refuse 2 usage "$snp_measure" verify --any-measurement --at-time "$time" "$report"
done
for time in 2024-02-29 9999-12-31T23:59:59Z @253402300799 @0; do
	run 3 "$snp_measure" verify --any-measurement --at-time "$time" "$report"
done
for version in '' 1 1.55 1.55.256 1.55.29.0 a.b.c; do
	refuse 2 usage "$snp_measure" verify --any-measurement --firmware-min "$version" "$report"
done
refuse 4 bad-hex "$snp_measure" verify --measurement 00 "$report"
refuse 4 bad-hex "$snp_measure" verify --any-measurement --policy 30000 "$report"
refuse 4 bad-policy "$snp_measure" verify --any-measurement --policy 0x10000 "$report"
refuse 4 bad-tcb "$snp_measure" verify --any-measurement --minimum-tcb 4/0/24/219 "$report"

# On 1, 2 and 4 there is an object on stderr, on 3 the answer on stdout.
refuse 4 not-a-report "$snp_measure" verify --json --any-measurement short
grep -q '"schema":"snp-error/1"' err || fail "no error object"
run 3 "$snp_measure" verify --json --any-measurement "$report"
says '"verdict": "refused"'
