# SPDX-License-Identifier: Apache-2.0
"""A second reader of IGVM files, with nothing of the library's: the launch updates that a loader makes of a
file, one page after the other, the slow way. Refused is all that it says of a file that is refused."""
import binascii
import hashlib
import struct

from igvm_naive_vmsa import Refused, direct_vmsa, need, q, qemu_vmsa, reset_vmsa

PARAMETERS = (0x307, 0x308, 0x309, 0x30A, 0x30C, 0x30E, 0x30F, 0x310, 0x312, 0x313)
LENGTHS = {1: 16, 0x101: 16, 0x301: 16, 0x302: 24, 0x303: 16, 0x304: 20,
           0x305: 24, 0x30B: 696, 0x30D: 16, 0x311: 864, **{t: 8 for t in PARAMETERS}}
NATIVE, VSM, SNP, TDX, SEV, SEV_ES = range(6)
QEMU_10 = {0x301, 0x302, 0x303, 0x304, 0x305, 0x307, 0x30C, 0x313, 0x30B}
ZERO = bytes(4096)
VMSA_GPA = 0xFFFFFFFFF000


class Header:
    mask = gpa = size = data = flags = index = kind = 0


def headers(file):
    """All headers of the file whose mask is not 0."""
    need(len(file) >= 32 and file[:4] == b"IGVM", "magic")
    version, offset, size, total, crc = struct.unpack_from("<5I", file, 4)
    fixed = 24 if version == 1 else 32
    need(version == 1 or version == 2 and file[24:32] == struct.pack("<2I", 0, 4096), "version")
    need(total == len(file) and offset + size < len(file), "sizes")
    section = file[offset:offset + size]
    need(crc == binascii.crc32(section, binascii.crc32(file[:20] + bytes(4) + file[24:fixed])), "checksum")
    found, platforms, at, stage = [], {}, 0, 0
    while at < len(section):
        need(len(section) - at >= 8, "cut")
        kind, length = struct.unpack_from("<2I", section, at)
        need(LENGTHS.get(kind) == length, "type or length")
        need(kind >> 8 >= stage, "order")
        stage = kind >> 8
        body = section[at + 8:at + 8 + (length + 7) // 8 * 8]
        need(len(body) == (length + 7) // 8 * 8, "cut")
        h = header(kind, body, file, offset + size, platforms)
        at += 8 + len(body)
        if kind == 1:
            need(h.index not in [p.index for p in found], "twice")
            platforms[h.mask] = h.index
        if h.mask or kind == 0x301 or kind in PARAMETERS:
            need(kind == 0x301 or h.gpa + h.size <= 1 << 52, "address")
            found.append(h)
    need(platforms, "no platform")
    between(found)
    return found


def header(kind, b, file, start, platforms):
    h, h.kind = Header(), kind
    u16, u32, u64 = (lambda at, f=f: struct.unpack_from(f, b, at)[0] for f in ("<H", "<I", "<Q"))
    if kind == 1:
        h.mask, h.vtl, h.index, h.boundary = u32(0), b[4], b[5], u64(8)
        need(bin(h.mask).count("1") == 1 and b[4] in (0, 2) and b[5] <= 5 and u16(6) == 1, "platform")
        need(u64(8) == 0 or b[5] > VSM, "boundary")
    elif kind == 0x101:
        h.policy, h.mask = u64(0), u32(8)
        need(u32(12) == 0, "reserved")
    elif kind == 0x301:
        h.size, h.index, h.data = u64(0), u32(8), u32(12)
        need(h.size % 4096 == 0 and (not h.data or start <= h.data <= len(file) - h.size), "area")
    elif kind == 0x302:
        h.gpa, h.mask, h.data, h.flags, h.index = u64(0), u32(8), u32(12), u32(16), u16(20)
        h.size = 0x200000 if h.flags & 1 else 4096
        need(h.gpa % 4096 == 0 and h.index <= 3 and u16(22) == 0, "page")
        need(not h.data or start <= h.data <= len(file) - 4096, "data")
        h.contents = file[h.data:h.data + 4096] if h.data else None
    elif kind == 0x303:
        h.gpa, h.mask, h.index = u64(0), u32(8), u32(12)
        need(h.gpa % 4096 == 0, "insert")
    elif kind == 0x304:
        h.gpa, h.mask, h.data, h.index = u64(0), u32(8), u32(12), u16(16)
        h.platform = platforms.get(h.mask)
        need(h.platform not in (None, TDX, VSM), "context; for VSM none is made here")
        need(start <= h.data <= len(file) - 4096, "data")
        h.contents = file[h.data:h.data + 4096]
        need(not any(h.contents[224:]) if h.platform in (NATIVE, SEV) else h.gpa % 4096 == 0, "context")
    elif kind in (0x305, 0x30D):
        h.gpa, h.mask, h.size, h.flags = u64(0), u32(8), u32(12), u32(16) if kind == 0x305 else 0
        need(h.gpa % 4096 == 0 and (kind == 0x30D or u32(20) == h.size % 4096 == 0), "range")
    elif kind in PARAMETERS:
        h.index, h.at = u32(0), u32(4)
    else:
        h.mask, h.contents = u32(0), b
    return h


def between(found):
    areas = {}
    for h in found:
        if h.kind == 0x301:
            need(h.index not in areas, "area twice")
            areas[h.index] = h
        elif h.kind == 0x303 or h.kind in PARAMETERS:
            need(areas.get(h.index), "no area")
            h.area = areas[h.index]
            need(h.kind == 0x303 or h.at + 4 <= h.area.size, "outside its area")
            areas[h.index] = None if h.kind == 0x303 else h.area


def prepare(regions, gpa, size):
    """QEMU: one region holds all of it, or nothing is there and a region is made."""
    need(size, "no bytes")
    touched = sorted(r for r in regions if r[0] < gpa + size and gpa < r[1])
    if not touched:
        regions.append((gpa, gpa + size, True))
        return
    need(touched[0][2] and touched[0][0] <= gpa and gpa + size <= touched[0][1], "region")


def qemu(found, vcpus, signature, memory, known):
    low = memory if memory < 0xB0000000 else 0x80000000
    regions = [(0, 0xC0000, True), (0xC0000, 0xE0000, True), (0xE0000, low, True),
               (0xFEC00000, 0xFEC01000, False), (0xFED00000, 0xFED00400, False),
               (0xFEE00000, 0xFEF00000, False)]
    if memory > low:
        regions.append((1 << 32, (1 << 32) + memory - low, True))
    platform = min((h for h in found if h.kind == 1 and h.index in (SNP, SEV_ES, SEV, NATIVE)),
                   key=lambda h: (SNP, SEV_ES, SEV, NATIVE).index(h.index), default=None)
    need(platform, "platform")
    pages, run, block, contexts, features = [], [], None, {}, 1  # pages: [type, gpa, bytes, gpa in memory]

    def flush():
        if not run:
            return
        first = run[0][1]
        prepare(regions, first.gpa, len(run) * first.size)
        base = first.gpa & 0xFFFFFFFF if first.index >= 2 else first.gpa
        for h in [h for _, h in run]:
            kind = (4 if h.flags & 2 else 1, 5, 6, 6)[h.index]
            for at in range(0, h.size, 4096):
                contents = h.contents if at == 0 and h.contents else ZERO
                pages.append([kind, base + h.gpa - first.gpa + at, contents, h.gpa + at])
        run.clear()

    directives = [h for h in found if h.kind >= 0x301]
    need(directives and all(h.kind in known for h in directives), "directives")
    for i, h in enumerate(directives):
        if h.kind in PARAMETERS:
            size = h.area.size & 0xFFFFFFFF
            need(128 + 16 * vcpus <= size if h.kind == 0x309 else h.at + 4 <= size, "parameter")
        if not h.mask & platform.mask:
            continue
        if h.kind == 0x302:
            if run:
                at, last = run[-1]
                same = (h.flags, h.index, h.mask, h.contents is None, h.gpa) == (
                    last.flags, last.index, last.mask, last.contents is None, last.gpa + last.size)
                if at != i - 1 or not same:
                    flush()
            run.append((i, h))
        elif h.kind == 0x303:
            size = h.area.size & 0xFFFFFFFF
            need(h.gpa + size <= 1 << 52, "address")
            prepare(regions, h.gpa, size)
            pages += [[4, h.gpa + at, ZERO, h.gpa + at] for at in range(0, size, 4096)]
        elif h.kind == 0x305:
            prepare(regions, h.gpa, h.size)
            for page in pages:
                if h.gpa <= page[3] < h.gpa + h.size:
                    page[2] = ZERO
        elif h.kind == 0x304:
            need(h.platform in (SNP, SEV_ES) and h.gpa == VMSA_GPA and h.index < vcpus, "context")
            wanted = q(h.contents, 0x3B0)
            need(wanted & 1 and not wanted & ~0x221, "features")
            features = wanted if h.index == 0 else features
            contexts[h.index] = h.contents
            qemu_vmsa(h.contents, signature, wanted)
        elif h.kind == 0x30B:
            need(block is None, "two ID blocks")
            block = h.contents
    flush()
    need(len({p[1] for p in pages}) == len(pages) == len({p[3] for p in pages}), "page twice")
    for _, gpa, _, there in pages:
        need(gpa == there or any(r[2] and r[0] <= gpa and gpa + 4096 <= r[1] for r in regions), "hole")
    for i in range(vcpus):
        page = (qemu_vmsa(contexts[i], signature, features) if i in contexts
                else reset_vmsa(signature, features))
        pages.append([2, VMSA_GPA, page, None])
    need(block is None or platform.index != SNP or block[8:56] == digest(pages), "an ID block for another launch")
    return pages


def direct(found, vcpus, memory, openvmm):
    """Cloud Hypervisor and OpenVMM: header by header."""
    platform = next((h for h in found if h.kind == 1 and h.index == SNP), None)
    need(platform and not (openvmm and (platform.vtl or platform.boundary)), "platform")
    found = [h for h in found if h.kind == 1 or not h.mask or h.mask & platform.mask]
    need(not openvmm or any(h.kind == 0x101 for h in found), "policy")
    hole = 2 << 30 if openvmm else 3 << 30
    low, high = min(memory, hole), 0 if openvmm else (1 << 32) + memory - min(memory, hole)
    pages, claimed, contexts, features = [], [], {}, 1
    known = {0x301, 0x302, 0x303, 0x304, 0x305, 0x307, 0x30C, 0x30E, 0x30B}
    need(all(h.kind in known or openvmm and (h.kind in PARAMETERS or h.kind == 0x30D)
             for h in found if h.kind > 0x101), "directive")

    def take(gpa, size, kind=None, contents=ZERO):
        need(size and not size % 4096, "no bytes")
        need(gpa + size <= low or 1 << 32 <= gpa and gpa + size <= high, "no memory")
        claimed.extend(range(gpa, gpa + size, 4096))
        pages.extend([[kind, at, contents, None] for at in range(gpa, gpa + size, 4096) if kind])

    for h in found:
        if h.kind == 0x302:
            need(h.index != 3 and not (h.flags & 1 and h.contents), "page")
            kind = (4 if h.flags & 2 else 1 if h.contents or openvmm else 3, 5, 6)[h.index]
            shared = openvmm and h.index == 0 and h.flags & 6 == 4
            take(h.gpa, 4096, None if shared else kind, h.contents or ZERO)
        elif h.kind == 0x303:
            take(h.gpa, h.area.size, 4)
        elif h.kind == 0x30D:
            take(h.gpa, h.size)
        elif h.kind == 0x305:
            need(not (openvmm and h.flags), "VTL2")
            before = len(claimed)
            take(h.gpa, h.size)
            del claimed[before:]
        elif h.kind == 0x304:
            need(h.platform in (SNP, SEV_ES) and h.index < vcpus and h.index not in contexts, "context")
            need(h.gpa == VMSA_GPA or not openvmm, "context")
            wanted = q(h.contents, 0x3B0) | 1
            need(not wanted & ~0x221, "features")
            features = wanted if h.index == 0 else features
            contexts[h.index] = h.contents
            direct_vmsa(h.contents, openvmm, wanted)
    need(len(set(claimed)) == len(claimed), "page twice")
    need(openvmm or not any(h.kind == 0x30B for h in found), "an ID block; none is signed here")
    need(len(contexts) == vcpus and any(h.kind >= 0x301 for h in found), "contexts")
    return pages + [[2, VMSA_GPA, direct_vmsa(contexts[i], openvmm, features), None] for i in range(vcpus)]


def igvmmeasure(found, native_zero):
    mask = next((h.mask for h in found if h.kind == 1 and h.index == SNP), 0)
    need(mask, "platform")
    pages = []
    for h in found:
        if h.kind == 0x302 and h.mask & mask:
            need(h.size == 4096 or h.contents is None, "2 MiB page with contents")
            zero = 3 if h.contents is None and native_zero else 1
            kind = (4 if h.flags & 2 else zero, 5, 6, 6)[h.index]
            pages += [[kind, h.gpa + at, h.contents or ZERO, None] for at in range(0, h.size, 4096)]
        elif h.kind == 0x303 and h.mask & mask:
            need(h.gpa < 1 << 52, "address")
            pages.append([4, h.gpa, ZERO, None])
        elif h.kind == 0x304 and h.platform in (SNP, SEV_ES):
            pages.append([2, h.gpa, h.contents, None])
    return pages


def digest(pages):
    ld = bytes(48)
    for kind, gpa, contents, _ in pages:
        page = hashlib.sha384(contents).digest() if kind in (1, 2) else bytes(48)
        ld = hashlib.sha384(ld + page + struct.pack("<HBBIQ", 0x70, kind, 0, 0, gpa)).digest()
    return ld


def launch(file, profile, vcpus, signature, memory):
    """The launch digest in hex, or "refused"."""
    known = QEMU_10 if profile == "igvm-qemu-10" else QEMU_10 | {0x309}
    try:
        if profile in ("igvm-cloud-hypervisor", "igvm-openvmm"):
            return digest(direct(headers(file), vcpus, memory, profile == "igvm-openvmm")).hex()
        if profile.startswith("igvm-qemu"):
            return digest(qemu(headers(file), vcpus, signature, memory, known)).hex()
        return digest(igvmmeasure(headers(file), profile == "igvm-native-zero")).hex()
    except Refused:
        return "refused"
