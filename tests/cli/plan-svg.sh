#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pictures of plans: every run is there, at its place, in its size; what differs is marked; foreign text stays text; and
# the size of a picture has a bound.
. "$(dirname "$0")/functions.sh"

cat >picture.py <<'EOF'
import json, re, sys
import xml.etree.ElementTree as ET
SVG = "{http://www.w3.org/2000/svg}"

# The parts of one plan in the order of the file, as far as a picture has to be true about them.
def read(path, group=None):
    text = open(path).read()
    assert len(text) < 120000, "a picture of %d bytes" % len(text)
    root = ET.fromstring(text)
    assert root.tag == SVG + "svg"
    for e in root.iter():
        assert e.tag[len(SVG):] in ("svg", "title", "style", "g", "rect", "circle", "path", "text"), e.tag
        assert not [k for k in e.attrib if k.startswith("on") or "href" in k], e.attrib
        assert "url(" not in (e.text or "") and "@import" not in (e.text or "")
    if group:
        root = [e for e in root if e.get("id") == group][0]
    parts = []
    for g in root.iter(SVG + "g"):
        if not g.get("class", "").startswith("part"):
            continue
        box = [r for r in g.findall(SVG + "rect") if r.get("class").startswith("box")][0]
        parts.append(dict(gpa=int(g.get("data-gpa"), 16), pages=int(g.get("data-pages")),
                          order=int(g.get("data-order")), runs=int(g.get("data-runs")),
                          type=box.get("class")[4:], y=int(box.get("y")), height=int(box.get("height")),
                          same="same" in g.get("class"), differs=any("differs" in r.get("class") for r in g.findall(SVG + "rect")),
                          texts=[t.text for t in g.findall(SVG + "text")], title=g.find(SVG + "title").text))
    assert parts and len(parts) <= 41
    # By address, each below the one before; what has more pages is never smaller.
    for a, b in zip(parts, parts[1:]):
        assert a["gpa"] <= b["gpa"] and a["y"] + a["height"] <= b["y"], (a, b)
    for a, b in zip(*[sorted(parts, key=lambda p: p["pages"])[i:] for i in (0, 1)]):
        assert a["height"] <= b["height"] and (a["pages"] < b["pages"] or a["height"] == b["height"])
    height = int(ET.parse(path).getroot().get("viewBox").split()[3])
    assert parts[-1]["y"] + parts[-1]["height"] < height
    return parts, "".join(ET.parse(path).getroot().itertext())

# Every run of the plan is a part.
def whole(path, plan, group=None):
    parts, text = read(path, group)
    plan = json.load(open(plan))
    runs = plan["updates"]
    assert len(parts) == len(runs) and {p["order"] for p in parts} == set(range(1, len(runs) + 1))
    for p in parts:
        u = runs[p["order"] - 1]
        assert (p["gpa"], p["pages"], p["type"]) == (int(u["gpa"], 16), u["count"], u["page_type"]), (p, u)
        assert u["origin"] in p["texts"] and u["digest"] in p["title"]
        if p["type"] in ("NORMAL", "VMSA"):
            assert u.get("contents", "pages differ")[:16] in p["texts"], (p, u)
    digest = plan["launch_digest"]
    for i in (0, 32, 64):
        assert digest[i:i + 32] in text
EOF
picture() {
	python3 -c 'import sys
from picture import *
'"$1" "${@:2}" || fail "$1 ${*:2}"
}
export PYTHONDONTWRITEBYTECODE=1
xml() {
	! command -v xmllint >/dev/null || xmllint --noout "$@" || fail "not well-formed"
}

firmware fw
kernel kernel
base=(--ovmf fw --kernel kernel --append ro --vcpus 3 --vcpu-type EPYC-v4)
run 0 "$snp_measure" plan "${base[@]}"
cp out text
run 0 "$snp_measure" plan "${base[@]}" --svg a.svg
cmp -s out text || fail "--svg changes what is printed"
run 0 "$snp_measure" plan --json "${base[@]}" --svg b.svg
cp out base
run 0 "$snp_measure" plan --json --all "${base[@]}" --svg c.svg
cp out all
cmp a.svg b.svg && cmp a.svg c.svg || fail "the same plan is drawn in two ways"
xml a.svg
picture 'whole(*sys.argv[1:])' a.svg base

