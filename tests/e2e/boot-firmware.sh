#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A firmware is booted under emulation by the probe kernel: Debian's AmdSev build refuses a kernel, an initrd
# and a command line that are changed by one byte, its generic build of the same version starts them.
. "$(dirname "$0")/guests.sh" || exit 1
[ -s "$images/sid-OVMF.fd" ] || skip "no $images/sid-OVMF.fd (tests/run fetches it)"

# did WHAT: what the firmware did where that was changed, by the JSON on stdout.
did() {
	jq -r --arg tried "$1" '.boots[] | select(.tried == $tried) | .firmware_did' out
}

run 0 "$snp_launch" check --firmware OVMF.amdsev.fd --json
valid out
[ "$(jq -r '.static + " " + .boot' out)" = 'present refuses' ] || fail "AmdSev: $(cat out)"
[ "$(jq -r .firmware.sha256 out)" = "$(sha256sum <OVMF.amdsev.fd | cut -d' ' -f1)" ] || fail "another firmware"
[ "$(did control)" = started ] || fail "the control did not start: $(cat out)"
for what in kernel initrd cmdline; do
	[ "$(did $what)" = refused ] || fail "AmdSev, another $what: $(did $what)"
done

run 3 "$snp_launch" check --firmware "$images/sid-OVMF.fd" --json
valid out
[ "$(jq -r '.static + " " + .boot' out)" = 'absent starts' ] || fail "generic: $(cat out)"
for what in control kernel initrd cmdline; do
	[ "$(did $what)" = started ] || fail "generic, another $what: $(did $what)"
done

# A firmware that no launch can bind a kernel with is not booted at all; nothing is left behind.
firmware plain no-hash-table
run 0 "$snp_launch" check --firmware plain
says 'cannot tell: cannot measure a kernel'
refuse 1 not-found "$snp_launch" check --firmware OVMF.amdsev.fd --emulator no-such-qemu
refuse 2 usage "$snp_launch" check --firmware OVMF.amdsev.fd vm.json
refuse 1 cannot-open "$snp_launch" check --firmware no-such-file
