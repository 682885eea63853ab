#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds templates/vm.schema.json and the reader of vm.json to one another.

A document with everything in it is changed in one place after the other: a member left out, added or
replaced by values of each kind and by strings at the edges of each rule. Whatever comes of that, the schema (by Debian's
python3-jsonschema, not by us) and the reader must both accept or both refuse.

usage: vm_schema.py JUDGE SOURCE
"""
import copy
import glob
import json
import re
import subprocess
import sys

try:
    import jsonschema
    from jsonschema import validators
except ImportError:
    print("skipped: there is no python3-jsonschema here")
    sys.exit(77)

judge, source = sys.argv[1:]
with open(f"{source}/templates/vm.schema.json", encoding="utf-8") as f:
    schema = json.load(f)
jsonschema.Draft202012Validator.check_schema(schema)


# ECMA-262's "$" is the end of the text; Python's is also before a last newline.
def pattern(_validator, rule, instance, _schema):
    if isinstance(instance, str) and not re.search(rule.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {rule!r}")


validator = validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})(schema)

EVERYTHING = {
    "schema": "snp-launch/2",
    "name": "all",
    "uuid": "6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e47",
    "title": "t",
    "description": "d",
    "labels": {"a": "b", "c.d/e": "f"},
    "connect": "qemu:///system",
    "firmware": {"path": "/f", "sha256": "0" * 64},
    "boot": {"kernel": "/k", "kernel_sha256": "0" * 64, "initrd": "/i", "initrd_sha256": "0" * 64,
             "cmdline": "a", "kernel_hashes": True},
    "cpu": {"count": 4, "model": "host", "signature": "0xa10f11", "sockets": 1, "cores": 4,
            "threads": 1, "pinning": ["0", "1", "2-3", "2-3,8"]},
    "memory": {"size": "4G", "backing": "ram", "hugepages": "1GiB", "locked": False},
    "numa": [{"cpus": "0-3", "memory": 4294967296, "host_nodes": "0"}],
    "disks": [{"path": "/d", "format": "raw", "bus": "scsi", "cache": "none", "readonly": True,
               "serial": "s", "boot": 1}],
    "networks": [{"type": "network", "source": "default", "mac": "52:54:00:12:34:56"},
                 {"type": "bridge", "source": "b", "model": "virtio", "queues": 4},
                 {"type": "user", "model": "e1000e",
                  "forward": [{"protocol": "tcp", "address": "127.0.0.1", "host": 2222,
                               "guest": 22}]}],
    "cdrom": [{"path": "/c", "boot": 2}],
    "cloud_init": {"user_data": "/u", "meta_data": "/m", "network_config": "/n"},
    "shared_folder": [{"path": "/s", "tag": "t"}],
    "mmio64": "256GiB",
    "console": {"type": "file", "path": "/c"},
    "vsock": {"cid": 3},
    "vfio": [{"address": "0000:41:00.0", "iommufd": True}],
    "rng": False,
    "tpm": "none",
    "snp": {"policy": {"abi_min": "0.0", "smt": True, "migrate_ma": False, "debug": False,
                       "single_socket": False, "cxl_allow": False, "mem_aes_256_xts": False,
                       "rapl_dis": False, "ciphertext_hiding_dram": False,
                       "page_swap_disable": False},
            "host_data": "0" * 64, "guest_visible_workarounds": "0" * 32, "vcek": True,
            "measurement": "0" * 96,
            "id": {"key": "/k", "author_key": "/a", "svn": 1, "family_id": "0" * 32,
                   "image_id": "0" * 32}, "user": "u"},
    "relabel": True,
    "autostart": False,
    "on_reboot": "auto",
    "libvirt_xml": "/x",
    "emulator": "/q",
}

# What cannot stand beside that, each in a document of its own.
ALTERNATIVES = [
    {"firmware": {"auto": True, "sha256": "0" * 64}},
    {"console": {"type": "pty"}},
    {"boot": {"kernel": "/k", "initdata": "/n"}, "snp": {"vcek": True}},
    {"vsock": {"cid": "auto"}},
    {"snp": {"policy": {"raw": "0x30000"}}},
    {"snp": {"host_data": "sha256:/h", "measurement": "@/m"}},
    {"snp": {"id": {"reference": "/r", "image": "i"}}},
    {"snp": {"id": {"block": "/b", "auth": "/a"}}},
]

OTHERS = [None, True, False, 0, 1, 2, 3, 99, 100, 4096, 4097, 2**32 - 2, 2**32 - 1, 2**32, -1,
          [], [1], ["a"], {}, {"a": 1}, {"a": "b"}, "", "auto", "/a", "0x30000"]
STRINGS = [
    "a", "A", "0", "-", ".", "_", "/", "//", "/a", "/a/", "a/b", "/a/..", "/../a", "/a/../b",
    "/..a", "/a..", "/a/.b", "..", " ", "a b", " a", "a ", "a\n", "a\tb", "a\rb", "a\x01", "a\x7f",
    "a\x85", "a\xa0", "a\u061c", "a\u200b", "a\u200e", "a\u200f", "a\u2010", "a\u2028", "a\u202a",
    "a\u202e", "a\u202f", "a\u2065", "a\u2066", "a\u2069", "a\u206a", "a\ufeff", "a\ufffd",
    "a\ufffe", "a\uffff", "a\U0001f600", "/\u00e9", "/a\n", "/a\u202e", "@/a", "@a", "@", "@/a/../b",
    "sha256:/a", "sha256:a", "sha256:", "sha256:/../a", "auto", "none", "host", "file", "pty", "user",
    "a.json", "a.xml", "a.JSON", "a.xml.", "a.jsonx", "json", "a.b.xml", "a.xml\n",
    "bridge", "network", "raw", "qcow2", "restart", "destroy", "emulated", "memfd", "snp-launch/1",
    "snp-launch/2", "qemu:", "qemu+ssh:", "qemu+:", "Qemu:", "1:", "a" * 15, "a" * 20, "a" * 21,
    "a" * 63, "a" * 64, "a" * 256, "a" * 257, "\u00e9" * 256, "\u00e9" * 257, "a" * 1024, "a:" * 512,
    "a:" * 513, "a" * 4096, "a" * 4097, "/" + "a" * 4094, "/" + "a" * 4095, "/" + "\u00e9" * 4094,
    "@/" + "a" * 4094, "@/" + "a" * 4095, "sha256:/" + "a" * 4094, "sha256:/" + "a" * 4095,
    "a" * 65535, "a" * 65536,
    "0x0", "0x", "0x30000", "0X30000", "0x3000F", "0xffffffff", "0x1ffffffff", "0x" + "f" * 16,
    "0x" + "f" * 17, "30000", "196608",
    "0.0", "1.51", "255.255", "256.0", "0.256", "00.1", "1.", ".1", "1.1.1", "1", "199.249", "01.1",
    "1KiB", "4GiB", "4GB", "4 GiB", "4", "0GiB", "04GiB", "99TiB", "100TiB", "99999GiB", "100000GiB",
    "99999999999KiB", "999999999999KiB", "4gib", "-4GiB", "4GiB ", "4GiBx", "1e3KiB",
    "0" * 31, "0" * 32, "0" * 33, "F" * 32, "g" * 32, "0" * 63, "0" * 64, "F" * 64, "0" * 65,
    "0" * 95, "0" * 96, "F" * 96, "g" * 96, "0" * 97, "0x" + "0" * 64,
    "52:54:00:12:34:56", "53:54:00:12:34:56", "52-54-00-12-34-56", "52:54:00:12:34", "FE:FF:FF:FF:FF:FF",
    "0000:41:00.0", "0000:41:1f.7", "0000:41:20.0", "0000:41:00.8", "41:00.0", "0000:4A:00.0",
    "0000:41:00x0", "6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e47", "6F7C2A9E-5D0B-4A6E-9A3E-0D5B8C1F2E47",
    "00000000-0000-0000-0000-000000000000", "6f7c2a9e5d0b4a6e9a3e0d5b8c1f2e47",
    "6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e4g",
]
KEYS = ["x", "path", "auto", "kernel", "initrd_sha256", "source", "type", "raw", "smt", "reference",
        "image", "block", "auth", "key", "svn", "A", "a/b", "/a", "a" * 63, "a" * 64, "\u00e9"]
ADDED = [True, "/a", "0x30000", "a", 1]


def places(value, at=()):
    yield at
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(
        value, list) else ()
    for key, member in list(members):
        yield from places(member, at + (key,))


def get(document, at):
    for key in at:
        document = document[key]
    return document


def changed(document, within=()):
    yield document
    for at in places(document):
        if at[:len(within)] != within:
            continue
        for value in OTHERS + (STRINGS if isinstance(get(document, at), str) else []):
            if at:
                copied = copy.deepcopy(document)
                get(copied, at[:-1])[at[-1]] = value
                yield copied
            else:
                yield value
        if at:
            copied = copy.deepcopy(document)
            del get(copied, at[:-1])[at[-1]]
            yield copied
        target = get(document, at)
        if isinstance(target, dict):
            for key in KEYS:
                for value in ADDED:
                    copied = copy.deepcopy(document)
                    get(copied, at)[key] = value
                    yield copied
        if isinstance(target, list):
            for n in (16, 17, 26, 27):
                copied = copy.deepcopy(document)
                get(copied, at)[:] = [copy.deepcopy(target[0]) for _ in range(n)]
                yield copied


def documents():
    yield from changed(EVERYTHING)
    smallest = {key: EVERYTHING[key] for key in ("schema", "name", "cpu", "memory")}
    for alternative in ALTERNATIVES:
        yield from changed({**smallest, **alternative}, tuple(alternative))
    for n in (64, 65):
        yield {**smallest, "labels": {f"l{i}": "x" for i in range(n)}}
    for path in glob.glob(f"{source}/templates/*.json"):
        with open(path, encoding="utf-8") as f:
            example = json.load(f)
        if example.get("schema") == "snp-launch/1":
            yield example


def folds(value):
    """True if an object has two keys that differ in case alone, which the JSON reader refuses."""
    if isinstance(value, dict):
        lower = [key.lower() for key in value]
        return len(set(lower)) < len(lower) or any(map(folds, value.values()))
    return isinstance(value, list) and any(map(folds, value))


seen, lines = set(), []
for document in documents():
    line = json.dumps(document, sort_keys=True)
    if line not in seen and not folds(document):
        seen.add(line)
        lines.append(line)
answers = subprocess.run([judge], input="\n".join(lines) + "\n", text=True, check=True,
                         stdout=subprocess.PIPE).stdout.splitlines()
assert len(answers) == len(lines), "the judge answers each line"
accepted = wrong = 0
for line, answer in zip(lines, answers):
    error = next(validator.iter_errors(json.loads(line)), None)
    accepted += error is None
    if (error is None) != (answer == "yes"):
        wrong += 1
        if wrong <= 20:
            print(f"reader: {answer}\nschema: {error.message[:200] if error else 'yes'}\n{line[:600]}\n")
print(f"{len(lines)} documents, {accepted} accepted by both, {wrong} judged differently")
sys.exit(wrong > 0 or accepted < 1000 or len(lines) < 8000)
