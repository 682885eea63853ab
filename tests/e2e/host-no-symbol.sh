#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A QEMU whose host_cpuid() cannot be found cannot be told where the C-bit is: the host does not start, and
# says why.
. "$(dirname "$0")/hosts.sh"
needs_host

chmod 755 "$work"
qemu=$(command -v qemu-system-x86_64)
# The name in the table of symbols, changed by one letter.
LC_ALL=C sed -z 's/^host_cpuid$/hosT_cpuid/' "$qemu" >"$work/qemu-system-x86_64"
chmod 755 "$work/qemu-system-x86_64"
! cmp -s "$qemu" "$work/qemu-system-x86_64" || skip "this QEMU does not export host_cpuid() itself"

refuse 1 system-error "$simulated_host" start --library "$library" --cache "$cache" \
	--folder "$work/host" --emulator "$work/qemu-system-x86_64"
grep -qF "this QEMU does not export host_cpuid()" err || fail "it does not say why"
gone "$work/host"
