#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every published file, read by something that this project did not write.
. "$(dirname "$0")/functions.sh"

firmware OVMF.amdsev.fd
kernel vmlinuz
head -c 5000 /dev/zero >initrd.img
sed 's/"4-64"/"4-6"/' "$SNP_SOURCE/templates/release.json" >release.json
openssl ecparam -name secp384r1 -genkey -noout -out key.pem 2>/dev/null
chmod 600 key.pem
openssl pkey -in key.pem -pubout -out public.pem
run 0 "$snp_measure" publish release.json -o pub --key key.pem --id-key key.pem

# The master against its schema, and the JSON formats field by field.
python3 - "$SNP_SOURCE/templates/snp-reference-values.schema.json" <<'END' || fail "see above"
import base64, glob, hashlib, json, re, sys
import jsonschema

schema = json.load(open(sys.argv[1]))
master = json.load(open("pub/reference-values.json"))
jsonschema.Draft202012Validator(schema).validate(master)
image = master["images"][0]
digests = [v["launch_digest"] for v in image["variants"]]
assert len(digests) == 5 * 3 and len(set(digests)) == len(digests)
for key in ("firmware", "kernel", "initrd"):
    data = open(image["inputs"][key]["name"], "rb").read()
    assert image["inputs"][key]["size"] == len(data)
    assert image["inputs"][key]["sha256"] == hashlib.sha256(data).hexdigest()

rvps = json.load(open("pub/rvps.json"))
assert (rvps["version"], rvps["type"]) == ("0.1.0", "sample")
payload = json.loads(base64.b64decode(rvps["payload"], validate=True))
assert payload == {"snp_launch_measurement": digests, "snp_smt_allowed": True,
                   "snp_single_socket": False, "snp_guest_abi_major": 0, "snp_guest_abi_minor": 0}

import yaml
config = yaml.safe_load(open("pub/rvps-configmap.yaml"))
assert (config["apiVersion"], config["kind"]) == ("v1", "ConfigMap")
assert {v["name"]: v["value"] for v in json.loads(config["data"]["reference-values.json"])} == payload

statement = json.load(open("pub/intoto.json"))
assert statement["_type"] == "https://in-toto.io/Statement/v1"
assert statement["predicate"] == master
names = [s["name"] for s in statement["subject"]]
assert len(set(names)) == len(names) == 3 + len(digests)
assert sorted(s["digest"]["sha384"] for s in statement["subject"] if "sha384" in s["digest"]) == sorted(digests)

envelope = json.load(open("pub/intoto.dsse.json"))
body = base64.b64decode(envelope["payload"], validate=True)
assert body == open("pub/intoto.json", "rb").read()
kind = envelope["payloadType"].encode()
open("pae", "wb").write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body))
open("dsse.sig", "wb").write(base64.b64decode(envelope["signatures"][0]["sig"], validate=True))

contrast = json.load(open("pub/contrast.json"))["ReferenceValues"]["snp"]
assert len(contrast) == 2 * len(digests)
assert {e["ProductName"] for e in contrast} == {"Milan", "Genoa"}
assert all(e["TrustedMeasurement"] in digests and e["GuestPolicy"]["SMT"] for e in contrast)
assert all(e["PlatformInfo"] == {"SMTEnabled": True} for e in contrast)
assert all(e["MinimumMitigationVector"] == 0 and e["AllowedChipIDs"] == [] for e in contrast)
assert all(e["MinimumTCB"]["MicrocodeVersion"] == (219 if e["ProductName"] == "Milan" else 84) for e in contrast)

files = glob.glob("pub/go-sev-guest/*.json")
assert len(files) == 3 * len(digests)
for name in files:
    config = json.load(open(name))
    policy = config["policy"]
    assert base64.b64decode(policy["measurement"]).hex() in digests and policy["policy"] == "196608"
    assert policy["requireIdBlock"] and len(base64.b64decode(policy["trustedIdKeyHashes"][0])) == 48
    turin = config["rootOfTrust"]["productLine"] == "Turin"
    assert int(policy["minimumTcbTurin" if turin else "minimumTcb"]) > 0

text = open("pub/maa-policy.txt").read()
assert text.startswith("version=1.0;") and text.count("=> permit();") == len(digests)
assert all(text.count('value=="%s"' % d) == 1 for d in digests)
rule = [re.fullmatch(r'\[type=="(.*?)", value(==|>=)(.*)\]', part.strip()).groups()
        for part in text.split("=> permit();")[1].split("&&")]
prefix = "x-ms-sevsnpvm-"
keys = {(policy["trustedIdKeyHashes"][0]) for policy in (json.load(open(f))["policy"] for f in files)}
assert len(keys) == 1
said = {claim.removeprefix(prefix): (how, value.strip('"')) for claim, how, value in rule}
assert said == {
    "x-ms-attestation-type": ("==", "sevsnpvm"), "vmpl": ("==", "0"), "is-debuggable": ("==", "false"),
    "migration-allowed": ("==", "false"), "smt-allowed": ("==", "true"), "familyId": ("==", image["family_id"]),
    "imageId": ("==", image["image_id"]), "guestsvn": (">=", "1"),
    "idkeydigest": ("==", base64.b64decode(keys.pop()).hex()), "launchmeasurement": ("==", digests[1])}, said

# One product's minimum TCB can be said in claims that name no product.
release = json.load(open("release.json"))
release["images"][0]["minimum_tcb"] = {"Milan": "bl=4,tee=1,snp=24,ucode=219"}
json.dump(release, open("milan.json", "w"))
END