igvm_file file 0x101000 0x102000
for profile in igvm-qemu-10 igvm-directive-order; do
	run 0 "$snp_measure" plan --json --igvm file --profile $profile --vcpus 1 --svg igvm.svg
	cp out igvm.$profile
	xml igvm.svg
	picture 'whole(*sys.argv[1:])' igvm.svg out
done

# A file by itself: an IGVM file with its contexts, firmware without vCPUs.
run 0 "$snp_measure" inspect file --svg inspect.svg
picture 'whole(*sys.argv[1:])' inspect.svg igvm.igvm-qemu-10
run 0 "$snp_measure" inspect fw --svg inspect.svg
run 0 "$snp_measure" plan --json --ovmf fw --vcpus 1 --vcpu-type EPYC
picture 'assert [(p["gpa"], p["pages"], p["type"]) for p in sorted(read("inspect.svg")[0], key=lambda p: p["order"])] == [
    (int(u["gpa"], 16), u["count"], u["page_type"]) for u in json.load(open("out"))["updates"] if u["page_type"] != "VMSA"]
last = [u for u in json.load(open("out"))["updates"] if u["page_type"] != "VMSA"][-1]["digest"]
assert last[:32] in read("inspect.svg")[1] and last[64:] in read("inspect.svg")[1]'
truncate -s 8192 empty
refuse 4 no-sev-metadata "$snp_measure" inspect empty --svg no.svg
refuse 4 no-sev-metadata "$snp_measure" inspect kernel --svg no.svg
printf IGVM >short
refuse 4 bad-igvm "$snp_measure" inspect short --svg no.svg
refuse 1 cannot-write "$snp_measure" plan "${base[@]}" --svg no-folder/no.svg
[ ! -e no.svg ] || fail "a picture of what cannot be launched"

# Two plans: what differs is marked, and nothing else is.
run 0 "$snp_measure" plan --json --ovmf fw --kernel kernel --append rw --vcpus 3 --vcpu-type EPYC-Milan
cp out other
run 3 "$snp_measure" plan --diff base other --svg diff.svg
says 'SEV hash table: cmdline'
xml diff.svg
for side in first second; do
	picture 'whole(sys.argv[1], sys.argv[2], sys.argv[3])
marked = {p["texts"][1] for p in read(sys.argv[1], sys.argv[3])[0] if p["differs"]}
assert marked == {"SEV hash table", "vCPU 0", "vCPU 1-2"}, marked
assert all(p["same"] != p["differs"] for p in read(sys.argv[1], sys.argv[3])[0])' diff.svg \
		"$([ $side = first ] && echo base || echo other)" $side
done
for pair in 'base all' 'all base' 'all all'; do
	# shellcheck disable=SC2086
	run 0 "$snp_measure" plan --diff $pair --svg same.svg
	picture 'assert all(p["same"] for side in ("first", "second") for p in read("same.svg", side)[0])'
done
firmware other-fw 'put 4100 5a'
run 0 "$snp_measure" plan --json --all --ovmf other-fw "${base[@]:2}"
cp out other-all
# A page is found where both plans have each by itself; where a plan has all as one, all of them are marked.
for pair in 'all other-all' 'base other-all'; do
	# shellcheck disable=SC2086
	run 3 "$snp_measure" plan --diff $pair --svg page.svg
	picture 'assert [p["texts"][1:3] for p in read("page.svg", "second")[0] if p["differs"]] == [["firmware 0-15", "differs"]]'
done
# Another order of the same pages.
for profile in igvm-qemu-10 igvm-directive-order; do
	"$snp_measure" plan --json --all --igvm file --profile $profile --vcpus 1 2>err >order.$profile
