#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No input takes more memory or processor time than docs/benchmarks.md says.
. "$(dirname "$0")/functions.sh"

# Refused before anything is read or computed: the firmware is not even there.
# release MODELS COUNTS CMDLINE [FIRMWARE]
release() {
	python3 - "$@" <<'END' >release.json
import json, sys
models, counts, cmdline, firmware = (sys.argv[1:] + ["missing"])[:4]
print(json.dumps({"schema": "snp-release/1", "images": [{
    "name": "a", "firmware": firmware, "kernel": "kernel", "cmdline": cmdline, "vcpu_count": [counts],
    "cpu_model": ["0x%08x" % (0xa00f10 + i) for i in range(int(models))]}]}))
END
}
key id
release 32 1-4096 quiet
refuse 1 cannot-open "$snp_measure" publish release.json -o published
refuse 4 too-large "$snp_measure" publish release.json -o published --id-key id.pem
release 33 1-4096 quiet
refuse 4 too-large "$snp_measure" publish release.json -o published
release 2 1-4096 quiet
refuse 1 cannot-open "$snp_measure" publish release.json -o published --id-key id.pem
release 3 1-4096 quiet
refuse 4 too-large "$snp_measure" publish release.json -o published --id-key id.pem
release 1 1-2 "nr_cpus={vcpu_count} $(printf %4075d 0)"
refuse 1 cannot-open "$snp_measure" publish release.json -o published
release 1 1-2 "nr_cpus={vcpu_count} $(printf %4076d 0)"
refuse 4 too-large "$snp_measure" publish release.json -o published

# A template has a chain of its own for each variant.
firmware fw
kernel kernel
release 32 1-4096 'nr_cpus={vcpu_count}' fw
refuse 4 too-large "$snp_measure" publish release.json -o published
release 2 1-3 'nr_cpus={vcpu_count}' fw
run 0 "$snp_measure" publish release.json -o template
python3 - <<'END'
import json
d = json.load(open("template/reference-values.json"))
image = d["images"][0]
text = "nr_cpus={vcpu_count} " + "x" * 4096
image["inputs"]["cmdline"]["template"] = text
json.dump(d, open("long.json", "w"))
END
refuse 4 too-large "$snp_measure" reproduce long.json --images .

unsanitized "sanitizers have memory of their own"

# within MIB SECONDS STATUS COMMAND…: resident at most MIB, at most so many seconds of one processor.
within() {
	python3 - "$@" <<'END' || fail "not within $1 MiB and $2 s, or not status $3: ${*:4}"
import resource, subprocess, sys
mib, seconds, status = map(int, sys.argv[1:4])
got = subprocess.run(sys.argv[4:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"status {got}, {used.ru_maxrss >> 10} MiB, {used.ru_utime + used.ru_stime:.1f} s: {' '.join(sys.argv[4:])}")
sys.exit(got != status or used.ru_maxrss >> 10 > mib or used.ru_utime + used.ru_stime > seconds)
END
}
cpu=(--vcpus 4096 --vcpu-type EPYC-v4)

# Files are streamed, whatever their size.
truncate -s 200M initrd
within 16 20 0 "$snp_measure" --ovmf fw --kernel kernel --initrd initrd "${cpu[@]}"
fixture make-uki uki .linux=@kernel .cmdline=quiet .initrd=@initrd
within 16 20 0 "$snp_measure" inspect uki

# Sections of the largest size, and of a hostile one.
sections=('section 0x10000000 0x1000 2' 'section 0x10001000 0x1000 3' 'hash-table 0x10002c00 0x400' 'section 0x10002000 0x1000 0x10')
firmware large 'size 0x1000000' 'section 0x800000 0x7ffd000 1' "${sections[@]}"
within 64 20 0 "$snp_measure" --ovmf large "${cpu[@]}"
within 64 20 0 "$snp_measure" plan -a --ovmf large "${cpu[@]}"
within 160 20 0 "$snp_measure" plan -a --json --ovmf large "${cpu[@]}"
within 64 60 3 "$snp_measure" explain --ovmf large --kernel kernel --append 'a b c d e' --vcpus 4 --vcpu-type EPYC-v4 \
	--digest "$(printf %096d 1)"
firmware hostile 'size 0x400000' 'section 0x1000000 0xd0000000 1' 'section 0x800000 0x1000 2'
for verb in digest 'plan -a --json' 'explain --digest '"$(printf %096d 1)"; do
	within 64 20 4 "$snp_measure" $verb --ovmf hostile "${cpu[@]}"
done

# IGVM files of as many headers as are taken: pages without contents, contents one byte apart, VP contexts of as many
# registers as are taken; one header more; and 4 GiB of contents in a file with holes.
python3 - <<'END'
import binascii, os, struct
def write(name, platforms, headers, data, more=0):
    section = b"".join(struct.pack("<2IIBBHQ", 1, 16, 1 << i, 0, p, 1, 0) for i, p in enumerate(platforms)) + headers
    head = bytearray(struct.pack("<4s5I", b"IGVM", 1, 24, len(section), 24 + len(section) + len(data) + more, 0))
    struct.pack_into("<I", head, 20, binascii.crc32(section, binascii.crc32(head)))
    with open(name, "wb") as file:
        file.write(head + section + data)
        file.truncate(24 + len(section) + len(data) + more)
page = struct.Struct("<2IQIIIHH").pack
context = struct.Struct("<2IQIIHH4x").pack
n, start = (1 << 20) - 2, lambda platforms, headers: 24 + 24 * platforms + 32 * headers
pages = lambda n: b"".join(page(0x302, 24, 4096 * i, 1, 0, 0, 0, 0) for i in range(n))
write("pages.igvm", [2], pages(n + 1), b"data")
write("more.igvm", [2], pages(n + 2), b"data")
write("contents.igvm", [2], b"".join(page(0x302, 24, 4096 * i, 1, start(1, n) + i, 0, 0, 0) for i in range(n)),
      os.urandom(n + 4096))
registers = struct.pack("<I", 256) + struct.pack("<BI27x", 0, 0x20010) * 256
write("registers.igvm", [2, 1], context(0x304, 20, 0, 2, start(2, n), 0, 0) * n, registers)
write("holes.igvm", [2], b"".join(page(0x302, 24, 4096 * i, 1, start(1, 1000) + (i << 22), 0, 0, 0) for i in range(1000)),
      b"data", (1 << 32) - 1 - start(1, 1000) - 4)
END
igvm=(--profile igvm-directive-order --vcpus 1)
within 320 60 0 "$snp_measure" --igvm pages.igvm "${igvm[@]}"
within 320 60 4 "$snp_measure" --igvm more.igvm "${igvm[@]}"
within 320 60 0 "$snp_measure" --igvm contents.igvm "${igvm[@]}"
within 320 60 4 "$snp_measure" --igvm registers.igvm --vcpus 1
within 16 20 0 "$snp_measure" --igvm holes.igvm "${igvm[@]}"
rm -f ./*.igvm

# The largest release, and who reads it.
release 32 1-4096 quiet fw
within 640 60 0 "$snp_measure" publish release.json -o published
within 640 60 0 "$snp_measure" reproduce published/reference-values.json --images .
within 320 60 3 "$snp_measure" verify --reference published/reference-values.json "$SNP_SOURCE/tests/fuzz/corpus/report/Milan-v2"
