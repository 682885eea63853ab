# SPDX-License-Identifier: Apache-2.0
"""A second reader of IGVM files, with nothing of the library's: the launch updates that a loader makes of one, page by
page, the slow way. "Refused" is all that it says of a file that is refused."""
import binascii
import hashlib
import struct

PARAMETERS = (0x307, 0x308, 0x309, 0x30A, 0x30C, 0x30E, 0x30F, 0x310, 0x312, 0x313)
FIELDS = {0x001: ("<IBBHQ", "mask vtl index version boundary"), 0x101: ("<QII", "policy mask zero"),
          0x301: ("<QII", "size index data"), 0x302: ("<QIIIHH", "gpa mask data flags index zero"),
          0x303: ("<QII", "gpa mask index"), 0x304: ("<QIIHH", "gpa mask data index unused"),
          0x305: ("<QIIII", "gpa mask size flags zero"), 0x30B: ("<I692s", "mask rest"),
          0x30D: ("<QII", "gpa mask size"), 0x311: ("<I860s", "mask rest"),
          **{t: ("<II", "index at") for t in PARAMETERS}}
NATIVE, VSM, SNP, TDX, SEV, SEV_ES = range(6)
QEMU = {0x301, 0x302, 0x303, 0x304, 0x305, 0x307, 0x30C, 0x313, 0x30B}
CLOUD_HYPERVISOR = {0x301, 0x302, 0x303, 0x304, 0x305, 0x307, 0x30C, 0x30E, 0x30B}
ZERO, VMSA_GPA = bytes(4096), 0xFFFFFFFFF000
Header = type("Header", (), dict.fromkeys(("mask", "gpa", "size", "data", "flags", "index", "zero"), 0))
Refused = type("Refused", (Exception,), {})
CPUS = {0x800F12: "", 0x900F01: "", 0x830F10: "u", 0xA00F11: "ucp", 0xA10F10: "ucpl5", 0xB00F00: "ucpl5"}
TAKEN = ((0, 0xA0), (0x150, 8), (0x160, 0x20), (0x1D8, 8), (0x1F8, 8), (0x268, 8), (0x308, 24), (0x328, 0x58),
         (0x3B0, 8), (0x3E8, 8))  # bytes of registers that KVM takes
RESET = ((0x160, 0x400), (0x168, 0xFFFF0FF0), (0x268, 0x7040600070406), (0x3E8, 1))  # DR7, DR6, PAT, XCR0


def need(condition, why):
    if not condition:
        raise Refused(why)


