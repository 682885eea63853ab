#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Long work shows a bar on a terminal and takes it away again; elsewhere nothing is shown.
. "$(dirname "$0")/functions.sh"

firmware fw
kernel kernel
truncate -s 1536M initrd # longer than half a second on any machine
launch=(--ovmf fw --kernel kernel --initrd initrd --vcpus 1 --vcpu-type EPYC)
run 0 "$snp_measure" "${launch[@]}"
[ ! -s err ] || fail "a bar where there is no terminal"
python3 - "$snp_measure" "${launch[@]}" <<'EOF' || fail "no bar on a terminal, or one that stays"
import os, pty, subprocess, sys
parent, child = pty.openpty()
tool = subprocess.Popen(sys.argv[1:], stdin=child, stdout=subprocess.PIPE, stderr=child)
os.close(child)
shown = b""
try:
    while piece := os.read(parent, 4096):
        shown += piece
except OSError:  # how a pty ends
    pass
assert tool.stdout.read() == open("out", "rb").read() and tool.wait() == 0
assert b"hashing [" in shown and shown.endswith(b"\r\033[K"), shown
EOF
