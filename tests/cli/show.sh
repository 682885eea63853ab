#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# show prints every field of a report, in text and as an object, verifying nothing.
. "$(dirname "$0")/functions.sh"

corpus=$SNP_SOURCE/tests/fuzz/corpus/report
run 0 "$snp_measure" show "$corpus/Turin-v4"
says 'VERSION             4'
says 'product             Turin'
says 'POLICY              0x30000 ('
says 'REPORTED_TCB        0x5100000004010101 (bl=1,tee=1,snp=4,ucode=81,fmc=1)'
says 'nothing here is verified'
run 0 "$snp_measure" show "$corpus/Milan-v2"
says 'product             unknown; only the certificate of a version 2 report tells it'
says 'REPORTED_TCB        0xdb18000000000004 (bl=4,tee=0,snp=24,ucode=219)'
! grep -q CPUID out || fail "version 2 has no CPUID"
run 0 "$snp_measure" show "$corpus/Genoa-v3"
says 'CPUID_MOD_ID        0xa0'
says 'PLATFORM_INFO       0x25 (smt_en, ecc_en, alias_check_complete)'
says 'SIGNING_KEY         0 (VCEK)'
run 0 "$snp_measure" show "$corpus/Genoa-v5"
says 'LAUNCH_MIT_VECTOR   0xb'
says 'SIGNING_KEY         1 (VLEK)'
run 0 "$snp_measure" show "$corpus/extended-vlek"
says 'container           extended report'
says 'certificate         VLEK of Milan'
says 'CN=cc-test-1.example.org'

# However it comes: hex and base64 in lines, by a pipe.
for encode in 'od -An -v -tx1' base64 'base64 -w 0'; do
	run 0 "$snp_measure" show "$corpus/extended-vlek"
	sed 1d out >want
	$encode "$corpus/extended-vlek" | tr -d ' ' >text
	run 0 "$snp_measure" show text
	says "container           $([[ $encode == base64* ]] && echo base64 || echo hex) of extended report"
	sed 1d out | cmp - want || fail "$encode: another report"
	run 0 bash -c "cat text | '$snp_measure' show -"
	sed 1d out | cmp - want || fail "$encode, by a pipe: another report"
done

# Every bit of the fields is on the screen: a report of random bytes, and the same with one byte turned.
{ printf '\005\0\0\0'; head -c 1180 /dev/urandom; } >random
run 0 "$snp_measure" show random
mv out before
for at in 4 8 16 32 48 52 56 64 72 80 144 192 224 272 320 352 384 392 393 394 416 480 488 492 496 504 512 672 744; do
	cp random turned
	byte=$(od -An -tu1 -j $at -N 1 random)
	printf "\\x$(printf %02x $((byte ^ 1)))" | dd of=turned bs=1 seek=$at conv=notrunc status=none
	run 0 "$snp_measure" show turned
	! cmp -s before out || fail "byte $at makes no difference"
done
says 'reserved            not all zero'

run 0 "$snp_measure" show --fetch-path "$corpus/Milan-v2"
[ "$(grep -c '^https://kdsintf.amd.com/vcek/v1/Milan/' out) $(grep -c '^https://kdsintf.amd.com/vcek/v1/Genoa/' out)" = '3 3' ] ||
	fail "version 2 may be of either: $(cat out)"
run 0 "$snp_measure" show --fetch-path "$corpus/Turin-v4"
says '/vcek/v1/Turin/0240c4a21f9c510e?fmcSPL=01&'
run 0 "$snp_measure" show --fetch-path "$corpus/Genoa-v5"
[ "$(head -n 1 out)" = https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain ] || fail "a VLEK has no path: $(cat out)"
grep -qF 'get it from the cloud provider, not from AMD [no-fetch-path]' err || fail "nothing says why: $(cat err)"

# Venice is shown, and nothing is fetched for it or accepted of it.
venice=$SNP_SOURCE/tests/fuzz/corpus/report/Venice-v6
run 3 "$snp_measure" verify --any-measurement "$venice"
says 'refused: product: Venice: no root of this product is known'
"$snp_measure" show --fetch-path "$venice" >out 2>err
[ ! -s out ] || fail "there is a path for Venice: $(cat out)"
grep -qF 'no path: AMD has published none for Venice [no-fetch-path]' err || fail "nothing says why: $(cat err)"

python3 - <<'EOF' || fail "the object says something else"
import json, os, subprocess
tool, corpus = os.environ["snp_measure"], os.environ["SNP_SOURCE"] + "/tests/fuzz/corpus/report"
for name in "Milan-v2", "Genoa-v3", "Turin-v4", "Genoa-v5", "Genoa-v6", "Venice-v6", "extended-vcek":
    d = json.loads(subprocess.check_output([tool, "show", "--json", f"{corpus}/{name}"]))
    b, r = open(f"{corpus}/{name}", "rb").read(), d["report"]
    le = lambda at, n: int.from_bytes(b[at:at + n], "little")
    assert d["schema"] == "snp-report/1" and d["reserved_bits_zero"] is True
    assert r["version"] == le(0, 4) and r["guest_svn"] == le(4, 4) and r["policy"] == hex(le(8, 8))
    assert r["measurement"] == b[0x90:0xc0].hex() and r["report_data"] == b[0x50:0x90].hex()
    assert r["chip_id"] == b[0x1a0:0x1e0].hex() and r["signature_s"] == b[0x2e8:0x330].hex()
    assert r["launch_tcb"]["raw"] == hex(le(0x1f0, 8)) and r["committed_version"] == "1.55.29"
    assert ("cpuid_fam_id" in r) == (le(0, 4) >= 3) and ("launch_mit_vector" in r) == (le(0, 4) >= 4)
    assert "reserved_offset" not in d
    for field, at in ("current_etcb", 0x220), ("launch_etcb", 0x240), ("committed_etcb", 0x260):
        assert r.get(field) == (b[at:at + 32].hex() if le(0, 4) >= 6 else None)
    text = subprocess.check_output([tool, "show", f"{corpus}/{name}"], text=True).splitlines()
    assert [f"{'certificate':18}  {c['kind']} of {c['product']}, {c['size']} bytes" +
            (f", {c['csp']}" if "csp" in c else "") for c in d["certificates"]] == \
        [line for line in text if line.startswith("certificate ")]
    etcbs = [line for line in text if line.split()[0].endswith("_ETCB")]
    assert len(etcbs) == (3 if le(0, 4) >= 6 else 0) and all(line.endswith(" (not judged)") for line in etcbs)
    if name == "Venice-v6":
        assert r["reported_tcb"]["levels"] == "tee=0,snp=4,fmc=1"
    assert len(d["certificates"]) == (3 if name == "extended-vcek" else 0)
d = json.loads(subprocess.check_output([tool, "show", "--json", "turned"]))
assert d["reserved_bits_zero"] is False
text = subprocess.check_output([tool, "show", "turned"], text=True)
assert f"first at byte {d['reserved_offset']}\n" in text
for name in "Milan-v2", "Turin-v4", "Genoa-v5":
    command = [tool, "show", "--fetch-path", f"{corpus}/{name}"]
    d = json.loads(subprocess.check_output(command + ["--json"], stderr=subprocess.DEVNULL))
    assert d["schema"] == "snp-fetch-paths/1" and d["server"] == "https://kdsintf.amd.com"
    assert [d["server"] + p for p in d["paths"]] == subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True).split()
    assert [w["name"] for w in d["warnings"]] == (["no-fetch-path"] if name == "Genoa-v5" else [])
EOF