def headers(file):
    """All headers of the file whose mask is not 0."""
    need(len(file) >= 32 and file[:4] == b"IGVM", "magic")
    version, offset, size, total, crc = struct.unpack_from("<5I", file, 4)
    fixed = 24 if version == 1 else 32
    need(version == 1 or version == 2 and file[24:32] == struct.pack("<2I", 0, 4096), "version")
    need(total == len(file) > offset + size, "sizes")
    section = file[offset:offset + size]
    need(crc == binascii.crc32(section, binascii.crc32(file[:20] + bytes(4) + file[24:fixed])), "checksum")
    found, platforms, areas, at, stage = [], {}, {}, 0, 0
    while at < len(section):
        need(len(section) - at >= 8, "cut")
        kind, length = struct.unpack_from("<2I", section, at)
        need(kind in FIELDS and struct.calcsize(FIELDS[kind][0]) == length and kind >> 8 >= stage, "type or length")
        stage = kind >> 8
        at += 8 + (length + 7) // 8 * 8
        need(at <= len(section), "cut")
        h = header(kind, section[at - (length + 7) // 8 * 8:at], file, offset + size, platforms)
        if h.mask or kind == 0x301 or kind in PARAMETERS:
            need(kind == 0x301 or h.gpa + h.size <= 1 << 52, "address")
            found.append(h)
        if kind == 0x301:
            need(h.index not in areas, "area twice")
            areas[h.index] = h
        elif kind == 0x303 and h.mask or kind in PARAMETERS:
            h.area = areas.get(h.index)
            need(h.area and (kind == 0x303 or h.at + 4 <= h.area.size), "no area, or outside it")
            areas[h.index] = None if kind == 0x303 else h.area
    return found


def header(kind, body, file, start, platforms):
    h, h.kind = Header(), kind
    for name, value in zip(FIELDS[kind][1].split(), struct.unpack_from(FIELDS[kind][0], body)):
        setattr(h, name, value)
    need(h.zero == 0 and (kind == 0x30D or h.size % 4096 == 0), "reserved, or size")
    if kind == 1:
        need(bin(h.mask).count("1") == 1 and h.vtl in (0, 2) and h.index <= 5 and h.version == 1, "platform")
        need((h.boundary == 0 or h.index > VSM) and h.index not in platforms.values(), "boundary, or twice")
        platforms[h.mask] = h.index
    elif kind == 0x302:
        h.size = 0x200000 if h.flags & 1 else 4096
        need(h.index <= 3, "type of page")
    elif kind == 0x304:
        need(platforms.get(h.mask) not in (None, TDX, VSM), "context; for VSM none is made here")
    if kind == 0x304 or h.data:
        need(start <= h.data <= len(file) - (h.size if kind == 0x301 else 4096), "data")
    h.contents = body if kind == 0x30B else file[h.data:h.data + 4096] if h.data else None
    h.platform = platforms.get(h.mask) if kind == 0x304 else None
    need(not any(h.contents[224:]) if h.platform in (NATIVE, SEV) else h.gpa % 4096 == 0, "context or address")
    return h


def runs(found, mask):
    """QEMU: headers where they count. Pages do at the next page that does not continue their run, or at the end."""
    run, last = [], -1
    for i, h in enumerate(found):
        if h.kind == 0x302 and h.mask & mask:
            key = (i, h.gpa, h.flags, h.index, h.mask, h.contents is None)
            if run and key != (last + 1, run[-1].gpa + h.size, run[-1].flags, run[-1].index, run[-1].mask,
                               run[-1].contents is None):
                yield run
                run = []
            run, last = run + [h], i
        elif h.mask & mask:
            yield [h]
    if run:
        yield run


def qemu(found, vcpus, signature, memory, known):
    low = memory if memory < 0xB0000000 else 0x80000000
    regions = [(0, 0xC0000, True), (0xC0000, 0xE0000, True), (0xE0000, low, True), (0xFEC00000, 0xFEC01000, False),
               (0xFED00000, 0xFED00400, False), (0xFEE00000, 0xFEF00000, False)]
    regions += [(1 << 32, (1 << 32) + memory - low, True)] if memory > low else []
    ours = {h.index: h for h in found if h.kind == 1}
    platform = next((ours[i] for i in (SNP, SEV_ES, SEV, NATIVE) if i in ours), None)
    directives = [h for h in found if h.kind >= 0x301]
    need(platform and directives and all(h.kind in known for h in directives), "platform or directives")
    pages, block, contexts, features = [], None, {}, 1  # pages: [type, gpa, contents, gpa in memory]

    def prepare(gpa, size):
        """One region holds all of it, or nothing is there and a region is made."""
        touched = sorted(r for r in regions if r[0] < gpa + size and gpa < r[1]) or [(gpa, gpa + size, True)]
        need(size and touched[0][2] and touched[0][0] <= gpa and gpa + size <= min(touched[0][1], 1 << 52), "region")
        regions.extend(t for t in touched if t not in regions)

    need(all((128 + 16 * vcpus if h.kind == 0x309 else h.at + 4) <= h.area.size & 0xFFFFFFFF
             for h in directives if h.kind in PARAMETERS), "parameter")
    for h, *rest in runs(directives, platform.mask):
        if h.kind == 0x302:
            prepare(h.gpa, (1 + len(rest)) * h.size)
            moved = (h.gpa & 0xFFFFFFFF) - h.gpa if h.index >= 2 else 0
            kind = (4 if h.flags & 2 else 1, 5, 6, 6)[h.index]
            pages += [[kind, p.gpa + at + moved, at == 0 and p.contents or ZERO, p.gpa + at]
                      for p in (h, *rest) for at in range(0, p.size, 4096)]
        elif h.kind == 0x303:
            size = h.area.size & 0xFFFFFFFF
            prepare(h.gpa, size)
            pages += [[4, h.gpa + at, ZERO, h.gpa + at] for at in range(0, size, 4096)]
        elif h.kind == 0x305:
            prepare(h.gpa, h.size)
            for page in pages:
                page[2] = ZERO if h.gpa <= page[3] < h.gpa + h.size else page[2]
        elif h.kind == 0x304:
            need(h.platform in (SNP, SEV_ES) and h.gpa == VMSA_GPA and h.index < vcpus, "context")
            need(h.contents[0x3B0] & 1 and not q(h.contents, 0x3B0) & ~0x221, "features")
            features = features if h.index else q(h.contents, 0x3B0)
            contexts[h.index] = h.contents
            qemu_vmsa(h.contents, signature, 1)
        elif h.kind == 0x30B:
            need(block is None, "two ID blocks")
            block = h.contents
    need(len({p[1] for p in pages}) == len(pages) == len({p[3] for p in pages}), "page twice")
    need(all(gpa == there or any(r[2] and r[0] <= gpa and gpa + 4096 <= r[1] for r in regions)
             for _, gpa, _, there in pages), "hole")
    pages += [[2, VMSA_GPA, qemu_vmsa(contexts[i], signature, features) if i in contexts
               else reset_vmsa(signature, features), None] for i in range(vcpus)]
    need(block is None or platform.index != SNP or block[8:56] == digest(pages), "an ID block for another launch")
    return pages


def direct(found, vcpus, memory, openvmm):
    """Cloud Hypervisor and OpenVMM: header by header."""
    platform = next((h for h in found if h.kind == 1 and h.index == SNP), None)
    need(platform and not (openvmm and (platform.vtl or platform.boundary)), "platform")
    need(not openvmm or any(h.kind == 0x101 and h.mask & platform.mask for h in found), "policy")
    found = [h for h in found if h.kind > 0x101 and (not h.mask or h.mask & platform.mask)]
    known = {*CLOUD_HYPERVISOR, *PARAMETERS, 0x30D} if openvmm else CLOUD_HYPERVISOR
    need(found and all(h.kind in known for h in found), "directive")
    hole = 2 << 30 if openvmm else 3 << 30
    low, high = min(memory, hole), 0 if openvmm else (1 << 32) + memory - min(memory, hole)
    pages, claimed, contexts, features = [], [], {}, 1
    for h in found:
        size = {0x302: 4096, 0x303: h.kind == 0x303 and h.area.size}.get(h.kind, h.size)
        if h.kind in (0x302, 0x303, 0x305, 0x30D):
            need(size and not size % 4096 and not (openvmm and h.kind == 0x305 and h.flags), "no bytes, or VTL2")
            need(h.gpa + size <= low or 1 << 32 <= h.gpa and h.gpa + size <= high, "no memory")
            claimed += [] if h.kind == 0x305 else range(h.gpa, h.gpa + size, 4096)
        if h.kind == 0x302:
            need(h.index != 3 and not (h.flags & 1 and h.contents), "page")
            kind = (4 if h.flags & 2 else 1 if h.contents or openvmm else 3, 5, 6)[h.index]
            if not (openvmm and h.index == 0 and h.flags & 6 == 4):
                pages.append([kind, h.gpa, h.contents or ZERO, None])
        elif h.kind == 0x303:
            pages += [[4, at, ZERO, None] for at in range(h.gpa, h.gpa + size, 4096)]
        elif h.kind == 0x304:
            need(h.platform in (SNP, SEV_ES) and h.index < vcpus and h.index not in contexts, "context")
            need((h.gpa == VMSA_GPA or not openvmm) and not q(h.contents, 0x3B0) & ~0x221, "address or features")
            features = features if h.index else q(h.contents, 0x3B0) | 1
            contexts[h.index] = h.contents
    need(len(set(claimed)) == len(claimed) and len(contexts) == vcpus, "page twice, or contexts")
    need(openvmm or 0x30B not in [h.kind for h in found], "an ID block; none is signed here")
    return pages + [[2, VMSA_GPA, direct_vmsa(contexts[i], openvmm, features), None] for i in range(vcpus)]


def igvmmeasure(found, native_zero):
    pages, mask = [], next((h.mask for h in found if h.kind == 1 and h.index == SNP), 0)
    need(mask, "platform")
    for h in found:
        if h.kind == 0x302 and h.mask & mask:
            need(h.size == 4096 or h.contents is None, "2 MiB page with contents")
            kind = (4 if h.flags & 2 else 3 if h.contents is None and native_zero else 1, 5, 6, 6)[h.index]
            pages += [[kind, h.gpa + at, h.contents or ZERO, None] for at in range(0, h.size, 4096)]
        elif h.kind == 0x303 and h.mask & mask:
            need(h.gpa < 1 << 52, "address")
            pages.append([4, h.gpa, ZERO, None])
        elif h.kind == 0x304 and h.platform in (SNP, SEV_ES):
            pages.append([2, h.gpa, h.contents, None])
    return pages


def q(page, at):
    return struct.unpack_from("<Q", page, at)[0]


def measured(page, efer, cr4, cr0, features):
    need(not efer & ~0x20DD01 and not cr0 & ~0xE005003F and not cr4 & ~0x771FFF and cr0 >> 29 & 3 != 1 and
         cr0 & 0x80000001 != 0x80000000, "reserved, or CR0")
    need(cr4 & 0x20 and efer & 0x400 if cr0 >> 31 and efer & 0x100 else not efer & 0x400 and not page[0x13] & 2, "long")
    ret = bytearray(4096)
    for at, size in TAKEN:
        ret[at:at + size] = page[at:at + size]
    for at in range(0, 0xA0, 16):
        ret[at:at + 8] = bytes(4) + page[at + 4:at + 6] + bytes(2) if at in (0x60, 0x80) else ret[at:at + 8]
        ret[at + 3] &= 0x0F
    ret[0xCB] = page[0x22] >> 5 & 3
    for at, value in ((0xD0, efer | 0x1000), (0x148, cr4 | 0x40), (0x158, cr0 & ~0x60000000),
                      (0x170, q(page, 0x170) | 2), (0x3B0, features)):
        struct.pack_into("<Q", ret, at, value)
    struct.pack_into("<IHHH", ret, 0x408, 0x1F80, 0, 0, 0x37F)
    return ret


def check(page, xcr0_possible):
    """Nothing but registers that are handed to KVM, and these have possible values."""
    rest = bytearray(page)
    for at, size in TAKEN + ((0xD0, 8), (0x148, 0x38), (0x408, 4), (0x410, 2)):
        rest[at:at + size] = bytes(size)
    need(not any(rest), "fields that are not handed to KVM")
    need(q(page, 0x160) in (0, 0x400) and q(page, 0x168) < 1 << 32 and not {*page[0x268:0x270]} & {2, 3} and
         max(page[0x268:0x270]) < 8, "DR or PAT")
    xcr0 = q(page, 0x3E8)
    need(xcr0 & 1 and not xcr0 & ~xcr0_possible and xcr0 & 6 != 4 and xcr0 & 0xE4 in (0, 4, 0xE4), "XCR0")


def qemu_vmsa(page, signature, features):
    efer, cr4, cr0 = q(page, 0xD0), q(page, 0x148) & 0xEEFFFFFF, q(page, 0x158) & 0xFFFFFFFF
    model = CPUS.get(signature)  # the features that it has: UMIP, PCID, PKU, LA57, AVX-512
    for bit, letter, cleared in ((11, "u", True), (22, "p", True), (12, "l", False), (17, "c", False)):
        if cr4 >> bit & 1:
            need(model is not None and (letter in model or cleared), "model, or CR4 of another")
            cr4 &= ~(0 if letter in model else 1 << bit)
    need(not q(page, 0x3E8) & ~7 or model is not None, "model")
    check(page[:0x670], 7 | (0x200 if "p" in (model or "") else 0) | (0xE0 if "5" in (model or "") else 0))
    need(not q(page, 0x170) & 1 << 17, "virtual 8086 mode")
    if cr0 >> 31 and efer & 0x100:
        need(not cr4 & 0x20 or not q(page, 0x150) & ~((1 << 40) - 1 | 1 << 51), "CR3")
        cr0, efer = (cr0, efer | 0x400) if cr4 & 0x20 else (0x60000010, efer)
    ret = measured(page, efer, cr4, cr0 | 0x10, features)
    ret[0x98:0xA0] = page[0x78:0x80]
    return bytes(ret)


def direct_vmsa(page, openvmm, features):
    efer, cr4, cr0 = q(page, 0xD0), q(page, 0x148), q(page, 0x158)
    ret = measured(page, efer, cr4, cr0, features)
    if openvmm:
        check(page, 0x2E7)
        need(page[0x408:0x412] == ret[0x408:0x412], "FPU")
        need(not any(page[0x66:0x68] + page[0x86:0x88]) and q(page, 0x150) and q(page, 0x178), "limit, CR3, RIP")
        need(efer & 0xD00 == 0xD00 and cr0 >> 31 and page[0x12] & 0x80 and page[0x13] & 2, "long mode")
    need(openvmm or page[0x70:0x80] == bytes((0, 0, 0x82, 0, 0xFF, 0xFF)) + bytes(10), "LDTR")
    for at, value in () if openvmm else RESET:
        struct.pack_into("<Q", ret, at, value)
    return bytes(ret)


def reset_vmsa(signature, features):
    need(signature, "model")
    page = bytearray(4096)
    for i, attrib in enumerate((0x93, 0x9B, 0x93, 0x93, 0x93, 0x93, 0, 0x82, 0, 0x8B)):
        struct.pack_into("<HHIQ", page, 16 * i, 0xF000 * (i == 1), attrib, 0xFFFF, 0xFFFF0000 * (i == 1))
    for at, value in RESET + ((0x178, 0xFFF0), (0x310, signature)):
        struct.pack_into("<Q", page, at, value)
    return bytes(measured(page, 0, 0, 0x60000010, features))


def digest(pages):
    ld = bytes(48)
    for kind, gpa, contents, _ in pages:
        ld += hashlib.sha384(contents).digest() if kind in (1, 2) else bytes(48)
        ld = hashlib.sha384(ld + struct.pack("<HBBIQ", 0x70, kind, 0, 0, gpa)).digest()
    return ld


def launch(file, profile, vcpus, signature, memory):
    """The launch digest in hex, or "refused"."""
    try:
        found = headers(file)
        if profile in ("igvm-qemu-10", "igvm-qemu-11"):
            pages = qemu(found, vcpus, signature, memory, QEMU | {0x309} if profile == "igvm-qemu-11" else QEMU)
        elif profile in ("igvm-cloud-hypervisor", "igvm-openvmm"):
            pages = direct(found, vcpus, memory, profile == "igvm-openvmm")
        else:
            pages = igvmmeasure(found, profile == "igvm-native-zero")
        return digest(pages).hex()
    except Refused:
        return "refused"
