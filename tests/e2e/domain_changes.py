#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes a libvirt domain at random, by what libvirt's schema allows.

From the root down one of what the schema has at each place is taken: an attribute or a text, which gets
another value; an element that is there, or a new one with what it needs; or something goes away. Each SEED is one
change. FOLDER is where its paths point to. What was done is said on stderr.

usage: domain_changes.py SCHEMAS DOMAIN.xml FOLDER SEED >CHANGED.xml
"""
import random
import re
import sys
import xml.etree.ElementTree as ET

RNG = "{http://relaxng.org/ns/structure/1.0}"
# Devices of this machine are nobody's to try; the other hypervisors' elements are dropped by libvirt.
LEFT_OUT = {"hostdev", "metadata"}
LAUNCHING = {"os", "cpu", "features", "vcpu", "launchSecurity", "emulator"}
WORDS = ["yes", "no", "on", "off", "a", "x1", "virtio", "qemu", "pcie-root-port", "EPYC", "EPYC-v4", "host",
         "utc", "svm", "hypervisor", "vda", "sda", "utf8", "1", "2", "0x1", "0x0000", "0x01", "4", "64", "1024",
         "52:54:00:12:34:56", "127.0.0.1", "::1", "6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e47", "0-1", "1-2",
         "AAAA", "q35", "pc", "+0:+0", "opt/a", "ua-a", "AuthenticAMD", "KVMKVMKVMKVM", "network", "2147483648"]


def load(folder, file, defines):
    for node in ET.parse(f"{folder}/{file}").getroot():
        if node.tag == RNG + "include":
            load(folder, node.get("href"), defines)
        elif node.tag == RNG + "define":
            defines.setdefault(node.get("name"), []).append(node)


class Schema:
    def __init__(self, folder, paths, rand):
        self.defines, self.rand = {}, rand
        load(folder, "domain.rng", self.defines)
        self.root = self.defines["domain"][0][0]
        self.words = WORDS + paths

    @staticmethod
    def name(node):
        name = node.get("name")
        if name is None:
            names = [n.text.strip() for n in node.iter(RNG + "name")]
            name = names[0] if names else None
        return name

    def parts(self, node, kinds):
        """The attributes, elements or values that stand directly in a pattern."""
        for child in node:
            if child.tag == RNG + "ref":
                for define in self.defines[child.get("name")]:
                    yield from self.parts(define, kinds)
            elif child.tag in kinds:
                yield child
            elif child.tag not in (RNG + "element", RNG + "attribute"):
                yield from self.parts(child, kinds)

    def named(self, node, kind):
        return [n for n in self.parts(node, {RNG + kind})
                if self.name(n) and not n.get("ns") and self.name(n) not in LEFT_OUT]

    def text(self, node):
        """A value for an attribute, or for an element's text; None where it has none."""
        kinds = {RNG + k for k in ("value", "data", "text")}
        found = list(self.parts(node, kinds))
        if not found and node.tag == RNG + "attribute":
            return self.rand.choice(self.words)
        if not found:
            return None
        node = self.rand.choice(found)
        if node.tag == RNG + "value":
            return node.text or ""
        pattern = "|".join(f"(?:{p.text})" for p in node if p.get("name") == "pattern")
        fits = [w for w in self.words if not pattern or matches(pattern, w)]
        if node.get("type") in ("unsignedInt", "unsignedLong", "positiveInteger", "integer", "int", "short",
                                "unsignedShort", "long", "nonNegativeInteger"):
            fits = [w for w in fits if w.isdigit()]
        return self.rand.choice(fits or self.words)

    def fill(self, element, node, depth=0):
        """What the pattern wants of an element, by one derivation at random."""
        for child in node:
            tag = child.tag[len(RNG):]
            if tag == "ref":
                for define in self.defines[child.get("name")]:
                    self.fill(element, define, depth)
            elif tag == "choice":
                wrapper = ET.Element(RNG + "group")
                wrapper.append(self.rand.choice(list(child)))
                self.fill(element, wrapper, depth)
            elif tag in ("optional", "zeroOrMore"):
                if depth < 4 and self.rand.random() < 0.2:
                    self.fill(element, child, depth)
            elif tag == "attribute":
                if self.name(child):
                    element.set(self.name(child), self.text(child) or "")
            elif tag == "element":
                if self.name(child) and self.name(child) not in LEFT_OUT and not child.get("ns") and depth < 8:
                    self.fill(ET.SubElement(element, self.name(child)), child, depth + 1)
            elif tag in ("value", "data", "text"):
                wrapper = ET.Element(RNG + "element")
                wrapper.append(child)
                element.text = self.text(wrapper)
            else:
                self.fill(element, child, depth)


def matches(pattern, word):
    try:
        return re.fullmatch(pattern, word)
    except re.error: # XML Schema's expressions know more than Python's
        return True


def remove(element, rand):
    """Take something away; what it was."""
    things = list(element.attrib) + [e for e in element if isinstance(e.tag, str)]
    if not things:
        return "nothing"
    thing = rand.choice(things)
    if isinstance(thing, str):
        del element.attrib[thing]
        return "@" + thing
    element.remove(thing)
    return "/" + thing.tag


def change(schema, element, node, path, rand):
    """Change one thing in or below an element; what it was."""
    attributes, elements = schema.named(node, "attribute"), schema.named(node, "element")
    steps = [("attribute", a) for a in {schema.name(a): a for a in attributes}.values()]
    steps += [("element", e) for e in {schema.name(e): e for e in elements}.values()]
    steps += [("text", node)] if schema.text(node) is not None else []
    steps += [("remove", node)] if rand.random() < 0.3 else []
    # What a domain has already is what launches it, some of it above all.
    present = [(k, w) for k, w in steps if k == "element" and element.findall(schema.name(w))]
    launching = [(k, w) for k, w in present if schema.name(w) in LAUNCHING]
    likely = rand.random()
    if launching and likely < 0.5:
        steps = launching
    elif present and likely < 0.8:
        steps = present
    if not steps:
        return path + " nothing"
    kind, what = rand.choice(steps)
    if kind == "remove":
        return path + remove(element, rand) + " removed"
    if kind == "text":
        element.text = schema.text(node)
        return f"{path} = '{element.text}'"
    name = schema.name(what)
    if kind == "attribute":
        # one of the patterns that the schema has for it
        what = rand.choice([a for a in attributes if schema.name(a) == name])
        element.set(name, schema.text(what) or "")
        return f"{path}@{name} = '{element.get(name)}'"
    what = rand.choice([e for e in elements if schema.name(e) == name])
    there = element.findall(name)
    if there and rand.random() < 0.7:
        return change(schema, rand.choice(there), what, f"{path}/{name}", rand)
    new = ET.SubElement(element, name)
    schema.fill(new, what)
    return f"{path} new {ET.tostring(new, encoding='unicode').strip()}"


def main():
    schemas, domain, folder, seed = sys.argv[1:]
    rand = random.Random(int(seed))
    with open(domain, encoding="utf-8") as f:
        root = ET.fromstring(f.read())
    schema = Schema(schemas, [f"{folder}/{name}" for name in ("linux", "initrd", "wrapper", "new", "OVMF.amdsev.fd")],
                    rand)
    print(change(schema, root, schema.root, "", rand), file=sys.stderr)
    sys.stdout.write(ET.tostring(root, encoding="unicode"))


main()
