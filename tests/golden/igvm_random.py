# SPDX-License-Identifier: Apache-2.0
"""Random IGVM files: mostly ones that can be launched, with every directive and many faults."""
import binascii
import random
import struct

VMSA_GPA = 0xFFFFFFFFF000
PLACES = [0x0, 0x3000, 0x9E000, 0xBE000, 0xDF000, 0x100000, 0x200000, 0x1FFFD000, 0x20000000,
          0x40000000, 0x7FFFE000, 0xAFFFF000, 0xB0000000, 0xFEC00000, 0xFED00000, 0xFEE00000,
          0xFFC00000, 0xFFFFF000, 0x100000000, 0x100003000, 0x13FFFE000, 0x10000003000, 0x8000000000, 0xFFFFFFFFFE000]


def context(r, long=0.1):
    v = bytearray(4096)
    for at, selector, attrib, limit in ((0, 16, 0xC93, 0xFFFFFFFF), (0x10, 8, 0xC9B, 0xFFFFFFFF),
                                        (0x20, 16, 0xC93, 0xFFFFFFFF), (0x30, 16, 0xC93, 0xFFFFFFFF),
                                        (0x70, 0, 0x82, 0xFFFF), (0x90, 0, 0x8B, 0xFFFF)):
        struct.pack_into("<HHIQ", v, at, selector, attrib, limit, 0)
    put = lambda at, value: struct.pack_into("<Q", v, at, value)
    for at, value in ((0xD0, 0x1000), (0x148, 0x40), (0x158, 0x31), (0x160, 0x400), (0x168, 0xFFFF0FF0),
                      (0x170, 2), (0x178, 0x10000), (0x268, 0x7040600070406), (0x3B0, 1), (0x3E8, 1)):
        put(at, value)
    struct.pack_into("<IHHH", v, 0x408, 0x1F80, 0, 0, 0x37F)
    if r.random() < long:  # long mode, as OpenVMM starts
        v[0x13] |= 2
        for at, value in ((0xD0, 0x1D00), (0x148, 0x60), (0x150, 1 << 51 | 0x1000), (0x158, 0x80000031)):
            put(at, value)
    for _ in range(r.choice((0, 0, 1, 1, 2, 4))):
        kind = r.randrange(12)
        if kind == 0:
            put(0x148, r.choice((0, 0x20, 0x640, 0x660, 0x300640, 0x400040, 0x840, 0x1060, 0x20060,
                                 0x11000040, 0x800040, 1 << 32 | 0x40)))
        elif kind == 1:
            put(0xD0, r.choice((0, 0x100, 0x500, 0x1500, 0x1D01, 0x1800, 0x2000)))
            put(0x158, r.choice((0x80000031, 0x80000011, 0x80000031, 0x60000010)))
            put(0x148, r.choice((0x20, 0x60, 0x40)))
        elif kind == 2:
            put(0x158, r.choice((0x10, 0x30, 0x11, 0x20000011, 0x60000011, 1 << 40 | 0x31, 0x51)))
        elif kind == 3:
            put(r.choice((0x98, 0x78, 0x18, 0x68, 0x88, 0x48)), r.getrandbits(64))
        elif kind == 4:
            struct.pack_into("<H", v, r.randrange(10) * 16 + 2, r.getrandbits(16))
        elif kind == 5:
            put(r.choice((0x150, 0x178, 0x1D8, 0x1F8, 0x308, 0x310, 0x318, 0x328, 0x330, 0x338, 0x340,
                          0x378)), r.getrandbits(r.choice((20, 64))))
        elif kind == 6:
            put(0x160, r.choice((0, 0, 0x400, 0x401)))
            put(0x168, r.choice((0, 0xFFFF0FF0, 1 << 32)))
        elif kind == 7:
            struct.pack_into("<IHHH", v, 0x408, 0, 0, 0, 0)
        elif kind == 8:
            put(0x3B0, r.choice((0, 1, 9, 0x21, 0x201, 0x29)))
        elif kind == 9:
            put(r.choice((0x3E8, 0x3E8, 0x268, 0x170)), r.choice((0, 1, 3, 5, 7, 0xE7, 0x207, 0x20002)))
        elif kind == 10:
            v[r.choice((r.randrange(0x670), r.randrange(0x670, 4096)))] ^= 1 << r.randrange(8)
        else:
            struct.pack_into("<HHI", v, 16 * r.choice((6, 8)), r.getrandbits(16), r.getrandbits(16),
                             r.getrandbits(32))
    return bytes(v)


