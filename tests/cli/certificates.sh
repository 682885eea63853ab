#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Certificates are kept once checked, and what is kept is found.
. "$(dirname "$0")/functions.sh"

export XDG_DATA_HOME=$work/data
run 0 "$snp_measure" certificates list
[ "$(grep -c 'missing; at AMD' out)" = 9 ] || [ -e /usr/share/snp-measure ] || fail "something is kept: $(cat out)"
says 'ASVK  Turin   missing; at AMD'"'"'s key server, /vlek/v1/Turin/cert_chain'
refuse 4 bad-certificate "$snp_measure" certificates add "$SNP_SOURCE/README.md"
refuse 1 cannot-open "$snp_measure" certificates add absent
refuse 2 usage "$snp_measure" certificates add
refuse 2 usage "$snp_measure" certificates
refuse 4 bad-certificate "$snp_measure" certificates add --json "$SNP_SOURCE/README.md"
echo '# -----BEGIN CERTIFICATE-----' >empty.pem
refuse 4 bad-certificate "$snp_measure" certificates add empty.pem

# A fleet keeps more leaves than one verdict needs.
corpus=$SNP_SOURCE/tests/fuzz/corpus
mkdir -p "$XDG_DATA_HOME/snp-measure"
cp "$corpus/certificate/Milan-VCEK" leaf.der
python3 - "$XDG_DATA_HOME/snp-measure" <<-'END'
	import sys
	leaf = open("leaf.der", "rb").read()
	for i in range(1100):
	    open(f"{sys.argv[1]}/vcek-milan-{i}.der", "wb").write(leaf[:-2] + i.to_bytes(2, "big"))
END
run 3 "$snp_measure" verify --any-measurement "$corpus/report/Turin-v4"
says 'refused: certificate: '
refuse 4 untrusted-certificate "$snp_measure" certificates add leaf.der
run 0 "$snp_measure" certificates list
[ "$(grep -c '^VCEK' out)" = 1100 ] || fail "not all of them are listed: $(wc -l <out)"
rm -r "$XDG_DATA_HOME"

data=${SNP_SHARED_DATA:-}/attestation
[ -n "${SNP_SHARED_DATA:-}" ] && [ -r "$data/ca" ] || skip "no attestation/ca in SNP_SHARED_DATA"
# A leaf alone cannot be checked; beside its chain, in any order and any form, it can.
refuse 4 untrusted-certificate "$snp_measure" certificates add "$data/turin-v5-aci/vcek.der"
openssl x509 -inform der -in "$data/ca/turin_ask.der" -out chain.pem
openssl x509 -inform der -in "$data/ca/turin_ark.der" >>chain.pem
run 0 "$snp_measure" certificates add "$data/turin-v5-aci/vcek.der" chain.pem
[ "$(ls "$XDG_DATA_HOME/snp-measure" | wc -l)" = 3 ] || fail "not three: $(ls "$XDG_DATA_HOME/snp-measure")"
cmp -s "$XDG_DATA_HOME/snp-measure/ark-turin.der" "$data/ca/turin_ark.der" || fail "the ARK is another"
run 0 "$snp_measure" certificates add chain.pem
says 'nothing new'
# One that is not AMD's among them: none is kept.
refuse 4 untrusted-certificate "$snp_measure" certificates add "$data/ca/milan_ark.der" \
	"$SNP_SOURCE/tests/fuzz/corpus/certificate/Milan-VCEK"
grep -qF 'error: '"$SNP_SOURCE/tests/fuzz/corpus/certificate/Milan-VCEK" err || fail "another file is named: $(cat err)"
[ "$(ls "$XDG_DATA_HOME/snp-measure" | wc -l)" = 3 ] || fail "one was kept"
tail -c +1185 "$data/milan-v5-gcp-ext/extended.bin" >table
run 0 "$snp_measure" certificates add table
says 'VCEK of Milan kept as '
run 0 "$snp_measure" certificates list
[ "$(grep -c ' kept$' out)" = 4 ] || [ -e /usr/share/snp-measure ] || fail "not four of the nine: $(cat out)"
says 'VCEK  Turin   bl=1,tee=1,snp=4,ucode=81,fmc=1  59790fb1c39f35c1'

# The object says what the text does.
run 0 "$snp_measure" certificates add --json "$data/milan-v3-vlek-aws/vlek.der" "$data"/ca/{milan_asvk,genoa_ark}.der
valid out
python3 - <<'EOF' || fail "the object says something else: $(cat out)"
import hashlib, json
found = json.load(open("out"))["certificates"]
assert [c["kind"] + " " + c["product"] for c in found] == ["VLEK Milan", "ASVK Milan", "ARK Genoa"]
for c in found:
    assert hashlib.sha256(open(c["path"], "rb").read()).hexdigest() == c["sha256"] and c["kept"]
assert found[0]["csp"].startswith("CN=cc-") and "chip_id" not in found[0]
EOF
run 0 "$snp_measure" certificates add --json "$data/ca/genoa_ark.der"
grep -qF '"certificates": []' out || fail "it is kept already: $(cat out)"
run 0 "$snp_measure" certificates list
grep -v ' kept$' out >text
run 0 "$snp_measure" certificates list --json
valid out
python3 - <<'EOF' >object || fail "no such object: $(cat out)"
import json
for c in json.load(open("out"))["certificates"]:
    head = f"{c['kind']:<5} {c['product']:<6}  "
    if not c["kept"]:
        print(f"{head}missing; at AMD's key server, {c['key_server_path']}")
    elif "levels" in c:
        print(f"{head}{c['levels']}  {c.get('chip_id') or c['csp']}")
EOF
cmp -s text object || fail "text and object differ: $(diff text object)"

run 0 "$snp_measure" verify --any-measurement --at-time 2026-06-01 "$data/turin-v5-aci/report.bin"
# Without a home there is nowhere to keep anything, and verifying works.
unset XDG_DATA_HOME HOME
refuse 1 not-found "$snp_measure" certificates add "$data/ca/milan_ark.der"
run 0 "$snp_measure" verify --any-measurement --at-time 2026-06-01 --certificates "$data/ca" --certificates \
	"$data/turin-v5-aci" "$data/turin-v5-aci/report.bin"