done
run 3 "$snp_measure" plan --diff order.igvm-qemu-10 order.igvm-directive-order --svg order.svg
picture 'marked = [p["texts"][1:3] for p in read("order.svg", "second")[0] if p["differs"]]
assert marked == [["PARAMETER_INSERT 4", "other order"]], marked'
# A vCPU that only one has.
run 0 "$snp_measure" plan --json --ovmf fw --kernel kernel --append ro --vcpus 1 --vcpu-type EPYC-v4
cp out one
run 3 "$snp_measure" plan --diff base one --svg one.svg
picture 'assert [p["texts"][1:3] for p in read("one.svg", "first")[0] if p["differs"]] == [["vCPU 1-2", "only here"]]
assert not [p for p in read("one.svg", "second")[0] if p["differs"]]'

# Text of others: the names of files, and what a document says.
name='<script>alert(1)&"'\''.fd'
cp fw "$name"
run 0 "$snp_measure" plan --ovmf "$name" --vcpus 1 --vcpu-type EPYC --svg a.svg
xml a.svg
picture 'assert sys.argv[1] in read("a.svg")[1]' "$name"
python3 - <<'EOF'
import json
d = json.load(open("base"))
d["updates"][1]["origin"] = '</text><script>x</script>]]>&lt;\u001b[2J'
d["mode"] = '<b onload="x">'
json.dump(d, open("hostile", "w"))
EOF
run 3 "$snp_measure" plan --diff base hostile --svg hostile.svg
xml hostile.svg
picture 'assert any("</text><script>x" in p["title"] for p in read("hostile.svg", "second")[0])'

# Of many parts few are drawn, those that differ and the large ones; all are counted.
python3 - <<'EOF'
import json
d = json.load(open("base"))
last = d["updates"][-1]["digest"]
d["updates"] = [dict(index=2 * i, count=2, page_type=("ZERO", "NORMAL")[i % 2], gpa=hex((i * 7919 % 20000) << 14),
                     origin="section %d" % i, contents="00" * 48, digest=last) for i in range(20000)]
json.dump(d, open("many", "w"))
d["updates"][777]["contents"] = "11" * 48
json.dump(d, open("many-other", "w"))
# The largest numbers that a document can have.
d["updates"] = [dict(index=0, count=1 << 32, page_type="NORMAL", gpa="0x" + "f" * 16, origin="x", digest=last)]
json.dump(d, open("far", "w"))
EOF
run 3 "$snp_measure" plan --diff many many-other --svg many.svg
xml many.svg
picture 'parts, text = read("many.svg", "second")
assert sum(p["runs"] for p in parts) == 20000 and sum(p["pages"] for p in parts) == 40000
assert [p["texts"][1] for p in parts if p["differs"]] == ["section 777"]
assert "of 20000 parts are folded" in text'
run 3 "$snp_measure" plan --diff base far --svg far.svg
xml far.svg

# On a terminal a small map follows, and only there.
python3 - "$snp_measure" "${base[@]}" <<'EOF' || fail "no map on a terminal"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], [sys.argv[1], "plan", *sys.argv[2:]])
shown = b""
try:
    while piece := os.read(terminal, 4096):
        shown += piece
except OSError:
    pass
assert os.waitpid(child, 0)[1] == 0
shown = shown.decode().replace("\r", "")
text = open("text").read()
at = shown.index("memory by address")
assert text in shown and at > 0
for line in text.splitlines()[1:]:
    if line[:1].isdigit():
        assert line[47:70].strip() in shown[at:], line
assert "|NNNNN " in shown[at:] and "not launched" in shown[at:]
EOF
! grep -q 'memory by address' text || fail "a map where there is no terminal"

# The picture in the documents is as this version draws it; another build of the firmware has other digests.
drawn=$SNP_SOURCE/docs/launch-plan.svg image=$SNP_SOURCE/build/images/OVMF.amdsev.fd
[ -e "$image" ] || skip "all but the picture in docs/: $image does not exist"
run 0 "$snp_measure" plan --ovmf "$image" --vcpus 4 --vcpu-type EPYC-v4 --svg now.svg
for file in now.svg "$drawn"; do
	sed -E 's/\b[0-9a-f]{16,}\b/DIGEST/g' "$file" >"masked.${file##*/}"
done
cmp masked.now.svg masked.launch-plan.svg ||
	fail "docs/launch-plan.svg is out of date: snp-measure plan --ovmf OVMF.amdsev.fd --vcpus 4 --vcpu-type EPYC-v4 --svg docs/launch-plan.svg"
