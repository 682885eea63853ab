#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files are streamed: resident memory stays under 16 MiB whatever the initrd's size.
. "$(dirname "$0")/functions.sh"

unsanitized "sanitizers have memory of their own"
firmware fw 'size 0x400000'
kernel kernel 0xb00000
truncate -s 200M initrd
python3 - "$snp_measure" <<'EOF' || fail "more than 16 MiB resident"
import resource, subprocess, sys
subprocess.run([sys.argv[1], "--ovmf", "fw", "--kernel", "kernel", "--initrd", "initrd", "--vcpus", "512",
                "--vcpu-type", "EPYC"], check=True, stdout=subprocess.DEVNULL)
kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(kib, "KiB resident", file=sys.stderr)
sys.exit(kib >= 16 << 10)
EOF
