#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# On a terminal, the passphrase of an encrypted key is asked for, without echo.
. "$(dirname "$0")/functions.sh"

command -v python3 >/dev/null || skip "needs python3"
key id
(umask 077 && openssl pkcs8 -topk8 -in id.pem -passout pass:secret -out encrypted.pem)
cat >terminal.py <<'PYTHON'
import os, pty, sys, termios, time
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
asked = False
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
    if not asked and b"Passphrase for encrypted.pem: " in shown:
        asked = True
        # OpenSSL turns the echo off after the prompt.
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(terminal, sys.argv[1].encode() + b"\n")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
create=("$snp_measure" id-block create --measurement "$(printf %096d 1)" --key encrypted.pem)
run 0 python3 terminal.py secret "${create[@]}"
says 'Passphrase for encrypted.pem: '
says 'ID auth'
grep -q secret out && fail "the passphrase is shown"
run 4 python3 terminal.py wrong "${create[@]}"
says '[wrong-passphrase]'
[ "$(grep -c 'Passphrase for' out)" = 1 ] || fail "a wrong passphrase is asked for again"
exit 0
