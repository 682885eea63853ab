#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A process of QEMU's user tries to have root write a guest's output into a file of root's: by a symbolic link in
# place of the console log, which virtlogd, or libvirtd itself, opens as root.
. "$(dirname "$0")/system.sh"
command -v perl >/dev/null || skip "no perl"
start_system 'namespaces = []'
precious=/run/only-root
(umask 077 && echo precious >"$precious")

for handler in logd file; do
	[ "$handler" = logd ] || {
		qemu_conf 'namespaces = []' 'stdio_handler = "file"'
		restart_libvirtd
	}
	system_vm web1
	run 0 "$snp_launch" create web1.json
	launched web1 >/dev/null
	log=$(virsh dumpxml --inactive web1 | sed -n "s/.*<log file='\([^']*\)'.*/\1/p" | head -n 1)
	[ -f "$log" ] || fail "no log: '$log'"
	run 0 "$snp_launch" logs web1
	says launch_digest
	run 0 "$snp_launch" kill web1
	# Wherever the log is, QEMU's user cannot put another thing there,
	as_qemu rm -f "$log" 2>/dev/null
	[ -f "$log" ] || fail "$handler: QEMU's user removed $log"
	# nor while the daemon makes a new one.
	attack perl -e 'while (1) { symlink($ARGV[0], $ARGV[1]); }' "$precious" "$log"
	for _ in 1 2 3; do
		run 0 "$snp_launch" start web1
		launched web1 >/dev/null
		run 0 "$snp_launch" kill web1
	done
	kill "$attacker"
	[ "$(cat "$precious")" = precious ] || fail "$handler: root wrote into $precious: $(cat "$precious")"
	# What others put beside it is removed, not followed.
	as_qemu ln -s "$precious" "$folder/web1/run/link"
	run 0 "$snp_launch" remove web1
	[ ! -e "$folder/web1" ] || fail "left: $(find "$folder/web1")"
done