run 0 "$snp_measure" publish milan.json -o milan
for claim in bootloader-svn:4 tee-svn:1 snpfw-svn:24 microcode-svn:219 guestsvn:1; do
	[ "$(grep -c "x-ms-sevsnpvm-${claim%:*}\", value>=${claim#*:}\]" milan/maa-policy.txt)" = 15 ] ||
		fail "not every rule asks for $claim"
done

# The lines for kbs-client: as many calls as values, and none of them for a release of several digests.
refuse 4 format-cannot-say "$snp_measure" publish milan.json -o several --format kbs-client
[ ! -e milan/kbs-client.sh ] || fail "several digests for kbs-client"
python3 - <<'END'
import json
release = json.load(open("milan.json"))
release["images"][0].update(vcpu_count=[2], cpu_model=["EPYC-v4"])
json.dump(release, open("one.json", "w"))
END
run 0 "$snp_measure" publish one.json -o one
mkdir bin && printf '#!/bin/sh\necho "$*" >>calls\n' >bin/kbs-client && chmod +x bin/kbs-client
PATH=$PWD/bin:$PATH run 0 sh one/kbs-client.sh --url u config --auth-private-key k
python3 - <<'END' || fail "kbs-client gets other values than those of rvps.json: $(cat calls)"
import base64, json
values = json.loads(base64.b64decode(json.load(open("one/rvps.json"))["payload"]))
before = "--url u config --auth-private-key k set-sample-reference-value "
calls = [line.removeprefix(before).split() for line in open("calls") if line.startswith(before)]
assert len(calls) == len(values) == 5, calls
said = {}
for *flags, name, value in calls:
    said[name] = json.loads(value) if flags else [value]
    kind = "bool" if value in ("true", "false") else "integer"
    assert flags in ([], ["--as-single-value", "--as-" + kind]), flags
assert said == values, said
END

# The summary against its schema, and the key by OpenSSL.
python3 - "$SNP_SOURCE/templates/snp-firmware.schema.json" pub/firmware/*.json <<'END' || fail "not a firmware summary"
import json, sys
import jsonschema
jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))
assert len(sys.argv) == 3
END
openssl pkey -pubin -in pub/keys.txt | cmp - public.pem >&2 || fail "keys.txt does not begin with the key"

# The signatures, by OpenSSL alone.
openssl dgst -sha384 -verify public.pem -signature pub/reference-values.json.sig \
	pub/reference-values.json >&2 || fail "openssl does not verify the master"
openssl dgst -sha384 -verify public.pem -signature dsse.sig pae >&2 ||
	fail "openssl does not verify the envelope"

# Protocol buffers, by their own compiler: the field numbers of VMGoldenMeasurement.
command -v protoc >/dev/null || skip "no protoc"
for file in pub/golden/*.pb; do
	protoc --decode_raw <"$file" >raw || fail "protoc cannot read $file"
	[ "$(grep -c '^  2 {' raw)" = 5 ] || fail "$file has other measurements than five"
	grep -q '^  5: 196608' raw || fail "$file has no policy"
	grep -q '^5: ' raw || fail "$file has no digest of the firmware"
done

# CBOR, by a decoder: the structure of the drafts, canonical as that decoder writes it.
python3 -c 'import cbor2' 2>/dev/null || skip "no cbor2 for python3"
python3 - <<'END' || fail "see above"
import cbor2, json, sys

digests = [bytes.fromhex(v["launch_digest"])
           for v in json.load(open("pub/reference-values.json"))["images"][0]["variants"]]
raw = open("pub/corim.cbor", "rb").read()
corim = cbor2.loads(raw)
assert cbor2.dumps(corim, canonical=True) == raw and corim.tag == 501
assert corim.value[3].tag == 32 and corim.value[3].value == "tag:amd.com,2025:snp-corim-profile"
comid = corim.value[1][0]
assert comid.tag == 506
triples = cbor2.loads(comid.value)[4][0]
oids = []
for environment, claims in triples:
    oids.append(environment[0][0].value.hex())
    values = {claim[0]: claim[1] for claim in claims}
    assert values[1][1].tag == 553 and values[1][1].value == 1
    assert values[2][4].tag == 560 and values[2][4].value == (0x30000).to_bytes(8, "little")
    assert values[2][5].value == (0xFFFFFFFFFFFF0000).to_bytes(8, "little")
    assert values[641][2] == [[7, d] for d in digests]
assert oids == ["2b060104019c780301", "2b060104019c780302"]

raw_cose = open("pub/corim.cose", "rb").read()
message = cbor2.loads(raw_cose)
assert message.tag == 18 and message.value[2] == raw and message.value[1] == {}
header = cbor2.loads(message.value[0])
assert header[1] == -35 and header[3] == "application/rim+cbor" and 8 in header
to_sign = cbor2.dumps(["Signature1", message.value[0], b"", raw])
open("cose.tbs", "wb").write(to_sign)
r, s = (int.from_bytes(message.value[3][i:i + 48], "big") for i in (0, 48))


def integer(n):
    b = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(b)]) + b


body = integer(r) + integer(s)
open("cose.sig", "wb").write(b"\x30" + bytes([len(body)]) + body)
END
openssl dgst -sha384 -verify public.pem -signature cose.sig cose.tbs >&2 ||
	fail "openssl does not verify the COSE_Sign1"