class Writer:
    def __init__(self, r):
        self.r, self.headers, self.data = r, [], {}

    def add(self, kind, payload, contents=None, at=None):
        self.headers.append((kind, bytearray(payload), contents, at))

    def file(self):
        r, version = self.r, self.r.choice((1, 1, 1, 2))
        fixed = 24 if version == 1 else 32
        gap = r.choice((0, 0, 0, 0, 8))
        size = sum(8 + (len(p) + 7) // 8 * 8 for _, p, _, _ in self.headers)
        data, offsets, section = b"\0" * 16, {}, b""
        for kind, payload, contents, at in self.headers:
            if contents is not None:
                if contents not in offsets:
                    offsets[contents] = fixed + gap + size + len(data)
                    data += contents
                struct.pack_into("<I", payload, at, offsets[contents])
            section += struct.pack("<2I", kind, len(payload)) + payload + bytes(-len(payload) % 8)
        section = bytearray(section)
        if r.random() < 0.1 and section:
            section[r.randrange(len(section))] ^= 1 << r.randrange(8)
        head = bytearray(struct.pack("<4s5I", b"IGVM", version, fixed + gap, size,
                                     fixed + gap + size + len(data), 0))
        head += struct.pack("<2I", 0, 4096) if version == 2 else b""
        if r.random() < 0.02:
            head[r.randrange(len(head))] ^= 1 << r.randrange(8)
            head[20:24] = bytes(4)
        struct.pack_into("<I", head, 20, binascii.crc32(section, binascii.crc32(head)))
        if r.random() < 0.01:
            head[20] ^= 1
        return bytes(head) + bytes(gap) + bytes(section) + data


def make(seed):
    """A file, and how it is launched: vCPUs, CPU signature."""
    r = random.Random(seed)
    w = Writer(r)
    tame = r.random() < 0.3  # what loaders take that know one context and their own memory only
    places = [p for p in PLACES if p < 0x20000000] if tame else PLACES
    platforms = r.choice(([2], [2, 0]) if tame else
                         ([2], [2], [2], [2], [2, 0], [2, 5], [5], [4], [0], [0, 2], [4, 2, 0], [3], [1, 2]))
    masks = {p: 1 << i for i, p in enumerate(platforms)}
    if r.random() < 0.03:
        masks = {p: 1 for p in platforms}
    for p in platforms:
        w.add(1, struct.pack("<IBBHQ", masks[p], 0, p, 1, 0))
    if r.random() < (0.95 if tame else 0.5):
        w.add(0x101, struct.pack("<QII", r.choice((0x30000, 0xB0000)), masks[r.choice(platforms)], 0))
    usual = masks[2] if 2 in masks else masks[platforms[0]]
    contents = [bytes([i]) * 4096 for i in range(3)] + [r.randbytes(4096)]
    mask = lambda: r.choice((usual,) * 12 + (0, 3, 2, 7, usual | 1 << 31))
    used, areas, at, vcpus = set(), [], r.choice(places), 1 if tame else r.choice((1, 1, 2, 3))

    def place(pages=1):
        nonlocal at
        if r.random() < 0.25:
            at = r.choice(places) + 4096 * r.randrange(4)
        for _ in range(8):
            wanted = set(range(at, at + 4096 * pages, 4096))
            if not wanted & used or r.random() < 0.03:
                break
            at = r.choice(places) + 4096 * r.randrange(64)
        used.update(wanted)
        ret, at = at, at + 4096 * pages
        return ret

    for _ in range(r.choice((1, 3, 6, 12, 20))):
        kind = r.choices(("page", "area", "insert", "parameter", "required", "context", "other"),
                         (50, 8, 8, 8, 6, 0, 2) if tame else (50, 8, 8, 8, 6, 5, 1))[0]
        if kind == "page":
            run_mask, flags = mask(), r.choice((0,) * 12 + (1, 2, 3, 4, 5, 6, 8, 1 << 31))
            data_type = r.choice((0,) * 9 + (1, 2, 3))
            data = r.choice(contents + [None])
            for _ in range(r.choice((1, 1, 1, 2, 4))):
                gpa = place(512 if flags & 1 else 1)
                w.add(0x302, struct.pack("<QIIIHH", gpa, run_mask, 0, flags, data_type, 0),
                      data, None if data is None else 12)
        elif kind == "area":
            index, size = r.choice((len(areas), r.randrange(3))), r.choice((4096, 4096, 8192, 0, 1 << 32 | 4096))
            areas.append(index)
            initial = r.choice((None, None, None, bytes([9]) * 4096)) if size == 4096 else None
            w.add(0x301, struct.pack("<QII", size, index, 0), initial, None if initial is None else 12)
        elif kind == "insert" and areas:
            index = areas.pop(r.randrange(len(areas)))
            w.add(0x303, struct.pack("<QII", place(2), mask(), index))
        elif kind == "parameter" and areas:
            offset = r.choice((0, 0, 0, 8, 4092, 4093, 0x7FFFFF00))
            w.add(r.choice((0x307, 0x307, 0x30C, 0x313, 0x309, 0x308, 0x312, 0x30E)),
                  struct.pack("<II", r.choice(areas), offset if r.random() < 0.7 else 0))
        elif kind == "required":
            gpa = r.choice((r.choice(places), r.choice(sorted(used) or [0]), max(0, at - 8192)))
            w.add(0x305, struct.pack("<QIIII", gpa, mask(), 4096 * r.choice((0, 1, 2, 2, 16, 512)),
                                     r.choice((0,) * 9 + (1,)), 0))
        elif kind == "context":
            p = r.choice([2 if 2 in platforms else platforms[0]] * 5 + platforms)
            data = context(r) if p in (2, 5) else bytes(4096)
            w.add(0x304, struct.pack("<QIIHH", r.choice((VMSA_GPA,) * 20 + (0x1000,)), masks[p], 0,
                                     r.randrange(vcpus) if r.random() < 0.95 else 7, 0), data, 12)
        elif kind == "other":
            w.add(*r.choice(((0x30D, struct.pack("<QII", r.choice(places), mask(), r.choice((0, 4096, 8192, 100)))),
                             (0x311, struct.pack("<I", r.choice((0, 1))) + bytes(860)),
                             (0x30B, struct.pack("<I", mask()) + bytes(692)),
                             (0x306, bytes(8)))))
    for _ in range(1 if tame else r.choice((0, 1, 1, 2))):
        if 2 in platforms:
            w.add(0x304, struct.pack("<QIIHH", VMSA_GPA, masks[2], 0, r.randrange(vcpus), 0),
                  context(r, 0.7 if tame else 0.1), 12)
    return w.file(), vcpus, r.choice((0x800F12, 0x830F10, 0xA00F11, 0xA10F10, 0x800F12, 0, 0xB00F21))
