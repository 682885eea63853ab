#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The unit that starts a guest with the host runs the installed snp-launch, and has no mount namespace of its own: a
# mount made there is one that libvirt's daemon does not see (systemd.exec(5), "Sandboxing").
. "$(dirname "$0")/functions.sh"
[ -x "$SNP_BUILD/launcher/snp-launch" ] || skip "no snp-launch in this build"

run 0 env DESTDIR="$work/root" cmake --install "$SNP_BUILD"
unit=$(find root -name 'snp-launch@.service')
[ -n "$unit" ] || fail "no unit was installed"
program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")
# Both lines are right uses: only the host is missing.
sed -n 's/^Exec\(Start\|Stop\)=-\{0,1\}[^ ]* //p' "$unit" >commands
[ "$(wc -l <commands)" = 2 ] || fail "the unit does not start and stop: $(cat commands)"
while read -r command; do
	command=${command/qemu:\/\/\/system/qemu+unix:\/\/\/system?socket=$work/none}
	# shellcheck disable=SC2086 # its words
	refuse 1 libvirt-failed "$SNP_BUILD/launcher/snp-launch" ${command/\%i/web1}
done <commands
grep -q '^ExecStop=.* stop .*%i$' "$unit" || fail "the unit does not stop by ACPI"
[ -x "root$program" ] || fail "the unit runs $program, which was not installed"
! grep -E '^(Private|Protect|ReadOnly|ReadWrite|Inaccessible|Exec(Paths|SearchPath)|NoExecPaths|Bind|Temporary|Root|Mount|Dynamic|Extension|'\
'(Runtime|State|Cache|Logs|Configuration)Directory|Load|SetCredential|ImportCredential|NetworkNamespace|IPCNamespace|User)' "$unit" ||
	fail "an option of the unit makes a mount namespace, or takes root's rights"
! command -v systemd-analyze >/dev/null || {
	sed "s|^\(Exec[a-z]*=-\{0,1\}\)$program|\1/bin/true|i" "$unit" >snp-launch@web1.service
	systemd-analyze verify --man=no ./snp-launch@web1.service >out 2>err || fail "$(cat err)"
}
