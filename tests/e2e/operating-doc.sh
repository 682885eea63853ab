#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/operating.md is what happens: its commands run in their order, with one simulated host as this one and another as
# host2.
. "$(dirname "$0")/guests.sh"
doc=$SNP_SOURCE/docs/operating.md
awk '$0 == "```" { inside = 0 }
	inside { print >("sh-" n) }
	$0 == "```sh" { inside = 1; n++ }
	END { print n + 0 >"n" }' "$doc"
[ "$(<n)" = 7 ] || fail "$(<n) blocks of commands, where 7 are known here"
begin
host2=$uri
begin
mkdir bin disks disks2
ln -s "$snp_launch" bin/snp-launch
cat >bin/ssh <<-END
	#!/bin/sh
	[ "\$1" = host2 ] || exit 255
	shift
	LIBVIRT_DEFAULT_URI='$host2' exec sh -c "\$(echo "\$@" | sed 's|/disks|/disks2|')"
END
chmod +x bin/ssh
truncate -s 1M web1.img
printf disk | dd of=web1.img conv=notrunc status=none
chmod 666 web1.img
make_keys
id='"snp": {"id": {"key": "'$work'/id.pem"}}, "disks": [{"path": "'$work'/web1.img", "format": "raw"}]'
vm web1 "$id"
run 0 "$snp_launch" create web1.json
digest=$(heard web1 launch_digest)

for ((i = 1; i <= $(<n); i++)); do
	sed -i "s|/srv/disks|$work/disks|" sh-$i
	case $(<sh-$i) in
	*web1-next.json*)
		cp linux linux-next
		printf x | dd of=linux-next bs=1 seek=8000000 conv=notrunc status=none
		sed "s|$work/linux\"|$work/linux-next\"|" web1.json >web1-next.json
		;;
	esac
	run 0 env PATH="$work/bin:$PATH" bash -eu -o pipefail "sh-$i"
	case $(<sh-$i) in
	*'import web1.tar'*) [ "$(heard web1 launch_digest)" = "$digest" ] || fail "another guest was brought back" ;;
	*'import web1-disks'*) cmp disks/web1-disk0.raw web1.img || fail "another disk was brought back" ;;
	*'tar -xOf'*) says '"name": "web1"' ;;
	*'| ssh host2'*)
		nothing_left web1
		run 0 env LIBVIRT_DEFAULT_URI="$host2" "$snp_launch" show web1
		says "$digest"
		says running
		run 0 env LIBVIRT_DEFAULT_URI="$host2" "$snp_launch" remove --force web1
		cmp disks2/web1-disk0.raw web1.img || fail "another disk was moved"
		run 0 "$snp_launch" create web1.json
		;;
	*next*)
		run 0 "$snp_launch" show web1
		says "$(predicted linux-next)"
		;;
	esac
done
