#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Root's simulated host, whose libvirtd runs as nobody. A process of nobody tries to get a file of root's: by links
# in place of what root writes into the host's folders, of the log, of what libvirt learnt, and of the guest's
# socket; and to hold up whoever starts a host.
[ "$(id -u)" = 0 ] || {
	echo "skipped: needs root, to run the host's libvirtd as another user" >&2
	exit 77
}
# A /tmp of the test's own, as what lies there concerns every start (not where the build lies in it), and processes
# that end with the test.
if [ -z "${SNP_IN_NAMESPACE:-}" ]; then
	unshare --mount --pid --fork true 2>/dev/null || {
		echo "skipped: no mount and PID namespaces to be had here" >&2
		exit 77
	}
	SNP_IN_NAMESPACE=1 exec unshare --mount --pid --fork --kill-child --mount-proc "$BASH" "$0" "$@"
fi
own_tmp=yes
case $(realpath "${SNP_BUILD:-$0}") in
/tmp/*) own_tmp= ;;
*) mount -t tmpfs -o mode=1777 tmpfs /tmp ;;
esac
. "$(dirname "$0")/guests.sh"
command -v perl >/dev/null || skip "no perl"

precious=$work/only-root
(umask 077 && echo precious >"$precious")
still_roots() {
	[ "$(stat -c %U:%a "$precious") $(cat "$precious")" = "root:600 precious" ] ||
		fail "$1: $(stat -c %U:%a "$precious") $(head -c 200 "$precious")"
}

as_nobody() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
}

# attack FOLDER NAME…: each name in the folder becomes a link to root's file, again and again.
attack() {
	exec setpriv --reuid=nobody --regid=nogroup --clear-groups perl -e '
		my ($target, @names) = @ARGV;
		while (1) { for (@names) { unlink; symlink($target, $_); } }' "$precious" "${@/#/$attacked/}" &
	attacker=$!
}

# Where root can be slowed down at the calls that hand files over, the attacker is never too late.
slowly=()
calls=chmod,chown,fchmod,fchown,fchmodat,fchownat
if strace -o /dev/null true 2>/dev/null; then
	slowly=(strace -o /dev/null -e "trace=$calls" -e "inject=$calls:delay_enter=30000")
	# Its leak check cannot run in a traced process.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
fi

attacked=/tmp/snp-host-attacked
learnt=$(printf 'a%.0s' {1..64}).xml
for names in "chip/vcek.key chip/vcek.der chip/ask.der chip/ark.der chip/certificates.bin" \
	"config/libvirt/qemu.conf config/libvirt/libvirtd.conf lib/libsnp-rehearsal.so" \
	"log/libvirtd.log log/simulation.log" \
	"cache/libvirt/qemu/cache/capabilities/$learnt cache/libvirt/qemu/capabilities/$learnt"; do
	# shellcheck disable=SC2086 # names apart
	attack $names
	# It may well not start; only what libvirt learnt is read when it has.
	patience=10
	[ "${names#cache}" = "$names" ] || patience=60
	for _ in 1 2; do
		timeout "$patience" "${slowly[@]}" "$simulated_host" start --folder "$attacked" --library "$library" \
			--cache "$work/cache" >out 2>err
		still_roots "$names"
		[ ! -e "$attacked" ] || run 0 "$simulated_host" stop "$attacked"
	done
	kill "$attacker"
	wait "$attacker" 2>/dev/null
done
# The next host has nothing of it.
cache=$work/cache
begin
! grep -rl precious "$folder" "$work/cache" || fail "what only root may read was copied"

# A socket of root's, behind a folder that nobody else may enter, in place of the guest's.
vm one
run 0 "$snp_launch" create one.json
sock=$folder/guests/one/run/report.sock
for ((i = 0; i < 100; i++)); do
	[ ! -S "$sock" ] || break
	sleep 0.1
done
mkdir -m 700 private
python3 - "$work/private/sock" "$work/reached" <<-'END' &
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	s.listen()
	while True:
	    s.accept()[0].close()
	    open(sys.argv[2], "w").close()
END
server=$!
for ((i = 0; i < 100; i++)); do
	[ ! -S private/sock ] || break
	sleep 0.1
done
for how in -s ''; do
	rm -f "$sock"
	# A hard link is root's doing here; where fs.protected_hardlinks is off, it may be anybody's.
	ln $how "$work/private/sock" "$sock"
	[ -z "$how" ] || chown -h nobody "$sock"
	refuse 1 no-evidence "$snp_launch" attest one --simulated-root "$folder/chip/ark.der"
	[ ! -e reached ] || fail "attest connects to a socket of root's"
done
kill $server
run 0 "$snp_launch" remove -f one
run 0 "$simulated_host" stop "$folder"

# What anybody may put into /tmp does not hold up a start.
[ -n "$own_tmp" ] || skip "no /tmp of the test's own; the rest was tried"
as_nobody mkdir /tmp/snp-host-foreign
as_nobody mkfifo /tmp/snp-host-foreign/keeper.lock
run 0 timeout 120 "$simulated_host" start --library "$library" --cache "$work/cache"
read -r folder _ <out
run 0 "$simulated_host" stop "$folder"
[ -p /tmp/snp-host-foreign/keeper.lock ] || fail "another's folder was removed"
