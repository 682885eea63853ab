# SPDX-License-Identifier: Apache-2.0
"""The VMSAs of igvm_naive: what KVM measures of a context that a loader puts into a vCPU."""
import struct

FEATURES = {0x800F12: "", 0x900F01: "", 0x830F10: "u", 0xA00F11: "ucp", 0xA10F10: "ucpl5",
            0xB00F00: "ucpl5"}  # UMIP, PCID, PKU, LA57, AVX-512


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def q(page, at):
    return struct.unpack_from("<Q", page, at)[0]


TAKEN = ((0, 0xA0), (0xD0, 8), (0x148, 0x38), (0x1D8, 8), (0x1F8, 8), (0x268, 8), (0x308, 24),
         (0x328, 0x58), (0x3B0, 8), (0x3E8, 8), (0x408, 4), (0x410, 2))


def nothing_else(page):
    rest = bytearray(page)
    for at, size in TAKEN:
        rest[at:at + size] = bytes(size)
    need(not any(rest), "fields that are not handed to KVM")


def measured(page, efer, cr4, cr0, features, qemu):
    """What KVM builds of the registers that it is given, if it takes them."""
    need(not efer & ~0x20DD01 and not cr0 & ~0xE005003F and not cr4 & ~0x771FFF, "reserved")
    need(not (cr0 >> 29 & 1 and not cr0 >> 30 & 1) and not (cr0 >> 31 and not cr0 & 1), "CR0")
    if cr0 >> 31 and efer & 0x100:
        need(cr4 & 0x20 and efer & 0x400, "long mode")
        need(not qemu or not q(page, 0x150) & ~((1 << 40) - 1 | 1 << 51), "CR3")
    else:
        need(not efer & 0x400 and not page[0x13] & 2, "long mode")
    ret = bytearray(4096)
    ret[:0xA0] = page[:0xA0]
    for at in range(3, 0xA0, 16):
        ret[at] &= 0x0F
    for at in (0x60, 0x80):
        ret[at:at + 8] = bytes(4) + page[at + 4:at + 6] + bytes(2)
    ret[0xCB] = page[0x22] >> 5 & 3
    for at, size in TAKEN[3:10] + ((0x150, 8), (0x160, 0x20)):
        ret[at:at + size] = page[at:at + size]
    for at, value in ((0xD0, efer | 0x1000), (0x148, cr4 | 0x40), (0x158, cr0 & ~0x60000000),
                      (0x170, q(page, 0x170) | 2), (0x3B0, features)):
        struct.pack_into("<Q", ret, at, value)
    struct.pack_into("<IHHH", ret, 0x408, 0x1F80, 0, 0, 0x37F)
    return ret


def check_values(page, xcr0_possible):
    need(q(page, 0x160) in (0, 0x400) and q(page, 0x168) < 1 << 32, "DR")
    need(all(b in (0, 1, 4, 5, 6, 7) for b in page[0x268:0x270]), "PAT")
    xcr0 = q(page, 0x3E8)
    need(xcr0 & 1 and not xcr0 & ~xcr0_possible and xcr0 & 6 != 4 and xcr0 & 0xE4 in (0, 4, 0xE4), "XCR0")


def qemu_vmsa(page, signature, features):
    """What KVM measures of a context that QEMU put into a vCPU."""
    nothing_else(page[:0x670])
    efer, cr4, cr0 = q(page, 0xD0), q(page, 0x148), q(page, 0x158) & 0xFFFFFFFF
    model = FEATURES.get(signature)
    cr4 = cr4 & 0xFFFFFFFF & ~(1 << 24 | 1 << 28)
    for bit, letter, cleared in ((11, "u", True), (22, "p", True), (12, "l", False), (17, "c", False)):
        if cr4 >> bit & 1:
            need(model is not None, "model")
            if letter not in model:
                need(cleared, "CR4 of another model")
                cr4 &= ~(1 << bit)
    if cr0 >> 31 and efer & 0x100:
        cr0, efer = (cr0, efer | 0x400) if cr4 & 0x20 else (0x60000010, efer)
    need(not q(page, 0x3E8) & ~7 or model is not None, "model")
    check_values(page, 7 | (0x200 if "p" in (model or "") else 0) | (0xE0 if "5" in (model or "") else 0))
    need(not q(page, 0x170) & 1 << 17, "virtual 8086 mode")
    ret = measured(page, efer, cr4, cr0 | 0x10, features, True)
    ret[0x98:0xA0] = page[0x78:0x80]
    return bytes(ret)


def direct_vmsa(page, openvmm, features):
    """What KVM measures of a context that the loader handed to it as it is."""
    efer, cr4, cr0 = q(page, 0xD0), q(page, 0x148), q(page, 0x158)
    ret = measured(page, efer, cr4, cr0, features, False)
    if openvmm:
        nothing_else(page)
        check_values(page, 0x2E7)
        need(page[0x408:0x412] == ret[0x408:0x412], "FPU")
        need(not any(page[0x66:0x68] + page[0x86:0x88]) and q(page, 0x150) and q(page, 0x178), "limit, CR3, RIP")
        need(efer & 0xD00 == 0xD00 and cr0 >> 31 and page[0x12] & 0x80 and page[0x13] & 2, "long mode")
    else:
        need(page[0x70:0x80] == bytes((0, 0, 0x82, 0, 0xFF, 0xFF)) + bytes(10), "LDTR")
        for at, value in ((0x160, 0x400), (0x168, 0xFFFF0FF0), (0x268, 0x7040600070406), (0x3E8, 1)):
            struct.pack_into("<Q", ret, at, value)
    return bytes(ret)


def reset_vmsa(signature, features):
    need(signature, "model")
    ret = bytearray(4096)
    for i, attrib in enumerate((0x93, 0x9B, 0x93, 0x93, 0x93, 0x93, 0, 0x82, 0, 0x8B)):
        struct.pack_into("<HHIQ", ret, 16 * i, 0xF000 * (i == 1), attrib, 0xFFFF, 0xFFFF0000 * (i == 1))
    for at, value in ((0xD0, 0x1000), (0x148, 0x40), (0x158, 0x10), (0x160, 0x400),
                      (0x168, 0xFFFF0FF0), (0x170, 2), (0x178, 0xFFF0), (0x268, 0x7040600070406),
                      (0x310, signature), (0x3B0, features), (0x3E8, 1)):
        struct.pack_into("<Q", ret, at, value)
    struct.pack_into("<IHHH", ret, 0x408, 0x1F80, 0, 0, 0x37F)
    return bytes(ret)
